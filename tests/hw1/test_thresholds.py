"""Thresholds: the best by trying all, ties, few tracks, and their file."""

from __future__ import annotations

import json

import numpy as np
import pytest

from common.run_folder import ModelFolderError
from hw1_instrument_detection.classes import KEYS
from hw1_instrument_detection.thresholds import (
    best_threshold,
    choose_thresholds,
    common_threshold,
    load_thresholds,
    macro_f1,
    save_thresholds,
)


def f1(targets, probabilities, threshold) -> float:
    called = probabilities >= threshold
    return 2 * (called & targets).sum() / (called.sum() + targets.sum())


@pytest.mark.parametrize("seed", range(20))
def test_no_other_threshold_is_better(seed):
    rng = np.random.default_rng(seed)
    targets = rng.random(60) < rng.uniform(0.05, 0.95)
    targets[0] = True
    probabilities = np.clip(0.3 * targets + rng.random(60) * 0.7, 0, 1)
    if seed % 2:
        probabilities = probabilities.round(1)  # many ties
    found = f1(targets, probabilities, best_threshold(targets, probabilities))
    assert found == pytest.approx(max(f1(targets, probabilities, t) for t in np.linspace(0, 1, 2001)))


def test_it_lies_half_way_between_neighbours():
    assert best_threshold([0, 0, 1, 1], [0.1, 0.2, 0.6, 0.9]) == pytest.approx(0.4)
    assert best_threshold([1, 1], [0.6, 0.9]) == pytest.approx(0.3)  # all on: half-way from 0


def test_of_equally_good_ones_the_nearest_to_one_half():
    # F1 is 2/3 with {0.9} and with {0.9, 0.7, 0.3, 0.2}: thresholds 0.8 and 0.15
    assert best_threshold([0, 0, 1, 0, 1], [0.1, 0.7, 0.2, 0.3, 0.9]) == pytest.approx(0.8)
    # and here 0.75 and 0.25: of two equally near ones, the lower
    assert best_threshold([0, 0, 1, 1], [0.5, 0.5, 0.5, 1.0]) == 0.25


def test_certainty_leaves_a_threshold_that_can_be_kept():
    assert 0 < best_threshold([1, 1], [0.0, 0.0]) < 1
    assert 0 < best_threshold([0, 1], [np.nextafter(1, 0), 1.0]) < 1


@pytest.fixture(scope="module")
def clips():
    """Targets (200, 9), probabilities (200, 9), tracks (200,): classes with very different levels."""
    rng = np.random.default_rng(0)
    targets = rng.random((200, 9)) < np.linspace(0.05, 0.9, 9)
    targets[:, 4] = False
    logits = 2.0 * targets + rng.standard_normal((200, 9)) + np.linspace(-4, 2, 9)
    return targets.astype(np.uint8), 1 / (1 + np.exp(-logits)), np.repeat(np.arange(20), 10)


def test_each_class_gets_its_own(clips):
    targets, probabilities, tracks = clips
    chosen = choose_thresholds(targets, probabilities, tracks=tracks)
    assert chosen[4] == 0.5  # never sounds
    for index in (0, 1, 2, 3, 5, 6, 7, 8):
        assert chosen[index] == best_threshold(targets[:, index], probabilities[:, index])
    assert macro_f1(targets, probabilities, chosen) > macro_f1(targets, probabilities, np.full(9, 0.5)) + 0.1
    np.testing.assert_array_equal(chosen, choose_thresholds(targets, probabilities))


def test_the_order_of_the_clips_does_not_matter(clips):
    targets, probabilities, tracks = clips
    order = np.random.default_rng(1).permutation(200)
    shuffled = choose_thresholds(targets[order], probabilities[order], tracks=tracks[order], shrinkage=3)
    np.testing.assert_array_equal(
        choose_thresholds(targets, probabilities, tracks=tracks, shrinkage=3), shuffled
    )


def test_shrinkage_draws_towards_the_common_one_where_tracks_are_few(clips):
    targets, probabilities, tracks = clips
    common = common_threshold(targets, probabilities)
    own, drawn, strong = (
        choose_thresholds(targets, probabilities, tracks=tracks, shrinkage=k) for k in (0, 4, 1e9)
    )
    np.testing.assert_allclose(strong[np.arange(9) != 4], common, rtol=1e-6)
    seen = [len(np.unique(tracks[targets[:, index] > 0])) for index in range(9)]
    logit = lambda p: np.log(p / (1 - p))  # noqa: E731
    for index in (0, 8):
        share = seen[index] / (seen[index] + 4)
        expected = share * logit(own[index]) + (1 - share) * logit(common)
        assert logit(drawn[index]) == pytest.approx(expected)
    assert seen[0] < seen[8]


def test_the_common_threshold_is_the_best_for_all(clips):
    targets, probabilities, _ = clips
    found = common_threshold(targets, probabilities)
    scores = {t: macro_f1(targets, probabilities, np.full(9, t)) for t in np.linspace(0.01, 0.99, 99)}
    assert scores[found] == max(scores.values())
    assert common_threshold(np.zeros((3, 9)), np.full((3, 9), 0.2)) == 0.5


def test_macro_f1_by_hand():
    targets = np.array([[1, 0, 0], [1, 1, 0]])
    probabilities = np.array([[0.9, 0.8, 0.9], [0.2, 0.8, 0.1]])
    assert macro_f1(targets, probabilities, np.full(3, 0.5)) == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)


@pytest.mark.parametrize(
    ("targets", "probabilities", "options", "message"),
    [
        (np.zeros((2, 9)), np.zeros((3, 9)), {}, "must both be"),
        (np.zeros(9), np.zeros(9), {}, "must both be"),
        (np.zeros((1, 9)), np.full((1, 9), np.nan), {}, "must not be NaN, got 9"),
        (np.zeros((1, 9)), np.zeros((1, 9)), {"shrinkage": -1}, "shrinkage must be >= 0"),
    ],
)
def test_bad_input(targets, probabilities, options, message):
    with pytest.raises(ValueError, match=message):
        choose_thresholds(targets, probabilities, **options)


# ---- their file ----


def test_what_is_saved_is_loaded(tmp_path):
    thresholds = np.random.default_rng(0).random(9)
    save_thresholds(tmp_path, thresholds)
    np.testing.assert_array_equal(load_thresholds(tmp_path), thresholds)
    assert list(json.loads((tmp_path / "thresholds.json").read_text())) == list(KEYS)
    assert [path.name for path in tmp_path.iterdir()] == ["thresholds.json"]


def test_without_a_file_one_half(tmp_path):
    np.testing.assert_array_equal(load_thresholds(tmp_path), np.full(9, 0.5))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tuba": 0.5}, "unknown class tuba"),
        ({"piano": None}, "piano is None"),
        ({"piano": True}, "piano is True"),
        ({"piano": 1.0}, "piano is 1.0"),
        ({"piano": float("nan")}, "piano is nan"),
    ],
)
def test_a_file_that_is_wrong_is_refused(tmp_path, change, message):
    (tmp_path / "thresholds.json").write_text(json.dumps(dict.fromkeys(KEYS, 0.5) | change))
    with pytest.raises(ModelFolderError, match=message):
        load_thresholds(tmp_path)


@pytest.mark.parametrize(("text", "message"), [("{", "not valid JSON"), ("{}", "missing class bass")])
def test_a_file_that_is_torn_is_refused(tmp_path, text, message):
    (tmp_path / "thresholds.json").write_text(text)
    with pytest.raises(ModelFolderError, match=message):
        load_thresholds(tmp_path)
