"""Which pattern an instrument plays in a role: a draw among what is idiomatic for it in a style."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from common.band.patterns.arpeggios import arpeggio, ostinato, riff
from common.band.patterns.bass import bass_line
from common.band.patterns.chords import comping, palm_muted, stride, sustained, two_hands, under_the_melody
from common.band.patterns.drums import groove
from common.band.patterns.lines import (
    counter_line,
    fills,
    melody,
    octave_for,
    ornamented,
    second_voice,
    thickened,
)
from common.band.patterns.notation import Bar, Event
from common.band.patterns.percussion import effects, strokes, timpani
from common.band.patterns.player import Pattern, Player
from common.band.registers import DISTORTED, GUITARS, PERCUSSIVE, keys_at_once
from common.band.score import Role
from common.band.styles import Style
from common.band.tunes import TuneNote

PIANOS, ORGANS, MALLETS = range(8), range(16, 24), range(8, 16)
ENSEMBLES = (*range(48, 55), 44)
SECTIONS = (55, *range(61, 64))  # brass sections and the orchestra hit
SYNTHESIZERS = range(80, 104)
PLUCKED = (45, 46, *range(104, 109))

Maker = Callable[[], Pattern]
Choices = Sequence[tuple[float, Maker]]


def choose_pattern(
    role: Role,
    program: int,
    style: Style,
    *,
    tempo: float,
    tune: tuple[TuneNote, ...],
    player: Player,
    rng: np.random.Generator,
    solo: bool = False,
) -> Pattern:
    """What `player` does in one kind of section.

    `tempo` in quarter notes per minute keeps fast figures playable, `tune` is the section's melody in the
    piece's key, `solo` lets a leader ornament it.
    """
    if role == "drums":
        return groove(str(rng.choice(style.grooves)), rng)
    if program in PERCUSSIVE or program >= 120:
        return _percussion(program, rng)
    if role == "bass":
        return bass_line(str(rng.choice(style.basses)), rng)
    if role == "melody":
        return _melody(program, octave_for(tune, player), solo, rng)
    choices = {
        "chords": _chords,
        "pad": _pads,
        "arpeggio": _arpeggios,
        "counter": _counters,
        "color": _colors,
    }
    return _draw(choices[role](program, style, tempo, octave_for(tune, player), rng), rng)


def _melody(program: int, octave: int, solo: bool, rng: np.random.Generator) -> Pattern:
    """The tune on one instrument: plain or ornamented, and on keys sometimes with more than one voice."""
    tune = (ornamented if solo else melody)(octave, rng)
    if program in (*PIANOS, 21, 23, 24, 25, 46) and rng.random() < 0.5:
        return under_the_melody(tune, rng)
    if keys_at_once(program) > 1 and rng.random() < 0.35:
        return thickened(tune, rng)
    return tune


def _draw(choices: Choices, rng: np.random.Generator) -> Pattern:
    weights = np.array([weight for weight, _ in choices])
    return choices[rng.choice(len(choices), p=weights / weights.sum())][1]()


def _percussion(program: int, rng: np.random.Generator) -> Pattern:
    if program == 47:
        return timpani(rng)
    return effects(rng) if program >= 119 else strokes(rng)


def _comp(style: Style, tempo: float, rng: np.random.Generator) -> str:
    """A comping rhythm of the style; not the busy ones when the tempo is fast already."""
    names = [name for name in style.comping if tempo < 126 or name not in ("eighths", "funk", "strum")]
    return str(rng.choice(names or ["quarters"]))


def _step(tempo: float, rng: np.random.Generator) -> float:
    """The note value of a figure, in beats: about two to six notes per second."""
    return float(rng.choice([0.25, 0.5])) if tempo < 92 else 0.5 if tempo < 170 else 1.0


def _chords(program: int, style: Style, tempo: float, octave: int, rng: np.random.Generator) -> Choices:
    name, figure = _comp(style, tempo, rng), str(rng.choice(style.figures))
    step = _step(tempo, rng)
    held, comped = (1.0, lambda: sustained(rng)), (4.0, lambda: comping(name, rng))
    broken = (1.0, lambda: arpeggio(figure, step, rng))
    if program in PIANOS:
        slow = style.name in ("ballad", "chamber", "pop", "folk")
        old = style.name in ("jazz", "country", "folk", "chamber")
        return [
            comped, held, (4.0, lambda: two_hands(name, rng)), (1.0 if old else 0.1, lambda: stride),
            (3.0 if slow else 0.5, lambda: arpeggio(figure, step, rng)),
        ]  # fmt: skip
    if program in (*DISTORTED, 28):
        driving = 3.0 if style.name in ("rock", "pop") and tempo < 150 else 0.5
        return [comped, held, (driving, lambda: palm_muted(rng))]
    if program in GUITARS:
        return [(6.0, comped[1]), broken, (0.5, held[1])]
    if program in (*ORGANS, *ENSEMBLES):
        return [(4.0, held[1]), (2.0, comped[1])]
    if program in SECTIONS:
        return [(3.0, lambda: comping("stabs", rng)), held, (1.0, comped[1])]
    return [comped, held, broken]


def _pads(program: int, style: Style, tempo: float, octave: int, rng: np.random.Generator) -> Choices:
    return [
        (6.0, lambda: sustained(rng)),
        (1.0, lambda: comping("long", rng)),
        (0.7, lambda: counter_line(rng)),
    ]


def _arpeggios(program: int, style: Style, tempo: float, octave: int, rng: np.random.Generator) -> Choices:
    figure, step = str(rng.choice(style.figures)), _step(tempo, rng)
    broken, motive = (3.0, lambda: arpeggio(figure, step, rng)), (2.0, lambda: riff(rng))
    if program in (24, 25, 46, 105):
        return [(5.0, lambda: arpeggio(str(rng.choice(["picking", figure])), step, rng)), motive]
    if program in SYNTHESIZERS:
        return [broken, motive, (1.0, lambda: riff(rng, step=0.5 if tempo < 100 else 1.0))]
    if program in (*PLUCKED, *MALLETS):
        return [broken, motive, (2.0, lambda: ostinato(step, rng))]
    return [broken, motive]


def _counters(program: int, style: Style, tempo: float, octave: int, rng: np.random.Generator) -> Choices:
    return [
        (3.0, lambda: counter_line(rng)),
        (2.0, lambda: _or_else(second_voice(octave, rng), counter_line(rng))),
        (1.2, lambda: riff(rng)),
        (1.0, lambda: fills(rng)),
        (0.8, lambda: sustained(rng)),
    ]


def _colors(program: int, style: Style, tempo: float, octave: int, rng: np.random.Generator) -> Choices:
    every = int(rng.choice([1, 2, 2]))
    runs, motive = (2.0, lambda: fills(rng, every=every)), (2.0, lambda: riff(rng))
    if program in SECTIONS:
        return [(5.0, lambda: comping("stabs", rng)), (0.5, motive[1])]
    if program in MALLETS:
        return [runs, motive, (2.0, lambda: _or_else(melody(octave, rng), riff(rng)))]
    return [runs, motive, (1.0, lambda: comping("stabs", rng)), (0.7, lambda: counter_line(rng))]


def _or_else(first: Pattern, second: Pattern) -> Pattern:
    """The first pattern, or the second in bars where the first has nothing to play."""

    def play(bar: Bar, player: Player) -> list[Event]:
        return first(bar, player) or second(bar, player)

    return play
