"""MIDI -> when something plays -> which 5-second steps it plays in.

A note marks every step that it sounds in: those from floor(start / 5) up to, but without, ceil(end / 5). A
note that ends on a boundary leaves the next step alone. How many steps a track has follows from its audio
alone (`num_steps`): the end of the MIDI file is another one, before the last echo or after the last bar.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.cli import UserError
from common.midi import pretty_midi
from hw1_instrument_detection.clip_index import CLIP_SECONDS

ROUNDING = 1e-5  # s: what adding up ticks may be wrong by; a note that ends in it ends on the boundary


class MidiError(UserError):
    """A MIDI file that cannot be used. Its text is one line: FILE: reason; what to do."""


@dataclass(frozen=True)
class Notes:
    """The stretches of time, in seconds, in which something plays: (stretches,) float64, sorted and apart.

    Notes that overlap or touch are one stretch. What plays in which step does not change by it, and a song
    takes a fraction of the memory.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.start)

    @classmethod
    def of(cls, start: ArrayLike, end: ArrayLike) -> Notes:
        """From the notes as they are, (notes,) each, in any order. Notes without length do not sound."""
        start, end = np.asarray(start, dtype=np.float64), np.asarray(end, dtype=np.float64)
        sounding = (end > start) & (end > 0)
        order = np.argsort(start[sounding], kind="stable")
        start, end = np.maximum(start[sounding][order], 0), end[sounding][order]
        latest = np.maximum.accumulate(end) if len(end) else end
        begins = np.ones(len(start), dtype=bool)
        begins[1:] = start[1:] > latest[:-1]
        ends = np.ones(len(start), dtype=bool)
        ends[:-1] = begins[1:]
        return cls(start[begins], latest[ends])

    @classmethod
    def union(cls, parts: list[Notes]) -> Notes:
        """When any of `parts` plays."""
        starts, ends = [part.start for part in parts], [part.end for part in parts]
        return cls.of(np.concatenate([[], *starts]), np.concatenate([[], *ends]))


@dataclass(frozen=True)
class MidiPart:
    """One instrument of a MIDI file: its General MIDI program 0..127, whether it is drums, when it plays."""

    program: int
    is_drum: bool
    notes: Notes


def read_midi(path: Path) -> list[MidiPart]:
    """The instruments of a MIDI file, in its order; none for a file without notes.

    Errors: MidiError where the file is missing or no MIDI.
    """
    return [
        MidiPart(
            program=instrument.program,
            is_drum=instrument.is_drum,
            notes=Notes.of(
                [note.start for note in instrument.notes], [note.end for note in instrument.notes]
            ),
        )
        for instrument in load_midi(path).instruments
    ]


def load_midi(path: Path) -> pretty_midi.PrettyMIDI:
    """A MIDI file as it is. Errors: MidiError where the file is missing or no MIDI."""
    if not Path(path).is_file():
        raise MidiError(f"{path}: no such file; check the path")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on tempo changes in a track that should have none; they count
            return pretty_midi.PrettyMIDI(str(path))
    except Exception as error:  # the parser meets broken bytes with errors of any kind
        reason = " ".join(str(error).split())[:80] or type(error).__name__
        raise MidiError(f"{path}: not readable as MIDI ({reason}); get the file again") from error


def num_steps(num_samples: int, sample_rate: int, *, with_rest: bool = False) -> int:
    """How many 5-second steps a track of `num_samples` has: the one place that says so.

    The whole steps, for clips; one for a track that is shorter than a step, which is filled up with silence.
    `with_rest` counts the beginning of a step at the end too, for showing whole tracks. In whole numbers, so
    that nothing of an exact multiple of 5 s is lost.
    """
    step = round(CLIP_SECONDS * sample_rate)
    return max(1, -(-num_samples // step) if with_rest else num_samples // step)


def clip_activity(notes: Notes, steps: int) -> NDArray[np.bool_]:
    """In which of the first `steps` steps of 5 s something plays, (steps,)."""
    first = np.floor((notes.start + ROUNDING) / CLIP_SECONDS).astype(np.int64).clip(0, steps)
    stop = np.ceil((notes.end - ROUNDING) / CLIP_SECONDS).astype(np.int64).clip(first, steps)
    change = np.bincount(first, minlength=steps + 1) - np.bincount(stop, minlength=steps + 1)
    return np.cumsum(change[:steps]) > 0


def window_activity(notes: Notes, start: float, end: float) -> bool:
    """Whether something plays between `start` and `end` (s): the same rule for a window at any place."""
    following = np.searchsorted(notes.end, start + ROUNDING, side="right")
    return bool(following < len(notes) and notes.start[following] < end - ROUNDING)
