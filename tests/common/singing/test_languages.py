"""Twelve languages and a few more: as many syllables as people sing, and no sound without a kind."""

import pytest

from common.singing.espeak import SpokenPhoneme, speak
from common.singing.lyrics import Tape
from common.singing.phonemes import Manner, is_rising, is_voiced, manner
from common.singing.pronunciation import sung_names
from common.singing.sung_words import spoken_by_word
from common.singing.syllables import syllabify

SYLLABLES = {  # text, and how many syllables each word has
    "en-us": ("the little button was broken forever", (1, 2, 2, 1, 2, 3)),
    "de": ("zwei hübsche Pferde ziehen Köchin Nacht", (1, 2, 2, 2, 2, 1)),
    "fr-fr": ("un bon vin blanc la nuit oiseaux fruit enfant", (1, 1, 1, 1, 1, 1, 2, 1, 2)),
    "it": ("che bella notte gnocchi pizza famiglia", (1, 2, 2, 2, 2, 3)),
    "es": ("canción corazón perro calle niño", (2, 3, 2, 2, 2)),
    "la": ("gloria in excelsis Deo gratia plena", (3, 1, 3, 2, 3, 2)),
    "nl": ("kleine meisjes zingen goed huis deur", (2, 2, 2, 1, 1, 1)),
    "pl": ("gwiazda szczęście dźwięk pasterze", (2, 2, 1, 3)),
    "pt-br": ("coração mãe não minha canção", (3, 1, 1, 2, 2)),
    "cs": ("prst příliš žluťoučký kůň", (1, 2, 3, 1)),
    "sv": ("sju sköna sjuksköterskor barn", (1, 2, 4, 1)),
    "da": ("rødgrød fløde hund lille", (2, 2, 1, 2)),
    "fi": ("pieni lintu laulaa kaunis päivä", (2, 2, 2, 2, 2)),
    "hu": ("szép virág gyönyörű csak", (1, 2, 3, 1)),
    "ru": ("берёза стояла жизнь объект", (3, 3, 1, 2)),
    "hr": ("srce krv prst ljubav", (2, 1, 1, 2)),
    "el": ("θάλασσα ουρανό ψυχή", (3, 3, 2)),
    "cmn": ("小星星 亮晶晶", (3, 3)),
    "ja": ("さくら そら", (3, 2)),
    "ko": ("병아리", (3,)),
    "hi": ("मेरा दिल गाता", (2, 1, 2)),
}


@pytest.mark.parametrize("language", SYLLABLES)
def test_words_have_the_syllables_that_are_sung(language):
    text, counts = SYLLABLES[language]
    tape = Tape()
    spoken = spoken_by_word(text.split(), tape, language)
    assert all(manner(phoneme.ipa) is not None for phoneme in tape.phonemes)
    assert tuple(len(syllables) for syllables in spoken) == counts


@pytest.mark.parametrize(
    ("ipa", "kind"),
    [
        ("ˈja", Manner.VOWEL),  # Russian, one phoneme
        ("ˈʔœ", Manner.VOWEL),  # Danish, with a stød
        ("ˈɐ̃ʊ", Manner.VOWEL),  # nasal, Portuguese
        ("r̩", Manner.VOWEL),  # Czech "prst"
        ("ɥ", Manner.SONORANT),
        ("ʲ", Manner.SONORANT),  # a sound of its own in Polish
        ("ʎ", Manner.SONORANT),
        ("ʁ", Manner.VOICED_FRICATIVE),
        ("r̝", Manner.VOICED_FRICATIVE),  # Czech ř
        ("r̝̊", Manner.FRICATIVE),
        ("l#", Manner.FRICATIVE),  # Icelandic, voiceless
        ("ʰ", Manner.FRICATIVE),
        ("ɧ", Manner.FRICATIVE),
        ("tɕ", Manner.STOP),
        ("pf", Manner.STOP),
        ("dʑ", Manner.VOICED_STOP),
        ("ɖʰ", Manner.VOICED_STOP),  # retroflex, breathy
        ("ɟ", Manner.VOICED_STOP),
    ],
)
def test_kinds_of_sounds_that_english_lacks(ipa, kind):
    assert manner(ipa) is kind
    assert is_voiced(ipa) == (kind not in (Manner.STOP, Manner.FRICATIVE))


def test_the_vowel_that_is_held():
    assert [is_rising(ipa) for ipa in ("ˈiɑ", "ɔa", "aɪ", "ie", "iə", "ja")] == [True, True] + [False] * 4


def test_glides_are_told_from_vowels_by_language():
    def names(*ipa, language):
        phonemes = [SpokenPhoneme(name, 0, 0.1, 0) for name in ipa]
        return [phoneme.ipa for phoneme in sung_names(phonemes, language)]

    assert names("n", "y", "ˈi", language="fr-fr") == ["n", "ɥ", "ˈi"]
    assert names("n", "y", language="fr-fr") == ["n", "y"]
    assert names("m", "ˈɐ̃", "y", language="pt-br") == ["m", "ˈɐ̃", "j"]
    assert names("s", "r", "ts", "ˈɛ", language="hr") == ["s", "r\u0329", "ts", "ˈɛ"]
    assert names("k", "r", "f", "ˈi", language="pl") == ["k", "r", "f", "ˈi"]


def test_numbers_are_spoken():
    assert len(syllabify(speak("10 Sterne", "de").phonemes)) == 3
