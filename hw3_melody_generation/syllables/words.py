"""A word as it is sung, and how a spelling is cut between the vowels of its syllables."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from hw3_melody_generation.songs import UNKNOWN_STRESS

PLAIN = str.maketrans("œæøłđıðþ", "oaoldidt")  # letters that no accent can be taken from


@dataclass(frozen=True)
class Word:
    """The syllables of a word, each with its stress and tone as in Lyrics."""

    syllables: tuple[str, ...]
    stress: tuple[int, ...] = ()
    tones: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        for name, blank in (("stress", UNKNOWN_STRESS), ("tones", 0)):
            object.__setattr__(self, name, getattr(self, name) or (blank,) * len(self.syllables))


def joined(words: Iterable[Word]) -> Word:
    """Several words as one: "well" and "known" as "well-known"."""
    words = list(words)
    columns = (sum((getattr(word, name) for word in words), ()) for name in ("syllables", "stress", "tones"))
    return Word(*columns)


def plain(word: str) -> str:
    """A word in lower case and without accents, letter by letter: as long as the word."""
    bare = (unicodedata.normalize("NFD", letter)[0].lower()[0] for letter in word)
    return "".join(bare).translate(PLAIN)


def cut_word(word: str, cuts: Sequence[int]) -> tuple[str, ...]:
    """The parts of a word that is cut before the letters `cuts`, which rise."""
    ends = [*cuts, len(word)]
    return tuple(word[begin:end] for begin, end in zip([0, *cuts], ends, strict=True))


def cuts_between(
    word: str,
    vowels: Sequence[int],
    hyphens: Iterable[int],
    *,
    vowel: re.Pattern[str],
    onset: Callable[[str, int, int], int],
) -> list[int]:
    """Where to cut so that every syllable has one of the vowels that begin at the letters `vowels`.

    A cut lies behind all letters of the vowel before it (what `vowel` matches there), and at the latest
    before the next vowel. Of the `hyphens`, where print may break the word, the last that lies there is
    taken; else onset(word, first, next vowel) says where the next syllable begins.
    """
    hyphens = set(hyphens)
    cuts = []
    for place, following in zip(vowels, vowels[1:]):  # noqa: B905
        match = vowel.match(word, place, following)
        first = match.end() if match else place + 1
        printed = [hyphen for hyphen in hyphens if first <= hyphen <= following]
        cuts.append(max(printed) if printed else onset(word, first, following))
    return cuts
