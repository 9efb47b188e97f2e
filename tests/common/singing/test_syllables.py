"""Phonemes are sorted by the chart of the IPA, and gathered into syllables."""

import pytest

from common.singing.espeak import SpokenPhoneme, speak
from common.singing.phonemes import Manner, is_diphthong, is_voiced, manner
from common.singing.syllables import syllabify


@pytest.mark.parametrize(
    ("ipa", "kind"),
    [
        ("ˈaɪ", Manner.VOWEL),
        ("ɔ̃", Manner.VOWEL),
        ("äː", Manner.VOWEL),
        ("n̩", Manner.VOWEL),  # the nucleus of "button"
        ("n", Manner.SONORANT),
        ("z", Manner.VOICED_FRICATIVE),
        ("ç", Manner.FRICATIVE),
        ("dʒ", Manner.VOICED_STOP),
        ("tʃ", Manner.STOP),
        ("(en)", None),
        ("ˈ", None),
    ],
)
def test_a_phoneme_is_what_its_first_letter_is(ipa, kind):
    assert manner(ipa) is kind


def test_voiced_and_diphthong():
    assert [is_voiced(ipa) for ipa in ("aɪ", "m", "z", "b", "s", "t", "h")] == [True] * 4 + [False] * 3
    assert is_diphthong("aɪ") and is_diphthong("ɔːɹ") and not is_diphthong("iː") and not is_diphthong("tʃ")


def spell(*words):
    """Syllables of words given as lists of phonemes, as "onset.nucleus.coda"."""
    phonemes = [SpokenPhoneme(ipa, 0, 0.1, i) for i, word in enumerate(words) for ipa in word.split()]
    return [
        ".".join(["".join(p.ipa for p in s.onset), s.nucleus.ipa, "".join(p.ipa for p in s.coda)])
        for s in syllabify(phonemes)
    ]


def test_consonants_within_a_word_go_to_the_later_syllable_if_they_can_begin_one():
    assert spell("b ɪ f ɔː") == [".".join(("b", "ɪ", "")), "f.ɔː."]
    assert spell("ʌ n d ə") == [".ʌ.n", "d.ə."]
    assert spell("ə s t ɹ eɪ") == [".ə.", "stɹ.eɪ."]
    assert spell("æ p l iː") == [".æ.", "pl.iː."]


def test_consonants_stay_with_their_word():
    assert spell("l aɪ t", "ɑː n") == ["l.aɪ.t", ".ɑː.n"]


def test_a_word_without_a_vowel_joins_a_neighbour():
    assert spell("v", "n o") == ["vn.o."]
    assert spell("d o", "ʒ") == ["d.o.ʒ"]
    assert spell("ʃ", "s") == []


def test_the_syllables_of_real_words():
    text = "beautiful summer strengths"
    assert len(syllabify(speak(text, "en-us").phonemes)) == 3 + 2 + 1
