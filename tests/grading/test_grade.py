"""One hand-in is graded: the honest one fairly, the hostile one no better, and both to the byte each time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.sandbox import Limits
from grading import grade as module
from grading.grade import grade
from grading.records import Grade
from grading.tasks import TASKS

ROOT = Path(__file__).resolve().parents[2]
FORM = {"archive": 5, "manifest": 5, "command": 5, "model": 5}
REPORT = {"report": 5, "pages": 3, "headings": 6, "filled": 6}
RUNS = {"runs": 8, "answers": 8, "repeats": 4}
LIMITS = Limits(wall_seconds=20, cpu_seconds=20)


@pytest.fixture(scope="module")
def prepared(small_data, tmp_path_factory):
    return TASKS["hw0"].prepare(small_data, tmp_path_factory.mktemp("test") / "prepared")


@pytest.fixture(scope="module")
def graded(hand_ins, prepared, unsafe, tmp_path_factory):
    """`graded("exit")` -> the grade of a hand-in that does so, and the folder that it was graded into."""
    done = {}

    def of(behaviour: str) -> tuple[Grade, Path]:
        if behaviour not in done:
            folder = tmp_path_factory.mktemp("hand_in")
            archive = hand_ins.hand_in(folder, "r12345678", behaviour)
            out = folder / "out"
            done[behaviour] = grade(archive, prepared=prepared, out=out, limits=LIMITS, unsafe=unsafe), out
        return done[behaviour]

    return of


def points(result: Grade, *, without: tuple[str, ...] = ()) -> dict[str, float]:
    return {item.id: item.points for item in result.items if item.id not in without}


def test_an_honest_hand_in_gets_what_it_earned(graded):
    result, _ = graded("honest")
    assert points(result, without=("top1", "top3")) == FORM | RUNS | REPORT
    assert 0 < result.metrics["top3"] < 1 and result.status == "graded"
    assert (result.assignment, result.student_id, result.max_score) == ("hw0", "r12345678", 100)


def test_the_same_archive_gets_the_same_bytes(graded, hand_ins, prepared, unsafe, tmp_path):
    result, out = graded("honest")
    archive = hand_ins.hand_in(tmp_path)
    grade(archive, prepared=prepared, out=tmp_path / "elsewhere", limits=LIMITS, unsafe=unsafe)
    again = (tmp_path / "elsewhere" / "grade.json").read_bytes()
    assert again == (out / "grade.json").read_bytes() == result.to_json().encode()
    assert str(tmp_path).encode() not in again and b"seconds" not in again
    assert json.loads((out / "timing.json").read_text())["main"]["seconds"] > 0
    assert sorted(path.name for path in out.iterdir()) == ["grade.json", "log", "timing.json"]


def test_nothing_is_found_and_nothing_that_is_patched_counts(graded):
    result, out = graded("spy")
    assert points(result) == points(graded("honest")[0])
    assert result.metrics == graded("honest")[0].metrics
    assert (out / "log" / "main.stderr.txt").read_text().split() == ["SEARCHED"]


@pytest.mark.parametrize("behaviour", ["exit", "atexit", "forge"])
def test_an_exit_and_forged_lines_earn_nothing(graded, behaviour):
    result, out = graded(behaviour)
    assert points(result) == FORM | dict.fromkeys((*RUNS, "top1", "top3"), 0) | REPORT | {
        "runs": 0 if behaviour == "forge" else 8
    }
    assert "PASSED" not in result.to_json()
    assert not any(b"\x1b" in path.read_bytes() for path in out.rglob("*") if path.is_file())


def test_each_fault_costs_its_points(graded):
    result = graded("sloppy")[0]
    assert points(result, without=("top1", "top3")) == FORM | RUNS | REPORT | {
        "manifest": 0,
        "command": 0,
        "repeats": 0,
        "report": 0,
        "pages": 3 * 4 / 8,
        "headings": 2,
    }


def test_a_rejected_archive_is_told_the_rules(graded, hand_ins):
    for behaviour in ("not a zip", *hand_ins.REJECTED):
        result, out = graded(behaviour)
        assert result.status == "rejected" and result.score == 0 and result.max_score == 100, behaviour
        assert result.items[0].message.startswith("rejected, nothing of it was run: ")
        assert result.student_id == "r12345678" and not (out / "timing.json").exists()


def test_a_fault_of_the_grader_is_not_the_students(hand_ins, prepared, unsafe, tmp_path, monkeypatch):
    def broken(prepared, outputs):
        raise KeyError(f"{tmp_path}")

    monkeypatch.setattr(module, "score", broken)
    monkeypatch.setattr(module, "run_hand_in", lambda *args, **options: None)
    out = tmp_path / "out"
    result = grade(hand_ins.hand_in(tmp_path), prepared=prepared, out=out, unsafe=unsafe)
    assert result.status == "grader error" and "not your fault" in result.items[0].message
    assert result.grader_error.startswith("KeyError in test_grade.py, broken")
    assert "KeyError" in (out / "log" / "grader.txt").read_text()
    assert Grade.from_json((out / "grade.json").read_text()) == result


def test_without_test_data_the_public_examples_are_run(hand_ins, unsafe, tmp_path, monkeypatch):
    def write_examples(assignment, folder):
        folder.mkdir(parents=True)
        (folder / "a.wav").write_bytes(b"a")
        return [folder / "a.wav"]

    monkeypatch.setattr("common.assignments.write_examples", write_examples)
    monkeypatch.setattr(module, "rubric_of", lambda assignment: rubric_of("a project"))
    from grading.rubric import rubric_of

    result = grade(hand_ins.hand_in(tmp_path), prepared=None, out=tmp_path / "out", unsafe=unsafe)
    assert result.score == result.max_score == 100 and result.data == ""


def pytest_grades(archive: Path, folder: Path, *options) -> subprocess.CompletedProcess:
    """`pytest tests/grading --submission ...` in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-p", "grading.pytest_plugin", "-p", "no:cacheprovider", "-v"]
    where = ["--submission", archive, "--results", folder / "results.json", "--prepared", folder / "prepared"]
    return subprocess.run(
        list(map(str, [*command, ROOT / "tests" / "grading", *where, *options])),
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )


def verdicts(done: subprocess.CompletedProcess) -> list[str]:
    return [line.split("::", 1)[1] for line in done.stdout.splitlines() if line.startswith("tests/grading/")]


def test_pytest_refuses_an_archive_that_would_rewrite_its_reports(hand_ins, small_data, unsafe, tmp_path):
    archive = hand_ins.hand_in(tmp_path, "r12345678", "conftest")
    done = pytest_grades(archive, tmp_path, "--data", small_data, *["--unsafe"] * unsafe)
    assert done.returncode == 1 and "13 failed" in done.stdout
    assert len(verdicts(done)) == 13 and all("FAILED 0/" in line for line in verdicts(done))
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["score"] == 0 and "conftest.py" in results["tests"][0]["output"]


def test_pytest_shows_points_and_what_was_printed_changes_nothing(hand_ins, small_data, unsafe, tmp_path):
    archive = hand_ins.hand_in(tmp_path, "r12345678", "forge beside")
    done = pytest_grades(archive, tmp_path, "--data", small_data, *["--unsafe"] * unsafe)
    assert done.returncode == 1 and "\x1b" not in done.stdout
    assert len(verdicts(done)) == 13 and "test_line[hw0-repeats] PASSED 4/4" in verdicts(done)[6]
    assert "FAILED" in verdicts(done)[7]  # top1 of guesses
    results = json.loads((tmp_path / "results.json").read_text())
    assert f"Total  {results['score']:.2f} of 100" in " ".join(done.stdout.split()).replace(
        "Total ", "Total  "
    )
    assert results["score"] < 100 and "| tests/grading/test_rubric.py" in results["output"]


def test_pytest_wants_a_submission_that_is_there(tmp_path):
    done = pytest_grades(tmp_path / "none.zip", tmp_path)
    assert done.returncode == 4 and "no such file; name the zip of a hand-in" in done.stderr
