"""What is written for a song: NAME.wav, NAME.mid, NAME.lrc and NAME.json, all of them or none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from common import audio
from common.run_folder import write_atomically
from common.run_folder.files import json_bytes
from final_project.singing.midi_output import midi_bytes
from final_project.singing.performance import SAMPLE_RATE, Performance
from final_project.singing.song import Song
from final_project.singing.timed_lyrics import lrc_text, timing

SUFFIXES = {"wav": ".wav", "midi": ".mid", "lrc": ".lrc", "timing": ".json"}


def output_paths(folder: Path, name: str) -> dict[str, Path]:
    """The files of a song by kind."""
    return {kind: folder / f"{name}{suffix}" for kind, suffix in SUFFIXES.items()}


def write_song(files: Mapping[str, Path], song: Song, performance: Performance) -> None:
    """Write the files of a song; `song` begins on its first beat, the performance when its sound does.

    All is made before the first file is written. RuntimeError for sound that is silent or clipped, which
    would be our fault.
    """
    peak = float(np.abs(performance.waveform).max())
    if not 0.01 < peak <= 1:
        raise RuntimeError(f"{files['wav'].name}: silent or clipped, the peak is {peak:.3f}")
    contents = {
        "midi": midi_bytes(song),
        "lrc": lrc_text(performance.song).encode("utf-8", errors="replace"),
        "timing": json_bytes(timing(performance.song)),
    }
    audio.write(files["wav"], performance.waveform, sample_rate=SAMPLE_RATE)
    for kind, content in contents.items():
        write_atomically(files[kind], content)
