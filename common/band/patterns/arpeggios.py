"""Broken chords and ostinatos: picking, Alberti figures, ballad waves, sequencer lines, riffs."""

from __future__ import annotations

from itertools import cycle, islice

import numpy as np

from common.band.patterns.notation import Bar, Event, Rhythm, hits, pulses
from common.band.patterns.player import Pattern, Player
from common.band.patterns.voicing import degree, voice_chord

# The order in which the voices of a chord sound, 0 the lowest, taken modulo the number of voices.
FIGURES: dict[str, tuple[int, ...]] = {
    "up": (0, 1, 2, 3),
    "down": (3, 2, 1, 0),
    "wave": (0, 1, 2, 3, 2, 1),
    "alberti": (0, 2, 1, 2),
    "picking": (0, 2, 1, 3, 0, 3, 1, 2),
    "ballad": (0, 1, 2, 3, 2, 3, 2, 1),
    "leaps": (0, 3, 1, 3, 2, 3),
}
RIFF_RHYTHMS: tuple[Rhythm, ...] = (
    ("x-x-xx.x", "x-x-xx", "x-xx-x"),
    ("x--x--x-", "x--xx-", "x-xx--"),
    ("xx.xx.x-", "xx.xx-", "xx.xx."),
    ("x.xx.xx.", "x.xx.x", "x.xx.x"),
    (".xx.x-x-", ".xx.x-", ".xx.x-"),
    ("x---x-x-", "x---x-", "x--x-x"),
)


def arpeggio(figure: str, step: float, rng: np.random.Generator) -> Pattern:
    """A chord's voices one after the other, every `step` beats, ringing on where the instrument rings."""
    order = FIGURES[figure]
    ring = float(rng.choice([0.9, 1.0, 2.0]))

    def play(bar: Bar, player: Player) -> list[Event]:
        events = []
        length = step if player.is_monophonic else ring * step
        for index, hit in zip(islice(cycle(order), round(bar.length / step)), pulses(bar, step), strict=True):
            voices = broken_voices(bar, hit.onset, player)
            events.append(Event(hit.onset, length, voices[index % len(voices)], hit.accent))
        return events

    return play


def riff(rng: np.random.Generator, *, step: float = 1.0) -> Pattern:
    """A motive of a bar that repeats with every chord: the same rhythm and shape, other notes.

    `step` scales its rhythm: 0.5 is twice as fast.
    """
    rhythm = RIFF_RHYTHMS[rng.integers(len(RIFF_RHYTHMS))]
    if step < 1.0:
        rhythm = tuple(steps + steps for steps in rhythm)
    shape = [int(index) for index in rng.integers(0, 4, 8)]
    staccato = float(rng.choice([0.45, 0.9]))

    def play(bar: Bar, player: Player) -> list[Event]:
        events = []
        for index, hit in enumerate(hits(rhythm, bar)):
            voices = broken_voices(bar, hit.onset, player)
            pitch = voices[shape[index % len(shape)] % len(voices)]
            events.append(Event(hit.onset, staccato * hit.duration, pitch, hit.accent))
        return events

    return play


def ostinato(step: float, rng: np.random.Generator) -> Pattern:
    """Repeated notes of a chord tone, as pizzicato strings and mallets play."""
    name = str(rng.choice(list("1355")))
    gap = int(rng.choice([3, 4, 99]))  # every so many notes one is left out

    def play(bar: Bar, player: Player) -> list[Event]:
        return [
            Event(hit.onset, 0.5 * step, player.nearest(degree(bar.chord_at(hit.onset), name)), hit.accent)
            for index, hit in enumerate(pulses(bar, step))
            if index % gap != gap - 1
        ]

    return play


def broken_voices(bar: Bar, beat: float, player: Player) -> tuple[int, ...]:
    """Four tones of the chord sounding at a beat, lowest first, led from the chord before."""
    chord = bar.chord_at(beat)
    player.last_chord = voice_chord(chord, player.register, 4, player.last_chord)
    return player.last_chord
