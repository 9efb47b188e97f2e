"""What a model was trained on, in a small file beside it: evaluation needs it for names and baselines.

training_data.json   {"name": "mini_nsynth", "is_mini": true, "train_counts": {"bass": 1021, ...}}
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.training_data import DataRecord, folder_name
from hw0_note_classification.note_index import FAMILIES, NoteIndex


@dataclass(frozen=True)
class TrainingData(DataRecord):
    """A data folder, and its training notes per family."""

    train_counts: dict[str, int]

    @classmethod
    def of(cls, root: Path, train: NoteIndex) -> TrainingData:
        """Describe the data folder `root`, whose training notes are `train`."""
        counts = dict(zip(FAMILIES, train.class_counts().tolist(), strict=True))
        return cls(folder_name(root), is_mini(root), counts)

    def counts(self) -> np.ndarray:
        """Training notes per family, (11,)."""
        return np.array([self.train_counts.get(family, 0) for family in FAMILIES])


def is_mini(root: Path) -> bool:
    """Whether `root` holds mini data: synthesized, and never to be compared with scores on NSynth."""
    return (root / "mini_nsynth.json").is_file()
