"""What was decided by hand goes last; a row that makes no sense is told and stops nothing."""

from __future__ import annotations

import re

import pytest

from grading.classroom.overrides import apply_overrides, read_overrides
from grading.records import Item

ITEMS = (Item("form", "Form", 3.0, 5.0, ""), Item("run", "Run", 0.0, 8.0, ""))


@pytest.fixture
def overrides(tmp_path):
    def read(text: str):
        path = tmp_path / "overrides.csv"
        path.write_text(f"student_id,item,points,reason\n{text}")
        return read_overrides(path)

    return read


def test_points_are_replaced_and_the_score_is_left_to_the_caller(overrides):
    rows, problems = overrides('R11111111,run,"7,5",ran on my machine\nr11111111,score,70,agreed\n')
    items, applied, wrong = apply_overrides(ITEMS, rows)
    assert [item.points for item in items] == [3.0, 7.5] and [one.item for one in applied] == ["run", "score"]
    assert problems == wrong == []


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ("?,run,1,", "'\\?' is no student id"),
        ("r11111111,run,many,", "'many' is no number of points"),
        ("r11111111,run,nan,", "nan points cannot be given"),
        ("r11111111,run,-1,", "-1 points cannot be given"),
    ],
)
def test_a_row_that_cannot_be_read(overrides, row, says):
    rows, [problem] = overrides(f"{row}\nr11111111,form,4,\n")
    assert [one.item for one in rows] == ["form"]
    assert re.match(f"overrides.csv line 2: {says}.*; the row is left out", problem)


def test_a_row_that_fits_no_item(overrides):
    rows, _ = overrides("r11111111,walk,1,\nr11111111,run,9,\n")
    items, applied, problems = apply_overrides(ITEMS, rows)
    assert items == ITEMS and applied == []
    assert problems == [
        "overrides.csv line 2: 'walk' is no item; there are form, run, score",
        'overrides.csv line 3: run has 8 points at most; for more, override "score"',
    ]


def test_of_two_rows_the_last_one_counts(overrides):
    [row], [problem] = overrides("r11111111,run,1,\nr11111111,run,2,\n")
    assert row.points == 2.0 and problem.startswith("overrides.csv line 2: overrides.csv line 3 says")


def test_without_a_file_there_is_nothing():
    assert read_overrides(None) == ([], [])
