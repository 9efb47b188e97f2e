"""Remove the effects from a recording of any length, rate and number of channels, in constant memory.

    loudness = measure_loudness(path)                       # reads it once
    clean_file(remover, path, Path("cleaned"), name="solo_dry")   # cleaned/solo_dry.wav

A recording is read in blocks, resampled to the model's rate, cut into overlapping chunks, cleaned chunk by
chunk, joined, and resampled back: all of that is HW2's (hw2_source_separation/streaming.py). What a separator
does not have and a remover has is the level: it hears a guitar at an RMS of 1. A chunk that was scaled by its
own RMS would be treated otherwise than its neighbour, so the level is that of the whole recording, measured
before. A model that looks no further than a chunk's context, as the default does (2.6 s; HW2's context is
2.65 s), then gives the same as on the whole recording at once.

Every channel is a guitar of its own, with its own level. Above half the model's rate nothing is left.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from common import audio
from common.audio_blocks import Block, prefetched, resample_blocks
from common.cli import UserError
from final_project.guitar_effect_removal.remover import Remover
from hw2_source_separation.stem_files import open_stems
from hw2_source_separation.streaming import BLOCK_SECONDS, CHUNK_SECONDS, Chunks

PAUSE = 1e-5  # power: a second 50 dB below the loudest one is a pause, and says nothing of the guitar's level


def clean_file(
    remover: Remover,
    path: Path,
    folder: Path,
    *,
    name: str,
    audio_format: str = "wav",
    strength: float = 1.0,
    chunk_seconds: float = CHUNK_SECONDS,
    progress: Callable[[float], object] = lambda seconds: None,
) -> Path:
    """Write the dry guitar of an audio file as FOLDER/NAME.wav, complete or not at all; returns its path.

    strength: how far the way to the remover's guitar is gone, 0 (not at all) to 1 (guidance.py).
    audio_format: wav, or flac where nothing is beyond full scale (see HW2's stem_files). `progress` is told
    how many seconds are done. Errors: AudioError, OSError, UserError as in `clean_blocks`.
    """
    info, loudness = audio.info(path), measure_loudness(path)
    blocks = audio.read_channel_blocks(path, samples=round(BLOCK_SECONDS * info.sample_rate))
    pieces = clean_blocks(
        remover,
        prefetched(blocks),
        info=info,
        loudness=loudness,
        strength=strength,
        chunk_seconds=chunk_seconds,
    )
    done = 0
    with open_stems(folder, (name,), info=info, audio_format=audio_format) as files:
        for piece in pieces:
            files.write({name: piece})
            done += piece.shape[-1]
            progress(done / info.sample_rate)
    return files.paths[name]


def clean_blocks(
    remover: Remover,
    blocks: Iterable[Block],
    *,
    info: audio.AudioInfo,
    loudness: NDArray[np.float64],
    strength: float = 1.0,
    chunk_seconds: float = CHUNK_SECONDS,
) -> Iterator[Block]:
    """The dry guitar of a recording that comes in blocks (channels, samples).

    info: its rate and length; loudness (channels,): its RMS. Yields (channels, samples) at its rate, piece
    after piece. Errors: UserError for NaN from the model.
    """
    rate = remover.config.sample_rate
    heard = resample_blocks(blocks, original_rate=info.sample_rate, target_rate=rate)
    chunks = Chunks(-(-info.frames * rate // info.sample_rate), sample_rate=rate, seconds=chunk_seconds)
    cleaned = chunks.join(clean(remover, chunk, loudness, strength) for chunk in chunks.cut(heard))
    return resample_blocks(cleaned, original_rate=rate, target_rate=info.sample_rate, length=info.frames)


@torch.inference_mode()
def clean(remover: Remover, chunk: Block, loudness: NDArray[np.float64], strength: float = 1.0) -> Block:
    """A stretch (channels, samples) of a recording with the RMS `loudness` (channels,) -> the same, dry."""
    device = next(remover.parameters()).device
    wet = torch.from_numpy(np.ascontiguousarray(chunk)).to(device)
    levels = torch.from_numpy(loudness).float().to(device)
    # One after the other: several at once only need more memory.
    dry = [remover.remove(wet[n : n + 1], levels[n : n + 1]) for n in range(len(wet))]
    found = torch.lerp(wet, torch.cat(dry), strength).cpu().numpy()
    if not np.isfinite(found).all():
        raise UserError("the model gives NaN or infinite samples; choose another --model")
    return found


def measure_loudness(path: Path) -> NDArray[np.float64]:
    """The RMS of each channel of a file, (channels,), without its pauses. Errors: AudioError."""
    seconds = audio.read_channel_blocks(path, samples=audio.info(path).sample_rate)
    parts = [(block.shape[1], np.square(block, dtype=np.float64).mean(axis=1)) for block in seconds]
    lengths = np.array([length for length, _ in parts])[:, None]  # samples; (seconds, 1)
    powers = np.stack([power for _, power in parts])  # (seconds, channels)
    played = lengths * (powers >= PAUSE * powers.max(axis=0))
    return np.sqrt((played * powers).sum(axis=0) / played.sum(axis=0))
