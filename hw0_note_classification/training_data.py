"""What a model was trained on, in a small file beside it: evaluation needs it for names and baselines.

training_data.json   {"name": "mini_nsynth", "is_mini": true, "train_counts": {"bass": 1021, ...}}
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.run_folder import strict_dataclass, write_atomically
from common.run_folder.files import json_bytes, read_json
from hw0_note_classification.note_index import FAMILIES, NoteIndex

FILE_NAME = "training_data.json"


@dataclass(frozen=True)
class TrainingData:
    """The name of a data folder, whether it is synthesized mini data, and its training notes per family."""

    name: str
    is_mini: bool
    train_counts: dict[str, int]

    @classmethod
    def of(cls, root: Path, train: NoteIndex) -> TrainingData:
        """Describe the data folder `root`, whose training notes are `train`."""
        counts = dict(zip(FAMILIES, train.class_counts().tolist(), strict=True))
        return cls(folder_name(root), is_mini(root), counts)

    def save(self, folder: Path) -> None:
        """Write it into a run folder."""
        write_atomically(folder / FILE_NAME, json_bytes(self))

    @classmethod
    def load(cls, folder: Path) -> TrainingData | None:
        """What `folder` says, or None if it says nothing: a model folder works without."""
        path = folder / FILE_NAME
        return strict_dataclass(cls, read_json(path), where=path) if path.is_file() else None

    def counts(self) -> np.ndarray:
        """Training notes per family, (11,)."""
        return np.array([self.train_counts.get(family, 0) for family in FAMILIES])


def folder_name(root: Path) -> str:
    """The name of a data folder, however its path is written."""
    return root.resolve().name


def is_mini(root: Path) -> bool:
    """Whether `root` holds mini data: synthesized, and never to be compared with scores on NSynth."""
    return (root / "mini_nsynth.json").is_file()
