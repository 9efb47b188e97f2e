"""The rubric of an assignment: a TOML file with one `[[item]]` per line of the grade, read strictly.

    [[item]]
    id = "macro_f1"                         # unique; the name of its test
    title = "Macro F1 of the eleven classes"
    points = 20                             # the points of a rubric add up to 100
    check = "measure"                       # one of grading.checks.CHECKS
    [item.options]                          # what that check wants to know
    ...

A teacher changes points and targets there; nothing in the code knows them. An assignment without a file of
its own is a final project.
"""

from __future__ import annotations

import dataclasses
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.cli import UserError
from common.run_folder import strict_dataclass
from grading.checks import CHECKS, Evidence

FOLDER = Path(__file__).with_name("rubrics")
OTHERS = "final_project"
TOTAL = 100.0


@dataclass(frozen=True)
class RubricItem:
    """One line: what it is worth and how it is judged."""

    id: str
    title: str
    points: float
    check: str
    options: Any = dataclasses.field(default_factory=dict)
    visibility: str = "visible"

    def judge(self, evidence: Evidence) -> tuple[float, str]:
        """The share of the points that was earned, 0 to 1, and the message that says why."""
        share, message = CHECKS[self.check].function(evidence, self.options)
        return (min(1.0, max(0.0, share)) if math.isfinite(share) else 0.0), message


@dataclass(frozen=True)
class Rubric:
    """All lines of an assignment's grade."""

    title: str
    items: tuple[RubricItem, ...]

    @property
    def max_score(self) -> float:
        return math.fsum(item.points for item in self.items)


def rubric_of(assignment: str, folder: Path = FOLDER) -> Rubric:
    """The rubric of an assignment by its short name; any that has no file of its own is a final project."""
    own = folder / f"{assignment}.toml"
    return read_rubric(own if assignment.isidentifier() and own.is_file() else folder / f"{OTHERS}.toml")


def read_rubric(path: Path) -> Rubric:
    """The rubric in a file. Errors: UserError naming file and item for what is unknown, missing or double."""
    try:
        record = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: not valid TOML ({error}); mend it") from error
    unknown = record.keys() - {"title", "item"}
    if unknown or not isinstance(record.get("item"), list) or not isinstance(record.get("title"), str):
        raise UserError(
            f"{path}: {', '.join(sorted(unknown)) or 'a rubric'}; it has a title and [[item]]s only"
        )
    items = tuple(read_item(values, path) for values in record["item"])
    double = {item.id for item in items if [other.id for other in items].count(item.id) > 1}
    if double:
        raise UserError(f"{path}: two items called {', '.join(sorted(double))}; rename one")
    rubric = Rubric(record["title"], items)
    if not math.isclose(rubric.max_score, TOTAL):
        raise UserError(f"{path}: the points add up to {rubric.max_score:g}; make them {TOTAL:g}")
    return rubric


def read_item(values: Mapping[str, Any], path: Path) -> RubricItem:
    item = strictly(RubricItem, values, f"{path}: item {values.get('id', '?')}")
    where = f"{path}: item {item.id}"
    if item.check not in CHECKS:
        raise UserError(f"{where}: no check called {item.check!r}; choose among {', '.join(CHECKS)}")
    if not item.points > 0 or item.visibility not in ("visible", "hidden"):
        raise UserError(f"{where}: points must be above 0, visibility visible or hidden; mend it")
    return dataclasses.replace(item, options=strictly(CHECKS[item.check].options, item.options, where))


def strictly(cls: type, values: Mapping[str, Any], where: str) -> Any:
    """`strict_dataclass`, except that fields may keep their defaults; the advice is for a rubric's author."""
    defaults = {
        field.name: field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        for field in dataclasses.fields(cls)
        if (field.default, field.default_factory) != (dataclasses.MISSING, dataclasses.MISSING)
    }
    try:
        return strict_dataclass(cls, defaults | dict(values), where=where)
    except UserError as error:
        raise UserError(f"{str(error).rsplit(';', 1)[0]}; mend the rubric") from error
    except ValueError as error:  # what a check says of its options
        raise UserError(f"{where}: {error}; mend the rubric") from error
