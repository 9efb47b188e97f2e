"""MUSDB18's .stem.mp4: the mixture and the four stems as AAC streams of one file, read through PyAV.

A part is decoded from a little before it, since each AAC block needs the one before, and is placed by the
time stamps of the blocks: it is, sample by sample, that part of the whole (but for noise of which AAC keeps
the loudness alone, and which every decoding makes up anew). The stems were coded one by one, so that the
mixture is not exactly their sum. Format: Native Instruments' Stems.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from numpy.typing import NDArray

from common.audio import AudioError

STEM_MP4 = ".stem.mp4"
STREAMS = ("mixture", "drums", "bass", "other", "vocals")  # the order in the file
WARM_UP = 4096  # samples decoded before a part: the first block after a seek, of 1024 or 2048, sounds wrong
ENDS_EARLY_BY = 4096  # samples that a stream may lack at its end: encoders round its length to their blocks


@dataclass(frozen=True)
class StemStream:
    """One audio stream, the one with this number, of a .stem.mp4 file."""

    path: Path
    number: int
    sample_rate: int
    channels: int
    frames: int

    def read(self, *, start: int, frames: int) -> NDArray[np.float32]:
        """(channels, frames) from frame `start` on. Errors: AudioError."""
        waveform = np.zeros((self.channels, frames), dtype=np.float32)
        there = 0
        for first, block in self._blocks(start, start + frames):
            begin, end = max(first, start), min(first + block.shape[1], start + frames)
            if begin < end:
                waveform[:, begin - start : end - start] = block[:, begin - first : end - first]
                there += end - begin
        lacking = ENDS_EARLY_BY if start + frames > self.frames - ENDS_EARLY_BY else 0
        if there < frames - lacking:
            raise AudioError(
                f"{self.path}: truncated, {STREAMS[self.number]} lacks {frames - there} samples after"
                f" {start / self.sample_rate:.3f} s; get the file again"
            )
        return waveform

    def _blocks(self, start: int, end: int) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """What is decoded of a part: first frame and (channels, frames) of each block, in order."""
        with opened(self.path) as container:
            stream = container.streams.audio[self.number]
            a_frame = 1 / (self.sample_rate * stream.time_base)  # in the stream's unit of time
            if start > WARM_UP:
                container.seek(int((start - WARM_UP) * a_frame), stream=stream)
            for frame in container.decode(stream):
                first = round(frame.pts / a_frame)
                if first >= end:
                    return
                yield first, float_samples(frame)


def open_stem_mp4(path: Path) -> dict[str, StemStream]:
    """The recordings in a file, by what they are. Errors: AudioError."""
    with opened(path) as container:
        streams = container.streams.audio
        if len(streams) != len(STREAMS):
            raise AudioError(
                f"{path}: has {len(streams)} audio streams, a .stem.mp4 has {len(STREAMS)}:"
                f" {', '.join(STREAMS)}; get the file again"
            )
        return {
            name: StemStream(path, number, stream.rate, stream.channels, _length(path, stream))
            for number, (name, stream) in enumerate(zip(STREAMS, streams, strict=True))
        }


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """The file, whose faults are AudioErrors as long as it is open."""
    try:
        with av.open(str(path)) as container:
            yield container
    except av.FFmpegError as error:
        raise AudioError(f"{path}: damaged or truncated ({error.strerror}); get the file again") from error


def float_samples(frame: av.AudioFrame) -> NDArray[np.float32]:
    """What was decoded, as (channels, samples) in [-1, 1]."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if np.issubdtype(samples.dtype, np.integer):
        samples = samples / -float(np.iinfo(samples.dtype).min)
    return samples.astype(np.float32, copy=False)


def _length(path: Path, stream: av.AudioStream) -> int:
    if not stream.duration:
        raise AudioError(f"{path}: does not say how long it is; get the file again")
    return int(stream.duration * stream.time_base * stream.rate)
