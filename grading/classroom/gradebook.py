"""gradebook.csv, one row per student, and class.json, the same and more for programs."""

from __future__ import annotations

from collections.abc import Sequence

from common.run_folder.files import json_bytes
from grading.classroom.overrides import Override
from grading.classroom.students import Entry, Student
from grading.classroom.tables import table_bytes
from grading.records import number_or_null

COLUMNS = (
    "student_id",
    "file",
    "status",
    "raw_score",
    "late_days",
    "late_penalty",
    "override",
    "final_score",
    "comment",
)


def gradebook_bytes(students: Sequence[Student]) -> bytes:
    """The CSV file; students without a score have empty cells there."""
    return table_bytes(COLUMNS, map(_row, students))


def _row(student: Student) -> list[object]:
    entry = student.counts
    return [
        student.student_id,
        entry.file,
        entry.status,
        student.raw,
        entry.late.days,
        student.penalty,
        ", ".join(map(_override_text, student.overrides)),
        student.final,
        ". ".join(student.notes),
    ]


def _override_text(override: Override) -> str:
    return f"{override.item} {override.points:g} ({override.reason or 'no reason given'})"


def class_bytes(
    students: Sequence[Student], *, assignment: str, data: str, grader_version: str, problems: Sequence[str]
) -> bytes:
    """class.json. Nothing in it depends on when or how fast the class was graded."""
    record = {
        "assignment": assignment,
        "data": data,
        "grader_version": grader_version,
        "students": [_student_record(student) for student in students],
        "problems": list(problems),
    }
    return json_bytes(record)


def _student_record(student: Student) -> dict:
    return {
        "student_id": student.student_id,
        "folder": f"students/{student.folder}",
        "automatic_score": student.automatic,
        "raw_score": student.raw,
        "late_penalty": student.penalty,
        "final_score": student.final,
        "overrides": [
            {"item": one.item, "points": one.points, "reason": one.reason} for one in student.overrides
        ],
        "counts": _entry_record(student.counts),
        "others": [_entry_record(entry) for entry in student.others],
    }


def _entry_record(entry: Entry) -> dict:
    metrics = entry.grade.metrics if entry.grade else {}
    return {
        "file": entry.file,
        "sha256": entry.graded.job.sha256,
        "folder": f"hand_ins/{entry.graded.job.folder.name}",
        "status": entry.status,
        "score": entry.grade.score if entry.grade else None,
        "received": entry.received.isoformat() if entry.received else None,
        "late_days": entry.late.days,
        "notes": list(entry.notes),
        "metrics": {name: number_or_null(metrics[name]) for name in sorted(metrics)},
    }
