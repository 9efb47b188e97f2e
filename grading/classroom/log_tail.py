"""The end of what a hand-in's program printed, from the grader's log."""

from __future__ import annotations

import os
from pathlib import Path

from grading.printed import BAR, last_lines

MOST_FILES = 8
MOST_BYTES = 65_536  # read from the end of each file
MOST_LINES = 40


def log_tails(folder: Path) -> list[tuple[str, str]]:
    """Name and last lines of each file of a log folder that says something, by name."""
    files = sorted(path for path in folder.glob("*.txt") if path.is_file() and not path.is_symlink())
    tails = [(path.stem, tail(path)) for path in files[:MOST_FILES] if path.stem != "grader"]
    return [(name, text) for name, text in tails if text]


def tail(path: Path) -> str:
    """The last lines of a file, which may hold anything: short, and without what steers a terminal."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - MOST_BYTES))
        lines = last_lines(file.read(MOST_BYTES), MOST_LINES + 1)
    cut = len(lines) > MOST_LINES
    return "\n".join((["..."] if cut else []) + [line.removeprefix(BAR) for line in lines[-MOST_LINES:]])
