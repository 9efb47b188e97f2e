"""What a melody is held to: a key, and a range of pitches.

A key is one of the thirty that have a signature, up to seven sharps or flats. Its scale holds major's seven
pitch classes, or minor's natural seven and the raised seventh, the leading tone: without it no melody in
minor could close as those of the chorales do. Pitches are MIDI numbers, C4 = 60.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import torch
from torch import Tensor

from common.cli import UserError
from hw3_melody_generation.songs import PITCHES

LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}  # pitch classes
FIFTHS = {letter: number for number, letter in enumerate("FCGDAEB", start=-1)}  # sharps of the major key
SIGNS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}
MOST_SIGNS = 7  # sharps or flats in a key signature
MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10, 11)  # natural minor and the leading tone
FEWEST_PITCHES = 3  # what the barest children's chants are sung on: sol, mi, la

NOTE = r"([A-Ga-g])([#♯b♭]?)(-?\d{1,2})|(\d{1,3})"


@dataclass(frozen=True)
class Key:
    """tonic: a pitch class, C = 0. name: such as "Bb minor"."""

    tonic: int
    minor: bool
    name: str

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read "C", "Am", "F#", "Bb minor", "c♯ min", ...; letter case does not matter.

        Errors: UserError for what is no key, and for one of more than seven sharps or flats.
        """
        found = re.fullmatch(r"([A-Ga-g])([#♯b♭]?)\s*(|M|maj|major|m|min|minor)", text.strip(), re.IGNORECASE)
        if not found:
            raise UserError(f"--key {text}: no such key; give one such as C, F#, Am, or 'Bb minor'")
        letter, sign, mode = found[1].upper(), SIGNS[found[2].lower()], found[3]
        # "m" and "M" alone are the only place where the case of a letter decides.
        minor = mode == "m" or mode.lower() in ("min", "minor")
        tonic = (LETTERS[letter] + sign) % 12
        if abs(FIFTHS[letter] + 7 * sign - 3 * minor) > MOST_SIGNS:
            raise UserError(f"--key {text}: has more than seven signs; give {respelled(tonic, minor)}")
        return cls(tonic, minor, key_name(letter, sign, minor))

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """The scale from the tonic up."""
        return tuple((self.tonic + step) % 12 for step in (MINOR_SCALE if self.minor else MAJOR_SCALE))

    @property
    def triad(self) -> tuple[int, int, int]:
        """The pitch classes of the chord on the tonic."""
        return self.tonic, (self.tonic + 4 - self.minor) % 12, (self.tonic + 7) % 12

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Constraints:
    """The pitches that a melody may use: those of `key`, from `lowest` to `highest`; None: no such bound.

    UserError if they leave fewer than FEWEST_PITCHES.
    """

    key: Key | None = None
    lowest: int | None = None
    highest: int | None = None

    def __post_init__(self) -> None:
        count = int(self.allowed_pitches().sum())
        if count < FEWEST_PITCHES:
            notes = f"{count} {'note' if count == 1 else 'notes'}{f' of {self.key}' if self.key else ''}"
            raise UserError(
                f"--range {self.range_name}: holds {notes}; give one that holds at least {FEWEST_PITCHES}"
            )

    @classmethod
    def parse(cls, key: str | None = None, pitch_range: str | None = None) -> Constraints:
        """From what the user typed: a key, and a range such as "C4-E5" or "60-76". Errors: UserError."""
        lowest, highest = parse_range(pitch_range) if pitch_range is not None else (None, None)
        return cls(Key.parse(key) if key is not None else None, lowest, highest)

    def allowed_pitches(self) -> Tensor:
        """bool (128,): True for the MIDI numbers that may sound."""
        pitch = torch.arange(PITCHES)
        lowest, highest = self.bounds
        allowed = (pitch >= lowest) & (pitch <= highest)
        if self.key:
            allowed &= torch.isin(pitch % 12, torch.tensor(self.key.pitch_classes))
        return allowed

    def nearest_allowed(self) -> Tensor:
        """int64 (128,): for each MIDI number the nearest that may sound, of two as near the lower."""
        pitch = torch.arange(PITCHES)
        away = (pitch - pitch[:, None]).abs()
        return away.masked_fill(~self.allowed_pitches(), PITCHES).argmin(dim=1)

    @property
    def bounds(self) -> tuple[int, int]:
        """The lowest and the highest pitch of the range, whatever the key."""
        return self.lowest or 0, PITCHES - 1 if self.highest is None else self.highest

    def moved(self, octaves: int) -> Constraints:
        """The same, so many octaves higher; the key is none the wiser."""
        if octaves == 0:
            return self
        lowest, highest = (bound + 12 * octaves for bound in self.bounds)
        return Constraints(self.key, lowest, highest)

    @property
    def range_name(self) -> str:
        """Such as "C4-E5"."""
        return "-".join(note_name(bound) for bound in self.bounds)


def parse_range(text: str) -> tuple[int, int]:
    """ "C4-E5" or "60-76" -> (60, 76), lowest and highest MIDI number. Errors: UserError."""
    found = re.fullmatch(rf"\s*(?:{NOTE})\s*[-–—:]\s*(?:{NOTE})\s*", text)
    if not found:
        raise UserError(f"--range {text}: give two notes, such as C4-E5, or two MIDI numbers, such as 60-76")
    lowest, highest = (midi_number(*found.groups()[first : first + 4]) for first in (0, 4))
    if not 0 <= lowest <= highest < PITCHES:
        rule = (
            "the lower note comes first" if lowest > highest else "MIDI numbers go from 0 to 127 (C-1 to G9)"
        )
        raise UserError(f"--range {text}: {rule}; give a range such as C4-E5")
    return lowest, highest


def midi_number(letter: str | None, sign: str | None, octave: str | None, number: str | None) -> int:
    """The groups of NOTE as a MIDI number, which may be out of range."""
    if number is not None:
        return int(number)
    return LETTERS[letter.upper()] + SIGNS[sign] + 12 * (int(octave) + 1)


def note_name(pitch: int) -> str:
    """60 -> "C4"; black keys by the names that are usual where no key is known."""
    return f"{('C', 'C#', 'D', 'Eb', 'E', 'F', 'F#', 'G', 'Ab', 'A', 'Bb', 'B')[pitch % 12]}{pitch // 12 - 1}"


def key_name(letter: str, sign: int, minor: bool) -> str:
    """Such as "F# minor"."""
    return f"{letter}{('', '#', 'b')[sign]} {'minor' if minor else 'major'}"


def respelled(tonic: int, minor: bool) -> str:
    """The name of the key on a pitch class that has the fewest signs, of two like ones that with sharps."""
    spellings = [
        (abs(FIFTHS[letter] + 7 * sign - 3 * minor), -sign, key_name(letter, sign, minor))
        for letter in LETTERS
        for sign in (0, 1, -1)
        if (LETTERS[letter] + sign) % 12 == tonic
    ]
    return min(spellings)[2]
