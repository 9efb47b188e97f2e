"""Which General MIDI programs stand for which family, and in which split.

No program is in two splits. Programs of one family that TimGM6mb.sf2 builds from the same samples (the
four pianos, the accordions, violin and viola, ...) stay together: a split by program number alone would
let the classifier meet the very same recordings in training and test. (One sample, for the highest notes
of the muted trumpet, is shared between validation and test; none with training.) Labels follow General MIDI's
groups; the free-reed instruments of the organ group count as organs, as in the organ group of General
MIDI. Left out: harmonica (samples of the accordions in this font), drums and sound effects, ethnic
instruments without an obvious NSynth family.
"""

from __future__ import annotations

# family: {split: programs}, numbered from 0
PROGRAMS: dict[str, dict[str, tuple[int, ...]]] = {
    "bass": {"train": (33, 34, 35, 36, 38, 39), "valid": (37,), "test": (32,)},
    "brass": {"train": (56, 61, 62, 63), "valid": (59,), "test": (57, 58, 60)},
    "flute": {"train": (72, 74, 75, 76, 79), "valid": (78,), "test": (73, 77)},
    "guitar": {"train": (24, 25, 27, 28), "valid": (29, 30), "test": (26,)},
    "keyboard": {"train": (0, 1, 2, 3, 4, 7), "valid": (6,), "test": (5,)},
    "mallet": {"train": (9, 10, 12, 14, 15, 108, 112), "valid": (8, 114), "test": (11, 13)},
    "organ": {"train": (17, 18), "valid": (20, 21, 23), "test": (16, 19)},
    "reed": {"train": (64, 65, 67, 69, 70), "valid": (68,), "test": (66, 71)},
    "string": {"train": (40, 41, 44, 45, 48, 49), "valid": (50,), "test": (42, 43, 46)},
    "synth_lead": {"train": (81, 82, 86, 87), "valid": (84,), "test": (80,)},
    "vocal": {"train": (53, 54), "valid": (85, 91), "test": (52,)},
}

# Keys that players of the family use (MIDI numbers), within NSynth's 21..108.
PITCH_RANGES: dict[str, tuple[int, int]] = {
    "bass": (21, 72),
    "brass": (30, 90),
    "flute": (48, 105),
    "guitar": (36, 90),
    "keyboard": (21, 108),
    "mallet": (40, 108),
    "organ": (24, 100),
    "reed": (34, 96),
    "string": (28, 100),
    "synth_lead": (36, 100),
    "vocal": (36, 86),
}

# NSynth's training notes by family (Engel et al. 2017, table 2, less the notes of valid and test).
NSYNTH_NOTES: dict[str, int] = {
    "bass": 65474, "brass": 12675, "flute": 8773, "guitar": 32690, "keyboard": 51821, "mallet": 34201,
    "organ": 34477, "reed": 13911, "string": 19474, "synth_lead": 5501, "vocal": 10208,
}  # fmt: skip

SYNTHETIC = {38, 39, 50, 51, 54, 62, 63, *range(80, 88), 91}
ELECTRONIC = {4, 5, 7, 11, 16, 17, 18, *range(26, 38)} - {32}


def source_of(program: int) -> str:
    """NSynth's `instrument_source`: acoustic, electronic (amplified) or synthetic."""
    return "synthetic" if program in SYNTHETIC else "electronic" if program in ELECTRONIC else "acoustic"
