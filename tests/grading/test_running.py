"""Both rounds are run with the hand-in's own command on inputs alone, and all that they leave is kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from common import sandbox
from common.assignments import find as find_assignment
from grading import running
from grading.running import in_parts, run_hand_in
from grading.scoring import score
from grading.scoring.answers import OUT, STDERR, STDOUT

from .prepared_tests import prepared, write_song

INFER = """
import json, sys
from pathlib import Path

words = sys.argv[1:]
assert words[:2] == ["--model", "model"], words
folder = Path(words[2])
bias = json.loads(Path("model/config.json").read_text())
rows = []
for path in sorted(folder.iterdir()):
    family = ["bass", "brass", "flute"][path.read_bytes()[0] % 3]
    rows.append({"file": str(path), "top3": [{"family": family, "probability": bias}]})
print("a warning", file=sys.stderr)
print(json.dumps(rows))
"""


@dataclass
class FakeOutcome:
    """What a sandbox returns."""

    reason: str = "finished"
    returncode: int | None = 0
    stdout: bytes = b"[]"
    stderr: bytes = b"a warning\n"
    seconds: float = 1.0
    peak_bytes: int = 5
    left_out: tuple[str, ...] = ("'pipe': not a regular file",)

    @property
    def ok(self) -> bool:
        return self.reason == "finished" and self.returncode == 0

    def explain(self) -> str:
        return self.reason


@pytest.fixture
def hand_in(tmp_path):
    """An accepted hand-in for HW0 that goes by the first byte of each file."""
    root = tmp_path / "unpacked"
    (root / "model").mkdir(parents=True)
    (root / "model" / "config.json").write_text("0.5")
    package = root / "hw0_note_classification"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "infer.py").write_text(INFER)
    return SimpleNamespace(root=root, model=root / "model", assignment=find_assignment("hw0"))


@pytest.fixture
def notes(tmp_path):
    """A test of six notes, half of which the hand-in knows; again/ has the first under the last's name."""
    names = [f"000{n}.wav" for n in range(1, 7)]
    labels = {"inputs": names, "families": [0, 1, 2, 3, 4, 5], "groups": [0, 0, 1, 1, 2, 2]}
    test = prepared(tmp_path / "test", "hw0", labels | {"train_counts": [1] * 11})
    for number, name in enumerate(names):
        (test.inputs / name).write_bytes(bytes([number]))
    (test.again / names[-1]).write_bytes(bytes([0]))
    return test


@pytest.fixture
def calls(monkeypatch):
    """The calls of a sandbox that is none; `outcome` decides how they end."""
    made = SimpleNamespace(calls=[], outcome=lambda number, call: FakeOutcome())

    def run(command, **options):
        call = {"command": command, "files": sorted(p.name for p in options["inputs"].iterdir()), **options}
        made.calls.append(call)
        return made.outcome(len(made.calls), call)

    monkeypatch.setattr(sandbox, "run", run)
    return made


LIMITS = sandbox.Limits(wall_seconds=30, memory_bytes=1 << 30)


def test_a_hand_in_runs_and_is_scored(hand_in, notes, tmp_path):
    """In the sandbox, where there is one here."""
    unsafe = sandbox.missing() is not None
    record = run_hand_in(hand_in, notes, tmp_path / "out", limits=LIMITS, unsafe=unsafe)
    assert [(name, each.ok, each.explain) for name, each in record.rounds.items()] == [
        ("main", True, "finished"),
        ("again", True, "finished"),
    ]
    assert (record.outputs / "main" / STDERR).read_text() == "a warning\n"
    assert len(json.loads((record.outputs / "main" / STDOUT).read_text())) == 6
    scores = score(notes, record.outputs)
    assert (scores.answered, scores.asked, scores.repeats_differ, scores.problems) == (6, 6, 0, ())
    assert scores.metrics["top1"] == pytest.approx(3 / 6)


def test_the_command_is_that_of_the_readme_on_inputs_alone(hand_in, notes, tmp_path, calls):
    run_hand_in(hand_in, notes, tmp_path / "out", limits=LIMITS, unsafe=True)
    main, again = calls.calls
    package = "hw0_note_classification.infer"
    assert main["command"] == ["python", "-m", package, "--model", "model", "/inputs", "--json"]
    assert again["command"] == main["command"]
    assert main["files"] == [f"000{n}.wav" for n in range(1, 7)] and again["files"] == ["0006.wav"]
    for call in calls.calls:
        assert call["code"] == hand_in.root and call["limits"] is LIMITS and call["unsafe"]
        assert not any(notes.labels.is_relative_to(call[name]) for name in ("code", "inputs", "out"))


@pytest.mark.parametrize("reason", ["wall time", "memory", "output", "processes", "could not start"])
def test_who_does_not_come_to_an_end_is_not_asked_again(hand_in, notes, tmp_path, calls, reason):
    calls.outcome = lambda number, call: FakeOutcome(reason, None, b"half of a li")
    record = run_hand_in(hand_in, notes, tmp_path / "out", limits=LIMITS)
    assert len(calls.calls) == 1 and not record.rounds["main"].ok and record.rounds["main"].reason == reason
    assert record.rounds["again"].reason == "not run" and not record.rounds["again"].ok
    assert (record.outputs / "main" / STDOUT).read_bytes() == b"half of a li"


def test_some_files_that_could_not_be_used_are_no_end(hand_in, notes, tmp_path, calls):
    calls.outcome = lambda number, call: FakeOutcome(returncode=2)
    record = run_hand_in(hand_in, notes, tmp_path / "out", limits=LIMITS)
    assert len(calls.calls) == 2 and record.rounds["again"].returncode == 2
    assert record.rounds["main"].left_out == ("'pipe': not a regular file",)


def test_what_an_earlier_call_left_is_gone(hand_in, notes, tmp_path, calls):
    forged = tmp_path / "out" / "main" / OUT / "0001"
    forged.mkdir(parents=True)
    run_hand_in(hand_in, notes, tmp_path / "out", limits=LIMITS)
    assert not forged.exists() and (tmp_path / "out" / "again" / OUT).is_dir()


@pytest.fixture
def songs(tmp_path):
    names = [f"000{n}.wav" for n in range(1, 6)]
    test = prepared(tmp_path / "songs", "hw2", {"inputs": names, "frames": [1000] * 5})
    for name in names:
        write_song(test.inputs / name, np.ones((2, 1000)), "PCM_24")
    write_song(test.again / names[-1], np.ones((2, 1000)), "PCM_24")
    return test


def test_songs_that_make_much_are_given_in_parts(hand_in, songs, tmp_path, calls):
    """Else all of a test set's stems would have to be kept in memory at once."""

    def outcome(number, call):
        for name in call["files"]:
            write_song(call["out"] / name[:4] / "vocals.wav", np.zeros((2, 10)))
        write_song(call["out"] / "0001" / "vocals.wav", np.full((2, 10), float(number)))  # nobody else's song
        return FakeOutcome(stdout=b"%d" % number, seconds=number, peak_bytes=number)

    calls.outcome = outcome
    most = 45_000  # for songs of 6 kB, of which 20 kB of stems may come
    limits = sandbox.Limits(out_bytes=most)
    record = run_hand_in(hand_in, songs, tmp_path / "out", limits=limits)
    parts = [call["files"] for call in calls.calls]
    assert parts == [["0001.wav", "0002.wav"], ["0003.wav", "0004.wav"], ["0005.wav"], ["0005.wav"]]
    main = record.outputs / "main"
    assert sorted(path.name for path in (main / OUT).iterdir()) == [f"000{n}" for n in range(1, 6)]
    assert (main / STDOUT).read_bytes() == b"123" and sorted(p.name for p in main.iterdir()) == [
        OUT,
        STDERR,
        STDOUT,
    ]
    assert record.rounds["main"].seconds == 6 and record.rounds["main"].peak_bytes == 3


def test_a_part_that_does_not_end_is_the_last(hand_in, songs, tmp_path, calls):
    calls.outcome = lambda number, call: FakeOutcome(*(("memory", None) if number == 2 else ()))
    record = run_hand_in(hand_in, songs, tmp_path / "out", limits=sandbox.Limits(out_bytes=45_000))
    assert len(calls.calls) == 2 and record.rounds["main"].reason == "memory"


def test_parts_keep_the_order_and_lose_nothing(tmp_path):
    for number in range(9):
        (tmp_path / f"{number}").write_bytes(b"0" * (number + 1))
    for most in (1, 7, 10, 1000):
        parts = in_parts(tmp_path, 1.0, most)
        assert [path.name for part in parts for path in part] == [str(n) for n in range(9)]
        assert all(len(part) == 1 or sum(p.stat().st_size for p in part) <= most for part in parts)
    assert len(in_parts(tmp_path, 0.0, 1)) == 1


def test_inputs_on_another_disk_are_copied(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("cross-device")

    (tmp_path / "a").write_text("x")
    monkeypatch.setattr(running.os, "link", refuse)
    with running.linked([tmp_path / "a"], beside=tmp_path) as folder:
        assert (folder / "a").read_text() == "x"
    assert not Path(folder).exists()
