"""Recordings for hand-ins: the same samples as in the data, and nothing else of the file.

Tags, comments and dates of the original stay behind. Samples are whole numbers, 16 bits where the original
has 16, else 24, so that what is read is what the data hold; what passes full scale is cut off.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from common import audio

AT_ONCE = 1 << 18  # frames
FORMATS = {".wav": "WAV", ".flac": "FLAC"}


def copy_sound(source: Path, target: Path) -> bool:
    """Write `source` to `target` (.wav or .flac) -> whether anything sounds in it. Errors: AudioError."""
    info = audio.info(source)
    bits = 16 if soundfile.info(source).subtype == "PCM_16" else 24
    blocks = audio.read_channel_blocks(source, samples=AT_ONCE)
    return write_sound(target, blocks, sample_rate=info.sample_rate, channels=info.channels, bits=bits)


def write_sound(
    target: Path, blocks: Iterable[NDArray[np.float32]], *, sample_rate: int, channels: int, bits: int = 24
) -> bool:
    """Write blocks (channels, samples) to `target` -> whether anything sounds in them.

    It appears complete or not at all; what is there already, from a call that was interrupted, is kept.
    """
    if target.exists():
        return True  # what is silent does not stay
    sounds, beside = False, target.with_name(f".{target.name}.part")
    kind = {"format": FORMATS[target.suffix], "subtype": f"PCM_{bits}"}
    try:
        with soundfile.SoundFile(beside, "w", sample_rate, channels, **kind) as file:
            for block in blocks:
                sounds = sounds or bool(block.any())
                file.write(whole_numbers(block, bits).T)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return sounds


def whole_numbers(block: NDArray[np.float32], bits: int) -> NDArray[np.int32]:
    """Samples in -1..1 as whole numbers of `bits` bits, in the upper bits of 32: as files take them.

    libsndfile's own conversion of floats multiplies by one less, and would not give back what was read.
    """
    full = 1 << (bits - 1)
    scaled = np.rint(np.asarray(block, dtype=np.float64) * full)
    return np.clip(scaled, -full, full - 1).astype(np.int32) << (32 - bits)
