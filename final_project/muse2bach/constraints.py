"""What the user asks of the harmony: a key, chords at certain beats, fermatas -> what each voice may sing.

    --chord 4.3=G --chord 8.3=Dm/F     # bar 4, beat 3: G with G in the bass; bar 8: D minor over F

Bars are counted as in the score: the first full one is 1, an upbeat before it 0; beats from 1. A chord holds
for a beat, or as long as the fermata that begins with it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from common.cli import UserError
from common.notes_in.lines import Metre
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, VOICES, Key
from final_project.muse2bach.task import Task

LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}  # pitch classes
ALTERATIONS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
KINDS = {
    **{"": (0, 4, 7), "M": (0, 4, 7), "maj": (0, 4, 7), "m": (0, 3, 7), "min": (0, 3, 7), "-": (0, 3, 7)},
    **{"dim": (0, 3, 6), "o": (0, 3, 6), "°": (0, 3, 6), "aug": (0, 4, 8), "+": (0, 4, 8)},
    **{"7": (0, 4, 7, 10), "m7": (0, 3, 7, 10), "maj7": (0, 4, 7, 11), "dim7": (0, 3, 6, 9)},
    **{"o7": (0, 3, 6, 9), "°7": (0, 3, 6, 9), "m7b5": (0, 3, 6, 10), "ø": (0, 3, 6, 10)},
    **{"sus4": (0, 5, 7), "sus2": (0, 2, 7)},
}
NOTE = r"([A-G])([#♯b♭]?)"
CHORD = re.compile(rf"{NOTE}([^/]*)(?:/{NOTE})?")
PLACE = re.compile(r"\s*(\d{1,3})\.(\d{1,2})\s*")
PITCHES = 128


class Place(NamedTuple):
    """A beat of a bar, both as in the score."""

    bar: int
    beat: int

    @classmethod
    def parse(cls, text: str) -> Place:
        """Read "4.3". Errors: UserError."""
        found = PLACE.fullmatch(text)
        if not found:
            raise UserError(f"{text}: no place; give bar and beat, such as 4.3")
        return cls(int(found[1]), int(found[2]))

    def frame(self, task: Task) -> int:
        """The frame at which it begins. Errors: UserError for one outside of the piece."""
        metre, first = task.metre, int(task.position[0])
        upbeat = (metre.frames - first) % metre.frames
        bar = self.bar if upbeat else self.bar - 1
        at = bar * metre.frames + (self.beat - 1) * unit(metre) - first
        if not (1 <= self.beat <= metre.beats and 0 <= at < len(task)):
            last = (len(task) - 1 + first) // metre.frames + (not upbeat)
            raise UserError(
                f"{self.bar}.{self.beat}: outside of the piece, which has bars {int(not upbeat)} to {last}"
                f" of {metre.beats} beats; give a beat within"
            )
        return at


@dataclass(frozen=True)
class ChordAt:
    """A chord that is asked for: where, its name, its pitch classes and that of the bass."""

    place: Place
    name: str
    pitch_classes: tuple[int, ...]
    bass: int

    @classmethod
    def parse(cls, text: str) -> ChordAt:
        """Read "4.3=G/B". Errors: UserError."""
        place, equals, name = text.partition("=")
        found = CHORD.fullmatch(name.strip())
        if not (equals and found and found[3] in KINDS):
            raise UserError(f"--chord {text}: give place and chord, such as 4.3=G, 4.3=F#m7 or 4.3=Dm/F")
        root = (LETTERS[found[1]] + ALTERATIONS[found[2]]) % 12
        classes = tuple((root + step) % 12 for step in KINDS[found[3]])
        bass = (LETTERS[found[4]] + ALTERATIONS[found[5]]) % 12 if found[4] else root
        return cls(Place.parse(place), name.strip(), tuple(dict.fromkeys((*classes, bass))), bass)


def unit(metre: Metre) -> int:
    """Sixteenths of what the lower number of a time signature counts."""
    return 4 * FRAMES_PER_QUARTER // metre.beat_type


def parse_key(text: str) -> Key:
    """Read "C", "Am", "F#", "Bb minor" -> (tonic pitch class, mode). Errors: UserError."""
    found = re.fullmatch(r"\s*([A-Ga-g])([#♯b♭]?)\s*(|M|maj|major|m|min|minor)\s*", text)
    if not found:
        raise UserError(f"--key {text}: no such key; give one such as C, F#, Am, or 'Bb minor'")
    mode = "minor" if found[3] in ("m", "min", "minor") else "major"
    return (LETTERS[found[1].upper()] + ALTERATIONS[found[2]]) % 12, mode


def with_fermatas(task: Task, places: Sequence[Place]) -> Task:
    """The task with fermatas at `places` alone, each for the note that begins there, or for a beat.

    Errors: UserError for a place outside of the piece.
    """
    if not places:
        return task
    fermata = np.zeros(len(task), dtype=bool)
    begins = task.onsets.any(axis=1)
    for place in places:
        first = place.frame(task)
        after = np.flatnonzero(begins[first + 1 :])
        length = int(after[0]) + 1 if begins[first] and len(after) else task.metre.beat
        if begins[first] and not len(after):
            length = len(task) - first
        fermata[first : first + length] = True
    return replace(task, fermata=fermata)


def allowed_pitches(task: Task, chords: Sequence[ChordAt]) -> NDArray[np.bool_] | None:
    """Which MIDI pitches each voice may sing in each frame, (frames, 4, 128); None where all may.

    Silence is always allowed. Errors: UserError where a given note is none of the chord's.
    """
    if not chords:
        return None
    allowed = np.ones((len(task), len(VOICES), PITCHES), dtype=bool)
    classes = np.arange(PITCHES) % 12
    for chord in chords:
        first = chord.place.frame(task)
        frames = slice(first, first + held(task, first))
        allowed[frames, :-1] &= np.isin(classes, chord.pitch_classes)
        allowed[frames, -1] &= classes == chord.bass
        for voice, name in enumerate(VOICES):
            given = task.given[frames, voice]
            wrong = given[(given >= 0) & ~allowed[first, voice, np.maximum(given, 0)]]
            if len(wrong):
                tones = "the bass of the chord" if name == "bass" else "a tone of the chord"
                raise UserError(
                    f"--chord {chord.place.bar}.{chord.place.beat}={chord.name}: the given {name} has pitch"
                    f" {wrong[0]} there, which is not {tones}; choose another chord"
                )
    return allowed


def held(task: Task, first: int) -> int:
    """Frames that a chord from `first` on lasts."""
    begins_fermata = task.fermata[first] and (first == 0 or not task.fermata[first - 1])
    if begins_fermata:
        after = np.flatnonzero(~task.fermata[first:])
        return int(after[0]) if len(after) else len(task) - first
    return min(unit(task.metre), len(task) - first)
