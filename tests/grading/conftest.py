"""Fixtures that grade: the submission of the command line, or the reference solutions' own hand-ins."""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from common.assignments import find
from common.cli import UserError
from grading.pytest_plugin import GRADED, Graded

ROOT = Path(__file__).resolve().parents[2]
PREPARED = ROOT / "data" / "graded"  # tests of submissions, kept from call to call
STUDENT = "reference1"
PRINTED_LINES = 20  # of what a hand-in printed, for its author


def load(path: Path):
    """A module by its file: the tests are no packages."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def hand_ins():
    """The module hand_ins.py: `hand_in(folder, "r12345678", "honest")` -> a small zip."""
    return load(Path(__file__).with_name("hand_ins.py"))


@pytest.fixture(scope="session")
def small_data(tmp_path_factory) -> Path:
    """The 40 notes of a tiny NSynth's test split."""
    maker = load(Path(__file__).parents[1] / "hw0" / "tiny_nsynth.py")
    return maker.make_tiny_nsynth(tmp_path_factory.mktemp("small_data"), instruments={"test": 1})


@pytest.fixture(scope="session")
def unsafe(pytestconfig) -> bool:
    """Whether hand-ins run without a sandbox; skips where there is none and --unsafe was not given."""
    from common.sandbox import missing

    unsafe = pytestconfig.getoption("--unsafe")
    if not unsafe and (reason := missing()):
        pytest.skip(f"no sandbox here: {reason}; --unsafe runs hand-ins without one")
    return unsafe


@pytest.fixture(scope="session")
def graded(request, pytestconfig, tmp_path_factory):
    """`graded("hw1")` -> the grade of the submission, or of the reference solution's hand-in; made once."""
    done = pytestconfig.stash[GRADED]
    option, failed = pytestconfig.getoption, set()

    def of(assignment: str):
        if assignment in failed:
            pytest.fail("not graded: the first item says why", pytrace=False)
        if assignment not in done:
            unsafe = option("--unsafe") if option("--submission") else request.getfixturevalue("unsafe")
            failed.add(assignment)
            try:
                done[assignment] = grade_anew(assignment, option, unsafe, tmp_path_factory.mktemp("graded"))
            except UserError as error:
                pytest.fail(str(error), pytrace=False)
            failed.remove(assignment)
        return done[assignment].grade

    return of


def grade_anew(assignment: str, option, unsafe: bool, folder: Path) -> Graded:
    """Grade the submission, or the reference solution. option: of the command line, by its name."""
    from grading.grade import grade
    from grading.gradescope import results
    from grading.rubric import rubric_of
    from grading.tasks import TASKS

    submission, prepared = option("--submission"), None
    archive = submission or reference_hand_in(assignment, folder)
    if assignment in TASKS:
        data, quick = (option("--data"), option("--quick")) if submission else (None, True)
        kept = option("--prepared") or (PREPARED if submission else folder)
        place = kept / prepared_name(assignment, data, quick)
        prepared = TASKS[assignment].prepare(data, place, quick=quick)
    wanted = option("--assignment") and assignment
    result = grade(archive, prepared=prepared, out=folder / "out", unsafe=unsafe, assignment=wanted)
    return Graded(result, results(result, rubric_of(assignment), printed=printed(folder / "out" / "log")))


def prepared_name(assignment: str, data: Path | None, quick: bool) -> str:
    """What the folder of a test is called: by assignment and data."""
    if data is None:
        return f"{assignment}_{'quick' if quick else 'mini'}"
    return f"{assignment}_{data.name}_{hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:8]}"


def printed(log: Path) -> str:
    """The last lines that a hand-in said on standard error."""
    from grading.printed import last_lines

    said = log / "main.stderr.txt"
    return "\n".join(last_lines(said.read_bytes(), PRINTED_LINES)) if said.is_file() else ""


def reference_hand_in(assignment: str, folder: Path) -> Path:
    """Train the reference solution in the preset quick and pack it with its words -> the zip."""
    run, words = folder / "run", ROOT / "grading" / "reference" / f"{assignment}.md"
    command(find(assignment).script("train.py"), "--preset", "quick", "--out", run)
    options = ["--student-id", STUDENT, "--run", run, "--words", words, "--out", folder]
    command("-m", "common.handin", "pack", assignment, *options)
    return folder / f"{STUDENT}_{assignment}.zip"


def command(*words) -> None:
    """Run a command of the project. Errors: UserError with the last that it said."""
    done = subprocess.run(
        [sys.executable, *map(str, words)], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    if done.returncode:
        raise UserError(f"{' '.join(map(str, words))}: exit code {done.returncode}\n{done.stderr[-2000:]}")
