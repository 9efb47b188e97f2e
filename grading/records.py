"""What grading leaves: items with their points, and the grade that they add up to, as JSON.

The JSON is the same, byte for byte, whenever the same archive is graded by the same grader on the same data.
So nothing stands in it that differs from run to run: no seconds, no time stamps, no paths, no output of the
hand-in. Those go to files beside it.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from common.cli import UserError

FORMAT = 1  # of grade.json; raised when an old reader would misread it
DECIMALS = 2  # of points


@dataclass(frozen=True)
class Item:
    """One line of the rubric as it turned out."""

    id: str
    title: str
    points: float
    max_points: float
    message: str
    """Plain text for the student: what was found, what is needed, which command shows it."""
    visibility: str = "visible"

    @property
    def full(self) -> bool:
        return self.points >= self.max_points


@dataclass(frozen=True)
class Grade:
    """One hand-in as it was graded: neither late days nor what a teacher overrides are in it."""

    assignment: str
    """"hw1"; "" if a rejected archive does not say and nobody else did."""
    student_id: str
    """As the archive says; "" if a rejected archive does not say."""
    archive_sha256: str
    grader_version: str
    data: str
    """Name, kind and digest of the test data, in one word: "mini_slakh (mini, 1f2e3d4c5b6a)"; "" without."""
    items: tuple[Item, ...]
    metrics: dict[str, float]
    """What scoring measured; a value that is not finite becomes null in the JSON and NaN again here."""
    rejected: bool = False
    """The archive broke a rule of the intake: nothing of it was run."""
    grader_error: str = ""
    """A fault of the grader, not of the hand-in: grade it again once that is mended; "" if there was none."""

    @property
    def score(self) -> float:
        return round(math.fsum(item.points for item in self.items), DECIMALS)

    @property
    def max_score(self) -> float:
        return round(math.fsum(item.max_points for item in self.items), DECIMALS)

    @property
    def status(self) -> str:
        """ "graded", "rejected" or "grader error"."""
        if self.grader_error:
            return "grader error"
        return "rejected" if self.rejected else "graded"

    def to_json(self) -> str:
        """Indented JSON; `Grade.from_json` reads it."""
        metrics = {name: number_or_null(self.metrics[name]) for name in sorted(self.metrics)}
        record = {"format": FORMAT, "status": self.status, "score": self.score, "max_score": self.max_score}
        record |= dataclasses.asdict(self) | {"metrics": metrics}
        return json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str, *, where: str = "grade.json") -> Grade:
        """The grade in a file that `to_json` wrote. Errors: UserError naming `where` if it is none."""
        try:
            record = json.loads(text)
            if record["format"] != FORMAT:
                raise UserError(f"{where}: format {record['format']} is unknown; delete it and grade again")
            fields = {field.name: record[field.name] for field in dataclasses.fields(cls)}
            fields["items"] = tuple(Item(**item) for item in record["items"])
            fields["metrics"] = metrics_from_json(record["metrics"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise UserError(
                f"{where}: not a grade that this grader wrote; delete it and grade again"
            ) from error
        return cls(**fields)


def number_or_null(value: float) -> float | None:
    """`value` for JSON, which knows neither NaN nor infinity."""
    return float(value) if math.isfinite(value) else None


def metrics_from_json(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Metrics as numbers again: null is NaN."""
    return {name: math.nan if value is None else float(value) for name, value in metrics.items()}
