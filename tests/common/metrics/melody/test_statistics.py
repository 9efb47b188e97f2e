"""Statistics, tonality and histograms by hand, and against slower or other implementations."""

from collections import Counter

import music21
import numpy as np
import pytest
from scipy.stats import entropy as scipy_entropy
from scipy.stats import pearsonr

from common.metrics import melody as ours
from common.metrics.melody.tonality import PROFILES, SCALES

# Statistics


def slow_repetitions(row, n):
    grams = Counter(tuple(row[place : place + n]) for place in range(len(row) - n + 1))
    return sum(count - 1 for count in grams.values())


def test_statistics_of_a_known_tune(twinkle):
    assert ours.repetitions(twinkle.pitch, 1).tolist() == [8]
    assert ours.repetitions(twinkle.pitch, 2).tolist() == [0]
    assert ours.repetitions([[60, 62, 60, 62, 60, 62]], 2).tolist() == [3]
    assert ours.repetitions([[60, 62, 60, 62, 60, 62]], 3).tolist() == [2]
    assert ours.span(twinkle.pitch).tolist() == [9]
    assert ours.unique_pitches(twinkle.pitch).tolist() == [6]
    assert ours.length(twinkle.duration, twinkle.rest + 1).tolist() == [30.0]
    assert ours.notes_without_rest([[0, 1, 0, 0.5]]).tolist() == [2]
    assert ours.mean_rest([[0, 1, 0, 2]]).tolist() == [0.75]


@pytest.mark.parametrize("n", [1, 2, 3, 7])
def test_repetitions_are_those_of_counting(n):
    pitch = np.random.default_rng(0).integers(60, 64, (40, 20))
    assert ours.repetitions(pitch, n).tolist() == [slow_repetitions(row, n) for row in pitch.tolist()]


def test_one_note_and_one_pitch():
    one, constant = np.array([[60]]), np.full((1, 20), 60)
    assert ours.repetitions(one, 2)[0] == ours.span(one)[0] == 0 and ours.unique_pitches(one)[0] == 1
    assert ours.repetitions(constant, 2)[0] == 18 and ours.repetitions(constant, 3)[0] == 17
    assert ours.scale_consistency(constant)[0] == 1.0
    assert ours.pitch_class_entropy(constant)[0] == 0.0
    strengths = ours.key_strengths(constant, np.ones(constant.shape))
    assert np.isfinite(strengths).all() and ours.estimated_key(constant, np.ones(constant.shape))[0] == 0


# Tonality


def published_scale(row, base):
    """As the published code: no second modulo."""
    shares = [np.mean([pitch % 12 - tonic in scale for pitch in row]) for scale in SCALES for tonic in base]
    return max(shares)


def test_scale_of_known_notes():
    c_major = np.array([[60, 62, 64, 65, 67, 69, 71, 72]])
    a_major = c_major + 9
    assert ours.scale_consistency(c_major)[0] == ours.scale_consistency(a_major)[0] == 1.0
    assert ours.scale_consistency(c_major, modulo=False)[0] == 1.0
    # From A only A, B, C# ... up to the B of the same octave of pitch classes are found: 3 of 8 are below it.
    assert ours.scale_consistency(a_major, modulo=False)[0] == published_scale(a_major[0], range(12)) < 1
    assert ours.scale_consistency([np.arange(60, 72)])[0] == pytest.approx(7 / 12)


def test_published_scale_is_that_of_the_published_code():
    pitch = np.random.default_rng(1).integers(40, 90, (50, 20))
    expected = [published_scale(row, range(12)) for row in pitch.tolist()]
    np.testing.assert_allclose(ours.scale_consistency(pitch, modulo=False), expected)


def test_key_strengths_are_correlations_with_the_profiles():
    rng = np.random.default_rng(2)
    pitch, duration = rng.integers(50, 70, (10, 20)), rng.choice([0.5, 1.0, 2.0], (10, 20))
    strengths = ours.key_strengths(pitch, duration)
    for row in range(10):
        beats = np.bincount(pitch[row] % 12, duration[row], minlength=12)
        for key in range(24):
            expected = pearsonr(beats, np.roll(PROFILES[key // 12], key % 12)).statistic
            assert strengths[row, key] == pytest.approx(expected)


def test_key_of_a_known_tune_is_that_of_music21(twinkle):
    stream = music21.stream.Stream()
    for pitch, beats in zip(twinkle.pitch[0] + 3, twinkle.duration[0], strict=True):
        stream.append(music21.note.Note(int(pitch), quarterLength=float(beats)))
    expected = stream.analyze("krumhansl-kessler")
    assert (expected.tonic.pitchClass, expected.mode) == (3, "major")
    assert ours.estimated_key(twinkle.pitch + 3, twinkle.duration).tolist() == [3]
    clarity = ours.key_clarity(twinkle.pitch + 3, twinkle.duration)[0]
    assert clarity == pytest.approx(expected.correlationCoefficient, abs=1e-3)


def test_minor_keys_and_a_melody_without_any():
    a_minor = np.array([[57, 60, 64, 57, 59, 60, 62, 64, 68, 69]])
    assert ours.estimated_key(a_minor, np.ones((1, 10))).tolist() == [12 + 9]
    chromatic = np.arange(60, 72)[None]
    assert ours.key_clarity(chromatic, np.ones((1, 12)))[0] == 0.0


def test_tones_of_a_cadence():
    pitch = np.array([[60, 62, 64, 65, 67, 69, 71, 72, 48, 55]])  # C major, by its long C and G
    duration = np.array([[4, 1, 1, 1, 2, 1, 1, 4, 4, 4]])
    assert (~ours.in_cadence(pitch, duration)).nonzero()[1].tolist() == [3, 5]  # F and A


def test_entropy_of_pitch_classes():
    pitch = np.random.default_rng(3).integers(50, 70, (8, 20))
    expected = [scipy_entropy(np.bincount(row % 12, minlength=12), base=2) for row in pitch]
    np.testing.assert_allclose(ours.pitch_class_entropy(pitch), expected)
    assert ours.pitch_class_entropy(np.arange(60, 72)[None])[0] == pytest.approx(np.log2(12))


# Histograms


def test_intervals_wider_than_an_octave_share_a_bin():
    counts = ours.interval_histogram([[60, 60, 61, 59, 80, 40]])
    assert counts.shape == (1, 27) and counts.sum() == 5
    assert {place - 13 for place in counts[0].nonzero()[0]} == {-13, -2, 0, 1, 13}


def test_values_and_their_bins():
    assert ours.value_histogram([[1.0, 0.5, 1.0]], [0.5, 1.0, 2.0]).tolist() == [[1, 2, 0]]
    with pytest.raises(ValueError, match="no bin"):
        ours.value_histogram([[3.0]], [0.5, 1.0, 2.0])


def test_total_variation_and_what_chance_gives():
    assert ours.total_variation([[2, 2, 0]], [[0, 5, 5]]) == pytest.approx(0.5)
    assert ours.total_variation([[1, 0]], [[0, 7]]) == 1.0
    assert np.isnan(ours.total_variation(np.zeros((0, 3)), np.ones((1, 3))))
    rng = np.random.default_rng(4)
    draws = rng.multinomial(20, np.full(10, 0.1), size=(2, 300))
    chance = ours.chance_variation(draws[0])
    assert chance == pytest.approx(ours.total_variation(*draws), rel=0.5)
    assert np.isnan(ours.chance_variation(draws[0], np.zeros(300)))
