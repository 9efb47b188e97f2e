"""Where espeak-ng's names of phonemes hide what is sung, by language.

The names are right for who reads them, but a singer has to know which sounds are syllables: French "nuit" is
one, although its y is written like that of "nu"; Croatian "krv" is one, though no vowel is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from common.singing.espeak import SpokenPhoneme
from common.singing.phonemes import Manner, letters, manner

NASAL = "\u0303"  # the tilde over a nasal vowel
SYLLABIC = "\u0329"
SYLLABIC_R = ("hr", "hbs", "bs", "sr")


def sung_names(phonemes: Sequence[SpokenPhoneme], language: str) -> list[SpokenPhoneme]:
    """The phonemes with names that tell glides from vowels; `language` is espeak-ng's code."""
    spoken = base_code(language)
    named = []
    for place, phoneme in enumerate(phonemes):
        before, after = (_neighbour(phonemes, place, step) for step in (-1, 1))
        name = phoneme.ipa
        if spoken == "fr" and letters(name) == "y" and letters(after) == "i":
            name = "ɥ"  # nuit, lui, fruit
        elif spoken == "pt" and letters(name) == "y" and NASAL in before:
            name = "j"  # mãe
        elif spoken in SYLLABIC_R and letters(name) == "r" and not (_is_vowel(before) or _is_vowel(after)):
            name += SYLLABIC  # prst, srce
        named.append(replace(phoneme, ipa=name))
    return named


def base_code(language: str) -> str:
    """The language without its country or accent: "pt-br" is "pt"."""
    return language.partition("-")[0].lower()


def _neighbour(phonemes: Sequence[SpokenPhoneme], place: int, step: int) -> str:
    """The name of the phoneme beside `place` in the same word, "" at its ends."""
    other = place + step
    inside = 0 <= other < len(phonemes) and phonemes[other].word == phonemes[place].word
    return phonemes[other].ipa if inside else ""


def _is_vowel(ipa: str) -> bool:
    return manner(ipa) is Manner.VOWEL
