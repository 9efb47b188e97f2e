"""What is sung: lyrics, a syllable for each note, and the notes in seconds, in one part or several.

    song = Song("Glory", (SongPart("soprano", notes, ("Glo-", "", "ri-", "a")),), language="la", tempo=96)

A syllable is written as scores write it: "-" at its end joins it to the next one, and a note with "" holds
the syllable of the note before. Pitches are MIDI numbers, `tempo` is quarter notes a minute.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from common.singing.sung_words import SungWord
from common.synthesis import Note

USUAL_TEMPO = 90.0  # quarter notes a minute, where nobody tells


@dataclass(frozen=True)
class SongPart:
    """One voice: notes in order, one at a time, with a syllable and the number of a line for each.

    lines: which line of verse a note belongs to, 0, 0, 0, 1, ...; left out, all are of one line.
    Errors: ValueError for columns of different lengths, notes that overlap, or lines that go back.
    """

    name: str
    notes: tuple[Note, ...]
    syllables: tuple[str, ...]
    lines: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", self.lines or (0,) * len(self.notes))
        for column in ("syllables", "lines"):
            if len(getattr(self, column)) != len(self.notes):
                raise ValueError(f"{len(self.notes)} notes, but {len(getattr(self, column))} {column}")
        for before, note in pairwise(self.notes):
            if note.start < before.end - 1e-6:
                raise ValueError(f"the note at {note.start:g} s begins before the one before it ends")
        if list(self.lines) != sorted(self.lines):
            raise ValueError("lines must not go back")

    @property
    def words(self) -> list[SungWord]:
        """The words in order. Notes before the first syllable belong to none."""
        begins = [place for place, text in enumerate(self.syllables) if text]
        words: list[SungWord] = []
        joined = False
        for place, stop in pairwise([*begins, len(self.notes)]):
            text, line = self.syllables[place], self.lines[place]
            before = words.pop() if joined else SungWord("", range(place, place), line, ())
            spelled = before.text + text.removesuffix("-")
            counts = (*before.counts, stop - place)
            words.append(SungWord(spelled, range(before.notes.start, stop), before.line, counts))
            joined = text.endswith("-")
        return words

    @property
    def lyrics(self) -> str:
        """The words, line by line."""
        lines: dict[int, list[str]] = {}
        for word in self.words:
            lines.setdefault(word.line, []).append(word.text)
        return "\n".join(" ".join(words) for words in lines.values())

    @property
    def pitches(self) -> list[int]:
        return [note.pitch for note in self.notes]

    @property
    def end(self) -> float:
        """When the last note ends, in seconds."""
        return self.notes[-1].end if self.notes else 0.0

    def transposed(self, semitones: int) -> SongPart:
        """All notes higher by `semitones`."""
        return replace(self, notes=tuple(replace(n, pitch=n.pitch + semitones) for n in self.notes))

    def later(self, seconds: float) -> SongPart:
        """All notes `seconds` later."""
        return replace(self, notes=tuple(replace(n, start=n.start + seconds) for n in self.notes))


@dataclass(frozen=True)
class Song:
    """One or several parts that sound together; the first is the melody.

    language: espeak-ng's code, "de" or "fr-fr"; "" is the singer's own, which is English.
    Errors: ValueError for a song without parts or a tempo that is not above 0.
    """

    title: str
    parts: tuple[SongPart, ...]
    language: str = ""
    tempo: float = USUAL_TEMPO

    def __post_init__(self) -> None:
        if not self.parts:
            raise ValueError("a song needs at least one part")
        if not self.tempo > 0:
            raise ValueError(f"tempo must be above 0, got {self.tempo:g}")

    @property
    def melody(self) -> SongPart:
        return self.parts[0]

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes of the melody."""
        return self.melody.notes

    @property
    def syllables(self) -> tuple[str, ...]:
        """The syllables of the melody, one for each of its notes."""
        return self.melody.syllables

    @property
    def lyrics(self) -> str:
        """The words of the melody, line by line."""
        return self.melody.lyrics

    @property
    def end(self) -> float:
        """When the last note of any part ends, in seconds."""
        return max(part.end for part in self.parts)

    def transposed(self, semitones: int) -> Song:
        """All parts higher by `semitones`."""
        return replace(self, parts=tuple(part.transposed(semitones) for part in self.parts))

    def later(self, seconds: float) -> Song:
        """All parts `seconds` later."""
        return replace(self, parts=tuple(part.later(seconds) for part in self.parts))


def one_voice(
    title: str,
    notes: Sequence[Note],
    syllables: Sequence[str],
    *,
    lines: Sequence[int] = (),
    language: str = "",
    tempo: float = USUAL_TEMPO,
) -> Song:
    """A song of one part. Errors: ValueError as `SongPart` and `Song`."""
    part = SongPart("melody", tuple(notes), tuple(syllables), tuple(lines))
    return Song(title, (part,), language, tempo)
