"""HW0's test: each note of the test split as 0001.wav, ...; NSynth's own file names are the answer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from common.audio import AudioError
from common.cli import UserError
from grading.tasks.making import Workplace
from grading.tasks.sounds import copy_sound
from grading.tasks.task import Data, Task


def open_data() -> Data:
    from hw0_note_classification import data, training_data

    return Data(data.ensure_data, data.default_data, training_data.is_mini)


def write(root: Path, place: Workplace) -> dict[str, Any]:
    """Write the notes -> "inputs", and for each its family and instrument; the training notes by family."""
    from hw0_note_classification.data import open_split

    notes, problems = open_split(root, "test")
    place.left_out.merge(problems)
    written = {}
    for position, name in enumerate(place.names(len(notes), ".wav")):
        try:
            sounds = copy_sound(notes.path(position), place.inputs / name)
        except AudioError:
            place.left_out.add("note that cannot be read", notes[position].note_str)
            continue
        if sounds:
            written[name] = position
        else:
            place.left_out.add("silent note", notes[position].note_str)
            (place.inputs / name).unlink()
    names = sorted(written)
    rows = notes.subset(np.array([written[name] for name in names], dtype=np.int64))
    return {
        "inputs": names,
        "families": rows.family.tolist(),
        "groups": rows.groups.tolist(),
        "train_counts": train_counts(root, rows.class_counts()),
    }


def train_counts(root: Path, test_counts: np.ndarray) -> list[int]:
    """Training notes of each family, which the majority's answer follows from.

    Where there are test data alone, theirs: the baseline is then the best constant answer.
    """
    from hw0_note_classification.data import open_split

    try:
        return open_split(root, "train")[0].class_counts().tolist()
    except UserError:
        return test_counts.tolist()


TASK = Task("hw0", open_data, write)
