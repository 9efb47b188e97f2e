"""The folder that a test is prepared in.

    FOLDER/
        inputs/          what the hand-in sees: anonymous names in a shuffled order, no labels, one date
        again/           a few of the same inputs, each under the name of another
        labels/          what only the grader sees: labels.json, and of HW2 the true stems
        prepared.json    written last: without it the folder is not complete

`grading.tasks` makes it. The scoring process reads it, so nothing heavy is imported here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.cli import UserError

FILE, LABELS_FILE = "prepared.json", "labels.json"
VERSION = 1  # raised when the same data would give another folder


@dataclass(frozen=True)
class Prepared:
    """A complete folder. kind: "quick", "mini" or "real". digest: of all that is in it."""

    assignment: str
    folder: Path
    inputs: Path
    again: Path
    labels: Path
    data_name: str
    kind: str
    digest: str

    @classmethod
    def load(cls, folder: Path) -> Prepared:
        """What lies in `folder`. Errors: UserError where it is not complete, or another version's."""
        path = folder / FILE
        if not path.is_file():
            raise UserError(f"{folder}: is not a prepared test; prepare it first")
        record = json.loads(path.read_text(encoding="utf-8"))
        if record.get("version") != VERSION:
            raise UserError(f"{folder}: prepared by another version of the grader; delete it")
        known = {name: record[name] for name in ("assignment", "data_name", "kind", "digest")}
        places = {name: folder / name for name in ("inputs", "again", "labels")}
        return cls(folder=folder, **places, **known)

    def read_labels(self) -> dict[str, Any]:
        """What only the grader knows."""
        return json.loads((self.labels / LABELS_FILE).read_text(encoding="utf-8"))
