"""The texts of eval.py: rows by hand, and that they fit the screen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from common.metrics.detection import Difference, evaluate
from hw1_instrument_detection import reports
from hw1_instrument_detection.classes import CLASSES, KEYS
from hw1_instrument_detection.clip_index import ClipIndex


def clips_of(targets, *, tracks=("Track00007", "Track00008")) -> ClipIndex:
    """Clips (clips, 9), the first half of the first track."""
    number = np.arange(len(targets), dtype=np.int32) * len(tracks) // len(targets)
    return ClipIndex(Path("data"), (Path("mix.flac"),), tracks, number * 0, number, number * 0.0, targets)


def targets_with(*classes, clips=10):
    targets = np.zeros((clips, 9), dtype=np.uint8)
    targets[:, [KEYS.index(key) for key in classes]] = 1
    return targets


@pytest.fixture(scope="module")
def metrics():
    rng = np.random.default_rng(0)
    targets = rng.random((120, 9)) < 0.4
    probabilities = np.clip(0.3 * targets + 0.7 * rng.random((120, 9)), 0, 1)
    options = dict(labels=CLASSES, groups=np.arange(120) // 6, train_prevalence=np.full(9, 0.6))
    return evaluate(targets, probabilities, **options)


def test_models_stand_side_by_side_above_what_is_trivial(metrics):
    difference = dict.fromkeys((key for _, key in reports.SCORES), Difference(0.0421, -0.0104, 0.0903))
    text = reports.comparison_report({"cnn": metrics, "crnn": metrics}, {"crnn": difference})
    assert max(map(len, text.splitlines())) <= 100
    table, differences, classes = (part.splitlines() for part in text.split("\n\n"))
    assert [line.split("  ")[0] for line in table[1:]] == [
        "cnn",
        "crnn",
        "everything on",
        "prevalence",
        "random",
    ]
    assert table[1].split()[1] == f"{metrics['macro_f1']:.3f}"
    assert table[3].split()[2] == f"{metrics['everything_on_macro_f1']:.3f}"
    assert table[5].split()[-1] == "-"  # what is random has no probabilities to rank by
    assert differences[0].startswith("less cnn") and len(differences) == 2
    assert differences[1].count("+0.042 (-0.010 to +0.090)") == 3
    assert classes[0].split() == ["F1", "cnn", "crnn", "all", "on", "clips"] and len(classes) == 10
    assert classes[8].split()[-1] == str(metrics["support_wind_instruments"])


def test_without_training_shares_everything_on_is_what_is_trivial(metrics):
    known = {key: value for key, value in metrics.items() if not key.startswith(("prevalence", "random"))}
    assert [row[0] for row in reports.trivial_rows(known)] == ["everything on"]


def test_the_errors_of_each_track():
    truth = targets_with("piano", "bass")
    heard = truth.copy()
    heard[:5, KEYS.index("bass")] = 0  # of the first track
    heard[5:7, KEYS.index("wind_instruments")] = 1  # in two clips of five
    lines = reports.track_report(clips_of(truth), {"cnn": heard.astype(bool)}).splitlines()
    assert lines[0].startswith("track       clips     F1  missed (-)")
    assert lines[1] == "Track00007      5  0.667  -Bass"
    assert lines[2] == "Track00008      5  0.909  +Wind Instruments"


def test_a_rare_error_is_not_named():
    truth = targets_with("piano", clips=20)
    heard = truth.copy()
    heard[:3, 0], heard[:2, 8] = 0, 1
    assert reports.mostly_wrong(truth, heard) == ""


def test_several_models_have_a_column_each():
    truth = targets_with("organ")
    text = reports.track_report(clips_of(truth), {"cnn": truth > 0, "crnn": truth > 1})
    assert "cnn F1  crnn F1" in text and "Track00007      5   1.000    0.000" in text


def test_a_difference_of_one_track_has_no_interval():
    assert reports.format_difference((-0.1, np.nan, np.nan)) == "-0.100"
