"""The test split, for eval.py alone: train.py has no way to open it."""

from __future__ import annotations

from pathlib import Path

from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.data_folder import read_parts


def open_test_split(root: Path) -> list[Chorale]:
    """The test chorales of the data folder, or benchmark file, `root`. Errors: UserError."""
    return read_parts(root, ["test"])[0]
