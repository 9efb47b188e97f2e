"""BSS Eval v4 in full: what of an estimate is the source, a filtered source, the other sources, or none of
these.

The estimate of source j, e, is split into parts by projections: P_j e, what 512-tap filters make of the
channels of the true source j, and P e, what they make of the channels of all true sources (least squares over
the whole song):

    e = s_j + (P_j e - s_j) + (P e - P_j e) + (e - P e)
      = true source + spatial distortion + interference + artifacts

and in each window  SDR = |s_j|^2 / |e - s_j|^2, ISR = |s_j|^2 / |spatial|^2, SIR = |P_j e|^2 /
|interference|^2, SAR = |P e|^2 / |artifacts|^2, all in dB. The filters follow from correlations at lags up to
511, which are summed over blocks of the song; then each window is filtered by FFT. So a song is gone through
twice, and need not be held.

Source: Vincent, Gribonval and Févotte 2006; Vincent et al. 2007, "First stereo audio source separation
evaluation campaign" (ISR); Stöter, Liutkus and Ito 2018 (v4: one filter for the song), as in
`museval.metrics.bss_eval`.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.fft
import scipy.linalg
from numpy.typing import NDArray

from common.metrics.separation.scores import decibels, match_length, validate

TAPS = 512  # of museval's filters
FFT_SIZE = 1 << 14  # of the blocks whose correlations are taken
FIRST_LOADING = 1e-9  # of the mean energy (-90 dB), where channels depend on each other: see `_solve`


class BssEval(NamedTuple):
    """The four ratios in dB, each (sources, windows); NaN where a source or an estimate is silent."""

    sdr: NDArray
    isr: NDArray
    sir: NDArray
    sar: NDArray


class Filters(NamedTuple):
    """What the true sources go through to come near each estimate; axes as in the comments."""

    own: NDArray  # (sources, channels of the source, channels of its estimate, taps)
    all: NDArray  # (sources, channels of all sources, channels of the estimate, taps)


class Correlations:
    """How a song's references correlate with each other and with its estimates, fed block by block.

    `add` all of it in order, then ask for the `filters`.
    """

    def __init__(self, *, taps: int = TAPS) -> None:
        if not 1 <= taps <= FFT_SIZE // 2:
            raise ValueError(f"taps must be 1 to {FFT_SIZE // 2}, got {taps}")
        self.taps = taps
        self._before: NDArray | None = None  # the last samples of the references, (channels of all, taps - 1)
        self._spectra: NDArray | float = 0.0  # (channels of all, those and the estimates', bins)

    def add(self, references: NDArray, estimates: NDArray) -> None:
        """The next block, any length: references and estimates (sources, channels, samples) each."""
        validate(references, estimates)
        self.sources, self.channels, samples = references.shape
        signals = np.concatenate([references, estimates]).reshape(-1, samples)
        if self._before is None:
            self._before = np.zeros((len(signals) // 2, self.taps - 1))
        step = FFT_SIZE - self.taps  # then no lag that counts is reached from two sides of the circle
        for start in range(0, samples, step):
            self._correlate(signals[:, start : start + step].astype(np.float64))

    def _correlate(self, signals: NDArray) -> None:
        """Add the products of a block with the references up to taps - 1 samples before."""
        earlier = np.concatenate([self._before, signals[: len(self._before)]], axis=1)
        self._before = earlier[:, earlier.shape[1] - self.taps + 1 :]
        products = np.conj(scipy.fft.rfft(earlier, FFT_SIZE))[:, None] * scipy.fft.rfft(signals, FFT_SIZE)
        self._spectra = self._spectra + products

    def lagged(self) -> NDArray[np.float64]:
        """sum_n a[n - lag] b[n] of references a and all signals b: (channels of all, twice as many, taps)."""
        if self._before is None:
            raise ValueError("there is nothing to score yet: add the song first")
        # The references began taps - 1 samples before: lag 0 is where the circle's lag is 1 - taps.
        return scipy.fft.irfft(self._spectra, FFT_SIZE)[..., np.arange(self.taps) + 1 - self.taps]

    def filters(self) -> Filters:
        """The filters that bring the true sources nearest to each estimate, over the whole song."""
        lagged = self.lagged()
        size = len(lagged)
        rows = [[scipy.linalg.toeplitz(lagged[a, b], lagged[b, a]) for b in range(size)] for a in range(size)]
        matrix, target = np.block(rows), np.moveaxis(lagged[:, size:], 2, 1).reshape(size * self.taps, size)
        own, channels, width = [], self.channels, self.channels * self.taps
        for source in range(self.sources):
            part = slice(source * width, (source + 1) * width)
            columns = slice(source * channels, (source + 1) * channels)
            own.append(_solve(matrix[part, part], target[part, columns]))
        return Filters(
            self._by_channel(np.stack(own, axis=1).reshape(width, size)),
            self._by_channel(_solve(matrix, target)),
        )

    def _by_channel(self, solution: NDArray) -> NDArray:
        """(channels in * taps, sources * channels out) -> (sources, channels in, channels out, taps)."""
        parts = solution.reshape(-1, self.taps, self.sources, self.channels)
        return parts.transpose(2, 0, 3, 1)


class WindowScorer:
    """The four ratios of one window after the other, given the song's filters and the samples of a window."""

    def __init__(self, filters: Filters, *, window: int) -> None:
        self.tail = filters.own.shape[-1] - 1
        self.size = scipy.fft.next_fast_len(window + self.tail, real=True)
        self._filters = Filters(*(scipy.fft.rfft(each, self.size) for each in filters))

    def score(self, references: NDArray, estimates: NDArray) -> NDArray[np.float64]:
        """One window, (sources, channels, window) each -> SDR, ISR, SIR, SAR in dB, (4, sources)."""
        validate(references, estimates)
        if _any_silent(references) or _any_silent(estimates):
            return np.full((4, len(references)), np.nan)
        length = references.shape[-1] + self.tail  # filters ring on after the window
        true, estimate = (match_length(each.astype(np.float64), length) for each in (references, estimates))
        spectra = scipy.fft.rfft(true, self.size)  # (sources, channels, bins)
        everything = spectra.reshape(-1, spectra.shape[-1])
        own = np.stack([self._project(*pair) for pair in zip(spectra, self._filters.own, strict=True)])
        all_ = np.stack([self._project(everything, filters) for filters in self._filters.all])
        own, all_ = own[..., :length], all_[..., :length]
        return np.stack(
            [
                decibels(_energy(true), _energy(estimate - true)),
                decibels(_energy(true), _energy(own - true)),
                decibels(_energy(own), _energy(all_ - own)),
                decibels(_energy(all_), _energy(estimate - all_)),
            ]
        )

    def _project(self, spectra: NDArray, filters: NDArray) -> NDArray:
        """(channels in, bins) through filters (channels in, channels out, bins) -> (channels out, size)."""
        return scipy.fft.irfft((spectra[:, None] * filters).sum(axis=0), self.size)


def bss_eval(
    references: NDArray,
    estimates: NDArray,
    *,
    sample_rate: int,
    window_seconds: float = 1.0,
    taps: int = TAPS,
) -> BssEval:
    """SDR, ISR, SIR and SAR in dB of each window of a song, (sources, channels, samples) each.

    Agrees with `museval.metrics.bss_eval` to 1e-6 dB, unless channels of the sources, delayed by up to `taps`
    samples, depend on each other: equal channels do, and bands that are empty to the last bit nearly. The
    filters are then not unique, museval's are what rounding makes of them, and neither result means much.
    Windows, and which are NaN, as in `sdr_windows`.
    """
    references = np.asarray(references)
    estimates = match_length(np.asarray(estimates), references.shape[-1])
    correlations = Correlations(taps=taps)
    correlations.add(references, estimates)
    samples = references.shape[-1]
    window = min(int(window_seconds * sample_rate), samples)
    if window < 1:
        raise ValueError(f"a window must hold a sample, got {window_seconds} s at {sample_rate} Hz")
    scorer = WindowScorer(correlations.filters(), window=window)
    scores = [
        scorer.score(references[..., start : start + window], estimates[..., start : start + window])
        for start in range(0, samples - window + 1, window)
    ]
    return BssEval(*np.stack(scores, axis=-1))


def _solve(matrix: NDArray, target: NDArray) -> NDArray:
    """Solution of a symmetric, positive system.

    Where it is singular, a little goes onto the diagonal, as if references had some white noise: the filters
    stay small then, and what they project onto is nearly the same.
    """
    loading = np.finfo(float).eps  # museval's
    energy = np.trace(matrix) / len(matrix)
    while True:
        try:
            factor = scipy.linalg.cho_factor(matrix + loading * np.eye(len(matrix)), overwrite_a=True)
            return scipy.linalg.cho_solve(factor, target)
        except np.linalg.LinAlgError:
            loading = max(10 * loading, FIRST_LOADING * energy)


def _any_silent(signals: NDArray) -> bool:
    """Whether any of (sources, channels, samples) is, or cancels between its channels: museval's rule."""
    return not signals.sum(axis=1).any(axis=-1).all()


def _energy(signals: NDArray) -> NDArray[np.float64]:
    return np.square(signals).sum(axis=(1, 2))
