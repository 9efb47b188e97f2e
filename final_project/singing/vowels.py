"""Which vowels are told apart: the phonemes of espeak-ng's accents, gathered into classes.

A listener cannot know the accent, so what differs by length, stress, nasality or a following r alone is one
class, and so are the sounds that take the same place in different accents (the a of "cat" in London and in
Glasgow). Diphthongs are classes of their own if they travel far.
"""

from __future__ import annotations

from common.singing.phonemes import SYLLABIC_MARKS, Manner, letters, manner

VOWELS = ("i", "ɪ", "e", "ɛ", "a", "ɑ", "ɔ", "o", "ʊ", "u", "ʌ", "ə", "y", "ø", "aɪ", "aʊ", "ɔɪ")
NAMES = ("i", "ih", "e", "eh", "a", "ah", "aw", "o", "uh", "u", "uh_open", "schwa", "y", "oe")
NAMES = (*NAMES, "ai", "au", "oi")  # the same in ASCII, for keys of metrics.json
DIPHTHONGS = {"aɪ": "aɪ", "əɪ": "aɪ", "aʊ": "aʊ", "æʊ": "aʊ", "ʌʉ": "aʊ", "ɔɪ": "ɔɪ", "ɔø": "ɔɪ"}
DIPHTHONGS |= {"oʊ": "o", "əʊ": "o", "ɛə": "ɛ", "eə": "ɛ"}
SINGLE = {"i": "i", "ɪ": "ɪ", "ɨ": "ɪ", "ᵻ": "ɪ", "e": "e", "ɛ": "ɛ", "æ": "a", "a": "a", "ɑ": "ɑ"}
SINGLE |= {"ɒ": "ɔ", "ɔ": "ɔ", "o": "o", "ʊ": "ʊ", "u": "u", "ʉ": "u", "ʌ": "ʌ", "ɜ": "ə", "ɚ": "ə"}
SINGLE |= {"ɝ": "ə", "ə": "ə", "ɐ": "ə", "y": "y", "ʏ": "y", "ø": "ø", "œ": "ø"}


def vowel_class(ipa: str) -> int | None:
    """The place in VOWELS of the phoneme `ipa`; None for a consonant, and for what fits no class."""
    if manner(ipa) is not Manner.VOWEL or any(mark in ipa for mark in SYLLABIC_MARKS):
        return None
    name = letters(ipa)
    vowel = DIPHTHONGS.get(name[:2]) or SINGLE.get(name[0])
    return None if vowel is None else VOWELS.index(vowel)
