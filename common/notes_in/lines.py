"""What is read of a file of notes: one or several lines, and how their bars lie.

Times are quarter notes from the beginning of the piece, pitches MIDI numbers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from common.cli import UserError

Key = tuple[int, str]  # the tonic as a pitch class, and "major" or "minor"
FRAMES_PER_QUARTER = 4  # a frame is a sixteenth
TOGETHER = 1 / 16  # quarter notes: onsets closer than this are meant to be one
OVERLAP = 0.5  # of a note's length that the next one may overlap: fingers are not always lifted in time
FEW = 0.02  # of a line's notes may sound together by mistake; of the two the upper one is kept
MOST_BEATS, BEAT_TYPES = 16, (1, 2, 4, 8, 16)
LONGEST_BAR = 8  # quarter notes
LINE_MARKS = ("\r", "\n", "/", "\\")  # before the first syllable of a line, in karaoke files


@dataclass(frozen=True)
class LineNote:
    """A note. fermata: whether it has one.

    text: its syllable; "-" at its end joins it to the next one, "" where there is none or one is held.
    """

    onset: float
    end: float
    pitch: int
    text: str = ""
    fermata: bool = False


@dataclass(frozen=True)
class Line:
    """Notes in order of time, and what the file calls them."""

    name: str
    notes: tuple[LineNote, ...]


@dataclass(frozen=True)
class Metre:
    """A time signature: `beats` of 1/`beat_type`."""

    beats: int = 4
    beat_type: int = 4

    @classmethod
    def parse(cls, text: str) -> Metre:
        """Read "3/4". Errors: UserError."""
        found = re.fullmatch(r"\s*(\d{1,2})\s*/\s*(\d{1,2})\s*", text)
        metre = cls(int(found[1]), int(found[2])) if found else cls(0)
        if not metre.usable:
            raise UserError(f"--metre {text}: give a time signature, such as 3/4, 4/4 or 6/8")
        return metre

    @property
    def usable(self) -> bool:
        """Whether it can be written in sixteenths, in bars of a usual length."""
        known = 1 <= self.beats <= MOST_BEATS and self.beat_type in BEAT_TYPES
        return known and self.quarters <= LONGEST_BAR

    @property
    def quarters(self) -> float:
        """Length of a bar."""
        return 4 * self.beats / self.beat_type

    @property
    def frames(self) -> int:
        """Sixteenths of a bar."""
        return self.beats * 4 * FRAMES_PER_QUARTER // self.beat_type

    @property
    def beat(self) -> int:
        """Sixteenths of what is felt as a beat: a dotted quarter in 6/8."""
        compound = self.beat_type >= 8 and self.beats % 3 == 0
        return 4 * FRAMES_PER_QUARTER // self.beat_type * (3 if compound else 1)


@dataclass(frozen=True)
class Piece:
    """What was read of a file.

    upbeat: quarter notes from time 0 to the first bar line, None where nobody tells. sharps: of the key
    signature. tempo: quarter notes a minute. notices: what the user should know of.
    """

    lines: tuple[Line, ...]
    metre: Metre = Metre()
    upbeat: float | None = None
    key: Key | None = None
    sharps: int | None = None
    tempo: float | None = None
    title: str = ""
    notices: tuple[str, ...] = ()


def single(line: Line) -> Line:
    """The line with one note at a time, overlaps cut. Errors: UserError if it has several voices."""
    notes = sorted(line.notes, key=lambda note: (note.onset, -note.pitch))
    kept: list[LineNote] = []
    together = []
    for note in notes:
        if kept and _sound_together(kept[-1], note):
            together.append((kept[-1], note))
            continue
        if kept and kept[-1].end > note.onset:
            kept[-1] = replace(kept[-1], end=note.onset)
        kept.append(note)
    if len(together) > FEW * len(notes):
        first, second = together[0]
        raise UserError(
            f"{line.name or 'the part'} has several notes at once (pitches {first.pitch} and {second.pitch}"
            f" at quarter note {second.onset + 1:g}); give one line, or a part for each voice"
        )
    return replace(line, notes=tuple(kept))


def _sound_together(before: LineNote, note: LineNote) -> bool:
    overlap = min(before.end, note.end) - note.onset
    shorter = min(before.end - before.onset, note.end - note.onset)
    return note.onset - before.onset < TOGETHER or overlap > OVERLAP * max(shorter, TOGETHER)


def with_words(notes: Sequence[LineNote], events: Sequence[tuple[float, str]]) -> tuple[LineNote, ...]:
    """The notes with the syllables of lyric events (time, text), as karaoke files have them.

    A space after a syllable ends its word; a line break before it ends a line, whose last note gets a
    fermata. In languages without spaces nothing is joined.
    """
    spaced = any(text.endswith(" ") or text.startswith(" ") for _, text in events)
    found: dict[int, str] = {}
    ends = set()
    for place, (time, text) in enumerate(events):
        after = events[place + 1][1] if place + 1 < len(events) else "\n"
        index = min(range(len(notes)), key=lambda i: abs(notes[i].onset - time))
        words = text.strip().rstrip("-_").strip()
        if abs(notes[index].onset - time) > 2 * TOGETHER or not words:
            continue
        goes_on = spaced and not text.endswith((" ", "\n", "\r")) and not after.startswith((" ", *LINE_MARKS))
        found[index] = words + "-" * (goes_on or text.rstrip().endswith("-"))
        if text.startswith(LINE_MARKS):
            ends |= {index - 1, len(notes) - 1} if index else set()
            found[index] = found[index].lstrip("/\\")
    return tuple(
        replace(note, text=found.get(index, ""), fermata=note.fermata or index in ends)
        for index, note in enumerate(notes)
    )
