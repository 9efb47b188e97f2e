"""Another sound for what was recorded: random gains, equalizers, speeds and levels.

A millisecond a stem: the equalizers of all stems of a mix share one inverse Fourier transform, and a smooth
curve of gains over the bins is an equalizer of any number of bands at the price of one.
"""

from __future__ import annotations

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from hw1_instrument_detection.clip_index import CLIP_SECONDS

LARGEST_GAIN = 2.5  # standard deviations: what is labelled can be heard
CONTROL_POINTS = 8  # of the equalizer's curve: one an octave
LOWEST, HIGHEST = 60.0, 10_000.0  # Hz, of the control points


class RandomSound:
    """Random gains, equalizers, speeds and levels; everything drawn comes from the generator given.

    gain_db, equalizer_db, level_db: standard deviations in dB; semitones: the largest change.
    """

    def __init__(
        self,
        *,
        sample_rate: int,
        gain_db: float,
        equalizer_db: float,
        semitones: float,
        level_db: float,
    ) -> None:
        self.gain_db, self.equalizer_db = gain_db, equalizer_db
        self.semitones, self.level_db = semitones, level_db
        samples = round(CLIP_SECONDS * sample_rate)
        # The bins of a clip, and as many more for longer stretches that are to be played faster, whose bins
        # are narrower: their curve is up to an octave lower, which for a random one is all the same.
        self._equalizer = RandomEqualizer(np.arange(samples + 64) / CLIP_SECONDS, decibels=equalizer_db)

    def mix(self, waveforms: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
        """The sum of (stems, length), each with its own gain, every other one equalized -> (length,)."""
        gains = random_gains(self.gain_db, len(waveforms), generator)
        equalized = generator.random(len(waveforms)) < 0.5 * (self.equalizer_db > 0)
        # Sums one by one: a product of matrices would wake BLAS's threads, which cost more than they save.
        mix = np.zeros(waveforms.shape[1], dtype=np.float32)
        for waveform, gain in zip(waveforms[~equalized], gains[~equalized], strict=True):
            mix += gain * waveform
        if equalized.any():
            spectrum = np.zeros(waveforms.shape[1] // 2 + 1, dtype=np.complex64)
            for waveform, gain in zip(waveforms[equalized], gains[equalized], strict=True):
                spectrum += scipy.fft.rfft(waveform) * (
                    gain * self._equalizer.curve(generator, bins=len(spectrum))
                )
            # The equalizer's response is some 10 ms long, and what of it goes round the end no matter.
            mix += scipy.fft.irfft(spectrum, n=waveforms.shape[1])
        return mix

    def speed(self, generator: np.random.Generator) -> float:
        """1 in every other case; else how much faster and higher something is played."""
        semitones = generator.uniform(-1, 1) * self.semitones
        return float(2 ** (semitones / 12)) if generator.random() < 0.5 else 1.0

    def level(self, waveform: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
        """`waveform` at a random level, never above 1."""
        gain = random_gains(self.level_db, 1, generator)[0]
        return waveform * np.float32(min(gain, 1 / max(float(np.abs(waveform).max()), 1e-9)))


class RandomEqualizer:
    """Smooth random gains over `frequencies` (Hz, rising): normal in dB at each control point, with this
    standard deviation, and interpolated in between."""

    def __init__(self, frequencies: NDArray, *, decibels: float) -> None:
        self.decibels = decibels
        self._below, self._share = places_between_points(frequencies)

    def curve(self, generator: np.random.Generator, *, bins: int | None = None) -> NDArray[np.float32]:
        """Factors for the amplitudes at the first `bins` frequencies, at all by default."""
        gains = random_gains(self.decibels, CONTROL_POINTS, generator)
        rises = np.append(np.diff(gains), np.float32(0))
        below = self._below[:bins]
        return gains[below] + self._share[:bins] * rises[below]


def random_gains(decibels: float, count: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Factors (count,) for amplitudes, normal in dB with this standard deviation."""
    drawn = generator.standard_normal(count).clip(-LARGEST_GAIN, LARGEST_GAIN)
    return (10 ** (decibels * drawn / 20)).astype(np.float32)


def places_between_points(frequencies: NDArray) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Where frequencies (Hz) lie between the control points, for interpolating in log-frequency.

    The number of the point below each, and the share, 0 to 1, of the way to the next. Below the lowest and
    above the highest point the gain stays as it is there.
    """
    points = np.log(np.geomspace(LOWEST, HIGHEST, CONTROL_POINTS))
    place = np.interp(np.log(np.maximum(frequencies, LOWEST)), points, np.arange(CONTROL_POINTS))
    below = np.floor(place).astype(np.int8)
    return below, (place - below).astype(np.float32)
