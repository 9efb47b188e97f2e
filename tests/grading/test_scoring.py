"""Scores of HW0, and the process that makes them: nothing that is left out or forged raises a score."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from common.metrics.classification import top_k_accuracy
from grading.scoring import hw0, process, score
from grading.scoring.process import ROOT
from hw0_note_classification.note_index import FAMILIES

from .prepared_tests import prepared, printed, scored

NOTES = 40


@pytest.fixture
def notes(tmp_path):
    """A test of 40 notes, and for each three families with their probabilities."""
    rng = np.random.default_rng(0)
    families = rng.integers(0, 11, NOTES)
    labels = {
        "inputs": [f"{n:04d}.wav" for n in range(1, NOTES + 1)],
        "families": families.tolist(),
        "groups": (np.arange(NOTES) // 4).tolist(),
        "train_counts": [10, *[5] * 10],
    }
    scores = rng.dirichlet(np.ones(11), NOTES) + 0.3 * np.eye(11)[families]
    return prepared(tmp_path / "test", "hw0", labels), scores / scores.sum(axis=1, keepdims=True)


def rows_of(test, scores) -> list[dict]:
    return [
        {
            "file": f"/inputs/{name}",
            "top3": [{"family": FAMILIES[k], "probability": float(row[k])} for k in np.argsort(-row)[:3]],
        }
        for name, row in zip(test.read_labels()["inputs"], scores, strict=True)
    ]


def again_of(rows: list[dict]) -> list[dict]:
    """The first input, under the name of the last."""
    return [{**rows[0], "file": rows[-1]["file"]}]


def test_notes_are_scored_as_by_common_metrics(notes, tmp_path):
    test, scores = notes
    families, rows = np.array(test.read_labels()["families"]), rows_of(*notes)
    shuffled = [rows[n] for n in np.random.default_rng(1).permutation(NOTES)]
    found = scored(test, printed(tmp_path / "out", shuffled, again_of(rows)))
    for k in (1, 3):
        assert found["metrics"][f"top{k}"] == pytest.approx(top_k_accuracy(families, scores, k))
    assert found["metrics"]["baseline_majority_top1"] == pytest.approx((families == 0).mean())
    assert (found["answered"], found["asked"], found["repeats_differ"]) == (NOTES, NOTES, 0)
    assert found["problems"] == []


def spoilt(rows: list[dict], **change) -> list[dict]:
    return [rows[0] | change, *rows[1:]]


def family(name="bass", probability=0.5) -> list[dict]:
    return [{"family": name, "probability": probability}]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda rows: rows[1:], None),
        (lambda rows: [*rows, rows[0]], "answered twice"),
        (lambda rows: spoilt(rows, file="/inputs/9999.wav"), "was not asked"),
        (lambda rows: spoilt(rows, file=["0001.wav"]), "was not asked"),
        (lambda rows: spoilt(rows, top3=family("piano")), "'piano' is unknown"),
        (lambda rows: spoilt(rows, top3=family(["bass"])), "is unknown"),
        (lambda rows: spoilt(rows, top3=family() * 2), "stands twice"),
        (lambda rows: spoilt(rows, top3=family(probability=1.5)), "from 0 to 1"),
        (lambda rows: spoilt(rows, top3=family(probability="1")), "from 0 to 1"),
        (lambda rows: spoilt(rows, top3=family(probability=True)), "from 0 to 1"),
        (lambda rows: spoilt(rows, top3=[]), "1 to 3 families"),
        (lambda rows: spoilt(rows, top3=[family(f)[0] for f in FAMILIES]), "1 to 3 families"),
        (lambda rows: spoilt(rows, error="silent\x1b[2J\nPASSED"), "the hand-in says"),
        (lambda rows: [1, *rows[1:]], "was not asked"),
    ],
)
def test_an_unusable_answer_is_a_wrong_one(notes, tmp_path, change, problem):
    test, scores = notes
    scores[0] = np.eye(11)[test.read_labels()["families"][0]]  # a right answer, which is then spoilt
    rows = rows_of(test, scores)
    before = scored(test, printed(tmp_path / "before", rows, again_of(rows)))
    after = scored(test, printed(tmp_path / "after", change(rows), again_of(rows)))
    assert after["answered"] == NOTES - 1 and after["asked"] == NOTES
    for name in ("top1", "top3"):
        assert after["metrics"][name] == pytest.approx(before["metrics"][name] - 1 / NOTES)
    assert after["metrics"]["macro_f1"] < before["metrics"]["macro_f1"]
    assert [problem in line for line in after["problems"]] == [True] * bool(problem)
    assert all(line.isprintable() for line in after["problems"])


@pytest.mark.parametrize("said", ["PASSED 100/100", "{}", "[NaN]", "[" * 10_000, "", [], None])
def test_who_answers_nothing_is_never_right(notes, tmp_path, said):
    found = scored(notes[0], printed(tmp_path / "out", said))
    assert (found["metrics"]["top1"], found["metrics"]["top3"], found["answered"]) == (0, 0, 0)
    assert found["repeats_differ"] == found["repeats"] == 1


def test_fewer_families_never_hit_by_the_order_of_classes(notes, tmp_path):
    """Classes that were not named must not be among the three by being first in the list."""
    test, _ = notes
    rows = [{"file": name, "top3": family("vocal")} for name in test.read_labels()["inputs"]]
    found = scored(test, printed(tmp_path / "out", rows))
    share = (np.array(test.read_labels()["families"]) == FAMILIES.index("vocal")).mean()
    assert found["metrics"]["top1"] == found["metrics"]["top3"] == pytest.approx(share)


def test_answers_may_tremble_but_not_change():
    first = {"bass": 0.5, "reed": 0.3, "flute": 0.1}
    assert not hw0.differ(first, {"bass": 0.5004, "reed": 0.3, "vocal": 0.1})
    assert hw0.differ(first, {"bass": 0.45, "reed": 0.35, "flute": 0.1})
    assert hw0.differ(first, {"bass": 0.5, "reed": 0.3, "vocal": 0.15})


# -- the process -----------------------------------------------------------------------------------


def test_scores_come_from_another_process(notes, tmp_path, monkeypatch):
    test, scores = notes
    rows = rows_of(test, scores)
    outputs = printed(tmp_path / "out", rows, again_of(rows))
    (tmp_path / "numpy.py").write_text("raise SystemExit('the hand-in was imported')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    found = score(test, outputs)
    assert found.metrics == pytest.approx(scored(test, outputs)["metrics"])
    assert (found.answered, found.asked, found.repeats_differ, found.repeats) == (NOTES, NOTES, 0, 1)


def test_scoring_takes_no_torch(tmp_path):
    """Which takes seconds and gigabytes for each hand-in."""
    code = "import sys, grading.scoring.main as m; from grading.scoring import hw0, hw1, hw2, hw3; "
    code += "sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_what_brings_the_process_down_counts_as_no_answer(notes, tmp_path, monkeypatch):
    test, scores = notes
    outputs = printed(tmp_path / "out", rows_of(test, scores))
    real, calls = process._run, []

    def dies(command, scratch, seconds):
        calls.append(command)
        if process.NOTHING not in command:
            command = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
        real(command, scratch, seconds)

    monkeypatch.setattr(process, "_run", dies)
    found = score(test, outputs)
    assert (found.metrics["top1"], found.answered, found.asked, len(calls)) == (0, 0, NOTES, 2)
    assert "cannot be scored (it ended with -9)" in found.problems[0]


def test_a_process_that_takes_too_long_is_ended(tmp_path):
    sleeping = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    with pytest.raises(process.ScoringError, match="longer than 0.5 s"):
        process._run([sys.executable, "-c", sleeping], str(tmp_path), 0.5)


def test_a_process_is_limited(tmp_path):
    code = (
        "from grading.scoring.main import limit; import resource, json, sys; limit(60); "
        "print(json.dumps([resource.getrlimit(k) for k in (resource.RLIMIT_AS, resource.RLIMIT_CPU)])); "
        "bytearray(9 << 30)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert max(max(pair) for pair in json.loads(done.stdout)) <= 8 << 30
    assert "MemoryError" in done.stderr
