"""What a model was trained on, in a small file beside it: evaluation needs it for names and warnings.

training_data.json   {"name": "guitars", "is_mini": true, "guitars": 240, "validation_pairs": 52}
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from common.training_data import DataRecord, folder_name

MINI_MARK = "mini_guitars.json"  # in the root of the data that data.py makes


@dataclass(frozen=True)
class TrainingData(DataRecord):
    """A data folder: how many dry guitars trained a model, how many pairs validated it."""

    guitars: int
    validation_pairs: int

    @classmethod
    def of(cls, root: Path, guitars: int, validation_pairs: int) -> TrainingData:
        """Describe the data folder `root`."""
        return cls(
            name=folder_name(root),
            is_mini=is_mini(root),
            guitars=guitars,
            validation_pairs=validation_pairs,
        )


def is_mini(root: Path) -> bool:
    """Whether `root` holds synthesized guitars, whose scores are not to be set beside published ones."""
    return (root / MINI_MARK).is_file()
