"""The words of an ABC tune (`w:` lines), which music21 leaves out -> a syllable for each note.

Of the standard 2.1: "-" joins syllables, "_" holds the one before, "*" leaves a note out, "~" is a space. "|"
is read over. Of several verses the first is taken. Tunes in several voices are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

FIELD = re.compile(r"^[A-Za-z+]:")
NOT_NOTES = re.compile(r'%.*$|"[^"]*"|![^!\n]*!|\{[^}]*\}|\[[A-Za-z]:[^\]]*\]')
NOTE = re.compile(r"(?:\[[^\]|]*[A-Ga-g][^\]|]*\]|[\^_=]*[A-Ga-g])[,']*[\d/]*(-?)")
TOKEN = re.compile(r"\*|_|[^\s\-_*|]+-?")


def abc_words(text: str) -> list[str] | None:
    """For each note of a tune (tied ones are one) its syllable as in `Chorale.text`; None without words."""
    if "\nV:" in text:
        return None
    syllables: list[str] = []
    tied = found = False
    for music, words in lines_of(text):
        tokens = iter(TOKEN.findall(words))
        found |= bool(words)
        for tie in NOTE.findall(music):
            token = next(tokens, "*")
            if not tied:
                syllables.append("" if token in "*_" else token.replace("~", " "))
            tied = tie == "-"
    return syllables if found else None


def lines_of(text: str) -> Iterator[tuple[str, str]]:
    """Each line of music with the first line of words that follows it, or ""."""
    music, words = None, ""
    for line in text.splitlines():
        if line.startswith("w:") and music is not None:
            words = words or line[2:].strip()
        elif not FIELD.match(line) and not line.startswith("%") and line.strip():
            if music is not None:
                yield music, words
            music, words = NOT_NOTES.sub("", line), ""
    if music is not None:
        yield music, words
