"""A song on disk with its stems: whatever part is asked for is read by seeking, and nothing else.

Whatever its files are, a song is stereo at 44.1 kHz: a mono file sounds on both channels, another rate is
resampled as it is read, and a part is then that part of the whole, to -100 dB. Where a song has no mixture of
its own, it is the sum of its stems; so is the accompaniment of drums, bass and other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from common import audio
from common.audio import AudioError
from hw2_source_separation.stems import ACCOMPANIMENT, CHANNELS, MIXTURE, SAMPLE_RATE, STEMS

BACKING = tuple(stem for stem in STEMS if stem != "vocals")  # whose sum is the accompaniment
RESAMPLING_MARGIN = 0.05  # s read before and after a part: more than the reach of soxr's filter
LENGTH_TOLERANCE = 0.1  # s: encoders and exports add or drop some samples at the end


class Source(Protocol):
    """One recording, at its own rate."""

    sample_rate: int
    channels: int
    frames: int

    def read(self, *, start: int, frames: int) -> NDArray[np.float32]:
        """(channels, frames) from frame `start` on. Errors: AudioError."""
        ...


@dataclass(frozen=True)
class AudioFile:
    """A recording in a file of its own."""

    path: Path
    sample_rate: int
    channels: int
    frames: int

    @classmethod
    def open(cls, path: Path) -> AudioFile:
        """By the header alone. Errors: AudioError."""
        header = audio.info(path)
        return cls(path, header.sample_rate, header.channels, header.frames)

    def read(self, *, start: int, frames: int) -> NDArray[np.float32]:
        """(channels, frames) from frame `start` on. Errors: AudioError."""
        part = {"start": start / self.sample_rate, "duration": frames / self.sample_rate}
        return audio.read(self.path, **part, allow_silence=True)[0]


@dataclass(frozen=True)
class Song:
    """The recordings of a song by what they are: stems, perhaps `accompaniment` and `mixture`.

    frames: its length at `sample_rate`, that of its shortest recording.
    """

    name: str
    path: Path
    sources: Mapping[str, Source]
    frames: int
    sample_rate: int = SAMPLE_RATE

    @classmethod
    def of(cls, name: str, path: Path, sources: Mapping[str, Source]) -> Song:
        """The song of these recordings."""
        return cls(name, path, sources, min(resampled_length(source) for source in sources.values()))

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.frames / self.sample_rate

    def stems(self) -> tuple[str, ...]:
        """What adds up to the song: the four of STEMS, or vocals and accompaniment."""
        return STEMS if self.has(*STEMS) else ("vocals", ACCOMPANIMENT)

    def has(self, *stems: str) -> bool:
        """Whether all these can be read."""
        return all(stem in self.sources or self._parts(stem) != (stem,) for stem in stems)

    def read(self, stem: str, *, start: int = 0, frames: int | None = None) -> NDArray[np.float32]:
        """`frames` samples of a stem, "accompaniment" or "mixture" from sample `start` on: (2, frames).

        By default all that follow. Errors: AudioError for a file that is broken there or a stem that the song
        lacks, ValueError for a part that does not lie within the song.
        """
        frames = self.frames - start if frames is None else frames
        if start < 0 or frames < 1 or start + frames > self.frames:
            raise ValueError(f"a part must lie in 0..{self.frames}, got {frames} samples from {start} on")
        first, *others = self._parts(stem)
        total = self._read_source(first, start, frames)
        for part in others:
            total = total + self._read_source(part, start, frames)
        return total

    def _parts(self, stem: str) -> tuple[str, ...]:
        """The recordings whose sum is `stem`."""
        if stem in self.sources:
            return (stem,)
        if stem == ACCOMPANIMENT and self.has(*BACKING):
            return BACKING
        return self.stems() if stem == MIXTURE else (stem,)

    def _read_source(self, name: str, start: int, frames: int) -> NDArray[np.float32]:
        if name not in self.sources:
            raise AudioError(f"{self.path}: has no {name}; add the stem, or choose other --targets")
        source = self.sources[name]
        if source.sample_rate == self.sample_rate:
            waveform = source.read(start=start, frames=frames)
        else:
            waveform = read_resampled(source, start=start, frames=frames)
        return np.repeat(waveform, CHANNELS, axis=0) if len(waveform) == 1 else waveform


def resampled_length(source: Source) -> int:
    """Samples of a recording at SAMPLE_RATE, as `common.audio.resample` has them."""
    return -(-source.frames * SAMPLE_RATE // source.sample_rate)


def read_resampled(source: Source, *, start: int, frames: int) -> NDArray[np.float32]:
    """A part as if all of the recording had been resampled: `frames` samples at SAMPLE_RATE from `start` on.

    What is read begins where a sample of the file and one of the result fall on the same moment, which they
    do every SAMPLE_RATE / gcd samples, and is longer on both sides by what the filter looks at.
    """
    common = math.gcd(source.sample_rate, SAMPLE_RATE)
    margin = round(RESAMPLING_MARGIN * SAMPLE_RATE)
    period = max(0, start - margin) // (SAMPLE_RATE // common)
    begin = period * (source.sample_rate // common)
    end = min(source.frames, -(-(start + frames + margin) * source.sample_rate // SAMPLE_RATE))
    waveform = source.read(start=begin, frames=end - begin)
    waveform = audio.resample(waveform, original_rate=source.sample_rate, target_rate=SAMPLE_RATE)
    first = start - period * (SAMPLE_RATE // common)
    return waveform[:, first : first + frames]
