"""What kind of sound a phoneme is, from its name in the International Phonetic Alphabet.

The chart of the IPA (2020 revision) sorts all letters. A phoneme with a vowel in it is a vowel: "aɪ", and
"ja", which espeak-ng's Russian voice has as one. Others are what their first letter is: "tʃ" begins as a
stop. A consonant with the mark of a syllable below it ("n̩") is the nucleus of one. Of the other marks those
matter that change the kind: the voiceless "r̥" is a fricative, and so is the raised "r̝" of Czech.
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
VOICELESS_MARKS = "\u0325\u030a#"  # rings below and above; espeak-ng's own sign in Icelandic
RAISED = "\u031d"  # under a trill, which then hisses
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
VOICELESS = {
    Manner.VOICED_STOP: Manner.STOP,
    Manner.VOICED_FRICATIVE: Manner.FRICATIVE,
    Manner.SONORANT: Manner.FRICATIVE,
}
CLOSE, CLOSE_MID, OPEN_MID, OPEN = "iyɨʉɯuɪʏʊᵻᵿ", "eøɘɵɤoəɐ", "ɛœɜɞʌɔε", "æaɶɑɒA"  # openness of vowels


def letters(ipa: str) -> str:
    """The letters alone: no stress, length, tone, or other marks ("ˈäː" is "a").

    A raised letter counts where it stands alone: espeak-ng's Polish has "ʲ" as a sound of its own.
    """
    bases = [sign if sign in LETTERS else unicodedata.normalize("NFD", sign)[0] for sign in ipa]
    full = "".join(base for base in bases if base in LETTERS)
    return full or "".join(sign for sign in unicodedata.normalize("NFKD", ipa) if sign in LETTERS)


def manner(ipa: str) -> Manner | None:
    """How `ipa` sounds; None for what is no sound (a pause, a tone, the name of a language)."""
    if ipa.startswith("(") or not letters(ipa):
        return None
    if any(mark in ipa for mark in SYLLABIC_MARKS) or any(sign in VOWELS for sign in letters(ipa)):
        return Manner.VOWEL
    first = letters(ipa)[0]
    kind = next(kind for kind, members in MANNERS.items() if first in members)
    if RAISED in ipa and kind is Manner.SONORANT:
        kind = Manner.VOICED_FRICATIVE
    return VOICELESS.get(kind, kind) if any(mark in ipa for mark in VOICELESS_MARKS) else kind


def is_voiced(ipa: str) -> bool:
    """Whether the vocal folds swing."""
    return manner(ipa) not in (*UNVOICED, None)


def is_sibilant(ipa: str) -> bool:
    """Whether it hisses: s, z, sh, zh and the affricates that end in them."""
    return letters(ipa)[-1:] in tuple(SIBILANTS)


def is_diphthong(ipa: str) -> bool:
    """Whether the vowel moves to another one, or to a liquid, before it ends."""
    return manner(ipa) is Manner.VOWEL and len(_moving(ipa)) > 1


def is_rising(ipa: str) -> bool:
    """Whether the second vowel of a diphthong is the one that is held, as far more open: "iɑ", "ɔa"."""
    first, second = (_openness(sign) for sign in f"{_moving(ipa)}  "[:2])
    return is_diphthong(ipa) and second >= 2 and second > first


def _moving(ipa: str) -> str:
    """The letters of a vowel without consonants before it."""
    found = letters(ipa)
    first = next((place for place, sign in enumerate(found) if sign in VOWELS), 0)
    return found[first:]


def _openness(sign: str) -> int:
    """From 0, close, to 3, open; -1 for what is no vowel."""
    return next((n for n, group in enumerate((CLOSE, CLOSE_MID, OPEN_MID, OPEN)) if sign in group), -1)
