"""The drum kit: a groove of each style, fills at the ends of sections, crashes at their beginnings.

Keys are those of the General MIDI drum map (General MIDI level 1: 35 acoustic bass drum .. 81 open
triangle). In these rhythms `o` is a ghost note.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from common.band.patterns.notation import Bar, Event, Hit, Rhythm, hits
from common.band.patterns.player import Pattern, Player

KICK, STICK, SNARE, CLAP = 36, 37, 38, 39
CLOSED_HAT, PEDAL_HAT, OPEN_HAT, RIDE, CRASH, RIDE_BELL = 42, 44, 46, 51, 49, 53
TOMS = (50, 48, 47, 45, 43, 41)
TAMBOURINE, COWBELL, HIGH_CONGA, LOW_CONGA, MUTE_CONGA = 54, 56, 63, 64, 62
HIGH_BONGO, LOW_BONGO, CABASA, MARACAS, CLAVES, TRIANGLE = 60, 61, 69, 70, 75, 81

Groove = Mapping[int, Rhythm]

_BACKBEAT: Rhythm = ("..X...X.", "..x.x.", "...X..")
_EIGHTHS: Rhythm = ("XxXxXxXx", "XxXxXx", "XxxXxx")
_QUARTERS: Rhythm = ("x.x.x.x.", "x.x.x.", "x..x..")
_SIXTEENTHS: Rhythm = ("XoxoXoxoXoxoXoxo", "XoxoXoxoXoxo", "XoxoxoXoxoxo")

GROOVES: dict[str, tuple[Groove, ...]] = {
    "rock": (
        {KICK: ("X...X...", "X.....", "X....."), SNARE: _BACKBEAT, CLOSED_HAT: _EIGHTHS},
        {KICK: ("X..xX...", "X..x..", "X.x.x."), SNARE: _BACKBEAT, CLOSED_HAT: _EIGHTHS},
        {KICK: ("X.x..xx.", "X.x..x", "X.xx.."), SNARE: _BACKBEAT, RIDE: _QUARTERS},
        {KICK: ("XxxxXxxx", "XxXxXx", "XxxXxx"), SNARE: _BACKBEAT, OPEN_HAT: _QUARTERS},
    ),
    "pop": (
        {KICK: ("X..x.x..", "X..x..", "X.x..x"), SNARE: _BACKBEAT, CLOSED_HAT: _EIGHTHS},
        {KICK: ("X..xX..x", "X...x.", "X..x.x"), SNARE: _BACKBEAT, CLOSED_HAT: _SIXTEENTHS},
        {KICK: ("X.....x.", "X...x.", "X.x..."), CLAP: _BACKBEAT, CLOSED_HAT: _EIGHTHS},
    ),
    "ballad": (
        {
            KICK: ("X...x...", "X.....", "X....."),
            STICK: ("....X...", "..x.x.", "...X.."),
            CLOSED_HAT: _EIGHTHS,
        },
        {KICK: ("X....xx.", "X....x", "X.x..."), STICK: _BACKBEAT, RIDE: _EIGHTHS},
        {
            KICK: ("X.......", "X.....", "X....."),
            SNARE: ("....X...", "...x..", "...X.."),
            CLOSED_HAT: _QUARTERS,
        },
    ),
    "folk": (
        {KICK: ("X...X...", "X.....", "X..x.."), TAMBOURINE: ("..X...X.", "..x.x.", "..x..x")},
        {
            KICK: ("X...X...", "X.....", "X..X.."),
            SNARE: ("..xo..xo", "..xoxo", "..x.ox"),
            CLOSED_HAT: _QUARTERS,
        },
    ),
    "train": (
        {KICK: ("X...X...", "X.....", "X..X.."), SNARE: ("ooXoooXo", "ooxoxo", "ooXooX")},
        {KICK: _QUARTERS, SNARE: (".x.x.x.x", "..x.x.", "..x..x"), PEDAL_HAT: _BACKBEAT},
    ),
    "swing": (
        {
            RIDE: ("x.xxx.xx", "x.xxxx", "x.xx.x"),
            PEDAL_HAT: ("..x...x.", "..x.x.", "..x..x"),
            KICK: ("o.......", "o.....", "o....."),
        },
        {
            RIDE: ("x.xxx.xx", "x.xxxx", "x.xx.x"),
            PEDAL_HAT: _BACKBEAT,
            SNARE: ("...o...o", "...o..", "..o..."),
        },
    ),
    "shuffle": (
        {
            KICK: ("X...X..x", "X....x", "X..x.."),
            SNARE: _BACKBEAT,
            CLOSED_HAT: ("x.xxx.xx", "x.xxxx", "x.xx.x"),
        },
    ),
    "funk": (
        {
            KICK: ("X..x..x...x..x..", "X..x..x..x..", "X..x..x..x.."),
            SNARE: ("....X..o.o..X..o", "....X..oX..o", "......X..o.o"),
            CLOSED_HAT: _SIXTEENTHS,
        },
        {
            KICK: ("X.x.......xx....", "X.x.....xx..", "X.x....xx..."),
            SNARE: ("....X..o....X.o.", "....X..oX.o.", "......X..o.."),
            CLOSED_HAT: ("XxXxXxXx", "XxXxXx", "XxxXxx"),
        },
    ),
    "four on the floor": (
        {KICK: ("X.X.X.X.", "X.X.X.", "X..X.."), OPEN_HAT: (".x.x.x.x", ".x.x.x", "..x..x"), CLAP: _BACKBEAT},
        {KICK: ("X.X.X.X.", "X.X.X.", "X..X.."), CLOSED_HAT: _SIXTEENTHS, SNARE: _BACKBEAT},
    ),
    "breakbeat": (
        {
            KICK: ("X.X.......X.....", "X.X.....X...", "X.X....X...."),
            SNARE: ("....X..o.o..X...", "....X..oX...", "......X..o.."),
            CLOSED_HAT: _EIGHTHS,
        },
    ),
    "latin": (
        {
            KICK: ("X..xX..x", "X..x..", "X.x.x."),
            STICK: ("x..x..x...x.x...", "x..x..x...x.", "x..x..x.x..."),
            CABASA: _SIXTEENTHS,
        },
        {KICK: ("X..xX..x", "X..x..", "X.x.x."), HIGH_CONGA: ("...x...x", "...x..", "..x..x")}
        | {
            LOW_CONGA: ("......xx", "....xx", "....xx"),
            MUTE_CONGA: ("x.x.x...", "x.x...", "x..x.."),
            COWBELL: _QUARTERS,
        },
    ),
    "reggae": (
        {
            KICK: ("....X...", "..X...", "...X.."),
            STICK: ("....X...", "..X...", "...X.."),
            CLOSED_HAT: _EIGHTHS,
        },
        {
            KICK: ("X...X...", "X.X...", "X..X.."),
            STICK: _BACKBEAT,
            CLOSED_HAT: (".x.x.x.x", ".x.x.x", "..x..x"),
        },
    ),
    "light": (
        {TRIANGLE: ("x.......", "x.....", "x....."), TAMBOURINE: ("....x...", "..x...", "...x..")},
        {KICK: ("x.......", "x.....", "x....."), CLAVES: ("..x...x.", "..x.x.", "..x..x")},
        {SNARE: ("x.xxx.x.", "x.xxx.", "x..x.x"), KICK: ("X...X...", "X.....", "X..x..")},
    ),
}
# What a percussionist adds beside the kit.
EXTRAS: tuple[Groove, ...] = (
    {TAMBOURINE: _BACKBEAT},
    {TAMBOURINE: _SIXTEENTHS},
    {MARACAS: _EIGHTHS},
    {CABASA: _EIGHTHS},
    {HIGH_CONGA: ("...x..x.", "...x..", "..x..."), LOW_CONGA: (".......x", ".....x", ".....x")},
    {HIGH_BONGO: ("x.xxx.x.", "x.xxx.", "x.xx.x"), LOW_BONGO: ("......x.", "....x.", "...x..")},
    {COWBELL: _QUARTERS},
    {CLAVES: ("x..x..x...x.x...", "x..x..x...x.", "x..x..x.x...")},
)
_LENGTHS = {OPEN_HAT: 0.4, RIDE: 0.5, CRASH: 1.5}  # beats; the rest is short


def groove(name: str, rng: np.random.Generator) -> Pattern:
    """A drummer's part for one kind of section: a groove of `GROOVES`, varied, with fills and crashes."""
    choices = GROOVES[name]
    parts = dict(choices[rng.integers(len(choices))])
    if rng.random() < 0.35:
        parts = {**EXTRAS[rng.integers(len(EXTRAS))], **parts}
    if rng.random() < 0.3 and CLOSED_HAT in parts:
        parts[RIDE] = parts.pop(CLOSED_HAT)
    fill_beats = float(rng.choice([1.0, 2.0, 4.0]))
    fill_every = int(rng.choice([4, 8]))

    def play(bar: Bar, player: Player) -> list[Event]:
        events = [
            _event(key, hit)
            for key, rhythm in parts.items()
            for hit in _varied(hits(rhythm, bar), key, player)
        ]
        last = bar.place == bar.places - 1
        if (last or bar.place % fill_every == fill_every - 1) and player.rng.random() < (
            0.85 if last else 0.5
        ):
            beats = min(fill_beats, bar.length)
            events = [event for event in events if event.onset < bar.end - beats - 1e-6]
            events += _fill(bar, beats, player.rng)
        if bar.place == 0 and player.rng.random() < bar.energy:
            events.append(Event(bar.start, _LENGTHS[CRASH], CRASH, 0.6))
        return events

    return play


def last_stroke(bar: Bar, player: Player) -> list[Event]:
    """The end: one stroke on bass drum and cymbal."""
    return [Event(bar.start, 0.5, KICK, 0.5), Event(bar.start, bar.length, CRASH, 0.5)]


def _varied(strokes: list[Hit], key: int, player: Player) -> list[Hit]:
    """Some strokes that carry no accent are left out; the foot leaves out more than the hands."""
    share = 0.12 if key == KICK else 0.04
    return [hit for hit in strokes if hit.accent > 0 or player.rng.random() > share]


def _event(key: int, hit: Hit) -> Event:
    accent = (
        -0.8 if hit.symbol == "o" else hit.accent - (0.2 if key in (CLOSED_HAT, CABASA, MARACAS) else 0.0)
    )
    return Event(hit.onset, _LENGTHS.get(key, 0.25), key, accent)


def _fill(bar: Bar, beats: float, rng: np.random.Generator) -> list[Event]:
    """Strokes that walk from the snare down the toms, louder and louder."""
    step = float(rng.choice([0.25, 0.5])) if beats <= 2 else 0.5
    count = round(beats / step)
    path = (SNARE, *TOMS[:: int(rng.choice([1, 2]))])
    events = []
    for index in range(count):
        if index == 0 or rng.random() < 0.85:
            key = path[index * len(path) // count]
            events.append(Event(bar.end - beats + index * step, 0.25, key, -0.1 + 0.7 * index / count))
    return events
