"""What kind of sound a phoneme is, from its name in the International Phonetic Alphabet.

The chart of the IPA (2020 revision) sorts all letters; a phoneme is what its first letter is: "tʃ" begins
as a stop, "aɪ" is a vowel. A consonant with the mark of a syllable below it ("n̩") is the nucleus of one.
"""

from __future__ import annotations

import unicodedata
from enum import Enum

VOWELS = "iyɨʉɯuɪʏʊeøɘɵɤoəɛœɜɞʌɔæɐaɶɑɒɚɝᵻᵿεA"  # the last two: espeak-ng's ɛ in Danish, ɑ in Irish
SONORANTS = "mɱnɳɲŋɴlɭʎʟɫɺɹɻɾɽrʀʙjwɥɰʋ"
VOICED_FRICATIVES = "vβðzʒʐʑʝɣʁʕɦɮ"
FRICATIVES = "fɸθsʃʂɕçxχħhɬʍɧ"
VOICED_STOPS = "bdɖɟɡgɢʛɓɗɠʄ"
STOPS = "ptʈckqʔʡ"
SIBILANTS = "szʃʒʂʐɕʑ"
SYLLABIC_MARKS = "\u0329\u030d"
LETTERS = VOWELS + SONORANTS + VOICED_FRICATIVES + FRICATIVES + VOICED_STOPS + STOPS


class Manner(Enum):
    """How a sound is made; the order of the consonants is that of their sonority."""

    STOP = 0
    VOICED_STOP = 1
    FRICATIVE = 2
    VOICED_FRICATIVE = 3
    SONORANT = 4
    VOWEL = 5


MANNERS = {
    Manner.VOWEL: VOWELS,
    Manner.SONORANT: SONORANTS,
    Manner.VOICED_FRICATIVE: VOICED_FRICATIVES,
    Manner.FRICATIVE: FRICATIVES,
    Manner.VOICED_STOP: VOICED_STOPS,
    Manner.STOP: STOPS,
}
UNVOICED = (Manner.STOP, Manner.FRICATIVE)


def letters(ipa: str) -> str:
    """The letters alone: no stress, length, tone, or other marks ("ˈäː" is "a")."""
    bases = (sign if sign in LETTERS else unicodedata.normalize("NFD", sign)[0] for sign in ipa)
    return "".join(base for base in bases if base in LETTERS)


def manner(ipa: str) -> Manner | None:
    """How `ipa` sounds; None for what is no sound (a pause, a tone, the name of a language)."""
    if ipa.startswith("(") or not letters(ipa):
        return None
    if any(mark in ipa for mark in SYLLABIC_MARKS):
        return Manner.VOWEL
    first = letters(ipa)[0]
    return next(kind for kind, members in MANNERS.items() if first in members)


def is_voiced(ipa: str) -> bool:
    """Whether the vocal folds swing."""
    return manner(ipa) not in (*UNVOICED, None)


def is_sibilant(ipa: str) -> bool:
    """Whether it hisses: s, z, sh, zh and the affricates that end in them."""
    return letters(ipa)[-1:] in tuple(SIBILANTS)


def is_diphthong(ipa: str) -> bool:
    """Whether the vowel moves to another one, or to a liquid, before it ends."""
    return manner(ipa) is Manner.VOWEL and len(letters(ipa)) > 1
