"""What a small band plays: instruments, their notes, the sections of the form and the tune itself.

Time is seconds from the start of the piece, pitch a MIDI number, level dB, pan -1 (left) .. 1 (right).
`common.band.arranger` writes these scores, `common.band.rendering` plays them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from common.band.tunes import Chord, Tune
from common.synthesis import Note

Role = Literal["drums", "bass", "chords", "pad", "melody", "counter", "arpeggio", "color"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True)
class Instrument:
    """A General MIDI `program` 0..127 (for drums a kit of bank 128) and what it does in the band.

    ValueError for a program outside 0..127, an unknown role, and drums that do not drum.
    """

    program: int
    is_drum: bool = False
    role: Role = "melody"

    def __post_init__(self) -> None:
        if not 0 <= self.program <= 127:
            raise ValueError(f"program must be 0..127, got {self.program}")
        if self.role not in ROLES:
            raise ValueError(f"role must be one of {', '.join(ROLES)}, got {self.role!r}")
        if self.is_drum != (self.role == "drums"):
            raise ValueError(f"drums, and only drums, play the role 'drums', got {self.role!r}")


@dataclass(frozen=True, slots=True)
class BandPart:
    """One instrument's part: `notes` sorted by start, where it stands (`pan`) and how loud it is.

    `level_db` is the loudness wanted relative to the melody's, which is near 0 dB.
    """

    instrument: Instrument
    notes: tuple[Note, ...]
    pan: float
    level_db: float


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of the form, `start` to `end` in seconds; `playing` are the indices of the parts in it."""

    name: str
    start: float
    end: float
    playing: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A tune as the band plays it.

    `tempo` is quarter notes per minute, `transposition` semitones up from the tune's own key, `duration`
    seconds. `sections` follow each other without gaps from 0 to `duration`. `beat_times`: every quarter
    note's time, then `duration`, shape (beats + 1,). `melody` is the tune for the whole form, in this
    piece's key and tempo, unhumanized, whether or not a part plays it. `lead_sheet` holds the chords in
    the same way: sounding pitch classes, onset and duration in seconds.
    """

    title: str
    tune: Tune
    style: str
    tempo: float
    transposition: int
    duration: float
    sections: tuple[Section, ...]
    parts: tuple[BandPart, ...]
    beat_times: NDArray[np.float64]
    melody: tuple[Note, ...]
    lead_sheet: tuple[Chord, ...]
