"""What the guitarists play: strummed and picked chords, riffs, and solo lines with bends.

    phrase = draw_phrase("riff", rng, seconds=8.0)

Seconds and MIDI pitches. A chord is a shape on six strings, so voicings are those of a guitar: the shapes
of E, A and D, moved along the neck with their barre. One phrase is one key and one tempo.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from common.synthesis import Note

Kind = Literal["strumming", "picking", "riff", "solo"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# Frets of the six strings from low to high, relative to the barre, None is not played; and the string with
# the root.
OPEN_STRINGS = (40, 45, 50, 55, 59, 64)
SHAPES = {
    "major": (
        ((0, 2, 2, 1, 0, 0), 0),
        ((None, 0, 2, 2, 2, 0), 1),
        ((None, None, 0, 2, 3, 2), 2),
    ),
    "minor": (
        ((0, 2, 2, 0, 0, 0), 0),
        ((None, 0, 2, 2, 1, 0), 1),
        ((None, None, 0, 2, 3, 1), 2),
    ),
}
# Degrees of the scale as (semitones above the tonic, chord) of usual progressions.
MAJOR_CHORDS = {1: (0, "major"), 2: (2, "minor"), 4: (5, "major"), 5: (7, "major"), 6: (9, "minor")}
PROGRESSIONS = ((1, 5, 6, 4), (1, 4, 5, 4), (6, 4, 1, 5), (1, 6, 2, 5), (2, 5, 1, 1), (1, 4, 1, 5))
PENTATONIC = (0, 3, 5, 7, 10)
HIGHEST_FRET = 9
BEND_STEP = 0.01  # s between steps of a bend
Bends = list[tuple[float, float]]


@dataclass(frozen=True)
class Phrase:
    """What is played. bends: (second, cents), for whoever plays alone."""

    notes: list[Note]
    bends: Bends


@dataclass(frozen=True)
class Feel:
    """How: beat (s), key (pitch class), loudness (velocity), and how uneven (s)."""

    beat: float
    tonic: int
    velocity: int
    spread: float


def draw_phrase(kind: Kind, rng: np.random.Generator, *, seconds: float) -> Phrase:
    """`seconds` of playing; the last notes may end a little later."""
    feel = Feel(
        beat=60 / rng.uniform(70, 150),
        tonic=int(rng.integers(12)),
        velocity=int(rng.integers(70, 110)),
        spread=rng.uniform(0.0, 0.012),
    )
    return _PLAYERS[kind](rng, feel, seconds)


def strumming(rng: np.random.Generator, feel: Feel, seconds: float) -> Phrase:
    """Chords in eighths, down from the low strings and up from the high ones, some of them left out."""
    pattern = rng.random(8) < np.array([1.0, 0.3, 0.8, 0.6, 0.5, 0.8, 0.8, 0.5])
    roll = rng.uniform(0.004, 0.02)  # s from string to string
    notes: list[Note] = []
    hits = np.flatnonzero(np.resize(pattern, max(int(seconds / feel.beat * 2), 1)))
    ends = np.append(hits[1:], hits[-1] + 2) * feel.beat / 2
    chords = _chords(rng, feel)
    for hit, end in zip(hits, ends, strict=True):
        strings = chords[hit // 8 % len(chords)]
        ordered = strings if hit % 2 == 0 else strings[::-1][:4]
        for place, pitch in enumerate(ordered):
            start = hit * feel.beat / 2 + place * roll
            notes.append(_note(rng, feel, pitch, start, max(end - start, 0.05)))
    return Phrase(notes, [])


def picking(rng: np.random.Generator, feel: Feel, seconds: float) -> Phrase:
    """Broken chords: bass first, then single strings that ring on to the end of the chord."""
    order = rng.integers(1, 6, size=7)
    notes: list[Note] = []
    chords = _chords(rng, feel)
    for step in range(max(int(seconds / feel.beat * 2), 1)):
        strings = chords[step // 8 % len(chords)]
        place = 0 if step % 8 == 0 else order[step % 8 - 1] % len(strings)
        start = step * feel.beat / 2
        rest_of_bar = (8 - step % 8) * feel.beat / 2
        notes.append(_note(rng, feel, strings[place], start, rest_of_bar))
    return Phrase(notes, [])


def riff(rng: np.random.Generator, feel: Feel, seconds: float) -> Phrase:
    """Two bars of low notes and power chords, repeated, with palm-muted short ones between."""
    root = 40 + (feel.tonic - 40) % 12
    rhythm = rng.choice([1, 1, 2, 2, 3], size=16)
    degrees = rng.choice(PENTATONIC, size=16, p=(0.4, 0.2, 0.15, 0.15, 0.1))
    power = rng.random(16) < 0.5
    short = rng.random(16) < 0.4
    notes, at, place = [], 0.0, 0
    while at < seconds:
        length = rhythm[place % 16] * feel.beat / 2
        pitch = root + int(degrees[place % 16])
        for step in (0, 7, 12) if power[place % 16] else (0,):
            notes.append(_note(rng, feel, pitch + step, at, length * (0.35 if short[place % 16] else 0.95)))
        at, place = at + length, place + 1
    return Phrase(notes, [])


def solo(rng: np.random.Generator, feel: Feel, seconds: float) -> Phrase:
    """One line in the minor pentatonic, with bends up to its next tone, vibrato on long notes, rests."""
    scale = [p for p in range(52, 84) if (p - feel.tonic) % 12 in PENTATONIC]
    place = int(rng.integers(len(scale) // 3, 2 * len(scale) // 3))
    notes, bends, at = [], [], 0.0
    while at < seconds:
        length = rng.choice([0.5, 0.5, 1.0, 1.5, 2.0]) * feel.beat
        place = int(np.clip(place + rng.choice([-2, -1, -1, 1, 1, 2]), 0, len(scale) - 2))
        if rng.random() < 0.85:
            notes.append(_note(rng, feel, scale[place], at, 0.92 * length))
            bends += [(notes[-1].start, 0.0)]
            if length >= feel.beat:
                interval = 100.0 * (scale[place + 1] - scale[place]) if rng.random() < 0.5 else 0.0
                bends += bend(notes[-1], interval, vibrato=rng.uniform(0, 30), rate=rng.uniform(4.5, 6.5))
        at += length
    return Phrase(notes, bends)


def bend(note: Note, cents: float, *, vibrato: float, rate: float) -> Bends:
    """Up by `cents` in the first half of the note, `vibrato` (cents, peak; Hz) in the second."""
    times = np.arange(0, note.duration, BEND_STEP)
    share = times / note.duration
    rise = cents * np.clip(share / 0.4, 0, 1) ** 2
    shake = vibrato * np.sin(2 * np.pi * rate * times) * (share > 0.5)
    return [(note.start + time, float(value)) for time, value in zip(times, rise + shake, strict=True)]


def _chords(rng: np.random.Generator, feel: Feel) -> list[list[int]]:
    """A progression in the key, each chord as the pitches of its strings from low to high."""
    degrees = PROGRESSIONS[rng.integers(len(PROGRESSIONS))]
    return [_voicing(rng, (feel.tonic + MAJOR_CHORDS[d][0]) % 12, MAJOR_CHORDS[d][1]) for d in degrees]


def _voicing(rng: np.random.Generator, root: int, quality: str) -> list[int]:
    """A chord on the strings: a shape at the fret at which its root is `root`."""
    fitting = []
    for frets, string in SHAPES[quality]:
        fret = (root - OPEN_STRINGS[string]) % 12
        if fret <= HIGHEST_FRET:
            fitting.append([o + f + fret for o, f in zip(OPEN_STRINGS, frets, strict=True) if f is not None])
    return fitting[rng.integers(len(fitting))]


def _note(rng: np.random.Generator, feel: Feel, pitch: int, start: float, duration: float) -> Note:
    """A note as a hand plays it: a little early or late, a little louder or softer."""
    velocity = int(np.clip(feel.velocity + rng.integers(-8, 9), 1, 127))
    return Note(int(pitch), max(start + rng.normal(0, feel.spread), 0.0), float(duration), velocity)


_PLAYERS: dict[Kind, Callable[[np.random.Generator, Feel, float], Phrase]] = {
    "strumming": strumming,
    "picking": picking,
    "riff": riff,
    "solo": solo,
}
