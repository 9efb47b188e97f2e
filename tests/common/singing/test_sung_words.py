"""Words keep to their notes, whatever espeak-ng makes of them; a melisma is one voice through its notes."""

import numpy as np
import pytest
import pyworld

from common.singing import SINGERS, SingingError
from common.singing.sung_words import SungWord, divided, note_counts, phrases, sing_words, spelling
from common.singing.timing import plan_timing
from common.synthesis import Note

RATE = 16000
SINGER = SINGERS["train"][4]


def melody(*pitches, start=0.5, length=0.5):
    return [Note(pitch, start + length * place, length) for place, pitch in enumerate(pitches)]


def words(*texts, lines=None):
    """Words from syllables: words("glo- _ ri- a", "oh")."""
    found, first = [], 0
    for number, text in enumerate(texts):
        counts = []
        for token in text.split():
            if token == "_":
                counts[-1] += 1
            else:
                counts.append(1)
        spelled = "".join(token.strip("-") for token in text.split() if token != "_")
        line = lines[number] if lines else 0
        found.append(SungWord(spelled, range(first, first + sum(counts)), line, tuple(counts)))
        first += sum(counts)
    return found


def taken(own, notes=None, voice="en-us"):
    """(word, notes) of each spoken syllable."""
    count = own[-1].notes.stop
    (phrase,) = phrases(own, notes or melody(*[60] * count), voice)
    return [(text.text, text.notes) for text in phrase.texts]


def test_as_many_notes_as_are_written():
    own = words("glo- _ _ ri- a", "for- _ e- ver")
    expected = [("gloria", 3), ("gloria", 1), ("gloria", 1), ("forever", 2), ("forever", 1), ("forever", 1)]
    assert taken(own) == expected


@pytest.mark.parametrize(
    ("syllables", "written", "notes", "counts"),
    [
        (2, (1, 2), 3, [1, 2]),
        (1, (1, 1), 2, [2]),  # "fi-re"
        (2, (1, 1, 1), 3, [1, 2]),  # "ev-er-y"
        (2, (3,), 3, [2, 1]),
        (3, (1,), 3, [1, 1, 1]),  # its note was divided
        (3, (1,), 2, [1, 1]),  # its note was too short to divide
    ],
)
def test_where_spoken_and_written_syllables_differ(syllables, written, notes, counts):
    assert note_counts(syllables, written, notes) == counts


def test_notes_are_divided_and_stay_where_they_are():
    pieces = divided([Note(60, 1.0, 0.2), Note(62, 1.2, 0.8)], 4)
    assert [(piece.pitch, round(piece.start, 3)) for piece in pieces] == [
        (60, 1.0),
        (62, 1.2),
        (62, 1.4),
        (62, 1.6),
    ]
    assert len(divided([Note(60, 0, 0.1)], 3)) == 1


def test_a_word_with_more_vowels_than_notes_stays_on_them():
    (phrase,) = phrases(words("beautiful", "sea"), melody(60, 62), "en-us")
    plan = plan_timing(phrase.texts, phrase.notes)
    assert [s.text for s in plan.syllables] == ["beautiful"] * 3 + ["sea"]
    assert plan.syllables[-1].start == 1.0


def test_a_mute_e_is_sung_where_it_has_a_note():
    assert taken(words("bel- le", "nuit"), voice="fr-fr") == [("belle", 1), ("belle", 1), ("nuit", 1)]
    assert taken(words("belle", "nuit"), voice="fr-fr") == [("belle", 1), ("nuit", 1)]


def test_humming_is_held_on_its_m():
    (phrase,) = phrases(words("Mmm,", "hm"), melody(50, 52), "en-us")
    assert [text.syllable.nucleus.ipa for text in phrase.texts] == ["m\u0329"] * 2
    assert not any(text.syllable.onset or text.syllable.coda for text in phrase.texts)
    sound = phrase.sing(SINGER, rng=np.random.default_rng(0), sample_rate=RATE)
    assert np.sqrt(np.mean(sound[round(0.6 * RATE) : round(1.4 * RATE)] ** 2)) > 0.01


def test_signs_and_capitals_are_not_spelled():
    assert [spelling(text) for text in ("“Oh,", "LORD!", "don’t*", "I", "/")] == [
        "Oh",
        "lord",
        "don’t",
        "I",
        "",
    ]
    assert spelling("गाता") == "गाता"  # its vowels are marks


def test_phrases_end_with_lines_and_at_rests_and_leave_time_to_breathe():
    notes = [Note(60, 0.0, 0.5), Note(60, 0.5, 0.5), Note(60, 1.0, 0.5), Note(60, 2.5, 0.5)]
    found = phrases(words("so", "far", "so", "long", lines=(0, 1, 1, 1)), notes, "en-us")
    assert [len(phrase.notes) for phrase in found] == [1, 2, 1]
    assert found[0].notes[0].duration == pytest.approx(0.38)
    assert found[1].notes[-1].duration == pytest.approx(0.5)
    assert [phrase.start for phrase in found] == pytest.approx([0.0, 0.2, 1.5])


def test_a_word_without_a_vowel_joins_its_neighbour():
    assert taken(words("w", "lesie"), voice="pl") == [("w", 1), ("w", 1)]


@pytest.mark.parametrize(
    ("text", "voice", "message"),
    [
        ("...", "en-us", "no vowel to sing"),
        ("привет", "en-us", "cannot read веипрт; choose the language ru"),
        ("你好", "de+f2", "'de' cannot read 你好; choose the language cmn"),
        ("漢字", "ja", "cannot read 字漢"),
        ("ⴰⵣⵓⵍ", "en", "write it in Latin letters"),
    ],
)
def test_what_cannot_be_spoken_is_refused(text, voice, message):
    with pytest.raises(SingingError, match=message):
        phrases(words(text), melody(60), voice)


def test_a_melisma_glides_through_its_notes_without_a_new_attack():
    pitches = (50, 57, 53, 55)
    notes = melody(*pitches, length=0.4)
    rng = np.random.default_rng(0)
    ((start, sound),) = sing_words(words("ah _ _ _"), notes, SINGER, rng=rng, sample_rate=RATE)
    f0, times = pyworld.harvest(sound.astype(float), RATE, f0_floor=70, f0_ceil=500, frame_period=5)
    times = times + start
    inside = (times > notes[0].start + 0.05) & (times < notes[-1].end - 0.1)
    assert (f0[inside] > 0).all()
    semitones = 69 + 12 * np.log2(np.maximum(f0, 1) / 440)
    for note in notes:
        steady = (times > note.start + 0.1) & (times < note.end - 0.1)
        assert np.abs(semitones[steady] - note.pitch).max() < 0.5
    assert np.abs(np.diff(semitones[inside])).max() < 1.0  # 7 semitones, in 5-ms steps
    power = np.convolve(sound**2, np.ones(480) / 480, "same")[:: RATE // 200]
    level = 10 * np.log10(power + 1e-12)
    level = level[: len(times)][inside[: len(level)]]
    assert level.max() - level.min() < 8


def test_notes_of_nobody_are_not_sung():
    own = [SungWord("so", range(1, 2), 0, (1,))]
    ((start, sound),) = sing_words(
        own, melody(50, 52, 53), SINGER, rng=np.random.default_rng(0), sample_rate=RATE
    )
    assert start == 0.0  # there is time to breathe
    assert np.abs(sound[round((1.6 - start) * RATE) :]).max() < 1e-3
