"""What a model was trained on, in a small file beside it: evaluation needs it for names and baselines.

training_data.json   {"name": "mini_slakh", "is_mini": true, "clips": 620, "tracks": 32,
                      "class_counts": {"piano": 480, ...}, "drums_are_percussion": false}
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.training_data import DataRecord, folder_name
from hw1_instrument_detection.classes import KEYS
from hw1_instrument_detection.clip_index import ClipIndex

MINI_MARK = "mini_slakh.json"  # in the root of mini-Slakh


@dataclass(frozen=True)
class TrainingData(DataRecord):
    """A data folder, its clips and tracks, and in how many clips each class sounds."""

    clips: int
    tracks: int
    class_counts: dict[str, int]
    drums_are_percussion: bool = False

    @classmethod
    def of(cls, root: Path, train: ClipIndex, *, drums_are_percussion: bool = False) -> TrainingData:
        """Describe the data folder `root`, whose training clips are `train`."""
        return cls(
            name=folder_name(root),
            is_mini=is_mini(root),
            clips=len(train),
            tracks=len(np.unique(train.track)),
            class_counts=dict(zip(KEYS, train.class_counts().tolist(), strict=True)),
            drums_are_percussion=drums_are_percussion,
        )

    def prevalence(self) -> NDArray[np.float64]:
        """The share of the training clips that each class sounds in, (9,)."""
        counts = np.array([self.class_counts.get(key, 0) for key in KEYS], dtype=np.float64)
        return counts / max(1, self.clips)


def is_mini(root: Path) -> bool:
    """Whether `root` holds mini data: synthesized, and never to be compared with scores on Slakh2100."""
    # A release prepared from mini data may be named by its folder slakh.
    places = (root, root.parent) if root.resolve().name == "slakh" else (root,)
    return any((place / MINI_MARK).is_file() for place in places)
