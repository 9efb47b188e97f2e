"""Intervals against scipy, and against simulations whose truth is known."""

import math

import numpy as np
import pytest
from scipy.stats import binomtest

from common.metrics.intervals import bootstrap_interval, percentile_interval, wilson_interval


@pytest.mark.parametrize(("successes", "total"), [(0, 1), (1, 1), (0, 40), (40, 40), (31, 40), (3154, 4096)])
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_wilson_agrees_with_scipy(successes, total, confidence):
    expected = binomtest(successes, total).proportion_ci(confidence, method="wilson")
    got = wilson_interval(successes, total, confidence)
    assert got == pytest.approx((expected.low, expected.high), abs=1e-9)
    assert 0.0 <= got[0] < got[1] <= 1.0


def test_wilson_by_hand():
    # n = 10, 5 right: centre 1/2, half-width z / (2 sqrt(n + z^2)) = 1.959964 / (2 * 3.720135)
    assert wilson_interval(5, 10) == pytest.approx((0.236593, 0.763407), abs=1e-6)
    assert np.isnan(wilson_interval(0, 0)).all()


def test_bootstrap_of_a_mean_has_the_normal_width():
    values = np.random.default_rng(0).normal(3.0, 2.0, size=500)
    half = 1.96 * values.std() / math.sqrt(500)
    low, high = bootstrap_interval(values, resamples=4000)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.1 * half)


def test_bootstrap_is_seeded_and_independent_of_the_block_size(monkeypatch):
    values = np.random.default_rng(0).random(50)
    first = bootstrap_interval(values, seed=1)
    assert bootstrap_interval(values, seed=1) == first
    assert bootstrap_interval(values, seed=2) != first
    monkeypatch.setattr("common.metrics.intervals.MAX_WEIGHTS", 333)
    assert bootstrap_interval(values, seed=1) == pytest.approx(first)


def test_groups_of_alike_items_are_as_uncertain_as_their_number():
    """20 instruments with 50 equal notes each: the interval is that of 20 notes, not of 1000."""
    per_group = np.arange(20) % 2
    values, groups = np.repeat(per_group, 50), np.repeat([f"instrument_{i:02d}" for i in range(20)], 50)
    assert bootstrap_interval(values, groups=groups) == bootstrap_interval(per_group)
    low, high = bootstrap_interval(values, groups=groups)
    narrow_low, narrow_high = bootstrap_interval(values)
    assert (high - low) / (narrow_high - narrow_low) == pytest.approx(math.sqrt(50), rel=0.15)


def test_groups_of_unequal_size_weigh_by_their_items():
    """One instrument with 98 right notes, two with one wrong note each: the mean is over notes."""
    values, groups = [1] * 98 + [0, 0], ["a"] * 98 + ["b", "c"]
    rng = np.random.default_rng(0)
    drawn = rng.integers(3, size=(20000, 3))
    right, items = np.array([98, 0, 0])[drawn].sum(axis=1), np.array([98, 1, 1])[drawn].sum(axis=1)
    expected = np.quantile(right / items, [0.025, 0.975])
    assert bootstrap_interval(values, groups=groups) == pytest.approx(tuple(expected))


def test_bootstrap_covers_the_truth_for_clustered_notes():
    """Fresh instruments each time: the interval over groups holds the truth, the one over notes does not."""
    rng = np.random.default_rng(7)
    covered = {"groups": 0, "items": 0}
    for trial in range(100):
        skill = rng.beta(2, 2, size=30)  # mean 1/2
        hits, groups = rng.random((30, 40)) < skill[:, None], np.repeat(np.arange(30), 40)
        low, high = bootstrap_interval(hits.ravel(), groups=groups, resamples=1000, seed=trial)
        covered["groups"] += low <= 0.5 <= high
        low, high = wilson_interval(int(hits.sum()), hits.size)
        covered["items"] += low <= 0.5 <= high
    assert covered["groups"] >= 85
    assert covered["items"] <= 70


def test_one_group_or_one_item_says_nothing_about_spread():
    assert np.isnan(bootstrap_interval([1.0, 0.0, 1.0], groups=["a", "a", "a"])).all()
    assert np.isnan(bootstrap_interval([1.0])).all()
    assert np.isnan(bootstrap_interval([])).all()
    assert np.isnan(percentile_interval(np.full(1000, np.nan))).all()


def test_bad_input_names_the_rule_and_shows_the_value():
    with pytest.raises(ValueError, match="successes must be between 0 and total, got 3 of 2"):
        wilson_interval(3, 2)
    with pytest.raises(ValueError, match="confidence must be between 0 and 1, got 95"):
        wilson_interval(1, 2, 95)
    with pytest.raises(ValueError, match="resamples must be at least 1000"):
        bootstrap_interval([0.0, 1.0], resamples=100)
    with pytest.raises(ValueError, match="every item needs one group, got 3 items"):
        bootstrap_interval([0.0, 1.0, 1.0], groups=["a", "b"])
