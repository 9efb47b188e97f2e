"""Bars against the definitions of MusDr, one bar and one pair at a time; line ends by hand."""

import itertools

import numpy as np
import pytest
from scipy.stats import entropy as scipy_entropy

from common.metrics.melody import Windows, bar_entropy, cadences, grooving_similarity, is_long, line_ends


def whole_bars(windows, row):
    """The notes (position of 64, pitch class) of each bar that lies in the window."""
    beats, begin = windows.metres[row]
    end = begin + (windows.duration + windows.rest)[row].sum()
    first, last = int(np.ceil(begin / beats)), int(end // beats)
    bars = [[] for _ in range(max(last - first, 0))]
    for onset, pitch in zip(begin + windows.onset[row], windows.pitch[row], strict=True):
        if first <= onset // beats < last:
            bars[int(onset // beats) - first].append((int(onset % beats / beats * 64), int(pitch % 12)))
    return bars


def slow_grooving(bars):
    """As MusDr: 1 - XOR of the onsets of two bars over 64, mean over all pairs."""
    onsets = [np.isin(np.arange(64), [position for position, _ in bar]) for bar in bars]
    pairs = list(itertools.combinations(onsets, 2))
    return np.mean([1 - np.sum(a ^ b) / 64 for a, b in pairs]) if pairs else np.nan


def slow_entropy(bars, count):
    count = min(count, len(bars))
    found = []
    for first in range(len(bars) - count + 1):
        classes = [pitch for bar in bars[first : first + count] for _, pitch in bar]
        if classes:
            found.append(scipy_entropy(np.bincount(classes, minlength=12), base=2))
    return np.mean(found) if found else np.nan


@pytest.mark.parametrize("notes", [3, 20])
def test_bars_are_those_of_musdr(random_windows, notes):
    windows = random_windows(60, notes=notes)
    bars = [whole_bars(windows, row) for row in range(60)]
    np.testing.assert_allclose(grooving_similarity(windows), [slow_grooving(each) for each in bars])
    for count in (1, 4):
        expected = [slow_entropy(each, count) for each in bars]
        np.testing.assert_allclose(bar_entropy(windows, count), expected, atol=1e-12)


def test_grooving_by_hand(twinkle):
    # Four bars: 1 1 1 1, 1 1 2, and again; pairs of a bar with each other kind differ in one position.
    assert grooving_similarity(twinkle)[0] == pytest.approx(1 - 4 / 6 / 64)
    assert bar_entropy(twinkle, 1)[0] == pytest.approx(np.mean([1, scipy_entropy([2, 1], base=2)] * 2))


def test_triplets_fall_where_they_belong():
    """Twelve thirds are four beats, but 0.333... twelve times is not: the next bar must not slip."""
    third = Windows(np.full((1, 24), 60), np.full((1, 24), 1 / 3), np.zeros((1, 24)), metres=[[4.0, 0.0]])
    assert grooving_similarity(third)[0] == 1.0


def test_bars_that_nobody_knows(twinkle, random_windows):
    assert np.isnan(grooving_similarity(random_windows(3, bars=False))).all()
    unknown = Windows(twinkle.pitch, twinkle.duration, twinkle.rest, metres=[[0.0, 0.0]])
    assert np.isnan(grooving_similarity(unknown)[0]) and np.isnan(bar_entropy(unknown, 1)[0])
    one_note = Windows([[60]], [[1.0]], [[0.0]], metres=[[4.0, 0.0]])
    assert np.isnan(grooving_similarity(one_note)[0])


# Line ends


def test_ends_of_lines_and_long_notes(twinkle):
    assert line_ends(twinkle.lines).nonzero()[1].tolist() == [6]  # the last note may go on
    assert is_long(twinkle.duration).nonzero()[1].tolist() == [6, 13]
    shares = {name: each.value for name, each in cadences(twinkle).items()}
    # "star" is G; inside, of C C G G A A, F F E E D D, all but A and F are tones of I or V.
    assert shares["line_end_long"] == shares["line_end_chord_tone"] == 1.0
    assert shares["inner_long"] == 0.0 and shares["inner_chord_tone"] == pytest.approx(8 / 12)


def test_lines_that_never_end(twinkle):
    windows = Windows(twinkle.pitch, twinkle.duration, twinkle.rest, np.zeros((1, 14)))
    assert np.isnan(cadences(windows)["line_end_long"].value)
    with pytest.raises(ValueError, match="which line"):
        cadences(Windows(twinkle.pitch, twinkle.duration, twinkle.rest))
