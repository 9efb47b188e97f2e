"""Mixes that nobody has made: sources of different songs, louder and softer, turned round, faster and slower.

A waveform is (2, samples); functions are pure and draw from the numpy generator that they are given.

A change of speed is resampling: pitch and tempo go together, as on a tape. For 6 s of stereo soxr takes 5 ms.
A phase vocoder changes the one without the other, but blurs onsets and takes 60 to 80 ms (librosa.effects):
training would wait for it.

Sources: Uhlich et al. 2017, "Improving music source separation based on deep neural networks through data
augmentation and network blending" (gains, swapped channels, sources of different songs); Défossez et al.
2019, "Music source separation in the waveform domain" (polarity, speed).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from common.cli import UserError

Waveform = NDArray[np.float32]


@dataclass(kw_only=True)
class MixConfig:
    """How training mixtures are made of the sources of songs."""

    mix_songs: float = 0.5
    """Share of the training chunks, 0 to 1, that are mixed from sources of different songs."""
    gains: tuple[float, float] = (0.25, 1.25)
    """Lowest and highest factor that each source is made louder or softer by. 1 1: none."""
    channel_swap: float = 0.5
    """Chance, 0 to 1, that left and right of a source change places."""
    polarity: float = 0.5
    """Chance, 0 to 1, that a source is turned upside down."""
    semitones: float = 0.0
    """Largest change of speed, pitch and tempo together, in semitones up or down, at most 12. Sources of the
    same song change together, those of different songs each in its own way. 0: none."""
    seek_vocals: float = 0.0
    """Share of the training chunks, 0 to 1, that are looked for, up to five times, until somebody sings."""

    def __post_init__(self) -> None:
        shares = ("mix_songs", "channel_swap", "polarity", "seek_vocals")
        rules = [(name, 0 <= getattr(self, name) <= 1, "a value from 0 to 1") for name in shares]
        rules.append(("semitones", 0 <= self.semitones <= 12, "a value from 0 to 12"))
        rules.append(("gains", 0 < self.gains[0] <= self.gains[1], "two values above 0, the lower one first"))
        for name, valid, rule in rules:
            if not valid:
                value = getattr(self, name)
                shown = " ".join(map(str, value)) if isinstance(value, tuple) else value
                raise UserError(f"--{name.replace('_', '-')} is {shown}; give {rule}")


NO_CHANGE = MixConfig(mix_songs=0, gains=(1, 1), channel_swap=0, polarity=0)


def changed_sound(waveform: Waveform, config: MixConfig, generator: np.random.Generator) -> Waveform:
    """A source (2, samples) with a gain, a polarity and channels drawn for it."""
    waveform = waveform * np.float32(draw_gain(config, generator))
    return waveform[::-1] if generator.random() < config.channel_swap else waveform


def draw_gain(config: MixConfig, generator: np.random.Generator) -> float:
    """A factor, negative where the polarity is turned."""
    gain = generator.uniform(*config.gains)
    return -gain if generator.random() < config.polarity else gain


def draw_speed(config: MixConfig, generator: np.random.Generator) -> float:
    """How much faster a source is to be played; 1 without --semitones."""
    if not config.semitones:
        return 1.0
    return float(2 ** (generator.uniform(-config.semitones, config.semitones) / 12))


def needed_samples(samples: int, speed: float) -> int:
    """How much of a source is heard in `samples` at `speed`."""
    return samples if speed == 1 else int(np.ceil(samples * speed)) + 1


def at_speed(waveform: Waveform, speed: float, *, samples: int) -> Waveform:
    """A source (2, `needed_samples`) played at `speed`: (2, samples). What it is too short for is silence."""
    if speed != 1:
        waveform = soxr.resample(np.ascontiguousarray(waveform.T), speed, 1.0).T
    missing = max(0, samples - waveform.shape[1])
    return np.pad(waveform, ((0, 0), (0, missing))) if missing else waveform[:, :samples]
