"""The test songs, for eval.py alone: train.py has no way to open them."""

from __future__ import annotations

from pathlib import Path

from final_project.singing.sung_songs import SungSong, read_songs


def open_test_songs(root: Path) -> list[SungSong]:
    """The test songs of the data folder `root`. Errors: UserError."""
    return read_songs(Path(root) / "songs" / "test.jsonl")
