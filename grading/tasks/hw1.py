"""HW1's test: the mixes of the test tracks, whole, as 0001.flac, ...; of the course's release its clips.

The truth are the same whole steps of 5 seconds that eval.py takes for clips; drum kits are not Percussion,
as in the released labels.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from common.audio import AudioError
from grading.tasks.making import Workplace
from grading.tasks.sounds import copy_sound, write_sound
from grading.tasks.task import Data, Task


def open_data() -> Data:
    from hw1_instrument_detection import data, training_data

    return Data(data.ensure_data, data.default_data, training_data.is_mini)


def write(root: Path, place: Workplace) -> dict[str, Any]:
    """Write the mixes -> "inputs", and for each the steps of its truth, rows of 0 and 1, and its track."""
    from hw1_instrument_detection.data import open_split

    clips, problems = open_split(root, "test")
    place.left_out.merge(problems)
    suffix = ".wav" if clips.files[0].suffix in (".npy", ".wav") else ".flac"
    targets, tracks = {}, {}
    for number, name in enumerate(place.names(len(clips.files), suffix)):
        positions = np.flatnonzero(clips.file == number)  # the steps of one file, in order
        path = clips.files[number]
        try:
            sounds = copy_mix(path, place.inputs / name)
        except AudioError:
            place.left_out.add("mix that cannot be read", path.name)
            continue
        if sounds and len(positions):
            targets[name] = clips.targets[positions].tolist()
            tracks[name] = clips.tracks[clips.track[positions[0]]]
        else:
            place.left_out.add("silent mix", path.name)
            (place.inputs / name).unlink()
    names = sorted(targets)
    return {
        "inputs": names,
        "targets": [targets[name] for name in names],
        "groups": [tracks[name] for name in names],
    }


def copy_mix(path: Path, target: Path) -> bool:
    """Write a mix, or a clip of the release, to `target` -> whether anything sounds. Errors: AudioError."""
    from hw1_instrument_detection.clip_index import SAMPLE_RATE, read_npy_clip

    if path.suffix != ".npy":
        return copy_sound(path, target)
    clip = read_npy_clip(path, sample_rate=SAMPLE_RATE)
    return write_sound(target, [clip[None]], sample_rate=SAMPLE_RATE, channels=1)


TASK = Task("hw1", open_data, write)
