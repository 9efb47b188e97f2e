"""HW2's test: the mixtures of the test songs, stereo at 44.1 kHz; the true stems stay on the grader's side.

The truth is kept at a quarter of its level, as a sum of three stems may pass full scale: 24 bits still hold
stems of 16 bits exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.audio import AudioError
from grading.scoring.hw2 import OUTPUTS, TRUTH, TRUTH_LEVEL
from grading.tasks.making import Workplace
from grading.tasks.sounds import write_sound
from grading.tasks.task import Data, Task

FLOAT_BYTES = 2 * 4 / 3  # two outputs in 32-bit floats for a mixture of 24 bits


def open_data() -> Data:
    from hw2_source_separation import data, training_data

    return Data(data.ensure_data, data.default_data, training_data.is_mini)


def write(root: Path, place: Workplace) -> dict[str, Any]:
    """Write the mixtures and the truth -> "inputs", and for each its length in samples."""
    from hw2_source_separation.musdb import open_split

    songs, problems = open_split(root, "test")
    place.left_out.merge(problems)
    frames = {}
    for song, name in zip(songs, place.names(len(songs), ".wav"), strict=True):
        try:
            write_song(song, place, name)
            frames[name] = song.frames
        except AudioError:
            place.left_out.add("song that cannot be read", song.name)
            (place.inputs / name).unlink(missing_ok=True)
    names = sorted(frames)
    return {"inputs": names, "frames": [frames[name] for name in names]}


def write_song(song: Any, place: Workplace, name: str) -> None:
    """The mixture as an input, the outputs as truth. Errors: AudioError."""
    shape = {"sample_rate": song.sample_rate, "channels": 2}
    folder = place.labels / TRUTH / Path(name).stem
    folder.mkdir(parents=True, exist_ok=True)
    for output in OUTPUTS:
        quiet = (block * np.float32(TRUTH_LEVEL) for block in blocks(song, output))
        write_sound(folder / f"{output}.flac", quiet, **shape)
    write_sound(place.inputs / name, blocks(song, "mixture"), **shape)


def blocks(song: Any, stem: str) -> Iterator[NDArray[np.float32]]:
    """A stem of a song, piece after piece (2, samples)."""
    from hw2_source_separation.song_levels import blocks_of

    for start, frames in blocks_of(song):
        yield song.read(stem, start=start, frames=frames)


TASK = Task("hw2", open_data, write, bytes_per_input_byte=1.25 * FLOAT_BYTES)
