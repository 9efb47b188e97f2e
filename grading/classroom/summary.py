"""What the screen says of a class at the end, and of each hand-in as it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from grading.classroom import names
from grading.classroom.store import Graded
from grading.classroom.students import Student, reason

GIGABYTE = 1e9


def verdict(one: Graded) -> str:
    """One line about one hand-in."""
    if one.grade is None:
        return f"could not be graded: {one.failure}"
    if one.grade.rejected:
        return reason(one.grade)
    return f"{one.grade.score:g} of {one.grade.max_score:g}"


def summary(students: Sequence[Student], graded: Sequence[Graded], out: Path, *, seconds: float) -> str:
    """Counts, median, the slowest hand-in, time and memory, and where to look."""
    of_status = Counter(one.grade.status if one.grade else "failed" for one in graded)
    counts = [f"{of_status[status]} {status}" for status in ("graded", "rejected", "failed")]
    scores = [student.final for student in students if student.final is not None]
    slowest = max(graded, key=lambda one: one.seconds)
    largest = max(graded, key=lambda one: one.peak_bytes)
    look = [student.folder for student in students if student.needs_a_look]
    lines = [
        f"{len(graded)} hand-ins of {len(students)} students: {', '.join(counts)}",
        f"median score {median(scores):.1f}" if scores else "no score yet",
        f"slowest: {slowest.seconds:.1f} s, {names.shown(slowest.job.archive.name)}",
        f"most memory: {largest.peak_bytes / GIGABYTE:.2f} GB, {names.shown(largest.job.archive.name)}"
        " (what its processes share is counted in each)",
        f"this call took {seconds:.1f} s",
        *([f"to look at, see their comments: {', '.join(look)}"] if look else []),
        f"gradebook: {out / 'gradebook.csv'}",
        f"feedback pages: {out / 'students'}",
        f"leaderboard: {out / 'leaderboard.html'}",
    ]
    if of_status["failed"]:
        lines.append("the same command tries the failed ones again; grader.txt in their hand_ins/ says more")
    return "\n".join(lines)
