"""Chords: sustained, comped in the rhythm of a style, strummed, split between two hands."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from common.band.patterns.notation import Bar, Event, Hit, Rhythm, hits, pulses, split_at_chords
from common.band.patterns.player import Pattern, Player
from common.band.patterns.voicing import degree
from common.band.registers import Register, playable
from common.band.tunes import Chord

COMPING: dict[str, tuple[Rhythm, ...]] = {
    "long": (("x-------", "x-----", "x-----"), ("x---x---", "x-----", "x--x--")),
    "quarters": (("X-x-X-x-", "X-x-x-", "X-xX-x"), ("X.x.X.x.", "X.x.x.", "X.xX.x")),
    "eighths": (("XxxxXxxx", "XxXxXx", "XxxXxx"), ("XxxXxxXx", "XxxxXx", "XxxXxx")),
    "push": (
        ("x--x----", "x--x--", "x-x---"),
        ("x--x--x-", "x--xx-", "x--x-x"),
        ("x-----xx", "x---xx", "x---xx"),
    ),
    "strum": (
        ("X-xx.xxx", "X-xxxx", "X-xX-x"),
        ("X---X-xx", "X-x-xx", "X--x-x"),
        ("X-X-.xX-", "X-X-x-", "X-xX--"),
    ),
    "backbeats": (("..X...X.", "..x.x.", "..X..X"), ("..X...Xx", "..x.xx", ".xx.xx")),
    "offbeats": ((".x.x.x.x", ".x.x.x", ".xx.xx"),),
    "jazz": (
        ("x..X....", "x..X..", "x.X..."),
        ("...x..X.", "...x.X", "..x..X"),
        (".x....x-", ".x..x-", "..x.x."),
        ("x-.X..x.", "x-.X..", "x-..X."),
    ),
    "funk": (
        ("..x...X...x..xx.", "..x...X..xx.", "..x..X..x.xx"),
        ("x..X..x...x.X...", "x..X..x.X...", "x..X..x...X."),
        (".xX..xX..xX..xX.", ".xX..xX..xX.", ".xX..X.xX..X"),
    ),
    "stabs": (
        ("X.......", "X.....", "X....."),
        ("......x.", "....x.", "...x.."),
        ("X..x....", "X..x..", "X.x..."),
    ),
}
ORGANS_AND_ENSEMBLES = (*range(16, 24), *range(44, 46), *range(48, 55), *range(61, 64), *range(88, 104))


def comping(name: str, rng: np.random.Generator) -> Pattern:
    """Chords, or a wind's one note of them, in a rhythm of `COMPING`."""
    rhythms = COMPING[name]
    rhythm = rhythms[rng.integers(len(rhythms))]
    share = float(rng.choice([0.5, 0.8, 0.95]))  # of the written length: from staccato to legato

    def play(bar: Bar, player: Player) -> list[Event]:
        events = []
        for hit in split_at_chords(hits(rhythm, bar), bar):
            duration = hit.duration * (share if hit.duration <= 1 else 0.97)
            events += _stroke(player, hit, duration, bar.chord_at(hit.onset))
        return events

    return play


def sustained(rng: np.random.Generator) -> Pattern:
    """A chord as long as the harmony stays; tones that the next chord keeps may be tied over to it."""
    fullness = float(rng.choice([0.97, 1.0, 1.0]))

    def play(bar: Bar, player: Player) -> list[Event]:
        events = []
        for chord in bar.chords:
            hit = Hit(chord.onset, chord.duration, accent=-0.2)
            events += _stroke(player, hit, fullness * chord.duration, chord)
        if fullness == 1.0 and player.can_sustain:
            events = [replace(event, tied=True) for event in events]
        return events

    return play


def two_hands(name: str, rng: np.random.Generator) -> Pattern:
    """Keys: the left hand's root or octave below the right hand's chords in a rhythm of `COMPING`."""
    right, octaves = comping(name, rng), rng.random() < 0.5

    def play(bar: Bar, player: Player) -> list[Event]:
        events = right(bar, player)
        for chord in bar.chords:
            low = _left_hand(chord, player)
            both = (low, low + 12) if octaves and low + 12 < min(player.last_chord, default=128) else (low,)
            events += [Event(chord.onset, 0.95 * chord.duration, pitch, 0.1) for pitch in both]
        return events

    return play


def under_the_melody(tune: Pattern, rng: np.random.Generator) -> Pattern:
    """Keys alone: the tune, and below it the left hand's chords, broken or held."""
    is_broken = rng.random() < 0.5

    def play(bar: Bar, player: Player) -> list[Event]:
        events = tune(bar, player)
        ceiling = min((event.pitch for event in events), default=72)
        for chord in bar.chords:
            low = _left_hand(chord, player)
            tones = [p for p in range(low, low + 17) if p % 12 in chord.pitch_classes and p < ceiling][:4]
            step = 0.5 if is_broken and chord.duration >= 0.5 * len(tones) else 0.0
            for index, pitch in enumerate(tones):
                wait = index * step
                events.append(Event(chord.onset + wait, 0.95 * (chord.duration - wait), pitch, -0.3))
        return events

    return play


def stride(bar: Bar, player: Player) -> list[Event]:
    """Low note, chord, low note, chord: oom-pah, in three oom-pah-pah."""
    events = []
    for index, hit in enumerate(pulses(bar, bar.pulse if bar.kind != "six" else 0.5)):
        group = {"four": 2, "three": 3, "six": 3}[bar.kind]
        chord = bar.chord_at(hit.onset)
        if index % group:
            events += _stroke(player, hit, 0.5 * hit.duration, chord)
        else:
            fifth = (index // group) % 2 == 1
            low = _left_hand(chord, player, "5" if fifth else "1")
            events.append(Event(hit.onset, 0.8 * hit.duration, low, 0.4))
    return events


def palm_muted(rng: np.random.Generator) -> Pattern:
    """A guitar's driving eighths on the root, opening into the power chord on the accents."""
    opening = int(rng.choice([2, 3, 4]))

    def play(bar: Bar, player: Player) -> list[Event]:
        events = []
        for index, hit in enumerate(pulses(bar, 0.5)):
            chord = bar.chord_at(hit.onset)
            low = player.register.low + (chord.root - player.register.low) % 12
            if index % (2 * opening) == opening or index == 0:
                events += player.chord(hit.onset, 0.45, chord, 0.5)
            else:
                events.append(Event(hit.onset, 0.28, low, hit.accent - 0.2))
        return events

    return play


def _stroke(player: Player, hit: Hit, duration: float, chord: Chord) -> list[Event]:
    """What one stroke sounds: a chord, or on a monophonic instrument the chord tone nearest to its last."""
    if not player.is_monophonic:
        return player.chord(hit.onset, duration, chord, hit.accent)
    return [Event(hit.onset, duration, player.guide_tone(chord), hit.accent)]


def _left_hand(chord: Chord, player: Player, name: str = "1") -> int:
    """A tone of the chord in the octave below the middle of the instrument's range."""
    whole = playable(player.program)
    low = max(whole.low, min(40, whole.high - 12))
    return Register(low, low + 12).fold(degree(chord, name) + 36)
