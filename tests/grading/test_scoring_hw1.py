"""Scores of HW1 are those of common.metrics for whole answers; steps that are left out or forged cost."""

from __future__ import annotations

import numpy as np
import pytest

from common.metrics.detection import average_scores, class_average_precision
from grading.scoring import hw1
from hw1_instrument_detection.classes import CLASSES, KEYS

from .prepared_tests import prepared, printed, scored


@pytest.fixture
def tracks(tmp_path):
    """A test of four tracks, and probabilities for their steps."""
    rng = np.random.default_rng(0)
    targets = [rng.integers(0, 2, (steps, 9)) for steps in (3, 5, 1, 4)]
    labels = {
        "inputs": [f"{n:04d}.flac" for n in range(1, 5)],
        "targets": [rows.tolist() for rows in targets],
        "groups": ["a", "b", "c", "d"],
    }
    guesses = [np.clip(0.5 * rows + rng.uniform(0, 0.6, rows.shape), 0, 1) for rows in targets]
    return prepared(tmp_path / "test", "hw1", labels), targets, guesses


def activity(name: str, guesses: np.ndarray) -> dict:
    return {
        "file": name,
        "activity": [
            {
                "start": 5.0 * number,
                "end": 5.0 * number + 5,
                "probabilities": dict(zip(KEYS, row.tolist(), strict=True)),
                "active": [key for key, value in zip(KEYS, row, strict=True) if value >= 0.55],
            }
            for number, row in enumerate(guesses)
        ],
    }


def test_tracks_are_scored_as_by_common_metrics(tracks, tmp_path):
    test, targets, guesses = tracks
    with_rest = [np.concatenate([rows, np.ones((1, 9))]) for rows in guesses]  # a rest at the end: no step
    rows = [activity(f"/x/000{n}.flac", each) for n, each in enumerate(with_rest, start=1)][::-1]
    found = scored(test, printed(tmp_path / "out", rows, [activity("0004.flac", with_rest[0])]))
    truth, probabilities = np.concatenate(targets), np.concatenate(guesses)
    metrics = found["metrics"]
    for average in ("macro", "micro"):
        expected = average_scores(truth, probabilities >= 0.55, average)[2]
        assert metrics[f"{average}_f1"] == pytest.approx(expected)
        everything = average_scores(truth, np.ones_like(truth), average)[2]
        assert metrics[f"everything_on_{average}_f1"] == pytest.approx(everything)
    assert metrics["mean_average_precision"] == pytest.approx(
        np.nanmean(class_average_precision(truth, probabilities))
    )
    assert metrics["prevalence_mean_average_precision"] == pytest.approx(truth.mean(axis=0).mean())
    assert metrics["macro_f1_group_low"] <= metrics["macro_f1"] <= metrics["macro_f1_group_high"]
    assert (found["answered"], found["asked"], found["repeats_differ"], found["problems"]) == (4, 4, 0, [])
    assert len(CLASSES) == len(KEYS)


def test_every_step_that_is_missing_costs(tracks, tmp_path):
    test, targets, guesses = tracks
    scores = []
    for kept in range(5, -1, -1):
        rows = [activity(f"000{n}.flac", each) for n, each in enumerate(guesses, start=1)]
        rows[1]["activity"] = rows[1]["activity"][:kept]
        rows = [row for row in rows if row["activity"]]
        found = scored(test, printed(tmp_path / f"out{kept}", rows))
        assert found["answered"] == 3 + (kept == 5)
        scores.append([found["metrics"][key] for key in ("macro_f1", "micro_f1", "mean_average_precision")])
    assert (np.diff(scores, axis=0) < 0).all()


@pytest.mark.parametrize(
    "change",
    [
        {"start": 2.5},
        {"start": "0"},
        {"probabilities": {}},
        {"probabilities": dict.fromkeys([*KEYS, "drums"], 0.5)},
        {"probabilities": dict.fromkeys(KEYS, -0.1)},
        {"probabilities": dict.fromkeys(KEYS, None)},
        {"active": ["drums"]},
        {"active": [["bass"]]},
        {"active": ["bass"] * 10},
        {"active": "bass"},
        {"active": None},
    ],
)
def test_a_step_that_is_none_spoils_its_track(tracks, tmp_path, change):
    test, _, guesses = tracks
    rows = [activity(f"000{n}.flac", each) for n, each in enumerate(guesses, start=1)]
    rows[0]["activity"][0] |= change
    found = scored(test, printed(tmp_path / "out", rows))
    assert found["answered"] == 3 and len(found["problems"]) == 2  # and that it was not asked again


def test_activity_may_tremble_but_not_change(tracks):
    guesses = np.clip(tracks[2][0], 0, 0.9)
    first, trembling, changed, longer = (
        hw1.parse(activity("a", each))
        for each in (guesses, guesses + 5e-4, guesses + 5e-3, np.vstack([guesses, guesses[:1]]))
    )
    assert not hw1.differ(first, trembling)
    assert hw1.differ(first, changed) and hw1.differ(first, longer)
