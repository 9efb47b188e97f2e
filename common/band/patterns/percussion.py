"""Programs that strike a rhythm rather than a tune: timpani, agogo, wood block, taiko, melodic toms."""

from __future__ import annotations

import numpy as np

from common.band.patterns.notation import Bar, Event, Rhythm, hits, pulses
from common.band.patterns.player import Pattern, Player
from common.band.patterns.voicing import degree

RHYTHMS: tuple[Rhythm, ...] = (
    ("X..x..x.", "X..xx.", "X.xx.x"),
    ("x..x..x...x.x...", "x..x..x...x.", "x..x..x.x..."),
    ("X.x.x.x.", "X.x.x.", "X..x.."),
    ("X.xxX.xx", "X.xxXx", "XxxX.x"),
    ("X.......", "X.....", "X....."),
    ("X.....xx", "X...xx", "X...xx"),
    ("..x...x.", "..x.x.", "..x..x"),
)


def strokes(rng: np.random.Generator) -> Pattern:
    """A rhythm on one or two pitches, high on the accents."""
    rhythm = RHYTHMS[rng.integers(len(RHYTHMS))]
    drop = int(rng.choice([0, 3, 5, 7]))
    place = float(rng.uniform(0.3, 0.9))

    def play(bar: Bar, player: Player) -> list[Event]:
        high = round(player.register.low + place * (player.register.high - player.register.low))
        low = max(high - drop, player.register.low)
        return [
            Event(hit.onset, min(hit.duration, 0.5), high if hit.accent > 0 else low, hit.accent)
            for hit in hits(rhythm, bar)
        ]

    return play


def timpani(rng: np.random.Generator) -> Pattern:
    """Roots and fifths on strong beats, a roll into the next section."""
    rhythm = RHYTHMS[int(rng.choice([0, 2, 4, 5]))]

    def play(bar: Bar, player: Player) -> list[Event]:
        if bar.place == bar.places - 1 and player.rng.random() < 0.6:
            pitch = player.register.fold(degree(bar.chords[-1], "5") + 36)
            return [
                Event(hit.onset, 0.25, pitch, -0.4 + 0.8 * i / 16) for i, hit in enumerate(pulses(bar, 0.25))
            ]
        events = []
        for hit in hits(rhythm, bar):
            name = "1" if hit.accent > 0 else "5"
            pitch = player.register.fold(degree(bar.chord_at(hit.onset), name) + 36)
            events.append(Event(hit.onset, max(hit.duration, 0.5), pitch, hit.accent))
        return events

    return play


def effects(rng: np.random.Generator) -> Pattern:
    """One long sound every few bars: cymbals played backwards, rain, a goblin."""
    every = int(rng.choice([2, 4]))

    def play(bar: Bar, player: Player) -> list[Event]:
        if bar.place % every:
            return []
        pitch = player.nearest(bar.chords[0].root, player.register.centre)
        return [Event(bar.start, bar.length, pitch)]

    return play
