"""The test split, for eval.py alone: train.py has no way to open it."""

from __future__ import annotations

from pathlib import Path

from final_project.guitar_effect_removal.pairs import Pair, find_pairs


def open_test_split(root: Path) -> list[Pair]:
    """The test pairs of the data folder `root`. Errors: UserError."""
    return find_pairs(root, "test")
