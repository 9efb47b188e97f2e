"""The flat dict and the tables: what is in them, and what is not there for lack of data."""

import json

import numpy as np
import pytest

from common.metrics.melody import Windows, describe, evaluate, format_report, mmd, rest_mcc, window_measures

WITHOUT_INTERVAL = ("num_", "_distance", "_chance")


@pytest.fixture(scope="module")
def likelihoods():
    rng = np.random.default_rng(0)
    right = -rng.exponential(size=(30, 20, 3))
    return {
        "log_probability": right,
        "wrong_lyrics": right - 0.1,
        "rest_probability": rng.random((30, 20)),
    }


@pytest.fixture
def result(random_windows, likelihoods):
    generated, truth = random_windows(30), random_windows(30, seed=1)
    return evaluate(generated, truth, groups=np.arange(30) // 2, **likelihoods)


def test_every_measure_is_there_with_its_interval(result, random_windows):
    measures = [key for key in result if not key.endswith(("_low", "_high"))]
    for key in measures:
        if not key.startswith(WITHOUT_INTERVAL) and not key.endswith(WITHOUT_INTERVAL):
            assert result[f"{key}_low"] <= result[key] <= result[f"{key}_high"] or "bleu" in key, key
    generated, truth = random_windows(30), random_windows(30, seed=1)
    assert result["span"] == pytest.approx(np.ptp(generated.pitch, axis=1).mean())
    assert result["mmd_rest"] == pytest.approx(mmd(generated.rest, truth.rest))
    assert result["mmd"] == pytest.approx(sum(result[f"mmd_{n}"] for n in ("pitch", "duration", "rest")))
    assert result["rest_mcc"] == pytest.approx(rest_mcc(generated.rest, truth.rest).value)
    assert result["lyrics_gain"] == pytest.approx(0.3) and result["lyrics_gain_low"] == pytest.approx(0.3)
    assert result["num_windows"] == 30 and result["num_notes"] == 600 and result["num_groups"] == 15
    assert json.loads(json.dumps(result, allow_nan=False)) == result


def test_the_truth_is_described_as_any_windows(result, random_windows):
    groups = np.arange(30) // 2
    own = describe(random_windows(30), groups=groups)
    assert own == {key: result[key] for key in own}
    assert set(window_measures(random_windows(3))) <= set(own)


def test_equal_seeds_give_equal_intervals(random_windows):
    windows = random_windows(10)
    assert describe(windows, seed=3) == describe(windows, seed=3) != describe(windows, seed=4)


def test_a_likelihood_without_samples(random_windows, likelihoods):
    alone = evaluate(None, random_windows(30), log_probability=likelihoods["log_probability"])
    assert alone["nll"] > 0 and "mmd" not in alone and "lyrics_gain" not in alone and "span" not in alone


def test_little_and_nothing_have_results():
    nothing = Windows.of([])
    one = Windows([[60]], [[1.0]], [[0.0]], [[0]], [[4.0, 0.0]])
    for windows in (nothing, one):
        metrics = evaluate(windows, windows, groups=["a"] * len(windows))
        assert all(value is None for key, value in metrics.items() if key.endswith(("_low", "_high")))
        json.dumps(metrics, allow_nan=False)
        assert format_report({"one": metrics})
    assert evaluate(nothing, nothing)["span"] is None
    assert evaluate(one, one)["span"] == 0 and evaluate(one, one)["mmd"] is None


def test_constant_pitches(random_windows):
    truth = random_windows(6)
    constant = Windows(np.full((6, 20), 60), np.ones((6, 20)), np.zeros((6, 20)), truth.lines, truth.metres)
    metrics = evaluate(constant, truth)
    assert metrics["span"] == 0 and metrics["self_bleu"] == 1 and metrics["repetitions_2"] == 18
    assert metrics["rest_mcc"] == 0 and metrics["duration_correlation"] is None
    assert 0 < metrics["interval_distance"] < 1 and metrics["rest_distance"] > 0.2


def test_arrays_that_do_not_fit_are_refused(random_windows):
    with pytest.raises(ValueError, match="one generated of its length"):
        evaluate(random_windows(3), random_windows(4))
    with pytest.raises(ValueError, match=r"the shape \(4, 20, 3\), got \(4, 19, 3\)"):
        evaluate(None, random_windows(4), log_probability=-np.ones((4, 19, 3)))
    with pytest.raises(ValueError, match="groups"):
        describe(random_windows(4), groups=["a"])


def test_report_of_several_systems(result, random_windows):
    systems = {"truth": describe(random_windows(30, bars=False)), "a model with a long name": result}
    report = format_report(systems)
    assert max(map(len, report.splitlines())) <= 100
    assert report.startswith("30 windows, 600 notes / 30 windows, 600 notes of 15 songs;")
    rows = [line.split() for line in report.splitlines()]
    assert sum(row[:1] == ["truth"] for row in rows) == 6  # what it has: no likelihood, no bars
    [span] = [
        line for line in report.splitlines() if line.startswith("a model") and f"{result['span']:.2f}" in line
    ]
    assert f"({result['span_low']:.2f} to {result['span_high']:.2f})" in span
    assert sum(row[:1] == ["chance"] for row in rows) == 1
    assert format_report({}) == ""
