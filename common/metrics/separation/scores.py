"""SDR of 1-second windows, SDR of the song and SI-SDR, from blocks of audio: memory does not grow with the
song.

All three compare energies, in float64 whatever the audio comes in; s is the reference, e the estimate, sums
are over samples and channels:

- SDR of a window: 10 log10(sum s^2 / sum (s - e)^2). That is BSS Eval v4's: its decomposition adds up to s -
  e again.
- SDR of the song: 10 log10((sum s^2 + 1e-7) / (sum (s - e)^2 + 1e-7)) over all of it.
- SI-SDR: 10 log10(sum (a s)^2 / sum (a s - e)^2) over all of it, with a = sum s e / sum s^2, one for all
  channels.

Sources: Stöter, Liutkus and Ito 2018, "The 2018 signal separation evaluation campaign" (BSS Eval v4,
museval); Mitsufuji et al. 2022, "Music Demixing Challenge 2021", equation 1; Le Roux et al. 2019, "SDR -
half-baked or well done?", equation 3, without taking off the mean.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import ArrayLike, NDArray

SONG_EPSILON = 1e-7  # of the Music Demixing Challenge
# Samples at once: float64 copies of them stay in the cache, and BLAS starts no threads for sums so short,
# which cost more than they save.
PIECE = 1 << 12
PEEK = 64  # samples that nearly always tell that something sounds


class SdrAccumulator:
    """The scores of one song, fed block by block: `add` all of it in order, then ask.

    window_seconds: length of a window, and the step to the next.
    """

    def __init__(self, *, sample_rate: int, window_seconds: float = 1.0) -> None:
        self.window = int(window_seconds * sample_rate)  # museval's rounding
        if self.window < 1:
            raise ValueError(f"a window must hold a sample, got {window_seconds} s at {sample_rate} Hz")
        # Sums of each whole window, (sources, 6), in Python's numbers: small arrays that stay among large
        # ones that come and go keep freed memory from being used again, 100 MB for each minute of music.
        self._finished: list[list[list[float]]] = []
        self._sums: NDArray | None = None  # of the window that is under way
        self._samples = 0  # of that window

    def add(self, references: NDArray, estimates: NDArray) -> None:
        """The next block, any length: references and estimates (sources, channels, samples) each."""
        validate(references, estimates)
        start, end = 0, references.shape[-1]
        while start < end:
            stop = min(end, start + self.window - self._samples, start + PIECE)
            sums = _sums(references[..., start:stop], estimates[..., start:stop])
            self._sums = sums if self._sums is None else self._sums + sums
            self._samples += stop - start
            if self._samples == self.window:
                self._finished.append(self._sums.tolist())
                self._sums, self._samples = None, 0
            start = stop

    def windows(self) -> NDArray[np.float64]:
        """SDR in dB, (sources, windows): NaN for all sources where any source or estimate is silent.

        A rest that is shorter than a window is left out; a song that is, is one window.
        """
        sums = np.stack(self._finished or self._all(), axis=1)  # (sources, windows, 6)
        reference, _, error, _, *sounds = np.moveaxis(sums, -1, 0)
        silent = (np.stack(sounds) == 0).any(axis=(0, 1))  # (windows,)
        return np.where(silent, np.nan, decibels(reference, error))

    def song_sdr(self) -> NDArray[np.float64]:
        """SDR of the whole song in dB, (sources,). A perfect estimate of silence has 0 dB."""
        reference, _, error, _ = self._totals()
        return decibels(reference + SONG_EPSILON, error + SONG_EPSILON)

    def si_sdr(self) -> NDArray[np.float64]:
        """SI-SDR of the whole song in dB, (sources,): NaN where the source or the estimate is silent."""
        reference, estimate, _, product = self._totals()
        with np.errstate(divide="ignore", invalid="ignore"):
            target = product**2 / reference
        # Rounding leaves about 1e-16 of the energy: 150 dB and more are not told apart.
        scores = decibels(target, np.maximum(estimate - target, 0))
        return np.where((reference == 0) | (estimate == 0), np.nan, scores)

    def _all(self) -> list[ArrayLike]:
        sums = [*self._finished, *([] if self._sums is None else [self._sums])]
        if not sums:
            raise ValueError("there is nothing to score yet: add the song first")
        return sums

    def _totals(self) -> NDArray:
        """Energies of references, estimates and errors, and products, each (sources,)."""
        return np.sum(self._all(), axis=0).T[:4]


def sdr_windows(
    references: NDArray, estimates: NDArray, *, sample_rate: int, window_seconds: float = 1.0
) -> NDArray[np.float64]:
    """SDR in dB of each window, (sources, windows), of a song (sources, channels, samples).

    Agrees with `museval.evaluate` to 1e-9 dB. Two differences: a perfect estimate has infinite SDR, where
    museval's rounding leaves some 300 dB; and a source that is silent all through gives NaN, where museval
    raises ValueError.
    """
    return _accumulate(references, estimates, sample_rate, window_seconds).windows()


def song_sdr(references: NDArray, estimates: NDArray) -> NDArray[np.float64]:
    """SDR in dB of a whole song (sources, channels, samples), (sources,): Music Demixing Challenge's."""
    return _accumulate(references, estimates).song_sdr()


def si_sdr(references: NDArray, estimates: NDArray) -> NDArray[np.float64]:
    """Scale-invariant SDR in dB of a whole song (sources, channels, samples), (sources,)."""
    return _accumulate(references, estimates).si_sdr()


def song_median(windows: NDArray) -> NDArray[np.float64]:
    """Median over the windows that have an SDR, of (sources, windows): (sources,); NaN where none has.

    Infinite ones, of perfect estimates, count as the highest, as the 300 dB do that museval gives them.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "All-NaN slice", RuntimeWarning)
        return np.nanmedian(windows, axis=-1)


def match_length(estimates: NDArray, samples: int) -> NDArray:
    """Estimates (..., any length) cut, or filled up with silence, to (..., samples), as museval does."""
    missing = samples - estimates.shape[-1]
    if missing <= 0:
        return estimates[..., :samples]
    return np.pad(estimates, [(0, 0)] * (estimates.ndim - 1) + [(0, missing)])


def validate(references: NDArray, estimates: NDArray) -> None:
    """Raise ValueError unless both have the same shape (sources, channels, samples)."""
    if references.ndim != 3 or 0 in references.shape[:2]:
        raise ValueError(f"references must be (sources, channels, samples), got {references.shape}")
    if estimates.shape != references.shape:
        raise ValueError(f"estimates must be as references, got {estimates.shape} and {references.shape}")


def decibels(numerator: NDArray, denominator: NDArray) -> NDArray[np.float64]:
    """10 log10 of the quotient; infinite where the denominator is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator == 0, np.inf, 10 * np.log10(numerator / denominator))


def _accumulate(
    references: NDArray, estimates: NDArray, sample_rate: int = 44100, window_seconds: float = 1.0
) -> SdrAccumulator:
    references, estimates = np.asarray(references), np.asarray(estimates)
    if references.shape[-1:] in [(), (0,)]:
        raise ValueError(f"references must hold samples, got the shape {references.shape}")
    accumulator = SdrAccumulator(sample_rate=sample_rate, window_seconds=window_seconds)
    accumulator.add(references, match_length(estimates, references.shape[-1]))
    return accumulator


def _sums(references: NDArray, estimates: NDArray) -> NDArray[np.float64]:
    """Of (sources, channels, samples) each: the energies of references, estimates and errors, the product of
    references and estimates, and whether each of the two sounds; (sources, 6)."""
    references, estimates = references.astype(np.float64), estimates.astype(np.float64)
    sounds = [_sounds(references), _sounds(estimates)]
    s, e = (signal.reshape(len(signal), -1) for signal in (references, estimates))
    error = s - e
    products = [np.vecdot(s, s), np.vecdot(e, e), np.vecdot(error, error), np.vecdot(s, e)]
    if not np.isfinite(products).all():  # such windows would be left out of every median, unseen
        raise ValueError("references and estimates must be finite, got NaN or infinity")
    return np.stack([*products, *sounds], axis=-1)


def _sounds(signals: NDArray) -> NDArray[np.bool_]:
    """Whether each of (sources, channels, samples) does; channels that cancel do not, as in museval."""
    for part in (signals[..., :PEEK], signals):
        sounds = part.sum(axis=1).any(axis=-1)
        if sounds.all():
            break
    return sounds
