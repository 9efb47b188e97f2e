"""What sounds together: triads and seventh chords, by the pitch classes that sing.

    kinds = chord_kinds(quarters(chorale.voices, chorale.position))    # ["triad", "seventh", None, ...]

A chord is what its pitch classes are, whichever of them is in the bass and however they are doubled:

    triad        major, minor, diminished, augmented
    seventh      on a major, minor or diminished triad: C7, Cmaj7, Cm7, Cm(maj7), half and fully diminished
    incomplete   a third, a fifth or a single pitch class, as at the ends of phrases; a seventh without fifth
    other        everything else, mostly suspensions and passing notes on the beat
    None         nothing sings

Sources: the chord types of Piston, "Harmony" (1941), ch. 2 and 21.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from final_project.muse2bach.chorale import SILENT

KINDS = ("triad", "seventh", "incomplete", "other")
TERTIAN = KINDS[:3]  # built of thirds: what harmony books name
# Semitones above a root.
SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {
    "triad": ((0, 4, 7), (0, 3, 7), (0, 3, 6), (0, 4, 8)),
    "seventh": (
        (0, 4, 7, 10),
        (0, 4, 7, 11),
        (0, 3, 7, 10),
        (0, 3, 7, 11),
        (0, 3, 6, 10),
        (0, 3, 6, 9),
    ),
    "incomplete": ((0,), (0, 3), (0, 4), (0, 7), (0, 4, 10), (0, 4, 11), (0, 3, 10)),
}
CLASSES = 12


def chord_kinds(chords: ArrayLike) -> list[str | None]:
    """The kind of each chord (n, voices), MIDI pitches or SILENT."""
    table = _kind_of_mask()
    return [table[mask] for mask in pitch_class_masks(chords)]


def chord_counts(chords: ArrayLike) -> dict[str, int]:
    """How many of the chords (n, voices) are of each of KINDS, and how many sound at all ("chords")."""
    kinds = [kind for kind in chord_kinds(chords) if kind is not None]
    return {"chords": len(kinds), **{kind: kinds.count(kind) for kind in KINDS}}


def pitch_class_masks(chords: ArrayLike) -> NDArray[np.int64]:
    """Which pitch classes sound, as bits, C the lowest: (n, voices) -> (n,), 0 where nothing does."""
    chords = np.asarray(chords, dtype=np.int64)
    bits = np.where(chords > SILENT, 1 << chords % CLASSES, 0)
    return np.bitwise_or.reduce(bits, axis=-1)


@cache
def _kind_of_mask() -> tuple[str | None, ...]:
    """The kind of each of the 4096 sets of pitch classes."""
    kinds: list[str | None] = [None, *["other"] * (2**CLASSES - 1)]
    for kind, shapes in SHAPES.items():
        for shape in shapes:
            for root in range(CLASSES):
                kinds[sum(1 << (root + step) % CLASSES for step in shape)] = kind
    return tuple(kinds)
