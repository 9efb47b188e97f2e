"""The nine classes, and the class of every General MIDI program (fixed by the assignment).

Programs count from 0. What the course files elsewhere than one would guess: the orchestra hit and the
plucked strings of the world are Strings, the kalimba is a Piano, sound effects are Synth.
"""

from __future__ import annotations

CLASSES = ("Piano", "Percussion", "Organ", "Guitar", "Bass", "Strings", "Voice", "Wind Instruments", "Synth")
KEYS = ("piano", "percussion", "organ", "guitar", "bass", "strings", "voice", "wind_instruments", "synth")
NUM_CLASSES = len(CLASSES)
PERCUSSION = CLASSES.index("Percussion")

_RANGES = (  # last program of each range, and the class of all that are not in the range before
    (7, "Piano"),
    (15, "Percussion"),
    (23, "Organ"),
    (31, "Guitar"),
    (39, "Bass"),
    (51, "Strings"),
    (54, "Voice"),
    (55, "Strings"),
    (79, "Wind Instruments"),
    (103, "Synth"),
    (107, "Strings"),
    (108, "Piano"),
    (109, "Wind Instruments"),
    (110, "Strings"),
    (111, "Wind Instruments"),
    (119, "Percussion"),
    (127, "Synth"),
)
PROGRAM_CLASS = tuple(
    next(CLASSES.index(name) for last, name in _RANGES if program <= last) for program in range(128)
)


def class_of(program: int, *, is_drum: bool, drums_are_percussion: bool = False) -> int | None:
    """Index in CLASSES of a MIDI program 0..127, or None for drums, which have no class of their own.

    Percussion is chromatic and ethnic percussion; the released labels leave drum kits out.
    `drums_are_percussion` counts them in. ValueError for a program that MIDI does not have.
    """
    if is_drum:
        return PERCUSSION if drums_are_percussion else None
    if not 0 <= program <= 127:
        raise ValueError(f"program must be 0..127, got {program}")
    return PROGRAM_CLASS[program]
