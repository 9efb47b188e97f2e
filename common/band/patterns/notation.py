"""The bar that a player reads, the events that he writes, and rhythms as strings.

A rhythm is a string over one span of the meter, each character a step of equal length: `-` holds the note
before, `.` rests, any other character is an onset, and a capital letter an accented one: `"X--x--x-"` is the
tresillo over a bar of 4/4. One rhythm has three spellings, for the three kinds of meters: in `four`
(span of 4 beats: 4/4, 2/4, ...), in `three` (3 beats: 3/4) and in `six` (3 beats in two groups: 6/8).

Times are beats (quarter notes) from the start of the piece.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from common.band.tunes import Chord, TuneNote

Kind = Literal["four", "three", "six"]
KINDS: tuple[Kind, ...] = ("four", "three", "six")
SPANS: dict[Kind, float] = {"four": 4.0, "three": 3.0, "six": 3.0}  # beats
PULSES: dict[Kind, float] = {"four": 1.0, "three": 1.0, "six": 1.5}  # beats between two taps of the foot

Rhythm = tuple[str, str, str]  # spelt for KINDS


@dataclass(frozen=True, slots=True)
class Event:
    """A note as written: `accent` from -1 (ghost note) to 1, `delay` in seconds (a strummed string's).

    A `tied` one is not struck again when a note of its pitch lasts until its onset.
    """

    onset: float
    duration: float
    pitch: int
    accent: float = 0.0
    delay: float = 0.0
    tied: bool = False

    @property
    def end(self) -> float:
        return self.onset + self.duration


@dataclass(frozen=True, slots=True)
class Hit:
    """One onset of a rhythm."""

    onset: float
    duration: float
    symbol: str = "x"
    accent: float = 0.0

    @property
    def end(self) -> float:
        return self.onset + self.duration


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of the form, as every player sees it.

    `chords` cover the bar, `next_chord` begins the bar after it. `melody` are the tune's notes that begin in
    the bar. `place` counts the bars of the section, from 0 of `places`. `phase` is where in the meter's span
    the bar begins: every other bar of 2/4 plays the second half of a rhythm.
    """

    start: float
    length: float
    kind: Kind
    chords: tuple[Chord, ...]
    next_chord: Chord
    melody: tuple[TuneNote, ...]
    scale: frozenset[int]
    energy: float = 0.6
    place: int = 0
    places: int = 4
    phase: float = 0.0
    closing: bool = False  # the piece ends with this bar

    @property
    def end(self) -> float:
        return self.start + self.length

    @property
    def pulse(self) -> float:
        return PULSES[self.kind]

    def chord_at(self, beat: float) -> Chord:
        """The chord that sounds at a beat of this bar."""
        sounding = [chord for chord in self.chords if chord.onset <= beat + 1e-6]
        return sounding[-1] if sounding else self.chords[0]


def hits(rhythm: Rhythm, bar: Bar) -> list[Hit]:
    """The onsets of a rhythm in a bar of any length: the string repeats or is cut short."""
    steps = rhythm[KINDS.index(bar.kind)]
    step = SPANS[bar.kind] / len(steps)
    first, count = round(bar.phase / step), round(bar.length / step)
    found: list[Hit] = []
    for index in range(count):
        symbol = steps[(first + index) % len(steps)]
        if symbol == "-" and found and abs(found[-1].end - bar.start - index * step) < 1e-6:
            found[-1] = replace(found[-1], duration=found[-1].duration + step)
        elif symbol != ".":
            symbol = "x" if symbol == "-" else symbol  # a bar that begins inside a note begins it anew
            accent = 0.7 if symbol.isupper() else 0.0
            found.append(Hit(bar.start + index * step, step, symbol.lower(), accent))
    return found


def split_at_chords(strokes: list[Hit], bar: Bar) -> list[Hit]:
    """A note that is held while the harmony changes is struck again there."""
    changes = [chord.onset for chord in bar.chords[1:]]
    split: list[Hit] = []
    for hit in strokes:
        for change in changes:
            if hit.onset + 0.2 < change < hit.end - 0.2:
                split.append(replace(hit, duration=change - hit.onset))
                hit = Hit(change, hit.end - change, "x", hit.accent / 2)
        split.append(hit)
    return split


def join_ties(events: list[Event]) -> list[Event]:
    """Tied events become one with the event of their pitch that ends where they begin."""
    joined: list[Event] = []
    last: dict[int, int] = {}  # pitch -> index in `joined`
    for event in sorted(events, key=lambda event: event.onset):
        before = joined[last[event.pitch]] if event.tied and event.pitch in last else None
        if before and before.tied and abs(before.end - event.onset) < 1e-6:
            joined[last[event.pitch]] = replace(before, duration=event.end - before.onset)
        else:
            last[event.pitch] = len(joined)
            joined.append(event)
    return joined


def pulses(bar: Bar, step: float) -> list[Hit]:
    """A stream of equal notes of `step` beats, the pulse accented."""
    count = round(bar.length / step)
    strokes = [Hit(bar.start + index * step, step) for index in range(count)]
    return [
        replace(hit, accent=0.4 if abs((hit.onset - bar.start) % bar.pulse) < 1e-6 else -0.1)
        for hit in strokes
    ]
