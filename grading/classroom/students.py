"""From hand-ins to students: whose each one is, which of several counts, and what is the score in the end.

Score in the end = (rubric items, some set by hand) - late penalty; or the score that was set by hand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from grading.classroom import names
from grading.classroom.late import Lateness, lateness
from grading.classroom.overrides import SCORE, Override, apply_overrides
from grading.classroom.received import Received
from grading.classroom.store import Graded
from grading.records import Grade, Item


@dataclass(frozen=True)
class Entry:
    """One file that was handed in."""

    graded: Graded
    student_id: str
    """"" if neither the file nor its name nor the records tell."""
    received: datetime | None
    late: Lateness
    notes: tuple[str, ...]
    """What a teacher should know about the file."""

    @property
    def file(self) -> str:
        return names.shown(self.graded.job.archive.name)

    @property
    def grade(self) -> Grade | None:
        return self.graded.grade

    @property
    def status(self) -> str:
        """ "graded", "rejected" or "failed"."""
        return self.grade.status if self.grade else "failed"


@dataclass(frozen=True)
class Student:
    """One student, or one file of nobody knows whom."""

    student_id: str
    counts: Entry
    """The file that was received last."""
    others: tuple[Entry, ...]
    items: tuple[Item, ...]
    """With the points that were set by hand."""
    overrides: tuple[Override, ...]
    """Those that were applied."""

    @property
    def folder(self) -> str:
        """The name of the student's folder."""
        return self.student_id or f"unknown-{self.counts.graded.job.folder.name}"

    @property
    def automatic(self) -> float | None:
        """The score that the grader gave; None if it could give none."""
        return self.counts.grade.score if self.counts.grade else None

    @property
    def raw(self) -> float | None:
        """The score with the items that were set by hand, before the late penalty."""
        return round(math.fsum(item.points for item in self.items), 2) if self.counts.grade else None

    @property
    def penalty(self) -> float:
        return self.counts.late.penalty(self.raw or 0.0)

    @property
    def set_score(self) -> Override | None:
        """The override of the score itself."""
        return next((override for override in self.overrides if override.item == SCORE), None)

    @property
    def final(self) -> float | None:
        if self.set_score:
            return self.set_score.points
        return None if self.raw is None else round(self.raw - self.penalty, 2)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a teacher should know, about the file that counts and about the others."""
        others = [f"{entry.file} ({_score_text(entry)}) does not count" for entry in self.others]
        how = "the last one received counts" if self.counts.received else "the last name counts"
        several = f"{1 + len(others)} hand-ins, {how}"
        return (*self.counts.notes, *([several, *others] if others else []))

    @property
    def needs_a_look(self) -> bool:
        """Whether there is more to know than how late it was."""
        late = self.counts.late
        return any(note != late.explain() for note in self.notes)


def _score_text(entry: Entry) -> str:
    return f"{entry.grade.score:g} points" if entry.status == "graded" else entry.status


def make_students(
    graded: Iterable[Graded],
    received: Received,
    overrides: Sequence[Override],
    deadline: datetime | None,
) -> tuple[list[Student], list[str]]:
    """The students by their ids, those without one at the end; and what was wrong with the overrides."""
    by_student: dict[tuple[str, str], list[Entry]] = {}
    for one in graded:
        entry = make_entry(one, received, deadline)
        alone = "" if entry.student_id else one.job.folder.name
        by_student.setdefault((entry.student_id, alone), []).append(entry)
    students, problems = [], []
    for student_id, alone in sorted(by_student, key=lambda key: (not key[0], key)):
        *others, last = sorted(by_student[student_id, alone], key=_when)
        own = [override for override in overrides if override.student_id == student_id]
        items = last.grade.items if last.grade else ()
        items, applied, wrong = apply_overrides(items, own)
        students.append(Student(student_id, last, tuple(others), items, tuple(applied)))
        problems += wrong
    return students, problems


def _when(entry: Entry) -> tuple:
    """Sorts by time; a file whose time is not known, or that only itself says whose it is, comes before."""
    time = entry.received.timestamp() if entry.received else -math.inf
    own_name = names.id_in_name(entry.file) == entry.student_id
    return time, own_name, names.copy_number(entry.file), entry.file


def make_entry(graded: Graded, received: Received, deadline: datetime | None) -> Entry:
    """One file with its owner and its time, and what is to be said about it."""
    file = graded.job.archive.name
    student_id, notes = owner(graded, received.owners)
    time = received.time_of(file, student_id)
    if received.given and time is None:
        notes.append("no time of receipt: taken as on time")
    late = lateness(time, deadline)
    if late.days:
        notes.append(late.explain())
    if graded.failure:
        notes.append(f"could not be graded: {graded.failure}")
    elif graded.grade and graded.grade.rejected:
        notes.append(reason(graded.grade))
    return Entry(graded, student_id, time, late, tuple(notes))


def owner(graded: Graded, owners: Mapping[str, str]) -> tuple[str, list[str]]:
    """Whose a file is: the records decide, then its name, then what it says of itself.

    What a file says is its maker's choice: were it believed first, one could hand in for somebody else.
    """
    file = graded.job.archive.name
    says = names.clean_id(graded.grade.student_id) if graded.grade else ""
    candidates = {
        "the records": owners.get(file, ""),
        "the file's name": names.id_in_name(file),
        "the manifest": says,
    }
    known = {source: student_id for source, student_id in candidates.items() if student_id}
    if not known:
        return "", ["no student id in the file or its name"]
    source, student_id = next(iter(known.items()))
    notes = [
        f"{other} says {different}, {source} {student_id}: check whose it is"
        for other, different in known.items()
        if different != student_id
    ]
    return student_id, notes


def reason(grade: Grade) -> str:
    """Why an archive was rejected: the message of the first item that cost points."""
    lost = next((item for item in grade.items if not item.full), None)
    message = " ".join(lost.message.split()) if lost else "it broke a rule of the intake"
    return message if message.startswith("rejected") else f"rejected: {message}"
