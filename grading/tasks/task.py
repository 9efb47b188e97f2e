"""One assignment's test: where its data come from, and how they become inputs and labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.cli import UserError
from common.training_data import folder_name
from grading.prepared import FILE, Prepared
from grading.tasks.making import Workplace, prepare


@dataclass(frozen=True)
class Data:
    """The functions of a homework's data module that find its data."""

    ensure_data: Callable[..., Path]
    default_data: Callable[..., Path]
    is_mini: Callable[[Path], bool]


@dataclass(frozen=True)
class Task:
    """One assignment's test.

    open_data: imports the homework, which takes a while. write: data folder, workplace -> labels.
    bytes_per_input_byte: what a hand-in may write for each byte that it reads; 0: nothing that counts.
    """

    short: str
    open_data: Callable[[], Data]
    write: Callable[[Path, Workplace], dict[str, Any]]
    bytes_per_input_byte: float = 0.0

    def prepare(self, data: Path | None, folder: Path, *, quick: bool = False) -> Prepared:
        """The test on `data`; without, on mini data, made if need be, or on its `quick` variant.

        Returns at once if `folder` has it already. Errors: UserError, as the homework's data module.
        """
        folder = Path(folder)
        if (folder / FILE).is_file():
            return self._known(Prepared.load(folder), data, "quick" if quick else "mini")
        source = self.open_data()
        root = source.ensure_data(data, quick=quick)
        kind = "mini" if source.is_mini(root) else "real"
        if kind == "mini" and folder_name(root) == folder_name(source.default_data(quick=True)):
            kind = "quick"
        about = {"assignment": self.short, "data_name": folder_name(root), "kind": kind}
        return prepare(folder, lambda place: self.write(root, place), about)

    def _known(self, prepared: Prepared, data: Path | None, kind: str) -> Prepared:
        """`prepared`, if it is of these data. Errors: UserError."""
        same_data = prepared.kind == kind if data is None else prepared.data_name == folder_name(Path(data))
        if prepared.assignment == self.short and same_data:
            return prepared
        found = f"{prepared.assignment} on {prepared.data_name} ({prepared.kind})"
        raise UserError(f"{prepared.folder}: is prepared for {found}; choose another folder, or delete it")
