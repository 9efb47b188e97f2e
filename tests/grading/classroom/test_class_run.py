"""A class is graded: every hand-in gets a result, whatever befalls the process that grades it."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from common.cli import UserError
from grading.classroom import class_run

ROOT = Path(__file__).parents[3]


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def gradebook(out: Path) -> dict[str, dict[str, str]]:
    with (out / "gradebook.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def gone(pid: int) -> bool:
    """Whether a process has ended; a dead one may lie about until somebody asks for its exit code."""
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] == "Z"


def test_twelve_hand_ins_four_of_them_hostile_all_get_a_result(zips, run, record, capsys):
    hostile = {"r00000009": "kill", "r00000010": "exit", "r00000011": "raise", "r00000012": "reject"}
    honest = {f"r{number:08d}_hw0": {"points": number} for number in range(1, 9)}
    folder = zips(**honest, **{f"{name}_hw0": {"does": does} for name, does in hostile.items()})
    assert run(folder) == 2

    rows = gradebook(run.out)
    assert [rows[f"r{number:08d}"]["final_score"] for number in range(1, 9)] == [
        f"{10.0 + number}" for number in range(1, 9)
    ]
    assert {name: rows[name]["final_score"] for name in hostile} == {
        "r00000009": "", "r00000010": "", "r00000011": "", "r00000012": "0.0",
    }  # fmt: skip
    assert rows["r00000009"]["comment"] == "could not be graded: the grading process was ended by SIGKILL"
    assert rows["r00000010"]["comment"] == "could not be graded: the grading process ended with exit code 3"
    assert rows["r00000011"]["comment"] == "could not be graded: it is broken"
    assert rows["r00000012"]["comment"].startswith("rejected: ")
    for student in record()["students"].values():
        assert (run.out / student["folder"] / "feedback.html").is_file()
    assert "12 hand-ins of 12 students: 8 graded, 1 rejected, 3 failed" in capsys.readouterr().out
    assert not (run.out / "work").exists() and not list(run.out.rglob(".work-*"))


def test_what_failed_is_tried_again_and_what_is_done_is_not(zips, run):
    folder = zips(r11111111_hw0={}, r22222222_hw0={"does": "exit"}, r33333333_hw0={"does": "fail"})
    assert run(folder) == 2
    assert run(folder) == 2
    assert sorted(run.log.read_text().split()) == [
        "r11111111_hw0.zip",
        *["r22222222_hw0.zip"] * 2,
        *["r33333333_hw0.zip"] * 2,
    ]


def test_graded_anew_for_another_zip_grader_or_data_or_when_asked(zips, run):
    folder = zips(r11111111_hw0={}, r22222222_hw0={})
    run(folder)
    zips(r11111111_hw0={"points": 1})
    run(folder)
    assert run.log.read_text().split()[2:] == ["r11111111_hw0.zip"]
    run(folder, version="2")
    run(folder, version="2", data="d2")
    assert len(run.log.read_text().split()) == 3 + 2 + 2
    run(folder, version="2", data="d2", again=("r22222222",))
    assert run.log.read_text().split()[7:] == ["r22222222_hw0.zip"]


def test_grading_again_gives_the_same_bytes(zips, run, tmp_path):
    folder = zips(r11111111_hw0={"log": "hello"}, r22222222_hw0={"does": "reject"}, r33333333_hw0={})
    assert run(folder, jobs=2) == 0
    first = contents(run.out / "students")
    reports = {name: (run.out / name).read_bytes() for name in os.listdir(run.out) if "." in name[1:]}
    run.out = tmp_path / "another"
    assert run(folder, jobs=1) == 0
    assert contents(run.out / "students") == first
    assert {name: (run.out / name).read_bytes() for name in reports} == reports


def test_a_process_that_hangs_is_ended_with_all_it_started(zips, run, monkeypatch, record):
    monkeypatch.setattr(class_run, "SPARE_SECONDS", 0.0)
    folder = zips(r11111111_hw0={"does": "hang"}, r22222222_hw0={})
    assert run(folder, wall_seconds=1.0) == 2
    assert "took too long" in record()["students"]["r11111111"]["counts"]["notes"][0]
    assert record()["students"]["r22222222"]["final_score"] == 17.5
    assert gone(int((run.out / "child.pid").read_text()))


SCRIPT = """
import sys
sys.path.insert(0, {here!r})
from pathlib import Path
import fake_grader
from common import cli
from grading.classroom.class_run import RunConfig, run_class
from grading.classroom.tools import Tools
tools = Tools(fake_grader.grade, {{"slow": 0.3, "log": {log!r}}}, "1", "d1", "tiny data")
config = RunConfig(folder=Path({folder!r}), out=Path({out!r}), assignment="hw0")
if __name__ == "__main__":
    sys.exit(cli.guarded(lambda: run_class(config, lambda config, assignment: tools)))
"""


@pytest.fixture
def elsewhere(tmp_path, run):
    """Start the same run in a process of its own; returns it when two hand-ins are graded."""

    started = []

    def start(folder: Path) -> subprocess.Popen:
        script = tmp_path / "script.py"
        here = str(Path(__file__).parent)
        script.write_text(SCRIPT.format(here=here, folder=str(folder), out=str(run.out), log=str(run.log)))
        process = subprocess.Popen(
            [sys.executable, script],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        while len(list(run.out.glob("hand_ins/*/done.json"))) < 2:
            assert process.poll() is None, process.stderr.read()
            time.sleep(0.02)
        return process

    yield start
    for process in started:  # of a test that failed
        process.kill()
        process.wait()


def test_killed_in_the_middle_and_called_again_it_goes_on(zips, run, elsewhere, record):
    folder = zips(**{f"r{number:08d}_hw0": {"points": number} for number in range(1, 9)})
    process = elsewhere(folder)
    with pytest.raises(UserError, match="another call grades into it"):
        run(folder)
    process.kill()
    process.wait()
    done = {path.name for path in (run.out / "hand_ins").iterdir() if (path / "done.json").exists()}
    assert 2 <= len(done) < 8 and not (run.out / "gradebook.csv").exists()
    time.sleep(0.3)
    begun = len(run.log.read_text().split())
    time.sleep(0.5)
    assert len(run.log.read_text().split()) == begun  # nothing of it goes on
    assert run(folder) == 0
    assert len(run.log.read_text().split()) == begun + 8 - len(done)
    assert [one["final_score"] for one in record()["students"].values()] == [10.0 + n for n in range(1, 9)]


def test_ctrl_c_says_how_to_go_on_and_leaves_nothing_half_written(zips, run, elsewhere):
    process = elsewhere(zips(**{f"r{number:08d}_hw0": {} for number in range(1, 9)}))
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=10)[1]
    assert process.returncode == 130
    assert re.search(r"interrupted: \d of 8 hand-ins are graded; the same command goes on", said)
    assert "Traceback" not in said
    assert not (run.out / "work").exists()
    assert all((path / "done.json").is_file() for path in (run.out / "hand_ins").iterdir())


def test_folders_and_options_that_cannot_be(zips, run, tmp_path):
    with pytest.raises(UserError, match="is no folder"):
        run(tmp_path / "missing")
    with pytest.raises(UserError, match="holds no zip"):
        run(zips())
    folder = zips(r11111111_hw0={})
    with pytest.raises(UserError, match="--received and --deadline go together"):
        run(folder, deadline="2026-11-01T23:59+08:00")
    with pytest.raises(UserError, match="has no time zone"):
        run(folder, deadline="2026-11-01T23:59", received="file,time\n")
    run(folder)
    (run.out / "class.json").write_text('{"assignment": "hw3"}')
    with pytest.raises(UserError, match="holds the grades of hw3"):
        run(folder)


def test_what_is_no_zip_is_told(zips, run, capsys):
    folder = zips(r11111111_hw0={})
    (folder / "r22222222_hw0.rar").write_bytes(b"Rar!")
    assert run(folder) == 2
    assert "r22222222_hw0.rar: is no zip file; it was not graded" in capsys.readouterr().err
