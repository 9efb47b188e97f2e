"""Makes the folder that a test is prepared in: see `grading.prepared`.

The same data give the same bytes. It is made beside and renamed; with what an interrupted call wrote the next
one goes on.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from common.cli import UserError, say
from common.problems import Problems
from common.run_folder import write_atomically
from common.run_folder.files import json_bytes
from grading.prepared import FILE, LABELS_FILE, VERSION, Prepared

ORIGIN_FILE = "origin.json"  # of a folder in the making
SEED = 20_211  # of the order
AGAIN = 3  # inputs that are asked again
HASHED_AT_ONCE = 1 << 20  # bytes


@dataclass
class Workplace:
    """A folder in the making, for the module of an assignment to write into."""

    folder: Path
    left_out: Problems = field(default_factory=Problems)

    @property
    def inputs(self) -> Path:
        return self.folder / "inputs"

    @property
    def labels(self) -> Path:
        return self.folder / "labels"

    def names(self, count: int, suffix: str) -> list[str]:
        """A name for each of `count` inputs in the order of the data, from which nothing can be told."""
        width = max(4, len(str(count)))
        order = np.random.default_rng(SEED).permutation(count)
        return [f"{place + 1:0{width}d}{suffix}" for place in order]


Write = Callable[[Workplace], dict[str, Any]]
# writes all inputs -> labels; "inputs" among them: the names that were written, sorted


def prepare(folder: Path, write: Write, about: dict[str, str]) -> Prepared:
    """The folder, made by `write` unless it is there.

    about: assignment, data_name and kind, as in Prepared. Errors: UserError if it holds something else.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several processes one makes it, the others wait
        if not (folder / FILE).is_file():
            if folder.exists() and any(folder.iterdir()):
                raise UserError(f"{folder}: holds other files; choose a new folder to prepare the test in")
            origin = {"version": VERSION, **about}
            partial = _begun(folder, origin)
            _make(Workplace(partial), write, origin)
            partial.replace(folder)
    return Prepared.load(folder)


def _begun(folder: Path, origin: dict[str, Any]) -> Path:
    """The folder beside, with what an interrupted call of the same kind left in it."""
    partial = folder.with_name(f"{folder.name}.partial")
    stamp = partial / ORIGIN_FILE
    if not stamp.is_file() or stamp.read_bytes() != json_bytes(origin):
        shutil.rmtree(partial, ignore_errors=True)
    for name in ("inputs", "labels"):
        (partial / name).mkdir(parents=True, exist_ok=True)
    shutil.rmtree(partial / "again", ignore_errors=True)
    (partial / "again").mkdir()
    write_atomically(stamp, json_bytes(origin))
    return partial


def _make(place: Workplace, write: Write, origin: dict[str, Any]) -> None:
    labels = write(place)
    for line in place.left_out.lines("left out"):
        say(f"{origin['data_name']}: {line}")
    if not labels["inputs"]:
        raise UserError(f"{origin['data_name']}: nothing of the test split can be used; check the data")
    labels["again"] = _repeat(place, labels["inputs"])
    write_atomically(place.labels / LABELS_FILE, json_bytes(labels))
    (place.folder / ORIGIN_FILE).unlink()
    _same_date(place.folder)
    record = {**origin, "asked": len(labels["inputs"]), "left_out": place.left_out.counts}
    record["digest"] = digest(place.folder)
    write_atomically(place.folder / FILE, json_bytes(record))


def _repeat(place: Workplace, names: list[str]) -> dict[str, str]:
    """Link some inputs into again/, each under the name of another -> the input that each name now is.

    So they come in another order, and who goes by names alone answers otherwise.
    """
    count = min(AGAIN, len(names))
    chosen = np.random.default_rng(SEED + 1).choice(len(names), size=count, replace=False)
    targets = [names[number] for number in sorted(chosen)]
    meant = dict(zip(targets, targets[-1:] + targets[:-1], strict=True))
    for target, source in meant.items():
        os.link(place.inputs / source, place.folder / "again" / target)
    return meant


def _same_date(folder: Path) -> None:
    """When a file was written might tell what it is."""
    for path in folder.rglob("*"):
        os.utime(path, (0, 0))


def digest(folder: Path) -> str:
    """SHA-256 over the names and contents of all that hand-ins and grader read."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != FILE):
        total.update(f"{path.relative_to(folder).as_posix()}\0{path.stat().st_size}\0".encode())
        with path.open("rb") as file:
            while block := file.read(HASHED_AT_ONCE):
                total.update(block)
    return total.hexdigest()
