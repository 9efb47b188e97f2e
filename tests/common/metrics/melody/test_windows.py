"""Windows are checked once; melodies of different lengths are measured all the same."""

from types import SimpleNamespace

import numpy as np
import pytest

from common.metrics.melody import Windows, by_length, key_clarity, repetitions, span


def test_windows_of_melodies(melody):
    metre = SimpleNamespace(beats_per_bar=4.0, position=1.5)
    windows = Windows.of([melody([60, 62], metre), melody([64, 65])], lines=[(0, 1), (0, 0)])
    assert windows.pitch.tolist() == [[60, 62], [64, 65]] and len(windows) == 2 and windows.num_notes == 2
    assert windows.metres.tolist() == [[4.0, 1.5], [0.0, 0.0]]
    assert windows.lines.tolist() == [[0, 1], [0, 0]]
    assert Windows.of([melody([60])]).metres is None
    assert len(Windows.of([])) == 0


def test_onsets_and_the_numbers_of_equal_notes():
    windows = Windows([[60, 60, 60]], [[1.0, 2.0, 2.0]], [[0.5, 0.0, 0.0]])
    assert windows.onset.tolist() == [[0.5, 1.5, 3.5]]
    assert windows.notes[0, 1] == windows.notes[0, 2] != windows.notes[0, 0]


@pytest.mark.parametrize(
    ("columns", "error"),
    [
        ({"pitch": [[60, np.nan]]}, "pitch must be finite"),
        ({"pitch": [[60.5, 60]]}, "pitch must be whole"),
        ({"pitch": [[60, 128]]}, r"pitch must be 0..127, got 60..128"),
        ({"pitch": [60, 61]}, "shape"),
        ({"duration": [[1.0, 0.0]]}, "duration must be > 0"),
        ({"duration": [[1.0, np.inf]]}, "duration must be finite"),
        ({"rest": [[0.0, -1.0]]}, "rest must be >= 0"),
        ({"rest": [[0.0]]}, r"pitch is \(1, 2\), but rest is \(1, 1\)"),
        ({"lines": [[0]]}, "but lines is"),
        ({"metres": [[4.0]]}, "metres must have the shape"),
    ],
)
def test_what_are_no_windows_is_refused(columns, error):
    good = {"pitch": [[60, 62]], "duration": [[1.0, 1.0]], "rest": [[0.0, 0.0]]}
    with pytest.raises(ValueError, match=error):
        Windows(**good | columns)


def test_windows_are_of_one_length(melody):
    with pytest.raises(ValueError, match="one length, got 1 to 2 notes"):
        Windows.of([melody([60]), melody([60, 62])])


def test_melodies_of_different_lengths():
    pitches = [[60, 72], [60], [], [60, 61, 64], [50, 51]]
    np.testing.assert_array_equal(by_length(span, pitches), [12, 0, np.nan, 4, 1])
    durations = [np.ones(len(each)) for each in pitches]
    alone = key_clarity([pitches[3]], [durations[3]])
    assert by_length(key_clarity, pitches, durations)[3] == alone[0]
    assert by_length(lambda p: repetitions(p, 2), []).shape == (0,)
    with pytest.raises(ValueError, match="columns of"):
        by_length(key_clarity, [[60, 61]], [[1.0]])
