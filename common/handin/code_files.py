"""Which files go into a hand-in: an allow-list, so that nothing is taken along by accident.

Code: of the assignment's folder, `common` and what else it builds on, what git tracks or would track (a new
module is in before it is committed, what .gitignore names is out), or all files where there is no git; of
these, only files whose endings are those of code, or of text that code reads. Model: what inference needs,
and what a run tells of its training.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from common.assignments import Assignment
from common.handin.names import name_violations
from common.handin.rules import IntakeLimits

TOP = ("requirements.txt", "requirements-mert.txt", "pyproject.toml", "LICENSE")
CODE_SUFFIXES = (".py", ".ipynb", ".md", ".txt", ".html", ".css", ".js", ".svg", ".typ", ".sh")
TABLE_SUFFIXES = (".toml", ".json", ".yaml", ".yml", ".tsv", ".csv")
MOST_CODE_BYTES = 2_000_000  # of one file; what is larger is data
NOT_CODE = ("data", "runs", "separated", "melodies", "venv", "node_modules", "__pycache__")  # if no packages
MODEL_FILES = ("model.safetensors", "history.jsonl", "report.txt")
NOT_OF_THE_MODEL = frozenset({"baselines.json"})  # its tensors stay behind: for eval.py alone


@dataclass(frozen=True)
class CodeFiles:
    """Paths relative to the root, sorted; `left_out` with the reason: (path, reason)."""

    taken: tuple[PurePosixPath, ...]
    left_out: tuple[tuple[PurePosixPath, str], ...]


def code_files(assignment: Assignment, root: Path) -> CodeFiles:
    """The code of a hand-in below `root`."""
    folder = PurePosixPath(assignment.folder.as_posix())
    inits = [parent / "__init__.py" for parent in folder.parents if parent != PurePosixPath()]
    candidates = {PurePosixPath(name) for name in TOP} | set(inits)
    candidates = {path for path in candidates if (root / path).is_file()}
    candidates |= set(
        listed(root, [PurePosixPath("common"), folder, *map(PurePosixPath, assignment.builds_on)])
    )
    taken, left_out = [], []
    for path in sorted(candidates):
        reason = None if str(path) in TOP else why_not(root / path, path)
        if reason is None:
            taken.append(path)
        else:
            left_out.append((path, reason))
    return CodeFiles(tuple(taken), tuple(left_out))


def why_not(file: Path, path: PurePosixPath) -> str | None:
    """Why a file is no part of the code; None if it is. `path`: relative to the root."""
    if file.is_symlink():
        return "a link"
    if any(part.startswith(".") for part in path.parts):
        return "a hidden file"
    if path.suffix.lower() not in CODE_SUFFIXES + TABLE_SUFFIXES:
        return f"{path.suffix or 'a name without an ending'} is no code"
    if file.stat().st_size > MOST_CODE_BYTES:
        return f"{file.stat().st_size / 1e6:.1f} MB are data, not code"
    broken = name_violations([str(path)], IntakeLimits())
    return broken[0].message if broken else None


def listed(root: Path, folders: list[PurePosixPath]) -> Iterator[PurePosixPath]:
    """The files below `folders` that git knows or would add; without git, all of them. No data folders."""
    names = _git_listing(root, folders)
    for path in _walk(root, folders) if names is None else map(PurePosixPath, names):
        deleted = not os.path.lexists(root / path)  # git knows it until that is committed
        if not deleted and not any(_is_no_code(root / parent) for parent in path.parents):
            yield path


def _is_no_code(folder: Path) -> bool:
    return folder.name in NOT_CODE and not (folder / "__init__.py").is_file()


def model_files(run: Path) -> list[str]:
    """The names of the files of a run that are handed in: one model, and what tells of its training."""
    names = {path.name for path in run.glob("*.json")} - NOT_OF_THE_MODEL | set(MODEL_FILES)
    return sorted(name for name in names if (run / name).is_file() and not name.startswith("."))


def _git_listing(root: Path, folders: list[PurePosixPath]) -> list[str] | None:
    """What git knows or would add, relative to `root`; None without git, or where it ignores everything."""
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"]
    try:
        answer = subprocess.run([*command, *map(str, folders)], capture_output=True, timeout=60, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return [os.fsdecode(name) for name in answer.stdout.split(b"\0") if name] or None


def _walk(root: Path, folders: list[PurePosixPath]) -> Iterator[PurePosixPath]:
    for folder in folders:
        for place, inner, names in os.walk(root / folder):
            inner[:] = sorted(name for name in inner if not name.startswith("."))
            here = PurePosixPath(Path(place).relative_to(root).as_posix())
            yield from (here / name for name in sorted(names))
