"""An assignment's headline measures as one grade has them, each beside its baseline."""

from __future__ import annotations

import math
from dataclasses import dataclass

from common.assignments import Assignment, Headline
from grading.records import Grade


@dataclass(frozen=True)
class Measure:
    """A value with the ends of its 95 % interval and the baseline's value, as far as they are known."""

    key: str
    label: str
    unit: str
    value: float
    low: float | None
    high: float | None
    baseline: float | None

    @property
    def value_text(self) -> str:
        return _text(self.value, self.unit)

    @property
    def interval_text(self) -> str:
        known = self.low is not None and self.high is not None
        return f"[{_text(self.low)}, {_text(self.high)}]" if known else ""

    @property
    def baseline_text(self) -> str:
        return "" if self.baseline is None else _text(self.baseline, self.unit)


def measures(assignment: Assignment, grade: Grade | None) -> list[Measure]:
    """The headlines that scoring has measured, in the assignment's order."""
    found = [measure(headline, grade) for headline in assignment.headlines] if grade else []
    return [one for one in found if one]


def measure(headline: Headline, grade: Grade) -> Measure | None:
    """One headline; None if it was not measured or is no number. An interval over groups goes first."""
    value = _finite(grade, headline.key)
    if value is None:
        return None
    for kind in ("_group", ""):
        low, high = (_finite(grade, f"{headline.key}{kind}_{end}") for end in ("low", "high"))
        if low is not None and high is not None:
            break
    baseline = _finite(grade, headline.baseline_key) if headline.baseline_key else None
    return Measure(headline.key, headline.label, headline.unit, value, low, high, baseline)


def _finite(grade: Grade, key: str) -> float | None:
    value = grade.metrics.get(key, math.nan)
    return value if math.isfinite(value) else None


def _text(value: float, unit: str = "") -> str:
    return f"{value:.3f} {unit}".strip()
