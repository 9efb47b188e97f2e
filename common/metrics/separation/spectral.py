"""How far magnitudes are from the true ones, whatever the phases: what Griffin-Lim can be judged by.

Of the magnitudes |S| of the reference and |E| of the estimate, sums and means over frames, bins and channels:

- spectral convergence: sqrt(sum (|S| - |E|)^2 / sum |S|^2). 0 is perfect; an estimate that is silent has 1.
- log-magnitude distance: mean |20 log10 |S| - 20 log10 |E||, in dB, with magnitudes below the floor raised to
  it.

Both know the level: an estimate that is too soft is wrong. Frames lie within the song, without padding: the
end that does not fill one is left out, but a song shorter than one is filled up with silence. The window is a
periodic Hann window, magnitudes are such that a sine of amplitude 1 has 1 in its bin.

Sources: Griffin and Lim 1984, equation 5, in the normalized form of Sturmel and Daudet 2011, "Signal
reconstruction from STFT magnitude: a state of the art"; Arik, Jun and Diamos 2018, "Fast spectrogram
inversion using multi-head convolutional neural networks", equations 1 and 2.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
import scipy.signal
from numpy.typing import NDArray

from common.metrics.separation.scores import match_length, validate

FLOOR = 1e-4  # -80 dB: below it, it does not matter how silent silence is
PIECE = 1 << 16  # samples at once: their frames and spectra take some 10 MB a channel


class SpectralAccumulator:
    """The phase-blind scores of one song, fed block by block: `add` all of it in order, then ask.

    n_fft, hop_length: samples of a frame, and from one to the next; at any sample rate.
    """

    def __init__(self, *, n_fft: int = 2048, hop_length: int = 512) -> None:
        if not 1 <= hop_length <= n_fft:
            raise ValueError(f"hop_length must be 1 to n_fft, got {hop_length} with n_fft {n_fft}")
        self.n_fft, self.hop_length = n_fft, hop_length
        window = scipy.signal.get_window("hann", n_fft)
        self._window = (2 * window / window.sum()).astype(np.float32)
        self._rest: NDArray | None = None  # samples of frames to come, (2, sources, channels, < n_fft)
        self._sums: NDArray | float = 0.0  # see `_frame_sums`

    def add(self, references: NDArray, estimates: NDArray) -> None:
        """The next block, any length: references and estimates (sources, channels, samples) each."""
        validate(references, estimates)
        for start in range(0, references.shape[-1], PIECE):
            piece = slice(start, start + PIECE)
            signals = np.stack([references[..., piece], estimates[..., piece]]).astype(np.float32)
            if self._rest is not None:
                signals = np.concatenate([self._rest, signals], axis=-1)
            count = max(0, 1 + (signals.shape[-1] - self.n_fft) // self.hop_length)
            if count:
                self._sums = self._sums + self._frame_sums(signals)
            self._rest = signals[..., count * self.hop_length :].copy()

    def spectral_convergence(self) -> NDArray[np.float64]:
        """(sources,): 0 is perfect; NaN for a silent source."""
        error, energy, _, _ = self._totals()
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(energy == 0, np.nan, np.sqrt(error / energy))

    def log_magnitude_distance(self) -> NDArray[np.float64]:
        """In dB, (sources,): 0 is perfect."""
        _, _, distance, count = self._totals()
        return distance / count

    def _frame_sums(self, signals: NDArray) -> NDArray[np.float64]:
        """Of the frames that (2, sources, channels, samples) hold, for each source: the energies of error and
        reference, the distance in dB, and the number of magnitudes; (4, sources)."""
        frames = np.lib.stride_tricks.sliding_window_view(signals, self.n_fft, axis=-1)
        frames = frames[..., :: self.hop_length, :] * self._window  # (2, sources, channels, frames, n_fft)
        reference, estimate = np.abs(scipy.fft.rfft(frames, axis=-1))
        levels = [20 * np.log10(np.maximum(magnitude, FLOOR)) for magnitude in (reference, estimate)]
        over = {"axis": (1, 2, 3), "dtype": np.float64}
        sums = [np.square(reference - estimate), np.square(reference), np.abs(levels[0] - levels[1])]
        count = np.full(len(reference), reference[0].size)
        return np.stack([*(each.sum(**over) for each in sums), count])

    def _totals(self) -> NDArray[np.float64]:
        if self._rest is None:
            raise ValueError("there is nothing to score yet: add the song first")
        if isinstance(self._sums, float):  # a song shorter than a frame
            return self._frame_sums(match_length(self._rest, self.n_fft))
        return self._sums


def spectral_convergence(references: NDArray, estimates: NDArray, **options: int) -> NDArray[np.float64]:
    """Of a song (sources, channels, samples), (sources,). Options: n_fft, hop_length."""
    return _accumulate(references, estimates, options).spectral_convergence()


def log_magnitude_distance(references: NDArray, estimates: NDArray, **options: int) -> NDArray[np.float64]:
    """Of a song (sources, channels, samples), in dB, (sources,). Options: n_fft, hop_length."""
    return _accumulate(references, estimates, options).log_magnitude_distance()


def _accumulate(references: NDArray, estimates: NDArray, options: dict[str, int]) -> SpectralAccumulator:
    references = np.asarray(references)
    accumulator = SpectralAccumulator(**options)
    accumulator.add(references, match_length(np.asarray(estimates), references.shape[-1]))
    return accumulator
