"""Which grader graded: a digest of everything that decides a score.

Two grades with the same version, archive and test data are the same, byte for byte. The sources are read once
in a process, so a grader that is changed while it runs is still told by the version that it began with.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("grading", "common", "hw?_*", "final_project")  # scoring uses their metrics and readers of data
FILES = ("requirements.txt",)  # the libraries' versions are pinned there
SUFFIXES = (".py", ".toml")
NO_SCORE = ("grading/classroom", "grading/plagiarism")  # what is made of grades, and what never changes one


@cache
def grader_version(root: Path = ROOT) -> str:
    """Twelve hexadecimal digits over the sources' names and contents."""
    digest = hashlib.sha256()
    for path in sources(root):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:12]


def sources(root: Path) -> Iterator[Path]:
    """The files that count, in an order of their own."""
    left_out = [root / folder for folder in NO_SCORE]
    for folder in sorted(folder for part in PARTS for folder in root.glob(part) if folder.is_dir()):
        for path in sorted(folder.rglob("*")):
            decides = not any(path.is_relative_to(other) for other in left_out)
            if decides and path.suffix in SUFFIXES and path.is_file():
                yield path
    yield from (root / name for name in FILES if (root / name).is_file())
