"""Songs that are made for the moment: for benchmarks whose speed does not depend on what sounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile as sf

FILE_RATE = 44_100
LOOP_SECONDS = 10  # of the files; they repeat it


def write_song(path: Path, *, seconds: float, seed: int) -> Path:
    """A stereo file of `seconds`: a chord and noise that repeat, written piece by piece."""
    rng = np.random.default_rng(seed)
    time_axis = np.arange(LOOP_SECONDS * FILE_RATE) / FILE_RATE
    chord = sum(np.sin(2 * np.pi * frequency * time_axis) for frequency in (110, 220, 277, 330, 880))
    loop = 0.1 * chord[:, None] + 0.05 * rng.standard_normal((len(chord), 2))  # (samples, 2)
    missing = round(seconds * FILE_RATE)
    with sf.SoundFile(path, "w", FILE_RATE, channels=2) as file:
        while missing > 0:
            file.write(loop[:missing])
            missing -= len(loop)
    return path
