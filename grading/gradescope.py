"""A grade as Gradescope's results.json, which its autograder shows to the student.

Schema: https://gradescope-autograders.readthedocs.io/en/latest/specs/#output-format
"""

from __future__ import annotations

import math
from typing import Any

from grading.checks import MeasureOptions
from grading.records import Grade, Item
from grading.rubric import Rubric

FORMAT = "text"  # of everything that is shown: never HTML or Markdown, for names in it come from a hand-in


def results(grade: Grade, rubric: Rubric, *, printed: str = "") -> dict[str, Any]:
    """The object of results.json. printed: what the hand-in said last, for its author, made harmless."""
    record = {
        "score": grade.score,
        "output": "\n".join(filter(None, (summary(grade), printed))),
        "output_format": FORMAT,
        "test_output_format": FORMAT,
        "test_name_format": FORMAT,
        "stdout_visibility": "hidden",
        "tests": [test(item) for item in grade.items],
        "leaderboard": leaderboard(grade, rubric),
    }
    return record


def summary(grade: Grade) -> str:
    """One line on the whole."""
    if grade.grader_error:
        return f"The grader failed, which is not your fault ({grade.grader_error})."
    data = f" on {grade.data}" if grade.data else ""
    verdict = "Rejected by the rules of the intake; nothing was run. " if grade.rejected else ""
    return f"{verdict}{grade.score:g} of {grade.max_score:g} points{data}; grader {grade.grader_version}."


def test(item: Item) -> dict[str, Any]:
    return {
        "name": item.title,
        "score": item.points,
        "max_score": item.max_points,
        "status": "passed" if item.full else "failed",
        "output": item.message,
        "output_format": FORMAT,
        "visibility": item.visibility,
    }


def leaderboard(grade: Grade, rubric: Rubric) -> list[dict[str, Any]]:
    """The measures that earn points, in the rubric's order; more is better for each."""
    names = [item.options.measure for item in rubric.items if isinstance(item.options, MeasureOptions)]
    return [
        {"name": name, "value": grade.metrics[name], "order": "desc"}
        for name in names
        if math.isfinite(grade.metrics.get(name, math.nan))
    ]
