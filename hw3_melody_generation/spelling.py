"""How pitches are written: the key signature of a melody, and the letter and sign of each note.

Everything is a place on the line of fifths, F C G D A E B = -1 ... 5, sharps above, flats below: a signature
is the place of its major tonic (sharps, or minus flats), and a letter with its sign is one place. The seven
notes of the key lie at signature - 1 ... signature + 5; the five others are those next to them on the line,
which writes the leading tone of the relative minor right (G sharp in A minor), and B and E flat in C major.
"""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np

from common.band.tunes.keys import PROFILES
from hw3_melody_generation.songs import Melody

LETTERS = "FCGDAEB"  # from place -1 up
NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}  # pitch classes
SIGNATURES = range(-6, 7)
MINOR = -3  # C minor has the signature of E flat major, three places lower
LOWEST_PLACE = -3  # of the twelve in use, from the signature
FURTHEST_FLAT = -8  # F flat


class Key(Protocol):
    """`tonic` as a pitch class, `minor`, and a `name` that tells G flat from F sharp, such as "Gb major"."""

    tonic: int
    minor: bool
    name: str


class Spelling(NamedTuple):
    """A written pitch: `letter` A to G, `alter` in semitones (-1 for a flat), `octave` as in C4 = 60."""

    letter: str
    alter: int
    octave: int


def signature(melody: Melody, key: Key | None = None) -> int:
    """Sharps, or minus flats, of the key; without one, those that need the fewest accidentals.

    Among signatures that need equally many, the one on whose major or minor key the time of the notes fits
    best (Krumhansl & Kessler's profiles) is taken.
    """
    if key is not None:
        sign = {"#": 1, "♯": 1, "b": -1, "♭": -1}.get(key.name[1:2], 0)
        return LETTERS.index(key.name[0].upper()) - 1 + 7 * sign + MINOR * key.minor
    weights = np.bincount(melody.pitch % 12, weights=melody.duration, minlength=12)
    counts = np.bincount(melody.pitch % 12, minlength=12)
    return min(SIGNATURES, key=lambda sharps: (_accidentals(counts, sharps), -_fit(weights, sharps)))


def spell(pitch: int, sharps: int) -> Spelling:
    """The letter, sign and octave of a MIDI number under a signature of `sharps` (minus flats)."""
    lowest = sharps + LOWEST_PLACE
    place = lowest + (7 * pitch - lowest) % 12  # a pitch class comes again every twelve places
    if place < FURTHEST_FLAT:
        place += 12  # nobody reads B double flat with pleasure; a double sharp may be a leading tone
    alter, letter = (place + 1) // 7, LETTERS[(place + 1) % 7]
    return Spelling(letter, alter, (int(pitch) - alter - NATURAL[letter]) // 12 - 1)


def in_signature(letter: str, sharps: int) -> int:
    """What a signature of `sharps` does to a letter: 1, -1 or 0 semitones (2 or -2 beyond seven signs)."""
    return (sharps - 1 - LETTERS.index(letter) + 7) // 7


def _accidentals(counts: np.ndarray, sharps: int) -> int:
    """How many notes are not in the scale of the signature."""
    scale = [7 * place % 12 for place in range(sharps - 1, sharps + 6)]
    return int(counts.sum() - counts[scale].sum())


def _fit(weights: np.ndarray, sharps: int) -> float:
    """The better correlation of the signature's major and minor key with the time on each pitch class."""
    if np.ptp(weights) == 0:
        return -math.inf
    tonics = {"major": 7 * sharps % 12, "minor": (7 * sharps + 9) % 12}
    profiles = (np.roll(PROFILES[mode], tonic) for mode, tonic in tonics.items())
    return max(float(np.corrcoef(profile, weights)[0, 1]) for profile in profiles)
