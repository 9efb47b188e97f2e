"""What a listener was trained on, in a small file beside it: evaluation needs it for names and baselines.

training_data.json   {"name": "singing", "is_mini": true, "train_counts": {"i": 1402, ...}}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.training_data import DataRecord, folder_name
from final_project.singing.spoken import Recording, class_counts
from final_project.singing.vowels import VOWELS

MINI_MARK = "origin.json"  # in the root of the data that data.py makes


@dataclass(frozen=True)
class TrainingData(DataRecord):
    """A data folder, and its training vowels by class."""

    train_counts: dict[str, int]

    @classmethod
    def of(cls, root: Path, train: Sequence[Recording]) -> TrainingData:
        """Describe the data folder `root`, whose training recordings are `train`."""
        counts = dict(zip(VOWELS, class_counts(train).tolist(), strict=True))
        return cls(folder_name(root), is_mini(root), counts)

    def counts(self) -> NDArray[np.int64]:
        """Training vowels of each class, (classes,)."""
        return np.array([self.train_counts.get(vowel, 0) for vowel in VOWELS])


def is_mini(root: Path) -> bool:
    """Whether `root` holds what data.py makes: synthetic voices."""
    return (root / MINI_MARK).is_file()
