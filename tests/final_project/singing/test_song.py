"""A song: a syllable for each note, words that know their notes, and parts that move together."""

import pytest

from common.singing import SungWord
from common.synthesis import Note
from final_project.singing.song import Song, SongPart, one_voice


def notes(count, start=0.0):
    return tuple(Note(60 + place, start + 0.5 * place, 0.5) for place in range(count))


def test_words_are_joined_and_know_their_notes():
    part = SongPart("melody", notes(7), ("", "Glo-", "", "ri-", "a", "oh", ""), (0, 0, 0, 0, 0, 1, 1))
    assert part.words == [
        SungWord("Gloria", range(1, 5), 0, (2, 1, 1)),
        SungWord("oh", range(5, 7), 1, (2,)),
    ]
    assert part.lyrics == "Gloria\noh"


def test_a_word_that_is_never_ended_is_one():
    assert SongPart("melody", notes(2), ("glo-", "")).words == [SungWord("glo", range(0, 2), 0, (2,))]
    assert SongPart("melody", notes(2), ("", "")).words == []


def test_the_first_part_is_the_melody():
    low = SongPart("bass", notes(1), ("la",)).transposed(-12).later(4.0)
    song = Song("Star", (SongPart("soprano", notes(2), ("la", "la")), low))
    assert song.notes == song.melody.notes and song.syllables == ("la", "la") and song.lyrics == "la la"
    assert song.end == pytest.approx(4.5)
    moved = song.transposed(2).later(1.0)
    assert moved.melody.pitches == [62, 63] and moved.parts[1].pitches == [50]
    assert moved.notes[0].start == 1.0 and moved.end == pytest.approx(5.5)


def test_one_voice():
    song = one_voice("Star", notes(2), ["Twin-", "kle"], language="de", tempo=60)
    assert (song.lyrics, song.language, song.tempo, song.melody.lines) == ("Twinkle", "de", 60, (0, 0))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ((notes(2), ("la",)), "2 notes, but 1 syllables"),
        ((notes(2), ("la", "la"), (0,)), "2 notes, but 1 lines"),
        ((notes(2)[::-1], ("la", "la")), "begins before"),
        ((notes(2), ("la", "la"), (1, 0)), "not go back"),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns, message):
    with pytest.raises(ValueError, match=message):
        SongPart("melody", *columns)


def test_songs_without_parts_or_tempo_are_refused():
    with pytest.raises(ValueError, match="at least one part"):
        Song("Star", ())
    with pytest.raises(ValueError, match="tempo must be above 0"):
        one_voice("Star", notes(1), ["la"], tempo=0)
