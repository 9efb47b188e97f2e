"""Notes without a score -> what they were meant to be: the nearest notes of the scale of a key.

The key is that whose profile (Krumhansl and Kessler 1982) correlates best with how long each pitch class
sounds. A take that lies beside concert pitch as a whole is brought back to it: notes are named by their
distance from the take's own tuning, and sung at the piano's pitch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from common.cli import UserError
from common.key_profiles import MAJOR, MINOR
from final_project.singing.take_notes import TakeNote

Scale = Literal["key", "chromatic"]
NAMES = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
STEPS = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10, 11)}  # both sevenths
AGREEMENT = 0.6  # of the notes on one tuning (length of their mean vector), from which on it is taken out


@dataclass(frozen=True)
class Key:
    """`tonic` 0 (C) .. 11, `mode` major or minor."""

    tonic: int
    mode: str

    def __str__(self) -> str:
        return f"{NAMES[self.tonic]} {self.mode}"

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        return tuple((self.tonic + step) % 12 for step in STEPS[self.mode])


def parse_key(text: str) -> Key:
    """ "F#", "Bb major", "c minor", "Am" -> the key. Errors: UserError."""
    found = re.fullmatch(r"\s*([A-Ga-g])([#b]?)\s*(major|minor|maj|min|m)?\s*", text)
    if not found:
        raise UserError(f"--key {text}: not a key; write it like C, F# minor, Bb major or Am")
    letter, accidental, mode = found.groups()
    tonic = (LETTERS[letter.upper()] + {"#": 1, "b": -1, "": 0}[accidental]) % 12
    return Key(tonic, "minor" if mode in ("minor", "min", "m") else "major")


def towards_scale(
    notes: Sequence[TakeNote], *, key: Key | None = None, scale: Scale = "key"
) -> tuple[list[TakeNote], Key | None]:
    """The notes with their targets, and the key: the one given, or the one found; None for chromatic."""
    off = tuning(notes)
    if scale == "key":
        key = key or find_key(notes, off)
        allowed = set(key.pitch_classes)
    else:
        key, allowed = None, set(range(12))
    pitches = np.array([pitch for pitch in range(128) if pitch % 12 in allowed])
    targets = [nearest(pitches, note.centre, off) for note in notes]
    return [replace(note, target=target) for note, target in zip(notes, targets, strict=True)], key


def nearest(pitches: NDArray[np.int_], centre: float, off: float) -> float:
    """That of `pitches` which is nearest in the take's own tuning; of two, the nearer at the piano's."""
    distance = np.abs(pitches - (centre - off)) + 1e-3 * np.abs(pitches - centre)
    return float(pitches[distance.argmin()])


def tuning(notes: Sequence[TakeNote]) -> float:
    """By how many semitones (-0.5..0.5) the take lies beside the piano; 0 where its notes do not agree."""
    lengths = np.array([note.end - note.first for note in notes], dtype=float)
    vector = np.exp(2j * np.pi * np.array([note.centre for note in notes])) @ lengths / lengths.sum()
    return float(np.angle(vector) / (2 * np.pi)) if abs(vector) > AGREEMENT else 0.0


def find_key(notes: Sequence[TakeNote], off: float = 0.0) -> Key:
    """The key whose profile fits best. off: the take's tuning in semitones."""
    lengths = np.zeros(12)
    for note in notes:
        lengths[round(note.centre - off) % 12] += note.end - note.first
    keys = [Key(tonic, mode) for mode in STEPS for tonic in range(12)]
    profiles = {"major": MAJOR, "minor": MINOR}
    if not lengths.std() > 0:
        return keys[0]
    return max(keys, key=lambda key: np.corrcoef(lengths, np.roll(profiles[key.mode], key.tonic))[0, 1])
