"""Use of lyrics against scikit-learn and scipy; likelihoods by hand; intervals that are paired."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import f1_score, matthews_corrcoef

from common.metrics.melody import duration_correlation, lyrics_gain, nll, rest_f1, rest_mcc

RNG = np.random.default_rng(0)
TRUE = RNG.choice([0.0, 0.0, 0.5, 2.0], (40, 20))
OTHER = np.where(RNG.random(TRUE.shape) < 0.6, TRUE, RNG.choice([0.0, 1.0], TRUE.shape))
PROBABILITY = np.clip((TRUE > 0) * 0.3 + RNG.random(TRUE.shape) * 0.6, 0, 1)
LOG_PROBABILITY = -RNG.exponential(size=(40, 20, 3))


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.8])
def test_rest_f1_is_scikit_learns_without_first_notes(threshold):
    found = rest_f1(PROBABILITY, TRUE, threshold=threshold).value
    expected = f1_score((TRUE[:, 1:] > 0).ravel(), (PROBABILITY[:, 1:] >= threshold).ravel())
    assert found == pytest.approx(expected) and 0 < found < 1
    first = PROBABILITY.copy()
    first[:, 0] = 1 - first[:, 0]
    assert rest_f1(first, TRUE, threshold=threshold).value == found


def test_rest_mcc_is_scikit_learns_without_first_notes():
    expected = matthews_corrcoef((TRUE[:, 1:] > 0).ravel(), (OTHER[:, 1:] > 0).ravel())
    assert rest_mcc(OTHER, TRUE).value == pytest.approx(expected)
    assert rest_mcc(TRUE, TRUE).value == pytest.approx(1.0)
    assert rest_mcc(np.where(TRUE > 0, 0.0, 1.0), TRUE).value == pytest.approx(-1.0)


def test_a_blind_generator_has_no_correlation():
    rng = np.random.default_rng(1)
    true, blind = (rng.choice([0.0, 0.0, 0.0, 1.0], (400, 20)) for _ in range(2))
    mcc = rest_mcc(blind, true)
    low, high = mcc.interval()
    assert abs(mcc.value) < 3 / np.sqrt(400 * 19) and high - low == pytest.approx(
        4 / np.sqrt(400 * 19), rel=0.2
    )


def test_rests_that_are_never_there():
    none = np.zeros((3, 20))
    assert rest_mcc(none, TRUE[:3]).value == 0.0 == matthews_corrcoef([0, 1], [0, 0])
    assert np.isnan(rest_f1(none, none).value) and rest_f1(none, TRUE[:3]).value == 0.0
    assert np.isnan(rest_mcc(none[:, :1], none[:, :1]).value)  # one note: nothing to compare
    assert np.isnan(rest_mcc(none[:0], none[:0]).value)


def test_duration_correlation_is_that_of_logarithms():
    rng = np.random.default_rng(2)
    true = rng.choice([0.25, 0.5, 1.0, 16.0], (30, 20))
    found = np.where(rng.random(true.shape) < 0.5, true, 1.0)
    expected = pearsonr(np.log2(true[:, 1:]).ravel(), np.log2(found[:, 1:]).ravel()).statistic
    assert duration_correlation(found, true).value == pytest.approx(expected)
    assert np.isnan(duration_correlation(np.full(true.shape, 0.3), true).value)
    assert duration_correlation(true * 2, true).value == pytest.approx(1.0)


def test_likelihood_by_hand():
    attributes = {name: nll(LOG_PROBABILITY, name).value for name in ("pitch", "duration", "rest")}
    assert attributes["duration"] == pytest.approx(-LOG_PROBABILITY[:, 1:, 1].mean())
    assert nll(LOG_PROBABILITY).value == pytest.approx(sum(attributes.values()))
    with pytest.raises(ValueError, match="attribute must be one of pitch"):
        nll(LOG_PROBABILITY, "velocity")


def test_what_lies_beyond_the_end_of_a_song_does_not_count():
    padded = LOG_PROBABILITY.copy()
    padded[3, 10:] = np.nan
    notes = np.concatenate([padded[:, 1:].reshape(-1, 3)])
    expected = -notes[~np.isnan(notes[:, 0])].sum(axis=1).mean()
    assert nll(padded).value == pytest.approx(expected)
    with pytest.raises(ValueError, match="different lengths"):
        lyrics_gain(padded, LOG_PROBABILITY)
    padded[3, 15] = -1.0
    with pytest.raises(ValueError, match="NaN within a song"):
        nll(padded)
    padded[3, 10:] = -1.0
    padded[4, 19, 2] = np.nan
    with pytest.raises(ValueError, match="NaN within a song"):
        nll(padded)


def test_gain_is_paired():
    wrong = LOG_PROBABILITY - 0.01 * RNG.random(LOG_PROBABILITY.shape)
    gain = lyrics_gain(LOG_PROBABILITY, wrong)
    assert gain.value == pytest.approx(nll(wrong).value - nll(LOG_PROBABILITY).value)
    groups = np.arange(40) // 2
    low, high = gain.interval(groups)
    apart = nll(wrong).interval(groups)
    assert 0 < low < gain.value < high and high - low < (apart[1] - apart[0]) / 20
    assert lyrics_gain(LOG_PROBABILITY, LOG_PROBABILITY).interval(groups) == (0.0, 0.0)


def test_impossible_notes_and_what_is_no_probability():
    impossible = LOG_PROBABILITY.copy()
    impossible[0, 5, 0] = -np.inf
    assert nll(impossible).value == np.inf
    with pytest.raises(ValueError, match="<= 0"):
        nll(-LOG_PROBABILITY)
    with pytest.raises(ValueError, match=r"\(W, T, 3\)"):
        nll(LOG_PROBABILITY[..., 0])
    with pytest.raises(ValueError, match=r"0..1"):
        rest_f1(PROBABILITY * 2, TRUE)
    with pytest.raises(ValueError, match="finite"):
        rest_f1(np.full(TRUE.shape, np.nan), TRUE)
    with pytest.raises(ValueError, match="one shape"):
        rest_mcc(TRUE[:3], TRUE)


def test_intervals_draw_whole_groups():
    """Windows of a group are copies: only with groups is the interval as wide as it should be."""
    true, found, groups = np.repeat(TRUE, 4, axis=0), np.repeat(OTHER, 4, axis=0), np.repeat(np.arange(40), 4)
    mcc = rest_mcc(found, true)
    by_group, by_window = mcc.interval(groups), mcc.interval()
    alone = rest_mcc(OTHER, TRUE).interval()
    assert by_group == pytest.approx(alone, abs=0.01)
    assert by_window[1] - by_window[0] < 0.6 * (by_group[1] - by_group[0])
    assert np.isnan(mcc.interval(np.zeros(160))).all()
