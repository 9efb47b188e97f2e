"""From the page to the performance: tempo, swing, and the small freedoms of human players.

Beats (quarter notes from the start of the piece) become seconds, accents become velocities.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.band.patterns.notation import Event
from common.synthesis import Note

SHORTEST = 0.04  # seconds: less is a click
_FASTEST_MELODY = 4.5  # notes per second: sixteenths at 68 beats per minute


@dataclass(frozen=True, slots=True)
class Feel:
    """The band's common clock.

    `beat_times`: seconds of every quarter note from the first to the end, shape (beats + 1,), increasing.
    `swing` is the share of a `swing_unit` (in beats) that its first half takes: 0.5 is even.
    """

    beat_times: NDArray[np.float64]
    swing: float = 0.5
    swing_unit: float = 1.0

    @property
    def duration(self) -> float:
        """Seconds."""
        return float(self.beat_times[-1])

    def seconds(self, beats: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """When beats of the page sound: seconds, in the shape of `beats`."""
        whole, part = np.divmod(beats, self.swing_unit)
        part = np.interp(part / self.swing_unit, [0.0, 0.5, 1.0], [0.0, self.swing, 1.0])
        return np.interp((whole + part) * self.swing_unit, np.arange(len(self.beat_times)), self.beat_times)


@dataclass(frozen=True, slots=True)
class Touch:
    """How one player plays: `looseness` (deviation) and `lag` of onsets in seconds, and how loudly.

    `velocity` is that of a note without accent, `contrast` says how much accents count.
    """

    looseness: float = 0.01
    lag: float = 0.0
    velocity: float = 80.0
    contrast: float = 1.0


def draw_tempo(
    limits: tuple[float, float], pulse: float, notes_per_beat: float, rng: np.random.Generator
) -> float:
    """Quarter notes per minute: the style's pulses per minute, slower where the melody has many notes.

    `pulse` is in beats. The dotted pulses of 6/8 are slower than a style's, its quarters faster: half each.
    """
    low, high = limits
    fastest = 60 * _FASTEST_MELODY / max(notes_per_beat, 0.1)
    return float(max(min(rng.uniform(low, high) * pulse**0.5, fastest), 50.0))


def draw_beat_times(
    beats: int, tempo: float, rng: np.random.Generator, *, drift: float, ritardando: float
) -> NDArray[np.float64]:
    """Seconds of `beats` quarter notes and of their end, shape (beats + 1,).

    `drift`: how far the tempo swells and ebbs (0.02 is 2 %); `ritardando`: how much longer the last beat
    is, growing over the last eight.
    """
    position = np.arange(beats)
    swell = np.sin(2 * np.pi * (position / rng.uniform(24, 64) + rng.random()))
    slowing = np.clip((position - (beats - 8)) / 8, 0, 1) ** 2
    lengths = 60 / tempo * (1 + drift * swell) * (1 + ritardando * slowing)
    return np.concatenate([[0.0], np.cumsum(lengths)])


def perform(
    events: Iterable[Event],
    feel: Feel,
    touch: Touch,
    rng: np.random.Generator,
    *,
    window: tuple[float, float],
    loudness: float = 0.0,
    monophonic: bool = False,
) -> list[Note]:
    """Events of one section -> notes in seconds, sorted by start, all inside `window` (start, end).

    `loudness` (-1..1) is the section's. Beside the accents, velocity follows an arch over the section, as
    phrases do. Notes that would be shorter than `SHORTEST` are left out.
    """
    score = sorted(events, key=lambda event: (event.onset, event.pitch))
    start, end = window
    freedom = touch.lag + rng.normal(0, touch.looseness, len(score))
    delays = np.array([event.delay for event in score])
    onsets = feel.seconds(np.array([event.onset for event in score])) + freedom + delays
    ends = np.minimum(feel.seconds(np.array([event.end for event in score])) + 0.5 * freedom, end)
    onsets = np.maximum(onsets, start)
    arch = np.sin(np.pi * np.clip((onsets - start) / (end - start), 0, 1))
    accents = 20 * touch.contrast * np.array([event.accent for event in score]) + 6 * arch
    velocities = touch.velocity + accents + 10 * loudness + rng.normal(0, 4, len(score))
    notes = [
        Note(event.pitch, float(onset), float(stop - onset), int(velocity))
        for event, onset, stop, velocity in zip(
            score, onsets, ends, np.clip(velocities, 20, 127), strict=True
        )
        if stop - onset >= SHORTEST
    ]
    return without_collisions(notes, monophonic=monophonic)


def without_collisions(notes: Iterable[Note], *, monophonic: bool = False) -> list[Note]:
    """A note ends where the next of its pitch begins; on a monophonic instrument, where any next begins."""
    kept: list[Note] = []
    following: dict[int, float] = {}
    for note in sorted(notes, key=lambda note: (note.start, note.pitch), reverse=True):
        key = 0 if monophonic else note.pitch
        end = min(note.end, following.get(key, np.inf))
        if end - note.start >= SHORTEST:
            kept.append(Note(note.pitch, note.start, float(end - note.start), note.velocity))
            following[key] = note.start
    return kept[::-1]
