"""The grader as the class run uses it: the test data, made once, and the function for one hand-in."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.assignments import Assignment
from grading.classroom.worker import GradeFunction


@dataclass(frozen=True)
class Tools:
    grade: GradeFunction
    options: dict[str, Any]
    """Of `grade`, beside the archive and `out`."""
    version: str
    """Of the grader."""
    data: str
    """Digest of the test data; "" without."""
    data_name: str
    """For people."""


def grading_tools(config: Any, assignment: Assignment) -> Tools:
    """The real grader. `config` has out, data, quick, wall_seconds and unsafe. Errors: UserError."""
    from common.cli import UserError
    from common.sandbox import Limits, missing
    from grading.grade import grade
    from grading.versions import grader_version

    if not config.unsafe and (reason := missing()):
        raise UserError(f"no sandbox here: {reason}; --unsafe runs hand-ins without one")
    prepared = prepare(assignment, config.data, config.out / "task", quick=config.quick)
    options = {
        "prepared": prepared,
        "assignment": assignment.short,
        "limits": Limits(wall_seconds=config.wall_seconds),
        "unsafe": config.unsafe,
    }
    digest, name = (prepared.digest, prepared.data_name) if prepared else ("", "no test data")
    return Tools(grade, options, grader_version(), digest, name)


def prepare(assignment: Assignment, data: Path | None, folder: Path, *, quick: bool):
    """The inputs and labels of an assignment in `folder`; None for a final project, which has no task.

    Errors: UserError for `data` that nothing would be done with.
    """
    from common.cli import UserError
    from grading import tasks

    if assignment.short not in tasks.TASKS:
        if data is not None:
            raise UserError(f"--data {data}: {assignment.short} has no test data; leave the option out")
        return None
    return tasks.find(assignment.short).prepare(data, folder, quick=quick)
