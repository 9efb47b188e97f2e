"""Stems made audible for a remix: as waveforms, or as the mel spectrograms that the network makes of them.

A player plays stems of a track, sums them, and finishes a sum of what it played as a training item. In the
two domains the same things happen to a stem: another speed (pitch and tempo), gain and equalizer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import scipy.fft
import torch
from numpy.typing import NDArray
from torch import Tensor

from hw1_instrument_detection.random_sound import RandomEqualizer, RandomSound, random_gains
from hw1_instrument_detection.spectrogram_cache import SpectrogramFiles, at_speed
from hw1_instrument_detection.stem_cache import StemFiles
from hw1_instrument_detection.tracks import Track


class StemPlayer(Protocol):
    """What `RemixDataset` needs; everything random comes from the generator given."""

    sample_rate: int

    def speed(self, generator: np.random.Generator) -> float:
        """1 in every other case; else how much faster and higher something is to be played."""

    def play(
        self,
        track: Track,
        stems: Sequence[int],
        *,
        start: float,
        speed: float,
        changed: bool,
        generator: np.random.Generator,
    ) -> NDArray[np.float32]:
        """The sum of some stems from `start` (s, in the track) on; `changed`: each in a sound of its own.

        Errors: AudioError.
        """

    def finish(self, mix: NDArray[np.float32], generator: np.random.Generator) -> Tensor:
        """A sum of what was played, as the network is given it."""

    def of_clip(self, waveform: Tensor) -> Tensor:
        """The beginning of a clip (samples,) in the form and length of what `finish` gives."""


class WaveformPlayer:
    """Plays `seconds` of stems as waveforms (samples,)."""

    def __init__(self, stems: StemFiles, sound: RandomSound, *, seconds: float) -> None:
        self.stems, self.sound = stems, sound
        self.sample_rate = stems.sample_rate
        self.samples = round(seconds * stems.sample_rate)

    def speed(self, generator: np.random.Generator) -> float:
        return self.sound.speed(generator)

    def play(
        self,
        track: Track,
        stems: Sequence[int],
        *,
        start: float,
        speed: float,
        changed: bool,
        generator: np.random.Generator,
    ) -> NDArray[np.float32]:
        needed = self.samples if speed == 1 else int(np.ceil(self.samples * speed)) + 1
        length = scipy.fft.next_fast_len(needed, real=True)
        waveforms = self.stems.read(track, stems, start=start, num_samples=length)  # (stems, length)
        mix = self.sound.mix(waveforms, generator) if changed else waveforms.sum(axis=0)
        mix = at_speed(mix[:needed], speed)[: self.samples]
        return np.pad(mix, (0, self.samples - len(mix)))

    def finish(self, mix: NDArray[np.float32], generator: np.random.Generator) -> Tensor:
        return torch.from_numpy(self.sound.level(mix, generator))

    def of_clip(self, waveform: Tensor) -> Tensor:
        return waveform[: self.samples]


class SpectrogramPlayer:
    """Plays `seconds` of stems as the power in mel bands (frames, bands); finished, it is (bands, frames).

    Its level is left alone: the network takes it out.
    """

    def __init__(
        self, spectrograms: SpectrogramFiles, *, seconds: float, gain_db: float, equalizer_db: float
    ) -> None:
        self.spectrograms, self.gain_db = spectrograms, gain_db
        self.sample_rate = spectrograms.sample_rate
        self.frames = 1 + round(seconds * self.sample_rate) // spectrograms.hop_length
        centres = spectrograms.mel.centre_frequencies.numpy()
        self._equalizer = RandomEqualizer(centres, decibels=equalizer_db)

    def speed(self, generator: np.random.Generator) -> float:
        others = self.spectrograms.speeds[1:]
        return others[generator.integers(len(others))] if others and generator.random() < 0.5 else 1.0

    def play(
        self,
        track: Track,
        stems: Sequence[int],
        *,
        start: float,
        speed: float,
        changed: bool,
        generator: np.random.Generator,
    ) -> NDArray[np.float32]:
        mix = np.zeros((self.frames, self.spectrograms.bands), dtype=np.float32)
        for stem in stems:
            power = self.spectrograms.read(track, stem, start=start, frames=self.frames, speed=speed)
            if changed:
                power *= np.square(self._factors(generator))
            mix += power
        return mix

    def finish(self, mix: NDArray[np.float32], generator: np.random.Generator) -> Tensor:
        return torch.from_numpy(mix).mT.contiguous()

    def of_clip(self, waveform: Tensor) -> Tensor:
        power = self.spectrograms.spectrogram(waveform.numpy())
        return torch.from_numpy(power[: self.frames]).mT.contiguous()

    def _factors(self, generator: np.random.Generator) -> NDArray[np.float32]:
        """Of the amplitudes: the gain (1,), in every other case with an equalizer (bands,)."""
        gain = random_gains(self.gain_db, 1, generator)
        if self._equalizer.decibels and generator.random() < 0.5:
            return gain * self._equalizer.curve(generator)
        return gain
