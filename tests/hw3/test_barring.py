"""Bar lines where the data know none."""

from __future__ import annotations

import numpy as np
import pytest

from hw3_melody_generation.barring import strength, with_bars, without_first_rest
from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song


def song_of(duration, *, stress=(), rest=0.0, metre=None) -> Song:
    count = len(duration)
    lyrics = Lyrics(("la",) * count, tuple(range(count)), (0,) * count, stress=tuple(stress))
    return Song("song", lyrics, Melody([60] * count, duration, np.broadcast_to(rest, count), metre))


def test_long_notes_come_to_stand_on_downbeats():
    waltz = song_of([1, 2, 1, 2, 1, 2, 1, 2])  # short, long: an upbeat of one
    assert with_bars(waltz, Metre(3.0)).melody.metre == Metre(3.0, position=2.0)
    straight = song_of([2, 1, 1] * 4)
    assert with_bars(straight).melody.metre == Metre(4.0, position=0.0)


def test_stressed_syllables_come_to_stand_on_downbeats():
    iambs = song_of([1] * 8, stress=[0, 1] * 4)
    assert with_bars(iambs, Metre(2.0)).melody.metre.position == 1.0
    trochees = song_of([1] * 8, stress=[1, 0] * 4)
    assert with_bars(trochees, Metre(2.0)).melody.metre.position == 0.0


def test_bars_that_are_known_are_kept():
    song = song_of([1, 2, 1], metre=Metre(3.0, position=1.0))
    assert with_bars(song, Metre(4.0)) is song


@pytest.mark.parametrize(
    ("metre", "expected"),
    [
        (Metre(4.0), [1, 0, 0.25, 0, 0.5, 0, 0.25, 0]),
        (Metre(3.0), [1, 0, 0.25, 0, 0.25, 0]),
        (Metre(3.0, beat_type=8), [1, 0, 0, 0.5, 0, 0]),
        (Metre(2.0), [1, 0, 0.5, 0]),
    ],
)
def test_how_strong_the_places_of_a_bar_are(metre, expected):
    places = np.arange(0, metre.beats_per_bar, 0.5)
    np.testing.assert_array_equal(strength(places, metre), expected)
    np.testing.assert_array_equal(strength(places + metre.beats_per_bar, metre), expected)


def test_a_song_begins_with_its_first_note():
    song = song_of([1, 1], rest=[5.0, 1.0], metre=Metre(4.0, position=3.0))
    begun = without_first_rest(song.melody)
    assert begun.rest.tolist() == [0, 1] and begun.onset.tolist() == [0, 2]
    assert begun.metre == Metre(4.0, position=0.0)  # 3 + 5 beats: the third bar line
    assert without_first_rest(song_of([1], rest=2.0).melody).metre is None
