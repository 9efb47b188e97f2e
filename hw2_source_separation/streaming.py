"""Separate a recording of any length, rate and number of channels: memory does not grow with it.

A recording is read in blocks, resampled to the model's rate, cut into overlapping chunks, separated chunk
by chunk, joined, and resampled back to its own rate. Of a chunk, its first and last seconds are
only context and are dropped; what is left overlaps with its neighbours by a tenth of a second, over which
one fades into the other. So a model that looks no further than the context gives the same as on the whole
song, and one that looks further (a recurrent one) has no clicks where chunks meet. A recording shorter than
a chunk is separated whole.

The last output is what the others leave of the recording itself, not of a resampled copy: at any rate and
number of channels the outputs add up to the recording.

A model hears two channels. A single channel is put on both, and its estimates are the mean of the two; more
than two are separated in pairs, first and second, third and fourth, an odd last one like a single channel.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import count, groupby, islice
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from common import audio
from common.audio_blocks import Block, Stretches, prefetched, resample_blocks
from common.cli import UserError
from hw2_source_separation.stem_files import open_stems

CHUNK_SECONDS = 16.0
CONTEXT_SECONDS = 2.65  # heard at each end of a chunk, and dropped; the default model looks 2.6 s around it
FADE_SECONDS = 0.1  # shared by neighbours
GRID = 4096  # samples: chunks begin where frames of an STFT do, with any hop that divides this
SHORTEST_CHUNK = 6.0  # seconds; most of it is context and fade
BATCH_SIZE = 1  # chunks separated at a time; on a CPU more of them only need more memory and time
BLOCK_SECONDS = 10.0  # read at a time

Estimates = np.ndarray  # float32 (outputs, channels, samples)


class SeparatesStereo(Protocol):
    """What inference knows of a model."""

    sample_rate: int  # Hz, of the waveforms
    outputs: tuple[str, ...]  # what it gives, in order

    def separate(self, mixture: Tensor) -> Tensor:
        """Mixtures (batch, 2, samples) -> estimates (batch, outputs, 2, samples), on the CPU."""
        ...


def separate_file(
    separator: SeparatesStereo,
    path: Path,
    folder: Path,
    *,
    names: Sequence[str] | None = None,
    audio_format: str = "wav",
    mix_gains: Mapping[str, float] | None = None,
    progress: Callable[[float], object] = lambda seconds: None,
    **options,
) -> dict[str, Path]:
    """Separate an audio file into FOLDER/NAME.wav for each output, or those in `names`; returns their paths.

    audio_format: wav or flac; mix_gains: dB by output, for a remix: see `stem_files`. `progress` is told
    how many seconds are done; `options` are those of `separate_blocks`. All files are complete, or none is
    there. Errors: AudioError, OSError, UserError as in `separate_blocks`.
    """
    info = audio.info(path)
    blocks = audio.read_channel_blocks(path, samples=round(BLOCK_SECONDS * info.sample_rate))
    pieces = separate_blocks(separator, prefetched(blocks), info=info, **options)
    done = 0
    with open_stems(
        folder, names or separator.outputs, info=info, audio_format=audio_format, mix_gains=mix_gains
    ) as stems:
        for estimates in pieces:
            stems.write(dict(zip(separator.outputs, estimates, strict=True)))
            done += estimates.shape[-1]
            progress(done / info.sample_rate)
    return stems.paths


def separate_blocks(
    separator: SeparatesStereo,
    blocks: Iterable[Block],
    *,
    info: audio.AudioInfo,
    chunk_seconds: float = CHUNK_SECONDS,
    batch_size: int = BATCH_SIZE,
    residual: bool = True,
) -> Iterator[Estimates]:
    """Separate a recording that comes in blocks (channels, samples), `info` tells its rate and length.

    Yields estimates (outputs, channels, samples) at its rate, piece after piece. With `residual` the last
    output is the recording minus the others; without it, as the model gives it. Errors: UserError for NaN
    from the model.
    """
    rate = separator.sample_rate
    waiting: deque[Block] = deque()  # blocks that were heard, and are not yet separated
    blocks = remembered(blocks, waiting) if residual else blocks
    heard = resample_blocks(blocks, original_rate=info.sample_rate, target_rate=rate)
    chunks = Chunks(-(-info.frames * rate // info.sample_rate), sample_rate=rate, seconds=chunk_seconds)
    estimates = chunks.join(separate_chunks(separator, chunks.cut(heard), batch_size=batch_size))
    if residual:
        estimates = (piece[:-1] for piece in estimates)  # the last output follows from the others
    estimates = resample_blocks(
        estimates, original_rate=rate, target_rate=info.sample_rate, length=info.frames
    )
    if not residual:
        return estimates
    return with_residual(estimates, (waiting.popleft() for _ in count()))


def remembered(blocks: Iterable[Block], waiting: deque[Block]) -> Iterator[Block]:
    """The same blocks, put into `waiting` too. (`itertools.tee` would forget them only 57 at a time.)"""
    for block in blocks:
        waiting.append(block)
        yield block


def with_residual(estimates: Iterable[Estimates], mixture: Iterable[Block]) -> Iterator[Estimates]:
    """Add one more output: what those (outputs, channels, samples) leave of the mixture."""
    whole, done = Stretches(mixture), 0
    for piece in estimates:
        end = done + piece.shape[-1]
        if end > done:  # a resampler is late: its first pieces may be empty
            yield np.concatenate([piece, (whole.read(done, end) - piece.sum(axis=0))[None]])
        done = end


class Chunks:
    """Where the chunks of a recording of `samples` samples lie, and how they are cut and joined.

    spans: (start, end) of each, in samples. All are `length` long but the last, which ends with the
    recording. UserError for chunks of less than SHORTEST_CHUNK seconds.
    """

    def __init__(self, samples: int, *, sample_rate: int, seconds: float = CHUNK_SECONDS) -> None:
        if not seconds >= SHORTEST_CHUNK:
            raise UserError(f"--chunk-seconds is {seconds:g}; give at least {SHORTEST_CHUNK:g} seconds")
        self.context = round(CONTEXT_SECONDS * sample_rate)
        self.fade = round(FADE_SECONDS * sample_rate)
        shared = 2 * self.context + self.fade
        self.step = max(GRID, (round(seconds * sample_rate) - shared) // GRID * GRID)
        self.length = self.step + shared
        later = range(self.step, samples - shared, self.step)  # begin before the chunk in front has said all
        self.spans = [(start, min(start + self.length, samples)) for start in (0, *later)]

    def cut(self, blocks: Iterable[Block]) -> Iterator[Block]:
        """The chunks (..., length) of a recording that comes in blocks (..., samples)."""
        recording = Stretches(blocks)
        for start, end in self.spans:
            yield recording.read(start, end)

    def join(self, estimates: Iterable[Estimates]) -> Iterator[Estimates]:
        """What chunks give, (..., length) each, as one recording, piece after piece."""
        rising = np.linspace(0, 1, self.fade + 2, dtype=np.float32)[1:-1]
        before = None  # the end of the chunk in front, over which it fades away
        for (_, end), piece in zip(self.spans, estimates, strict=True):
            if before is not None:
                piece = piece[..., self.context :].copy()
                piece[..., : self.fade] *= rising
                piece[..., : self.fade] += before * (1 - rising)
            if end == self.spans[-1][1]:
                yield piece
            else:
                piece = piece[..., : -self.context]
                before = piece[..., -self.fade :]
                yield piece[..., : -self.fade]


def separate_chunks(
    separator: SeparatesStereo, chunks: Iterable[Block], *, batch_size: int
) -> Iterator[Estimates]:
    """Chunks (channels, samples) -> estimates of each (outputs, channels, samples), some at a time."""
    for _, same_length in groupby(chunks, key=lambda chunk: chunk.shape[-1]):
        while group := list(islice(same_length, batch_size)):
            pairs = np.stack([in_pairs(chunk) for chunk in group])  # (B, P, 2, S)
            of_pairs = torch.from_numpy(pairs).flatten(0, 1).split(batch_size)  # (<= batch_size, 2, S) each
            estimates = torch.cat([separator.separate(some) for some in of_pairs]).numpy()
            if not np.isfinite(estimates).all():
                raise UserError("the model gives NaN or infinite samples; choose another --model")
            for of_chunk in estimates.reshape(*pairs.shape[:2], *estimates.shape[1:]):
                yield out_of_pairs(of_chunk, channels=len(group[0]))


def in_pairs(waveform: Block) -> Block:
    """(channels, samples) -> (pairs, 2, samples); an odd last channel is both of its pair."""
    if len(waveform) % 2:
        waveform = np.concatenate([waveform, waveform[-1:]])
    return waveform.reshape(-1, 2, waveform.shape[-1])


def out_of_pairs(estimates: np.ndarray, *, channels: int) -> Estimates:
    """(pairs, outputs, 2, samples) -> (outputs, channels, samples); an odd last one is its pair's mean."""
    pairs, outputs, _, samples = estimates.shape
    found = estimates.swapaxes(0, 1).reshape(outputs, 2 * pairs, samples)
    if channels % 2:
        last = found[:, -2:].mean(axis=1, keepdims=True)
        found = np.concatenate([found[:, :-2], last], axis=1)
    return found
