"""The leaderboard: the class by the assignment's first headline measure, as CSV and as a page.

It shows ids alone; or, in their stead, the names of `aliases`, of which each student's own page says one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from common.assignments import Assignment
from common.pages import fill
from grading.classroom.measures import Measure, measures
from grading.classroom.students import Student
from grading.classroom.tables import table_bytes

TEMPLATE = Path(__file__).with_name("leaderboard.html")


@dataclass(frozen=True)
class Place:
    rank: int
    student: Student
    name: str
    measures: tuple[Measure, ...]


def make_leaderboard(
    students: Sequence[Student], assignment: Assignment, names: dict[str, str] | None = None
) -> list[Place]:
    """The students that have a measure, the best first; those that are equal share a rank.

    names: what to call each id; by default the id itself.
    """
    measured = [(measures(assignment, student.counts.grade), student) for student in students]
    keys = [headline.key for headline in assignment.headlines]
    first = next((key for key in keys if any(_value(rows, key) is not None for rows, _ in measured)), "")
    ranked = [(rows, one) for rows, one in measured if one.student_id and _value(rows, first) is not None]
    called = {one.student_id: names[one.student_id] if names else one.student_id for _, one in ranked}
    ranked.sort(key=lambda pair: (-_value(pair[0], first), called[pair[1].student_id]))
    places = []
    for number, (rows, student) in enumerate(ranked, start=1):
        value = _value(rows, first)
        tied = places and _value(places[-1].measures, first) == value
        rank = places[-1].rank if tied else number
        lead = [row for row in rows if row.key == first]
        rest = [row for row in rows if row.key != first]
        places.append(Place(rank, student, called[student.student_id], (*lead, *rest)))
    return places


def _value(rows: Iterable[Measure], key: str) -> float | None:
    return next((row.value for row in rows if row.key == key), None)


def leaderboard_bytes(places: Sequence[Place]) -> bytes:
    """The CSV file: rank, name and the measures, the first one with its interval and its baseline."""
    columns = list(dict.fromkeys(row.key for place in places for row in place.measures))
    first = columns[0] if columns else "measure"
    head = ["rank", "name", first, f"{first}_low", f"{first}_high", f"{first}_baseline", *columns[1:]]
    rows = []
    for place in places:
        lead = place.measures[0]
        rest = [_value(place.measures, key) for key in columns[1:]]
        rows.append([place.rank, place.name, lead.value, lead.low, lead.high, lead.baseline, *rest])
    return table_bytes(head, rows)


def leaderboard_page(places: Sequence[Place], assignment: Assignment, *, data: str) -> str:
    """The page, HTML."""
    lead = [place.measures[0] for place in places]
    values = [row.value for row in lead] + [row.baseline for row in lead if row.baseline is not None]
    low, high = min([0.0, *values]), max([0.0, *values])
    baselines = {row.baseline_text for row in lead}
    one_baseline = baselines.pop() if len(baselines) == 1 else ""
    about = f"{lead[0].label} on {data}" if lead else "Nobody has a measure yet"
    if one_baseline:
        about += f"; the mark is the trivial baseline, {one_baseline}"
    parts = {
        "title": escape(assignment.title),
        "about": escape(about),
        "rows": "".join(_row(place, low, high) for place in places),
    }
    return fill(TEMPLATE, parts)


def _row(place: Place, low: float, high: float) -> str:
    lead = place.measures[0]
    span = (high - low) or 1.0
    left, width = (min(lead.value, 0.0) - low) / span, abs(lead.value) / span
    mark = ""
    if lead.baseline is not None:
        mark = f'<s style="left:{(lead.baseline - low) / span:.2%}"></s>'
    rest = ", ".join(f"{row.label} {row.value_text}" for row in place.measures[1:])
    return (
        f'<li value="{place.rank}"><b>{place.rank}</b><span class="name">{escape(place.name)}</span>'
        f'<span class="value">{escape(lead.value_text)} <small>{escape(lead.interval_text)}</small></span>'
        f'<div class="bar"><i style="left:{left:.2%};width:{width:.2%}"></i>{mark}</div>'
        f'<span class="rest">{escape(rest)}</span></li>'
    )
