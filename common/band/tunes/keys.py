"""Key: what the source says, and what the notes say where the source leaves it open.

A plain `K:G` may mean no more than one sharp: E minor, A Dorian and D Mixolydian are written with it too, and
the Essen songs name only the tonic, G minor's as well. Among these the notes decide, by how well the time
spent on each pitch class follows the profile that listeners gave for a key (Krumhansl & Kessler 1982,
"Tracing the dynamic changes in perceived tonal organization in a spatial representation of musical keys").
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from common import key_profiles
from common.band.tunes.tune import Mode, TuneNote

Key = tuple[int, Mode]  # tonic as a pitch class, mode

PROFILES: dict[Mode, tuple[float, ...]] = {"major": key_profiles.MAJOR, "minor": key_profiles.MINOR}
STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ALTERATIONS = {"": 0, "#": 1, "b": -1, "-": -1}
MODES: dict[str, Mode] = {
    "m": "minor",
    "min": "minor",
    "aeo": "minor",
    "dor": "minor",
    "phr": "minor",
    "maj": "major",
    "ion": "major",
    "mix": "major",
    "lyd": "major",
}
# Of one key signature: the major key, its relative minor, Dorian and Mixolydian; and the parallel minor.
# Semitones above the first.
RELATIVES: tuple[Key, ...] = ((0, "major"), (9, "minor"), (2, "minor"), (7, "major"), (0, "minor"))
# Ours, on the scale of a correlation. With them, 544 of 565 Irish, Scottish and American tunes in a plain key
# keep it, and of 102 whose source names a minor or church mode, 77 are found by signature and notes alone.
STATED_BONUS = 0.15  # for the first of RELATIVES
FINAL_BONUS = 0.2  # for the key in which the tune ends on its tonic


def stated_keys(field: str) -> tuple[Key, ...]:
    """The keys that an ABC `K:` field may mean, the likeliest first; () for one that is not understood."""
    found = re.match(r"([A-G])([#b]?)\s*([A-Za-z]*)", field)
    if found is None:
        return ()
    tonic, word = (STEPS[found[1]] + ALTERATIONS[found[2]]) % 12, found[3]
    if not word:
        return relatives(tonic)
    mode = "major" if word == "M" else MODES.get(word.lower()[:3])
    return () if mode is None else ((tonic, mode),)


def signature_keys(sharps: int) -> tuple[Key, ...]:
    """The keys that a signature of `sharps` (flats negative) may mean, the likeliest first.

    All of them where there are none: lead sheets leave their signature out and write accidentals.
    """
    likely = relatives(7 * sharps % 12)
    every = tuple((tonic, mode) for tonic in range(12) for mode in PROFILES)
    return likely if sharps else (*likely, *(key for key in every if key not in likely))


def relatives(tonic: int) -> tuple[Key, ...]:
    return tuple(((tonic + interval) % 12, mode) for interval, mode in RELATIVES)


def time_per_pitch_class(notes: Iterable[TuneNote]) -> NDArray[np.float64]:
    """Beats that each pitch class sounds, shape (12,)."""
    weights = np.zeros(12)
    for note in notes:
        weights[note.pitch % 12] += note.duration
    return weights


def choose_key(keys: tuple[Key, ...], weights: NDArray[np.float64], final: int) -> Key:
    """The one of `keys` that fits best: `weights` (12,) is beats per pitch class, `final` ends the tune."""

    def fit(key: Key) -> float:
        tonic, mode = key
        correlation = float(np.corrcoef(np.roll(PROFILES[mode], tonic), weights)[0, 1])
        return correlation + STATED_BONUS * (key == keys[0]) + FINAL_BONUS * (final % 12 == tonic)

    return keys[0] if len(keys) == 1 else max(keys, key=fit)
