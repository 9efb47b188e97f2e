"""The words that are spoken and sung: poems in the public domain, lyrics/{train,validation,test}.txt.

No line stands in two of the files, so that no listener knows what is sung by heart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from common.singing.singers import Split

FOLDER = Path(__file__).parent / "lyrics"


@dataclass(frozen=True, slots=True)
class Poem:
    """`language` is "en" or "de"; `lines` are lines of verse without punctuation that matters."""

    title: str
    language: str
    author: str
    lines: tuple[str, ...]


@cache
def poems(split: Split) -> tuple[Poem, ...]:
    """All poems of a split, in the order of its file."""
    text = (FOLDER / f"{split}.txt").read_text(encoding="utf-8")
    return tuple(_parse(block) for block in re.split(r"(?m)^= ", text)[1:])


def _parse(block: str) -> Poem:
    """`title | language | author`, then the lines."""
    header, *lines = block.split("\n")
    title, language, author = (field.strip() for field in header.split("|"))
    return Poem(title, language, author, tuple(line.strip() for line in lines if line.strip()))
