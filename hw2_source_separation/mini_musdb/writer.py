"""One song's folder as MUSDB18-HQ has it, and song.json, which says what is sung and played in it.

Audio is stereo WAV, 44.1 kHz, 16 bits. Every sample of mixture.wav is the sum of the stems' samples,
exactly: the stems are rounded first and added then.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common import audio
from common.band.making import quantize
from hw2_source_separation.stems import MIXTURE, SAMPLE_RATE, STEMS


def write_song(folder: Path, stems: NDArray[np.float32], description: Mapping[str, object]) -> None:
    """Write a song; `stems` (4, 2, samples) in the order of `STEMS`, whose sum and each of which is below
    1."""
    quantized = quantize(stems)
    for name, steps in zip(STEMS, quantized, strict=True):
        write_pcm(folder / f"{name}.wav", steps)
    write_pcm(folder / f"{MIXTURE}.wav", quantized.sum(axis=0))
    text = json.dumps(description, indent=2, ensure_ascii=False)
    (folder / "song.json").write_text(text + "\n", encoding="utf-8")


def write_pcm(path: Path, steps: NDArray[np.int32]) -> None:
    """(2, samples) in steps of 16 bits -> a WAV file that holds exactly these."""
    audio.write(path, (steps / np.float32(32768)).astype(np.float32), sample_rate=SAMPLE_RATE)
