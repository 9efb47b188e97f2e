"""`python -m grading run`: a folder of zips becomes a gradebook, a page per student and a leaderboard.

OUT/gradebook.csv  class.json  distribution.png     for the teacher
OUT/leaderboard.csv  leaderboard.html               for the class
OUT/students/ID/feedback.html  grade.json           for each student
OUT/hand_ins/  OUT/task/                            what was graded, and on what; kept from call to call
"""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from tqdm import tqdm

from common import cli
from common.assignments import find
from common.cli import UserError, say
from grading.classroom import names, reports, store, summary
from grading.classroom.late import read_deadline
from grading.classroom.overrides import read_overrides, unknown_students
from grading.classroom.received import read_received
from grading.classroom.store import Graded, Job
from grading.classroom.students import make_students
from grading.classroom.tools import Tools

SPARE_SECONDS = 1800.0  # for reading an archive, scoring and all else beside the two runs of a hand-in


@dataclass
class RunConfig:
    """Grade a whole class. Called again, it grades only what is new, and goes on where it was stopped."""

    folder: tyro.conf.Positional[Path]
    """Folder with the zips of the class."""
    out: Path
    """Folder for what comes of it."""
    assignment: str
    """What was handed in: hw0, hw1, hw2, hw3, or a final project's folder."""
    data: Path | None = None
    """Test data in the layout of the assignment's data set; default: the mini data, made if need be."""
    quick: bool = False
    """The tiny variant of the mini data, for a rehearsal."""
    jobs: int = 2
    """Hand-ins graded at once."""
    received: Path | None = None
    """CSV with the columns file or student_id, and time (ISO 8601 with time zone): when each arrived."""
    deadline: str | None = None
    """Until when a hand-in is on time, ISO 8601 with time zone: 2026-11-01T23:59+08:00."""
    overrides: Path | None = None
    """CSV with the columns student_id, item, points, reason: what was decided by hand."""
    wall_seconds: float = 600.0
    """Seconds that each of the two runs of a hand-in may take."""
    again: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Student id or file to grade anew although it was graded; may be given several times."""
    anonymous: bool = False
    """Drawn names instead of ids on the leaderboard."""
    unsafe: bool = False
    """Run hand-ins without a sandbox, where this system has none: only what you would run yourself."""


def run_class(config: RunConfig, make_tools: Any) -> int:
    """Grade the class. Exit code 0, or 2 if a hand-in could not be graded or a row of a CSV file is wrong.

    make_tools(config, assignment) -> Tools: the grader. Errors: UserError.
    """
    start = time.perf_counter()
    cli.at_least(1, jobs=config.jobs, wall_seconds=config.wall_seconds)
    assignment = find(config.assignment)
    archives, problems = find_archives(config.folder, config.out)
    received = read_received(config.received)
    overrides, wrong = read_overrides(config.overrides)
    problems += received.problems + wrong
    deadline = read_deadline(config.deadline)
    if (deadline is None) != (config.received is None):
        raise UserError("--received and --deadline go together; give both or neither")
    with store.only_call(config.out):
        reports.check_assignment(config.out, assignment)
        tools = make_tools(config, assignment)
        graded = grade_archives(archives, tools, config)
        students, wrong = make_students(graded, received, overrides, deadline)
        problems += wrong + unknown_students(overrides, {student.student_id for student in students})
        problems += reports.write_reports(config.out, students, assignment, tools, problems, config.anonymous)
    for problem in problems:
        say(f"error: {problem}")
    print(summary.summary(students, graded, config.out, seconds=time.perf_counter() - start))
    return 2 if problems or any(one.failure for one in graded) else 0


def find_archives(folder: Path, out: Path) -> tuple[list[Path], list[str]]:
    """The zips in a folder by name, and a line for each other file that somebody may have handed in."""
    if not folder.is_dir():
        raise UserError(f"{folder}: is no folder; name the one with the zips of the class")
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path != out)
    zips = [path for path in paths if path.suffix.lower() == ".zip" and path.is_file()]
    if not zips:
        raise UserError(f"{folder}: holds no zip; name the folder with the zips of the class")
    files = [path for path in paths if path.is_file() and path.suffix.lower() != ".csv"]
    others = [path.name for path in files if path not in zips]
    return zips, [f"{names.shown(name)}: is no zip file; it was not graded" for name in others]


def grade_archives(archives: Sequence[Path], tools: Tools, config: RunConfig) -> list[Graded]:
    """What came of each archive, in their order: of an earlier call, or graded now."""
    jobs = [
        store.make_job(path, config.out, grader_version=tools.version, data=tools.data) for path in archives
    ]
    again = set(config.again)
    found = {
        job.archive: one
        for job in jobs
        if not again & {job.archive.name, names.id_in_name(job.archive.name)} and (one := store.finished(job))
    }
    if found:
        say(f"{len(found)} of {len(jobs)} hand-ins were graded by an earlier call")
    waiting = [job for job in jobs if job.archive not in found]
    with (
        progress(len(jobs), len(found)) as (bar, show),
        interruptible(found, len(jobs)),
        closing(grade_waiting(waiting, tools, config, show)) as results,
    ):
        for one in results:
            found[one.job.archive] = one
            bar.update()
            tqdm.write(f"{names.shown(one.job.archive.name)}: {summary.verdict(one)}", file=sys.stderr)
    return [found[path] for path in archives]


def grade_waiting(jobs: Sequence[Job], tools: Tools, config: RunConfig, show: Any) -> Iterator[Graded]:
    from grading.classroom.pool import grade_all

    return grade_all(
        jobs,
        tools.grade,
        tools.options,
        at_once=config.jobs,
        longest=2 * config.wall_seconds + SPARE_SECONDS,
        work_folder=config.out / "work",
        tell=show,
    )


@contextmanager
def progress(total: int, done: int) -> Iterator[tuple[tqdm, Any]]:
    """A bar over the hand-ins that names those at work, on a terminal."""
    with tqdm(total=total, initial=done, unit="hand-in", disable=None, dynamic_ncols=True) as bar:
        yield bar, lambda now: bar.set_postfix_str(", ".join(map(names.shown, now)))


@contextmanager
def interruptible(found: Collection[Path], total: int) -> Iterator[None]:
    """Let Ctrl-C say what was done and how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"{len(found)} of {total} hand-ins are graded; the same command goes on with the others"
        ) from None
