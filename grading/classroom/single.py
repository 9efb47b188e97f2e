"""`python -m grading grade`: one hand-in, with its rubric on the screen."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tyro

from common import cli
from common.assignments import find
from common.cli import UserError, say
from grading.classroom.log_tail import log_tails
from grading.records import Grade


@dataclass
class GradeConfig:
    """Grade one hand-in and show the table."""

    archive: tyro.conf.Positional[Path]
    """The zip."""
    assignment: str | None = None
    """What was handed in; default: what the zip says."""
    data: Path | None = None
    """Test data in the layout of the assignment's data set; default: the mini data, made if need be."""
    quick: bool = False
    """The tiny variant of the mini data, for a rehearsal."""
    out: Path | None = None
    """Folder for grade.json, the log and the prepared test data; default: nothing is kept."""
    wall_seconds: float = 600.0
    """Seconds that each of the two runs may take."""
    log: bool = False
    """Show the end of what the program printed, too."""
    unsafe: bool = False
    """Run it without a sandbox, where this system has none: only what you would run yourself."""


def grade_single(config: GradeConfig, make_tools: Any) -> int:
    """Grade it. Exit code 0 for a grade, 2 if it was rejected or could not be graded."""
    cli.at_least(1, wall_seconds=config.wall_seconds)
    if not config.archive.is_file():
        raise UserError(f"{config.archive}: no such file; name the zip of a hand-in")
    assignment = find(config.assignment or assignment_of(config.archive))
    with tempfile.TemporaryDirectory(prefix="grading-", ignore_cleanup_errors=True) as nowhere:
        config.out = config.out or Path(nowhere)
        tools = make_tools(config, assignment)
        grade = tools.grade(config.archive, out=config.out, **tools.options)
        print(table(grade))
        if config.log:
            for name, text in log_tails(config.out / "log"):
                print(f"\n--- {name}, the end\n{text}")
    if grade.grader_error:
        say(f"error: {config.archive}: {grade.grader_error}; this is a fault of the grader")
    return 2 if grade.rejected or grade.grader_error else 0


def assignment_of(archive: Path) -> str:
    """What an archive says it is. Errors: UserError if it does not say."""
    from grading.claims import claim_of

    said = claim_of(archive).assignment
    if not said:
        raise UserError(f"{archive}: does not say what it is; name it with --assignment")
    return said


def table(grade: Grade) -> str:
    """The rubric with points and messages; the last line is the score."""
    width = max([len(item.title) for item in grade.items] + [5])
    lines = []
    for item in grade.items:
        lines.append(f"{item.title:{width}}  {item.points:6.2f} of {item.max_points:6.2f}")
        lines.append(f"    {item.message}")
    lines.append(f"{'score':{width}}  {grade.score:6.2f} of {grade.max_score:6.2f}")
    who = grade.student_id or "student unknown"
    return "\n".join([f"{grade.assignment}, {who}, on {grade.data or 'no test data'}", "", *lines])
