"""What a model was trained on, in a small file beside it: evaluation needs it for names and baselines.

training_data.json   {"name": "mini_nsynth", "is_mini": true, ...}, and what a homework adds
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from common.run_folder import strict_dataclass, write_atomically
from common.run_folder.files import json_bytes, read_json

FILE_NAME = "training_data.json"


@dataclass(frozen=True)
class DataRecord:
    """The name of a data folder, and whether it is synthesized mini data. A homework adds what it counts."""

    name: str
    is_mini: bool

    def save(self, folder: Path) -> None:
        """Write it into a run folder."""
        write_atomically(folder / FILE_NAME, json_bytes(self))

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """What `folder` says, or None if it says nothing: a model folder works without."""
        path = folder / FILE_NAME
        return strict_dataclass(cls, read_json(path), where=path) if path.is_file() else None


def folder_name(root: Path) -> str:
    """The name of a data or model folder, however its path is written."""
    return root.resolve().name
