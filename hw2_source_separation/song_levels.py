"""How loud the stems of a song are, and how much of it is sung, measured a few seconds at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hw2_source_separation.songs import Song
from hw2_source_separation.stems import ACCOMPANIMENT, SAMPLE_RATE

SILENT_BELOW = 1e-3  # root of the mean square, -60 dB: no voice, but noise or reverberation perhaps
BLOCK_SECONDS = 10  # held at a time: memory does not grow with the length of a song


@dataclass(frozen=True)
class SongLevels:
    """Root mean squares in dB (0: a square wave of full scale), silence is -inf; by stem and `accompaniment`.

    sung: share of the whole seconds, 0 to 1, in which the vocals are not silent.
    """

    levels: dict[str, float]
    sung: float

    @property
    def vocals_to_accompaniment(self) -> float:
        """How much louder the vocals are, in dB; -inf where they are silent, nan where everything is."""
        with np.errstate(invalid="ignore"):
            return float(np.subtract(self.levels["vocals"], self.levels[ACCOMPANIMENT]))


def sounds(waveform: NDArray[np.float32]) -> bool:
    """Whether more is to be heard than noise: root mean square above -60 dB."""
    return float(np.mean(np.square(waveform))) > SILENT_BELOW**2


def measure_levels(song: Song) -> SongLevels:
    """The levels of a song's stems. Errors: AudioError."""
    energy, sung = defaultdict(float), []
    for start, frames in blocks_of(song):
        stems = {name: song.read(name, start=start, frames=frames) for name in song.stems()}
        stems[ACCOMPANIMENT] = sum(waveform for name, waveform in stems.items() if name != "vocals")
        for name, waveform in stems.items():
            energy[name] += float(np.square(waveform, dtype=np.float64).mean()) * frames
        seconds = range(SAMPLE_RATE, frames + 1, SAMPLE_RATE)
        sung += [sounds(stems["vocals"][:, end - SAMPLE_RATE : end]) for end in seconds]
    with np.errstate(divide="ignore"):
        levels = {name: float(10 * np.log10(total / song.frames)) for name, total in energy.items()}
    return SongLevels(levels, float(np.mean(sung)))


def blocks_of(song: Song) -> Iterator[tuple[int, int]]:
    """First sample and length of each of the blocks that a song is cut into; the last is shorter."""
    block = BLOCK_SECONDS * SAMPLE_RATE
    for start in range(0, song.frames, block):
        yield start, min(block, song.frames - start)
