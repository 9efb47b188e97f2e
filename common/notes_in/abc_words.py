"""What music21 leaves out of an ABC tune: the words (`w:` lines) and the fermatas -> one for each note.

Of the standard 2.1: "-" joins syllables, "_" holds the one before, "*" leaves a note out, "~" is a space. "|"
is read over. Of several verses the first is taken. Fermatas are `!fermata!`, `+fermata+` or `H`. Tunes in
several voices are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

FIELD = re.compile(r"^[A-Za-z+]:")
NOT_NOTES = re.compile(r'%.*$|"[^"]*"|![^!\n]*!|\{[^}]*\}|\[[A-Za-z]:[^\]]*\]')
NOTE = re.compile(r"(?:\[[^\]|]*[A-Ga-g][^\]|]*\]|[\^_=]*[A-Ga-g])[,']*[\d/]*(-?)")
FERMATA = "\0"  # what stands for one in the lines of music
FERMATA_OR_NOTE = re.compile(f"{FERMATA}|{NOTE.pattern}")
MARKS = re.compile(r'"[^"]*"|!([^!\n]*)!|\+([A-Za-z0-9.]+)\+|(?<![A-Za-z])H(?=[\^_=\[({]*[A-Ga-g])')
TOKEN = re.compile(r"\*|_|[^\s\-_*|]+-?")


def abc_words(text: str) -> list[str] | None:
    """For each note of a tune (tied ones are one) its syllable as in `LineNote.text`; None without words."""
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


def abc_fermatas(text: str) -> list[bool]:
    """For each note of a tune (tied ones are one) whether it has a fermata."""
    fermatas: list[bool] = []
    tied = marked = False
    for music, _ in lines_of(text) if "\nV:" not in text else ():
        for sign in FERMATA_OR_NOTE.finditer(music):
            if sign[0] == FERMATA:
                marked = True
                continue
            if tied:
                fermatas[-1] |= marked
            else:
                fermatas.append(marked)
            tied, marked = sign[1] == "-", False
    return fermatas


def spelled_out(text: str) -> str:
    """The tune with marks as `!name!`, which music21 reads over; those of other forms it takes for notes."""

    def mark(found: re.Match[str]) -> str:
        if found[0] == "H":
            return "!fermata!"
        return f"!{found[2]}!" if found[2] else found[0]

    return "\n".join(
        line if FIELD.match(line) or line.startswith("%") else MARKS.sub(mark, line)
        for line in text.split("\n")
    )


def lines_of(text: str) -> Iterator[tuple[str, str]]:
    """Each line of music with the first line of words that follows it, or ""."""
    music, words = None, ""
    for line in spelled_out(text).splitlines():
        if line.startswith("w:") and music is not None:
            words = words or line[2:].strip()
        elif not FIELD.match(line) and not line.startswith("%") and line.strip():
            if music is not None:
                yield music, words
            music, words = NOT_NOTES.sub(_fermata_or_nothing, line), ""
    if music is not None:
        yield music, words


def _fermata_or_nothing(found: re.Match[str]) -> str:
    return FERMATA if found[0] == "!fermata!" else ""
