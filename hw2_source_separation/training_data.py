"""What a model was trained on, in a small file beside it: evaluation needs it for names and warnings.

training_data.json   {"name": "mini_musdb", "is_mini": true, "songs": 32, "minutes": 16.0,
                      "validation_songs": 6}
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from common.training_data import DataRecord, folder_name
from hw2_source_separation.songs import Song

MINI_MARK = "mini_musdb.json"  # in the root of mini-MUSDB18


@dataclass(frozen=True)
class TrainingData(DataRecord):
    """A data folder: the songs, and their minutes, that trained a model; the songs that validated it."""

    songs: int
    minutes: float
    validation_songs: int

    @classmethod
    def of(cls, root: Path, train: Sequence[Song], valid: Sequence[Song]) -> TrainingData:
        """Describe the data folder `root`, of which these are the training and validation songs."""
        return cls(
            name=folder_name(root),
            is_mini=is_mini(root),
            songs=len(train),
            minutes=round(total_minutes(train), 2),
            validation_songs=len(valid),
        )


def total_minutes(songs: Sequence[Song]) -> float:
    """How long all songs last together."""
    return sum(song.duration for song in songs) / 60


def is_mini(root: Path) -> bool:
    """Whether `root` holds mini data: synthesized, and never to be compared with scores on MUSDB18."""
    return (root / MINI_MARK).is_file()
