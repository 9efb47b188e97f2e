"""overrides.csv: what a teacher decides by hand. Columns: student_id, item, points, reason.

`item` is the id of a rubric item, whose points are replaced before the late penalty is taken off, or "score",
which is the final score itself. The file is applied anew at each call: a row that is deleted is undone.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from grading.classroom.names import clean_id
from grading.classroom.tables import Row, read_table
from grading.records import Item

SCORE = "score"


@dataclass(frozen=True)
class Override:
    student_id: str
    item: str
    points: float
    reason: str
    where: str
    """File and line, for what is said about it."""


def read_overrides(path: Path | None) -> tuple[list[Override], list[str]]:
    """The overrides, and a line for each row that is none. Errors: UserError for what is no such table."""
    overrides: dict[tuple[str, str], Override] = {}
    problems = []
    for line, row in read_table(path, ["student_id", "item", "points", "reason"]) if path else []:
        where = f"{path.name} line {line}"
        try:
            override = _override(row, where)
        except ValueError as error:
            problems.append(f"{where}: {error}; the row is left out")
            continue
        earlier = overrides.get((override.student_id, override.item))
        if earlier:
            problems.append(f"{earlier.where}: {override.where} says the same item again; that one counts")
        overrides[override.student_id, override.item] = override
    return list(overrides.values()), problems


def _override(row: Row, where: str) -> Override:
    student_id = clean_id(row["student_id"])
    if not student_id:
        raise ValueError(f"{row['student_id']!r} is no student id")
    try:
        points = float(row["points"].replace(",", "."))  # as some spreadsheets write 7.5
    except ValueError:
        raise ValueError(f"{row['points']!r} is no number of points") from None
    if not math.isfinite(points) or points < 0:
        raise ValueError(f"{row['points']} points cannot be given; 0 is the least")
    return Override(student_id, row["item"], points, row["reason"], where)


def apply_overrides(
    items: Sequence[Item], overrides: Sequence[Override]
) -> tuple[tuple[Item, ...], list[Override], list[str]]:
    """A student's items with the points that were set by hand, the overrides that did so, and problems.

    One of the score is left to the caller. What is wrong: an item that there is not, or more than its points.
    """
    applied, problems = [], []
    by_id = {item.id: item for item in items}
    for override in overrides:
        item = by_id.get(override.item)
        if override.item == SCORE:
            applied.append(override)
        elif item is None:
            known = ", ".join([*by_id, SCORE])
            problems.append(f"{override.where}: {override.item!r} is no item; there are {known}")
        elif override.points > item.max_points:
            problems.append(
                f"{override.where}: {override.item} has {item.max_points:g} points at most;"
                f' for more, override "{SCORE}"'
            )
        else:
            by_id[item.id] = dataclasses.replace(item, points=override.points)
            applied.append(override)
    return tuple(by_id.values()), applied, problems


def unknown_students(overrides: Sequence[Override], known: Collection[str]) -> list[str]:
    """A line for each override of a student from whom there is nothing."""
    return [
        f"{override.where}: there is no hand-in of {override.student_id}; check the id"
        for override in overrides
        if override.student_id not in known
    ]
