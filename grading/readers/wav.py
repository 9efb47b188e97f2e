"""Recordings of a hand-in, WAV or FLAC, block by block: as long as their header says, and all finite.

libsndfile decodes, but is asked for nothing beyond plain PCM, floats and FLAC.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from common.audio import CUT_CHUNK, STREAMED_BYTES
from grading.readers.files import OutputError, open_output

BEGINNINGS = (b"RIFF", b"RF64", b"fLaC")
FORMATS = ("WAV", "WAVEX", "RF64", "FLAC")
SUBTYPES = ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")
MOST_CHANNELS, SAMPLE_BYTES = 8, 8
HEADER_BYTES = 1 << 20  # more than any header that is no trick
AT_ONCE = 1 << 16  # frames


@dataclass(frozen=True)
class Sound:
    """An open recording."""

    name: str
    file: soundfile.SoundFile
    sample_rate: int
    channels: int
    frames: int

    def blocks(self, samples: int = AT_ONCE) -> Iterator[NDArray[np.float32]]:
        """All of it from the beginning, `samples` at a time: (channels, samples), the last fewer.

        Errors: OutputError where it ends before its length, or holds NaN or infinities.
        """
        self.file.seek(0)
        for first in range(0, self.frames, samples):
            count = min(samples, self.frames - first)
            try:
                block = self.file.read(count, dtype="float32", always_2d=True).T
            except soundfile.LibsndfileError as error:
                raise OutputError(f"{self.name}: is damaged; write it anew") from error
            if block.shape[1] < count:
                there = f"{first + block.shape[1]:,} of {self.frames:,} samples"
                raise OutputError(f"{self.name}: ends after {there}; write all of them")
            if not np.isfinite(block).all():
                raise OutputError(f"{self.name}: has NaN or infinite samples; write finite ones")
            yield block


@contextmanager
def open_wav(path: Path, most_frames: int) -> Iterator[Sound]:
    """A recording of at most `most_frames` samples per channel. Errors: OutputError."""
    most_bytes = most_frames * MOST_CHANNELS * SAMPLE_BYTES + HEADER_BYTES
    with open_output(path, most_bytes) as opened:
        if os.pread(opened.fileno(), 4, 0) not in BEGINNINGS:  # which does not move where libsndfile begins
            raise OutputError(f"{path.name}: is neither WAV nor FLAC; write one of them")
        try:
            file = soundfile.SoundFile(opened.fileno(), closefd=False)
        except (soundfile.LibsndfileError, TypeError) as error:
            raise OutputError(f"{path.name}: cannot be read as WAV or FLAC; write it anew") from error
        with file:
            _check(path.name, file, most_frames)
            yield Sound(path.name, file, file.samplerate, file.channels, file.frames)


def read_wav(path: Path, most_frames: int) -> tuple[NDArray[np.float32], int]:
    """(channels, samples) and the sample rate in Hz. Errors: OutputError."""
    with open_wav(path, most_frames) as sound:
        return np.concatenate(list(sound.blocks()), axis=1), sound.sample_rate


def _check(name: str, file: soundfile.SoundFile, most_frames: int) -> None:
    if file.format not in FORMATS or file.subtype not in SUBTYPES:
        raise OutputError(f"{name}: is {file.format} {file.subtype}; write WAV (PCM or float) or FLAC")
    if not 1 <= file.channels <= MOST_CHANNELS:
        raise OutputError(f"{name}: has {file.channels} channels; write 1 to {MOST_CHANNELS}")
    if not 1 <= file.frames <= most_frames:
        raise OutputError(f"{name}: claims {file.frames:,} samples; write 1 to {most_frames:,}")
    for declared, present in CUT_CHUNK.findall(file.extra_info):
        if int(present) < int(declared) < STREAMED_BYTES:
            raise OutputError(f"{name}: its header promises {declared} bytes, {present} are there; write all")
