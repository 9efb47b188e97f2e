"""What a tune is: notes, chords, meter and key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from common.band.harmony import Chord
from common.cli import UserError

Mode = Literal["major", "minor"]


class TuneError(UserError):
    """A tune that cannot be used. Its text is one line: `SOURCE: what is wrong; what to do`."""


@dataclass(frozen=True, slots=True)
class TuneNote:
    """One note of a melody: `onset` and `duration` in beats, `pitch` a MIDI number."""

    onset: float
    duration: float
    pitch: int

    @property
    def end(self) -> float:
        return self.onset + self.duration


@dataclass(frozen=True, slots=True)
class Tune:
    """A melody and its chords.

    `source` names where it comes from, as `str(TuneSource)` does. `meter` is one of the meters of
    `common.band.tunes.meters`, `beats_per_bar` its length in quarter notes (6/8 has 3.0). `tonic` is a pitch
    class (C is 0); church modes count as the mode whose third they share: Dorian is minor, Mixolydian major.
    `notes` follow each other without overlap. `chords` cover the tune from 0 to `length` without gaps,
    none crosses a bar line; `has_source_chords` tells those of the source from our harmonization.
    `length` is beats, a whole number of bars.
    """

    title: str
    source: str
    meter: str
    beats_per_bar: float
    tonic: int
    mode: Mode
    notes: tuple[TuneNote, ...]
    chords: tuple[Chord, ...]
    has_source_chords: bool
    length: float

    @property
    def bars(self) -> int:
        return round(self.length / self.beats_per_bar)
