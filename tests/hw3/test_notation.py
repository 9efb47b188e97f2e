"""Bars, ties and beams: nothing is lost, and the beats stay visible."""

import numpy as np
import pytest
from written_songs import METRES, random_song

from hw3_melody_generation.notation import NOTES, bars, beam_groups, position, time_signature
from hw3_melody_generation.songs import Melody, Metre


def lengths(bar):
    """Notes as positive, rests as negative numbers."""
    return [piece.length * (1 if piece.note is not None else -1) for piece in bar.pieces]


def in_bars(durations, rests=None, metre=None):
    melody = Melody([60] * len(durations), durations, rests or [0] * len(durations), metre)
    return [lengths(bar) for bar in bars(melody)]


@pytest.mark.parametrize("metre", METRES)
def test_bars_hold_every_note_in_pieces_that_can_be_written(metre):
    melody = random_song(300, seed=1, metre=metre).melody
    begins, ends, last = {}, {}, 0.0
    for bar in bars(melody):
        assert bar.begin == last
        place = 0.0
        for piece in bar.pieces:
            assert piece.begin == place
            place += piece.length
            if piece.note is not None:
                assert piece.length in NOTES
                assert piece.first == (piece.note not in begins)
                begins.setdefault(piece.note, bar.begin + piece.begin)
                ends[piece.note] = bar.begin + place
        assert place == bar.length
        last = bar.begin + bar.length
    np.testing.assert_array_equal(list(begins.values()), melody.onset)
    np.testing.assert_array_equal(list(ends.values()), melody.onset + melody.duration)


def test_common_time():
    assert in_bars([4]) == [[4]]
    assert in_bars([1, 3.5]) == [[1, 3], [0.5, -0.5, -1, -2]]
    assert in_bars([3.5]) == [[3, 0.5, -0.5]]
    assert in_bars([0.5, 1, 0.5, 0.5, 1.5]) == [[0.5, 1, 0.5, 0.5, 1.5]]  # syncopations that are read at once
    assert in_bars([1.5, 1, 1.5]) == [[1.5, 0.5, 0.5, 1.5]]  # but none over the middle
    assert in_bars([0.25, 1, 0.75]) == [[0.25, 0.75, 0.25, 0.75, -2]]
    assert in_bars([1], [6]) == [[-4], [-2, 1, -1]]
    assert in_bars([32.5])[:2] == [[4], [4]]


def test_three_four_and_six_eight():
    assert in_bars([1], [1], Metre(3.0)) == [[-1, 1, -1]]
    assert in_bars([1, 2], metre=Metre(3.0)) == [[1, 2]]
    assert in_bars([1.5, 1, 0.5], metre=Metre(3.0, beat_type=8)) == [[1.5, 1, 0.5]]
    assert in_bars([1, 1, 1], metre=Metre(3.0, beat_type=8)) == [[1, 0.5, 0.5, 1]]
    assert in_bars([1.5], metre=Metre(3.0, beat_type=8)) == [[1.5, -1.5]]


def test_pickup_and_the_last_bar_that_completes_it():
    found = bars(Melody([60, 62, 64], [1, 3, 2], [0, 0, 0], Metre(3.0, 2.0)))
    assert [(bar.number, bar.begin, bar.length) for bar in found] == [(0, 0, 1), (1, 1, 3), (2, 4, 2)]
    assert position(Metre(3.0, 5.0)) == 2.0
    assert position(None) == position(Metre(0.0, 1.0)) == 0.0


def test_lengths_between_the_signs_move_to_the_nearest_without_adding_up():
    thirds = bars(Melody([60] * 300, [1 / 3] * 300, [0] * 300))
    assert len(thirds) == 25
    assert len({piece.note for bar in thirds for piece in bar.pieces}) == 300
    tiny = bars(Melody([60] * 3, [1e-9] * 3, [0] * 3))
    assert lengths(tiny[0])[:3] == [1 / 32] * 3


def test_beams_join_the_notes_of_a_beat():
    (bar,) = bars(Melody([60] * 7, [0.5, 0.5, 0.25, 0.75, 0.5, 0.5, 1], [0] * 7))
    assert beam_groups(bar, time_signature(None)) == [[0, 1], [2, 3], [4, 5]]
    pickup, *_ = bars(Melody([60] * 4, [0.5] * 4, [0] * 4, Metre(4.0, 2.5)))
    assert beam_groups(pickup, time_signature(None)) == [[1, 2]]


def test_time_signatures():
    assert time_signature(Metre(3.0, beat_type=8))[:2] == (6, 8)
    assert time_signature(Metre(3.5))[:2] == (7, 8)
    assert time_signature(Metre(4.5, beat_type=8)).beat == 1.5
    assert time_signature(None)[:2] == time_signature(Metre(0.0))[:2] == (4, 4)
    with pytest.raises(ValueError, match="0.3"):
        time_signature(Metre(0.3))


def test_no_notes_no_bars():
    assert bars(Melody([], [], [])) == []
