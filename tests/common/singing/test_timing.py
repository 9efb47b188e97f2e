"""The plan of a song: vowels on the beat, consonants before, melismas, rests."""

import numpy as np
import pytest

from common.singing import SINGERS, SingingError, plan_song
from common.singing.frames import SILENT, lay_out
from common.singing.lyrics import speak_lyrics
from common.singing.phonemes import Manner, manner
from common.singing.timing import CONSONANT_SHARE, TimedPhoneme
from common.singing.world import FRAME
from common.synthesis import Note

SINGER = SINGERS["train"][4]  # en-us


def melody(*lengths, start=1.0, gap=0.0):
    notes, time = [], start
    for i, length in enumerate(lengths):
        notes.append(Note(60 + i % 5, time, length - gap))
        time += length
    return notes


def vowels(plan):
    return [phoneme for phoneme in plan.phonemes if manner(phoneme.ipa) is Manner.VOWEL]


def test_each_vowel_begins_with_its_note_and_the_consonants_lie_before():
    notes = melody(0.5, 0.5, 0.5, 1.0)
    plan = plan_song("shine a light so", notes, SINGER)
    assert [phoneme.start for phoneme in vowels(plan)] == pytest.approx([note.start for note in notes])
    for before, after in zip(plan.phonemes, plan.phonemes[1:], strict=False):
        assert before.end == pytest.approx(after.start)  # legato: no gap, no overlap
    assert plan.phonemes[0].start < notes[0].start
    assert plan.phonemes[-1].end == pytest.approx(notes[-1].end)


def test_a_vowel_keeps_its_share_of_a_short_note():
    notes = melody(0.1, 0.1, 0.1)
    plan = plan_song("strengths straight strengths", notes, SINGER)
    for vowel in vowels(plan):
        assert vowel.end - vowel.start >= (1 - CONSONANT_SHARE) * 0.1 - 1e-9


def test_syllables_say_which_word_is_sung_when():
    notes = melody(0.5, 0.5, 0.5, 0.5)
    plan = plan_song("a summer\nsea", notes, SINGER)
    assert [(s.text, s.line, s.word) for s in plan.syllables] == [
        ("a", 0, 0),
        ("summer", 0, 1),
        ("summer", 0, 1),
        ("sea", 1, 0),
    ]
    assert [(s.start, s.end) for s in plan.syllables] == [(note.start, note.end) for note in notes]


def test_an_underscore_holds_a_syllable():
    plan = plan_song("glo _ _ ry oh", melody(*[0.5] * 5), SINGER)
    assert [(s.first_note, s.last_note) for s in plan.syllables] == [(0, 2), (3, 3), (4, 4)]
    assert len(vowels(plan)) == 3


def test_notes_left_over_prolong_the_last_vowel_and_syllables_left_over_are_not_sung():
    assert plan_song("so low", melody(*[0.5] * 4), SINGER).syllables[-1].last_note == 3
    short = plan_song("so low to day", melody(0.5, 0.5), SINGER)
    assert [syllable.text for syllable in short.syllables] == ["so", "low"]


def test_rests_are_silent_and_a_held_vowel_goes_on_after_them():
    notes = [Note(60, 1.0, 0.5), Note(60, 2.0, 0.5)]
    plan = plan_song("la _", notes, SINGER)
    assert [(v.start, v.end) for v in vowels(plan)] == [(1.0, 1.5), (2.0, 2.5)]


def test_small_gaps_are_sung_through():
    plan = plan_song("la la", melody(0.5, 0.5, gap=0.05), SINGER)
    assert plan.phonemes[1].end == pytest.approx(plan.phonemes[2].start)


def test_consonants_before_second_zero_are_left_out():
    plan = plan_song("so", [Note(60, 0.0, 0.5)], SINGER)
    assert [manner(phoneme.ipa) for phoneme in plan.phonemes] == [Manner.VOWEL]


def test_a_line_that_comes_again_is_spoken_once():
    texts, tape = speak_lyrics("la lo\nso\nla lo", "en-us", notes=5)
    assert texts[0].syllable == texts[3].syllable
    assert len(tape.recordings) == 2
    _, only = speak_lyrics("la lo\nso\nla lo", "en-us", notes=2)
    assert len(only.recordings) == 1  # what is not sung is not spoken


@pytest.mark.parametrize("lyrics", ["", " \n ", "_ _"])
def test_empty_lyrics_are_refused(lyrics):
    with pytest.raises(SingingError, match="lyrics are empty"):
        plan_song(lyrics, melody(0.5), SINGER)


def test_lyrics_without_a_vowel_are_refused():
    with pytest.raises(SingingError, match="no vowel to sing"):
        plan_song("...", melody(0.5), SINGER)


def test_a_long_vowel_begins_and_ends_as_spoken():
    plan = plan_song("I", [Note(60, 1.0, 2.0)], SINGER)
    frames = lay_out(plan, round(3.5 / FRAME))
    assert (frames.kind[: round(1.0 / FRAME)] == SILENT).all()
    pace = np.diff(frames.source[round(1.0 / FRAME) : round(3.0 / FRAME)])
    assert pace[:3] == pytest.approx(1.0) and pace[-10:] == pytest.approx(1.0)
    assert pace.min() >= 0 and np.median(pace) < 0.1
    assert frames.stretches() == [(round(1.0 / FRAME), round(3.0 / FRAME))]


def test_a_diphthong_glides_for_as_long_as_it_is_asked_to():
    """Of "I" the way to the second vowel is the last part of the note, and a short note is not all way."""

    def gliding(length: float, offglide: float) -> float:
        plan = plan_song("I", [Note(60, 1.0, length)], SINGER)
        frames = lay_out(plan, round(4.0 / FRAME), offglide=offglide)
        first, last = plan.phonemes[0].source_start / FRAME, plan.phonemes[0].source_end / FRAME
        leaves = first + 0.4 * (last - first)  # on the tape, 60 % from its end
        return FRAME * np.sum(frames.source > leaves + 0.5)

    spoken = gliding(2.0, 0.0)
    assert 0.05 < spoken < 0.35
    assert gliding(2.0, 0.5) == pytest.approx(0.5, abs=3 * FRAME)
    assert gliding(2.0, 0.01) == spoken
    assert gliding(0.6, 0.5) == pytest.approx(0.36, abs=3 * FRAME)


def test_only_diphthongs_glide():
    plan = plan_song("ah", [Note(60, 1.0, 2.0)], SINGER)
    plain, asked = (lay_out(plan, round(4.0 / FRAME), offglide=glide) for glide in (0.0, 0.3))
    assert np.array_equal(plain.source, asked.source)


def test_the_phoneme_decides_what_is_voiced():
    plan = plan_song("see", [Note(60, 1.0, 0.5)], SINGER)
    frames = lay_out(plan, round(2.0 / FRAME))
    s: TimedPhoneme = plan.phonemes[0]
    assert not frames.voiced[round(s.start / FRAME) : round(s.end / FRAME)].any()
    assert frames.voiced[round(1.0 / FRAME) : round(1.5 / FRAME)].all()
