"""The words of the songs: lyrics/train.txt, validation.txt and test.txt, no line in two of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import cycle
from pathlib import Path

import numpy as np

from common.band.presets import Split

FOLDER = Path(__file__).parent / "lyrics"
ENOUGH = 0.75  # of the notes have syllables: the next line waits for the next phrase


@dataclass(frozen=True, slots=True)
class Lyric:
    """A verse and a chorus, line by line; `language` is "en" or "de", `author` "" for our own."""

    title: str
    language: str
    author: str
    verse: tuple[str, ...]
    chorus: tuple[str, ...]


@cache
def lyrics(split: Split) -> tuple[Lyric, ...]:
    """All lyrics of a split, in the order of its file."""
    text = (FOLDER / f"{split}.txt").read_text(encoding="utf-8")
    return tuple(_parse(block) for block in re.split(r"(?m)^= ", text)[1:])


def _parse(block: str) -> Lyric:
    """`title | language | author`, then the lines below `- verse` and `- chorus`."""
    header, verse, chorus = re.split(r"(?m)^- (?:verse|chorus)\n", block)
    title, language, *author = (field.strip() for field in header.split("|"))
    return Lyric(title, language, " ".join(author), _lines(verse), _lines(chorus))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line for line in text.split("\n") if line.strip())


class Words:
    """The words of some lines, over and over, dealt out to phrases of music."""

    def __init__(self, lines: Sequence[str], language: str) -> None:
        self._lines = cycle(lines)
        self._rest: list[str] = []  # of the line that was begun
        self._language = language

    def take(self, notes: int, rng: np.random.Generator) -> str:
        """The words for a phrase of `notes`: the rest of the line, and the next if that leaves much room.

        Where there are more notes than syllables, some words are held ("_", as `common.singing` reads it).
        Always one word at least, even where it has more syllables than the phrase has notes.
        """
        taken: list[str] = []
        room = notes
        while True:
            if not self._rest:
                if taken and room <= (1.0 - ENOUGH) * notes:
                    break
                self._rest = next(self._lines).split()
            needed = count_syllables(self._rest[0], self._language)
            if taken and needed > room:
                break
            taken.append(self._rest.pop(0))
            room -= needed
        for place in rng.integers(len(taken), size=max(room, 0)):
            taken[place] += " _"
        return " ".join(taken)


def count_syllables(word: str, language: str) -> int:
    """About how many syllables a word has, by its spelling; the voice itself goes by what it hears.

    >>> [count_syllables(word, "en") for word in ("someone's", "little", "fire", "fearful", "wished")]
    [2, 2, 1, 2, 1]
    >>> [count_syllables(word, "de") for word in ("Röslein", "wundersame", "Bäume", "sehn")]
    [2, 4, 2, 1]
    """
    letters = re.sub(r"[^a-zäöüß]", "", word.casefold())
    if language == "de":
        return max(len(re.findall(r"ie|ei|ai|au|eu|äu|aa|ee|oo|[aeiouäöüy]", letters)), 1)
    stem = re.sub(r"(?<![aeiouyl])es?$|(?<=[aeiouy])les?$|(?<![aeiouydt])ed$", "", letters)
    stem = re.sub(r"(?<=[aeiouy])([^aeiouy])e(?=(one|thing|body|where|s$|ly$|ful$|less$))", r"\1", stem)
    return max(len(re.findall(r"[aeiouy]+", stem)), 1)
