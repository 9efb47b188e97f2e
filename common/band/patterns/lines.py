"""Lines: the melody itself, a second voice below it, counter-melodies, fills between its phrases."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from common.band.patterns.notation import Bar, Event, Rhythm, hits
from common.band.patterns.player import Pattern, Player
from common.band.tunes import TuneNote

COUNTER_RHYTHMS: tuple[Rhythm, ...] = (
    ("x-------", "x-----", "x-----"),
    ("x---x---", "x---x-", "x--x--"),
    ("x-----x-", "x---x-", "x---x-"),
    ("..x-x-x-", "..x-x-", ".xx-x-"),
    ("x---x-x-", "x-x-x-", "x--x-x"),
    ("....x---", "..x---", "...x--"),
)
FILL_RHYTHMS: tuple[Rhythm, ...] = (
    ("....xxxx", "..xxxx", "...xxx"),
    ("....x-xx", "..x-xx", "...x-x"),
    ("......xx", "....xx", "....xx"),
    ("x.......", "x.....", "x....."),
    ("........xxxxxxxx", "......xxxxxx", "......xxxxxx"),
)


def melody(octave: int, rng: np.random.Generator) -> Pattern:
    """The tune, `octave` semitones higher; what still leaves the register is folded into it."""
    legato = float(rng.uniform(0.85, 1.0))

    def play(bar: Bar, player: Player) -> list[Event]:
        return [
            Event(note.onset, legato * note.duration, player.register.fold(note.pitch + octave), 0.2)
            for note in bar.melody
        ]

    return play


def octave_for(notes: tuple[TuneNote, ...], player: Player) -> int:
    """The shift in whole octaves, in semitones, that fits a tune into a player's register best."""
    if not notes:
        return 0
    pitches = np.array([note.pitch for note in notes])
    low, high, centre = player.register.low, player.register.high, player.register.centre

    def misfit(shift: int) -> float:
        moved = pitches + shift
        return float(np.mean((moved < low) | (moved > high)) * 100 + abs(moved.mean() - centre))

    return min(range(-60, 61, 12), key=misfit)


def ornamented(octave: int, rng: np.random.Generator) -> Pattern:
    """A solo on the tune: long notes are divided and walk to their neighbours in the scale."""
    plain = melody(octave, rng)

    def play(bar: Bar, player: Player) -> list[Event]:
        events = []
        for event in plain(bar, player):
            if event.duration < 0.8 or player.rng.random() < 0.4:
                events.append(event)
                continue
            half = event.duration / 2
            neighbour = scale_step(bar, player, event.pitch, int(player.rng.choice([-1, 1])))
            events += [replace(event, duration=0.95 * half), Event(event.onset + half, 0.9 * half, neighbour)]
        return events

    return play


def thickened(tune: Pattern, rng: np.random.Generator) -> Pattern:
    """A tune in octaves, or in thirds and sixths where a note is long enough: two keys at once."""
    in_octaves = rng.random() < 0.5

    def play(bar: Bar, player: Player) -> list[Event]:
        events = tune(bar, player)
        for event in list(events):
            tones = bar.chord_at(event.onset).pitch_classes
            near = [event.pitch - step for step in range(3, 10) if (event.pitch - step) % 12 in tones]
            below = event.pitch - 12 if in_octaves else next(iter(near), event.pitch)
            if below != event.pitch and below in player.register and (in_octaves or event.duration >= 0.45):
                events.append(replace(event, pitch=below, accent=event.accent - 0.3))
        return events

    return play


def second_voice(octave: int, rng: np.random.Generator) -> Pattern:
    """Thirds or sixths below the tune: the chord tone, or else the scale tone, about that far away."""
    distance = int(rng.choice([-4, -9, 4]))

    def play(bar: Bar, player: Player) -> list[Event]:
        events = []
        for note in bar.melody:
            target = player.register.fold(note.pitch + octave) + distance
            wanted = bar.chord_at(note.onset).pitch_classes if note.duration >= 1 else bar.scale
            near = [p for p in range(target - 6, target + 7) if p % 12 in wanted and p in player.register]
            pitch = min(near, key=lambda p: abs(p - target), default=player.register.fold(target))
            events.append(Event(note.onset, 0.95 * note.duration, pitch))
        return events

    return play


def counter_line(rng: np.random.Generator) -> Pattern:
    """A slow line of chord tones that moves against the tune: down where it rises, up where it falls."""
    rhythms = [COUNTER_RHYTHMS[index] for index in rng.choice(len(COUNTER_RHYTHMS), 2, replace=False)]

    def play(bar: Bar, player: Player) -> list[Event]:
        events = []
        direction = -np.sign(bar.melody[-1].pitch - bar.melody[0].pitch) if bar.melody else 0
        for hit in hits(rhythms[bar.place % 2], bar):
            wish = player.last_pitch + (direction or player.rng.choice([-1, 1])) * 3
            wish += 0.4 * (player.register.centre - wish)  # lines come home
            tones = bar.chord_at(hit.onset).pitch_classes
            nearest = min(tones, key=lambda pc, wish=wish: abs(player.nearest(pc, wish) - wish))
            events.append(Event(hit.onset, 0.97 * hit.duration, player.nearest(nearest, wish), hit.accent))
        return events

    return play


def fills(rng: np.random.Generator, *, every: int = 2) -> Pattern:
    """Short runs in the last of `every` bars and of the section, silence in between."""
    rhythm = FILL_RHYTHMS[rng.integers(len(FILL_RHYTHMS))]
    direction = int(rng.choice([-1, 1]))

    def play(bar: Bar, player: Player) -> list[Event]:
        if bar.place % every != every - 1 and bar.place != bar.places - 1:
            return []
        events = []
        player.nearest(bar.chords[0].root, player.register.centre - 4 * direction)
        for hit in hits(rhythm, bar):
            events.append(Event(hit.onset, 0.9 * hit.duration, player.last_pitch, 0.2))
            player.last_pitch = scale_step(bar, player, player.last_pitch, direction)
        return events

    return play


def scale_step(bar: Bar, player: Player, pitch: int, direction: int) -> int:
    """The next tone of the key above or below, turning back at the ends of the register."""
    for way in (direction, -direction):
        for step in (1, 2, 3):
            if (pitch + way * step) % 12 in bar.scale and pitch + way * step in player.register:
                return pitch + way * step
    return pitch
