"""Which spoken syllable sings which note, in four languages; lines, breaths and singers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from common.cli import UserError
from common.singing import SINGERS
from common.synthesis import Note
from hw3_melody_generation.performance import melody_notes, perform
from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song
from hw3_melody_generation.sung_melody import (
    BREATH,
    MOST_SYLLABLES,
    breathing,
    cut,
    in_language_of,
    reachable,
    suited_singer,
    sung_line,
)


def lyrics_of(text: str, language: str = "en") -> Lyrics:
    """Syllables of a word are joined by hyphens, lines by line breaks."""
    rows = [
        (syllable, (number, place), number)
        for number, line in enumerate(text.splitlines())
        for place, word in enumerate(line.split())
        for syllable in word.split("-")
    ]
    syllables, words, lines = zip(*rows, strict=True)
    order = {word: number for number, word in enumerate(dict.fromkeys(words))}
    return Lyrics(syllables, tuple(order[word] for word in words), lines, language=language)


def song_of(text: str, pitches=None, durations=None, *, language: str = "en", rests=None) -> Song:
    lyrics = lyrics_of(text, language)
    count = len(lyrics)
    melody = Melody(
        pitches or [60 + i % 5 for i in range(count)], durations or [1] * count, rests or [0] * count
    )
    return Song("test", lyrics, replace(melody, metre=Metre(4.0)))


def spoken(text: str, *, language: str = "en", durations=None, tempo: float = 60.0):
    """[(phonemes of the spoken syllable, its number of notes)], and the notes."""
    song = song_of(text, durations=durations, language=language)
    voice = in_language_of(song.lyrics, SINGERS["train"][0]).voice
    line = sung_line(song.lyrics, melody_notes(song, tempo), voice)
    names = [
        "".join(p.ipa for p in (*t.syllable.onset, t.syllable.nucleus, *t.syllable.coda)) for t in line.texts
    ]
    return list(zip(names, [text.notes for text in line.texts], strict=True)), line.notes


def test_as_many_syllables_as_notes_have_one_each():
    sung, notes = spoken("Twin-kle twin-kle lit-tle star")
    assert len(sung) == len(notes) == 7 and all(count == 1 for _, count in sung)


def test_notes_to_spare_are_sung_on_the_stressed_vowel():
    sung, _ = spoken("the fi-re ev-er-y day")  # spoken: the fire ev-ry day
    assert [count for _, count in sung] == [1, 2, 2, 1, 1]


def test_syllables_to_spare_share_the_longest_note_of_their_word():
    sung, notes = spoken("a flower grows", durations=[1, 2, 1])
    assert len(sung) == 4 and [note.duration for note in notes] == pytest.approx([1, 1, 1, 1])
    assert notes[1].pitch == notes[2].pitch and notes[1].end == pytest.approx(notes[2].start)


def test_too_fast_syllables_are_left_out():
    sung, notes = spoken("a flower grows", durations=[1, 0.1, 1])
    assert len(sung) == len(notes) == 3


def test_a_mistake_stays_within_its_word():
    sung, _ = spoken("the fi-re and the flower of heav-en")
    assert [name for name, _ in sung][-2].startswith("h")  # "heaven" begins on its own note
    assert sum(count for _, count in sung) == 10  # of nine notes one is divided


@pytest.mark.parametrize("text", ["mm", "...", "月", "-"])
def test_what_cannot_be_spoken_has_a_syllable_all_the_same(text):
    lyrics = Lyrics((text, "day"), (0, 1), (0, 0), language="en")
    notes = [Note(60, 0.0, 1.0), Note(62, 1.0, 1.0)]
    assert sum(t.notes for t in sung_line(lyrics, notes, "en-us").texts) >= 2
    lyrics = Lyrics((text,), (0,), (0,), language="en")
    line = sung_line(lyrics, notes[:1], "en-us+f2")
    assert sum(t.notes for t in line.texts) == len(line.notes) >= 1


@pytest.mark.parametrize(
    ("text", "language", "count"),
    [
        ("Es ist ein Ros ent-sprun-gen aus ei-ner Wur-zel zart", "de", 13),
        ("床 前 明 月 光", "zh", 5),
        ("さ-く-ら や-よ-い-の", "ja", 7),
    ],
)
def test_other_languages_have_a_syllable_per_note(text, language, count):
    sung, _ = spoken(text, language=language)
    assert [notes for _, notes in sung] == [1] * count


def test_japanese_geminates_and_long_vowels_hold_the_syllable_before():
    sung, _ = spoken("が-っ-こ-う", language="ja")
    assert [count for _, count in sung] == [2, 1, 1]


@pytest.mark.parametrize(
    ("text", "language", "message"),
    [("桜", "ja", "write the lyrics in kana"), ("la", "xx", "no voice sings")],
)
def test_what_nobody_can_sing_is_said(text, language, message):
    with pytest.raises(UserError, match=message):
        perform(song_of(text, language=language), [], tempo=90, sing=True, sample_rate=16_000)


# ---- lines, breaths, singers


def test_lines_are_cut_at_line_ends_long_rests_and_when_they_are_long():
    song = song_of("a b\nc d", rests=[0, 0, 0, 3])
    assert list(cut(song.lyrics, melody_notes(song, 60))) == [range(2), range(2, 3), range(3, 4)]
    long = song_of(" ".join(["la"] * 200))
    assert max(len(places) for places in cut(long.lyrics, melody_notes(long, 60))) == MOST_SYLLABLES
    endless_word = song_of("-".join(["la"] * 200))
    pieces = list(cut(endless_word.lyrics, melody_notes(endless_word, 60)))
    assert max(map(len, pieces)) == 2 * MOST_SYLLABLES and sum(map(len, pieces)) == 200


def test_a_singer_breathes_between_lines():
    song = song_of("a b\nc d")
    notes = melody_notes(song, 60)
    assert breathing(notes, range(2))[-1].duration == pytest.approx(1 - BREATH)
    assert breathing(notes, range(2, 4))[-1].duration == pytest.approx(1)


def test_pitches_beyond_any_voice_are_moved_by_octaves():
    assert [reachable(pitch) for pitch in (20, 35, 60, 97, 127)] == [44, 47, 60, 85, 91]


def test_the_singer_suits_the_melody():
    assert suited_singer([45, 50, 57], [1, 1, 1]).highest < 68
    assert suited_singer([65, 70, 77], [1, 1, 1]).lowest > 54
