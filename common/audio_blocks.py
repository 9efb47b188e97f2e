"""Waveforms of any length, held a block at a time: resampled, looked at in stretches, fetched ahead, written.

A waveform comes as blocks (..., samples), float32, one after the other, of any lengths; together they are the
waveform. Nothing here holds more than a few of them. `common.audio` reads them: `read_blocks`,
`read_channel_blocks`. Resampling goes through soxr, whose stream gives what it gives for the whole at once.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from common.audio import AudioError

LARGEST_WAV = (1 << 32) - (
    1 << 16
)  # bytes of samples: sizes in a wav file have 32 bits, its header some room
Block = NDArray[np.float32]
Item = TypeVar("Item")
END = object()


def resample_blocks(
    blocks: Iterable[Block], *, original_rate: int, target_rate: int, length: int | None = None
) -> Iterator[Block]:
    """The same waveform at another rate, in phase: sample n of it sounds at n / target_rate.

    It ends after `length` samples; by default after ceil(samples * target_rate / original_rate), as that of
    `common.audio.resample`. What soxr lacks at the end, by rounding, is silence.
    """
    given = made = 0
    stream, shape = None, ()
    for block in blocks:
        if stream is None:
            shape = block.shape[:-1]
            stream = soxr.ResampleStream(original_rate, target_rate, int(np.prod(shape)), dtype="float32")
        given += block.shape[-1]
        piece = _through(stream, block)[..., : None if length is None else length - made]
        made += piece.shape[-1]
        yield piece
    if stream is not None:
        wanted = -(-given * target_rate // original_rate) if length is None else length
        missing = max(0, wanted - made)
        rest = _through(stream, np.zeros((*shape, 0), dtype=np.float32), last=True)[..., :missing]
        yield np.pad(rest, [*[(0, 0)] * len(shape), (0, missing - rest.shape[-1])])


def _through(stream: soxr.ResampleStream, block: Block, *, last: bool = False) -> Block:
    """What comes out of the stream when (..., samples) goes in; soxr wants (samples, channels)."""
    *shape, samples = block.shape
    flat = np.ascontiguousarray(block.reshape(int(np.prod(shape)), samples).T)
    out = stream.resample_chunk(flat, last=last)  # (resampled, channels)
    return out.T.reshape(*shape, len(out))


class Stretches:
    """A waveform that comes in blocks, of which one stretch after the other is looked at.

    No more is held than the stretch and the block in which it ends.
    """

    def __init__(self, blocks: Iterable[Block]) -> None:
        self.blocks = iter(blocks)
        self.first = 0  # sample of the waveform, the first that is held
        self.held: Block | None = None

    def read(self, start: int, end: int) -> Block:
        """The samples from `start` to before `end`, (..., end - start); fewer where the waveform ends.

        ValueError for a `start` that lies before that of an earlier stretch.
        """
        if start < self.first:
            raise ValueError(f"stretches must come in order: {start} lies before {self.first}")
        while self._end < end and (block := next(self.blocks, None)) is not None:
            self._forget(start)
            self.held = block if self.held is None else np.concatenate([self.held, block], axis=-1)
        self._forget(start)
        if self.held is None:
            raise ValueError("the waveform has no blocks")
        return self.held[..., start - self.first : end - self.first]

    @property
    def _end(self) -> int:
        return self.first + (0 if self.held is None else self.held.shape[-1])

    def _forget(self, start: int) -> None:
        """Drop what lies before `start`."""
        if self.held is not None:
            passed = min(start - self.first, self.held.shape[-1])
            self.held, self.first = self.held[..., passed:], self.first + passed


def prefetched(items: Iterator[Item]) -> Iterator[Item]:
    """The same items; a thread makes the next one while the present one is used."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        coming = thread.submit(next, items, END)
        while (item := coming.result()) is not END:
            coming = thread.submit(next, items, END)
            yield item


class BlockWriter:
    """An audio file that is written block by block: a wav in 32-bit float, or a flac in 24 bits.

    with BlockWriter(path, sample_rate=44100, channels=2, frames=frames) as writer:
        writer.write(block)  # (channels, samples)

    The format is that of `path`'s suffix, or of `audio_format`: WAV, FLAC. `frames` is the length to come: a
    wav above 4 GB is written as RF64, which keeps its sizes in 64 bits and which libsndfile, FFmpeg and
    the usual editors read as wav. Errors: AudioError for what the format cannot hold, OSError for the disk.
    """

    SUBTYPES = {"WAV": "FLOAT", "RF64": "FLOAT", "FLAC": "PCM_24"}

    def __init__(
        self, path: Path, *, sample_rate: int, channels: int, frames: int, audio_format: str = ""
    ) -> None:
        audio_format = audio_format or path.suffix[1:].upper()
        if audio_format == "WAV" and 4 * channels * frames > LARGEST_WAV:
            audio_format = "RF64"
        self.sink = _Sink(path)
        try:
            subtype = self.SUBTYPES[audio_format]
            self.file = soundfile.SoundFile(
                self.sink, "w", sample_rate, channels, format=audio_format, subtype=subtype
            )
        except (soundfile.LibsndfileError, ValueError) as error:
            self.sink.close()
            what = f"{channels} channels at {sample_rate} Hz as {audio_format}"
            raise AudioError(f"{path}: cannot write {what}; choose another format") from error

    def write(self, block: Block) -> None:
        """Append (channels, samples)."""
        try:
            self.file.write(block.T)
        except (soundfile.LibsndfileError, AssertionError):  # AssertionError: less was written than given
            self.sink.check()
            raise
        self.sink.check()

    def __enter__(self) -> BlockWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Finish the file, on the disk; after an error only close it."""
        try:
            with contextlib.suppress(soundfile.LibsndfileError):  # a full disk, which the sink tells better
                self.file.close()
            if kind is None:
                self.sink.check()
                os.fsync(self.sink.fileno())
        finally:
            self.sink.close()


class _Sink(io.FileIO):
    """A file that remembers why a write failed: libsndfile does not tell a full disk from other failures."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "w+")
        self.path, self.error = path, None

    def write(self, data: bytes) -> int:
        rest = memoryview(data)
        try:
            while len(rest):  # a disk that is nearly full takes a part, and refuses only the next
                rest = rest[super().write(rest) :]
        except OSError as error:
            self.error = self.error or error
        return len(data) - len(rest)

    def check(self) -> None:
        """Raise what went wrong so far."""
        if self.error is not None:
            self.error.filename = str(self.path)
            raise self.error
