"""The late policy at its borders, and when something was received."""

from __future__ import annotations

from datetime import timedelta

import pytest

from common.cli import UserError
from grading.classroom.late import Lateness, lateness, read_deadline, read_time
from grading.classroom.received import read_received

DEADLINE = read_time("2026-11-01T23:59+08:00")
SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("after", "days", "share"),
    [
        (-DAY, 0, 0.0),
        (0 * DAY, 0, 0.0),
        (timedelta(microseconds=1), 1, 0.2),
        (DAY, 1, 0.2),
        (DAY + SECOND, 2, 0.4),
        (2 * DAY, 2, 0.4),
        (2 * DAY + SECOND, 3, 0.6),
        (3 * DAY, 3, 0.6),
        (100 * DAY, 100, 0.6),
    ],
)
def test_the_borders(after, days, share):
    assert lateness(DEADLINE + after, DEADLINE) == Lateness(days, share)


def test_time_zones_are_minded():
    assert lateness(read_time("2026-11-01T15:59Z"), DEADLINE).days == 0
    assert lateness(read_time("2026-11-01T16:59+01:00"), DEADLINE).days == 0
    assert lateness(read_time("2026-11-01T16:00Z"), DEADLINE).days == 1


def test_what_is_not_known_is_on_time():
    assert lateness(None, DEADLINE) == lateness(DEADLINE, None) == Lateness()


def test_the_penalty_is_a_share_of_the_score():
    assert Lateness(2, 0.4).penalty(81.3) == 32.52
    assert Lateness(2, 0.4).explain() == "2 days late: -40 %"


def test_a_deadline_needs_a_time_zone():
    assert read_deadline(None) is None
    with pytest.raises(UserError, match="--deadline '2026-11-01' has no time zone"):
        read_deadline("2026-11-01")
    with pytest.raises(UserError, match="is no time"):
        read_deadline("tomorrow")


def test_records_by_file_and_by_student(tmp_path):
    path = tmp_path / "received.csv"
    path.write_text(
        "file,student_id,time\n"
        "a.zip,R11111111,2026-11-01T10:00Z\n"
        "a.zip,,2026-11-01T09:00Z\n"
        ",r22222222,2026-11-01T11:00Z\n"
        "c.zip,,\n"
        "d.zip,,2026-11-01T10:00\n"
        ",,2026-11-01T10:00Z\n"
        "e.zip,!,2026-11-01T10:00Z\n"
    )
    received = read_received(path)
    assert received.owners == {"a.zip": "r11111111"}
    assert received.time_of("a.zip", "r22222222") == read_time("2026-11-01T10:00Z")  # of two the later one
    assert received.time_of("x.zip", "r22222222") == read_time("2026-11-01T11:00Z")
    assert received.time_of("c.zip", "") is None and received.time_of("d.zip", "") is None
    lines = [problem.split(": ")[0] for problem in received.problems]
    assert lines == ["received.csv line 6", "received.csv line 7", "received.csv line 8"]


def test_records_that_name_nobody(tmp_path):
    path = tmp_path / "received.csv"
    path.write_text("name,time\nx,2026-11-01T10:00Z\n")
    with pytest.raises(UserError, match="has neither a column file nor student_id"):
        read_received(path)
