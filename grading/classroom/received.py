"""received.csv: when each hand-in arrived, by the course's own records. Columns: file or student_id, time.

With both `file` and `student_id` a row also says whose file it is, whatever the file says of itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from common.cli import UserError
from grading.classroom.late import read_time
from grading.classroom.names import clean_id
from grading.classroom.tables import Row, read_table


@dataclass
class Received:
    """What the records say, by file and by student, and the lines of them that could not be used."""

    times: dict[str, datetime] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    times_by_student: dict[str, datetime] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    given: bool = False
    """Whether there are any records."""

    def time_of(self, file: str, student_id: str) -> datetime | None:
        """When that file arrived, if that is known; a row for the student alone stands for all files."""
        return self.times.get(file, self.times_by_student.get(student_id))


def read_received(path: Path | None) -> Received:
    """Read the file; each wrong row becomes a problem. Errors: UserError for what is no such table."""
    received = Received(given=path is not None)
    if path is None:
        return received
    rows = read_table(path, ["time"])
    if rows and not {"file", "student_id"} & set(rows[0][1]):
        raise UserError(f"{path}: has neither a column file nor student_id; the first line names the columns")
    for line, row in rows:
        try:
            _take(row, received)
        except ValueError as error:
            received.problems.append(f"{path.name} line {line}: {error}; the row is left out")
    return received


def _take(row: Row, received: Received) -> None:
    file, student_id = row.get("file", ""), row.get("student_id", "")
    if student_id and not clean_id(student_id):
        raise ValueError(f"{student_id!r} is no student id")
    if not file and not student_id:
        raise ValueError("names neither a file nor a student")
    time = read_time(row["time"]) if row["time"] else None
    if file and student_id:
        received.owners[file] = clean_id(student_id)
    if time is not None:
        times, key = (received.times, file) if file else (received.times_by_student, clean_id(student_id))
        times[key] = max(time, times.get(key, time))  # of two rows the later one counts
