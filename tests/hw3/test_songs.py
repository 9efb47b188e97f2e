"""Tests of songs.py: columns of one length, excerpts, onsets and bars."""

from __future__ import annotations

import numpy as np
import pytest

from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song

LYRICS = Lyrics(("Twin", "kle", "lit", "tle", "star"), words=(0, 0, 1, 1, 2), lines=(0, 0, 0, 1, 1))
MELODY = Melody([60, 60, 67, 67, 69], [1, 1, 0.5, 1.5, 2], [1, 0, 0, 0, 0.5], Metre(3.0, position=2.0))


def test_onsets_follow_from_rests_and_durations():
    assert MELODY.onset.tolist() == [1, 2, 3, 3.5, 5.5]
    assert MELODY.length == 7.5


def test_an_excerpt_counts_words_and_lines_anew_and_keeps_its_place_in_the_bar():
    song = Song("twinkle", LYRICS, MELODY).excerpt(range(2, 5))
    assert song.lyrics.syllables == ("lit", "tle", "star")
    assert (song.lyrics.words, song.lyrics.lines) == ((0, 0, 1), (0, 1, 1))
    assert song.melody.pitch.tolist() == [67, 67, 69]
    assert song.melody.metre == Metre(3.0, position=2.0)  # 2 + three beats that were left out


def test_an_excerpt_with_gaps_has_no_bars():
    assert MELODY.excerpt([0, 2]).metre is None


def test_scaling_counts_in_other_beats():
    scaled = MELODY.scaled(0.5)
    assert scaled.duration.tolist() == [0.5, 0.5, 0.25, 0.75, 1]
    assert scaled.metre == Metre(1.5, position=1.0)


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        (([60, 128], [1, 1], [0, 0]), "pitch must be 0..127, got 60..128"),
        (([-1], [1], [0]), "pitch must be"),
        (([60], [0], [0]), "duration must be > 0"),
        (([60], [np.nan], [0]), "duration must be > 0"),
        (([60], [1], [-1]), "rest must be >= 0"),
        (([60], [1], [np.inf]), "rest must be >= 0"),
        (([60], [1, 1], [0]), "1 pitches, 2 durations, 1 rests"),
    ],
)
def test_what_is_no_melody_is_refused(columns, reason):
    with pytest.raises(ValueError, match=reason):
        Melody(*columns)


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="2 syllables, but 1 entries in words"):
        Lyrics(("a", "lone"), words=(0,), lines=(0, 0))
    with pytest.raises(ValueError, match="5 syllables for 4 notes"):
        Song("twinkle", LYRICS, MELODY.excerpt(range(4)))
