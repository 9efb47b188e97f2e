"""Grade a hand-in with pytest: each line of the rubric is one test.

    pytest tests/grading --submission r12345678_hw1.zip               # on small data, made if need be
    pytest tests/grading --submission r12345678_hw1.zip --data DIR    # on the real test data

Ends with a table of the points, and writes results.json in Gradescope's schema. A test passes if its line of
the rubric earned all its points; partial points count in the table all the same. With --submission nothing
but the rubric's tests is collected; without it, the same tests grade the reference solutions.
Registered with `-p grading.pytest_plugin`; the tests are in tests/grading/test_rubric.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from grading.records import Grade

RUBRIC_TESTS = "test_rubric.py"
RESULTS = Path("results.json")
POINTS = "points"  # the property of a report


@dataclass(frozen=True)
class Graded:
    """A grade, and what goes into results.json."""

    grade: Grade
    results: dict[str, Any]


GRADED = pytest.StashKey[dict[str, Graded]]()  # by assignment, in the order of grading


def pytest_addoption(parser: pytest.Parser) -> None:
    option = parser.getgroup("grading", "grading a hand-in").addoption
    option("--submission", type=Path, metavar="ZIP", help="grade this hand-in, and run no other tests")
    option("--assignment", metavar="NAME", help="what it must be for, such as hw1; default: what it says")
    option("--data", type=Path, metavar="DIR", help="test data; default: mini data, made if need be")
    option("--prepared", type=Path, metavar="DIR", help="where test data are kept; default: data/graded")
    option("--quick", action="store_true", help="the smallest mini data, for a rehearsal")
    option("--unsafe", action="store_true", help="run it without a sandbox: only what you would run yourself")
    option("--results", type=Path, default=RESULTS, metavar="FILE", help="where Gradescope's results go")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[GRADED] = {}
    submission = config.getoption("--submission")
    if submission is None:
        return
    if not submission.is_file():
        raise pytest.UsageError(f"--submission {submission}: no such file; name the zip of a hand-in")
    config.getoption("--results").unlink(missing_ok=True)  # lest another's be taken for this one's


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With --submission, read no other tests at all: they have no say in a grade, and take seconds."""
    other = collection_path.is_file() and collection_path.name != RUBRIC_TESTS
    return True if other and config.getoption("--submission") else None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each line of the rubrics: of the submission's assignment, or of all that have a test."""
    if "rubric_line" in metafunc.fixturenames:
        lines = [(name, item.id) for name, rubric in rubrics(metafunc.config) for item in rubric.items]
        metafunc.parametrize(
            "rubric_line", lines, ids=[f"{name or 'unknown'}-{item}" for name, item in lines]
        )


def rubrics(config: pytest.Config):
    """(assignment, rubric) of what is to be graded. What a submission says it is for is not trusted."""
    from common import assignments
    from common.cli import UserError
    from grading.claims import claim_of
    from grading.rubric import rubric_of
    from grading.tasks import TASKS

    submission, wanted = config.getoption("--submission"), config.getoption("--assignment")
    try:
        names = [assignments.find(wanted).short] if wanted else list(TASKS)
    except UserError as error:
        raise pytest.UsageError(f"--assignment {error}") from error
    if submission and not wanted:
        names = [claim_of(submission).assignment]
    return [(name, rubric_of(name)) for name in names]


def pytest_report_teststatus(report: pytest.TestReport | pytest.CollectReport):
    """The points behind the verdict: `FAILED 3.2/5`."""
    points = dict(getattr(report, "user_properties", ())).get(POINTS)
    if points is None or getattr(report, "when", "") != "call" or report.outcome == "skipped":
        return None
    return report.outcome, "." if report.passed else "F", f"{report.outcome.upper()} {points}"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """results.json, of the one submission."""
    graded = list(session.config.stash[GRADED].values())
    if session.config.getoption("--submission") and graded:
        from common.run_folder import write_atomically

        text = json.dumps(graded[0].results, indent=2, ensure_ascii=False, allow_nan=False)
        write_atomically(session.config.getoption("--results"), text.encode())


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """The points of each hand-in that was graded, as a table."""
    for name, graded in config.stash[GRADED].items():
        terminalreporter.section(
            f"{name or 'unknown assignment'}: {graded.grade.student_id or 'unknown student'}"
        )
        for line in table(graded.grade):
            terminalreporter.write_line(line)
        if config.getoption("--submission"):
            terminalreporter.write_line(f"written: {config.getoption('--results')}")


def table(grade: Grade) -> list[str]:
    """A line for each item, a star where points are missing, and their sum."""
    rows = [(item.title, item.points, item.max_points, item.full) for item in grade.items]
    rows.append(("Total", grade.score, grade.max_score, True))
    width = max(len(title) for title, *_ in rows)
    lines = [
        f"{title:{width}}  {points:6.2f} of {most:3g}{'' if full else ' *'}"
        for title, points, most, full in rows
    ]
    return [*lines, grade.grader_error] if grade.grader_error else lines
