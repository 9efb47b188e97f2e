"""What a model was trained on, in a small file beside it: evaluation needs it for names and warnings.

training_data.json   {"name": "chorales", "is_mini": true, "songs": 272, "notes": 11816,
                      "validation_windows": 60, "split": "honest"}
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from common.training_data import DataRecord, folder_name

if TYPE_CHECKING:
    from hw3_melody_generation.data import TrainingSplits

MINI_MARK = "chorales.json"  # in the root of the chorales


@dataclass(frozen=True)
class TrainingData(DataRecord):
    """A data folder: the songs, and their notes, that trained a model; the windows that validated it.

    split: by which rule: "honest" or "paper", in which the training songs are windows.
    """

    songs: int
    notes: int
    validation_windows: int
    split: str

    @classmethod
    def of(cls, root: Path, splits: TrainingSplits, *, split: str = "honest") -> TrainingData:
        """Describe the data folder `root`, of which these are the training and validation songs."""
        return cls(
            name=folder_name(root),
            is_mini=is_mini(root),
            songs=len(splits.train_songs),
            notes=sum(map(len, splits.train_songs)),
            validation_windows=len(splits.valid_windows),
            split=split,
        )


def is_mini(root: Path) -> bool:
    """Whether `root` holds the chorales, whose scores are never to be compared with the public corpus'."""
    return (root / MINI_MARK).is_file()
