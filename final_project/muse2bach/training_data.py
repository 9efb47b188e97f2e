"""What a model was trained on, in a small file beside it: evaluation needs it for names and warnings.

training_data.json   {"name": "bach_chorales", "is_mini": true, "chorales": 223, "frames": 53360,
                      "validation_chorales": 74}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.training_data import DataRecord, folder_name
from final_project.muse2bach.chorale import Chorale

MINI_MARK = "origin.json"  # in the root of the chorales that data.py makes


@dataclass(frozen=True)
class TrainingData(DataRecord):
    """A data folder: the chorales, and their frames, that trained a model; those that validated it."""

    chorales: int
    frames: int
    validation_chorales: int

    @classmethod
    def of(cls, root: Path, train: Sequence[Chorale], valid: Sequence[Chorale]) -> TrainingData:
        """Describe the data folder `root`, of which these are the training and validation chorales."""
        return cls(
            name=folder_name(root),
            is_mini=is_mini(root),
            chorales=len(train),
            frames=sum(map(len, train)),
            validation_chorales=len(valid),
        )


def is_mini(root: Path) -> bool:
    """Whether `root` holds music21's chorales, whose scores are never to be compared with the benchmark's."""
    return (root / MINI_MARK).is_file()
