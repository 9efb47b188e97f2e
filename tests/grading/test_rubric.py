"""The rubric, a test for each line: of `--submission X.zip`, or else of the reference solutions' hand-ins."""

import pytest


def test_line(rubric_line, graded, record_property):
    assignment, line = rubric_line
    grade = graded(assignment)
    [item] = [item for item in grade.items if item.id == line]
    record_property("points", f"{item.points:g}/{item.max_points:g}")
    if not item.full:
        pytest.fail(
            f"{item.title}: {item.points:g} of {item.max_points:g} points\n{item.message}", pytrace=False
        )
