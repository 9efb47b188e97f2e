"""Chords on an instrument: which notes, in which octaves, moving little from chord to chord."""

from __future__ import annotations

from collections.abc import Sequence

from common.band.registers import Register
from common.band.tunes import Chord


def degree(chord: Chord, name: str) -> int:
    """The pitch class of a chord's root, third, fifth or seventh ("1", "3", "5", "7").

    The third of sus4 is its fourth, the seventh of a triad its root.
    """
    classes = _classes(chord)
    index = {"1": 0, "3": 1, "5": 2, "7": 3}[name]
    return classes[index] if index < len(classes) else classes[0]


def voice_chord(
    chord: Chord, register: Register, voices: int, previous: Sequence[int] = (), *, is_open: bool = False
) -> tuple[int, ...]:
    """`voices` chord tones inside the register, lowest first, as near to the `previous` chord as possible.

    Close position, or with `is_open` the second voice from above an octave lower ("drop 2"). All chord
    tones are there when there are enough voices; the fifth goes first when there are not.
    """
    classes = _classes(chord)
    if voices < len(classes):
        kept = {1: [0], 2: [0, 1], 3: [0, 1, -1]}[voices]
        classes = [classes[index] for index in kept]
    stacks = [
        stack
        for lowest in range(register.low, register.high + 1)
        if lowest % 12 in classes
        for stack in (_stack(classes, lowest, voices, is_open),)
        if stack[0] >= register.low and stack[-1] <= register.high
    ]
    if not stacks:  # too many voices for a narrow register
        return voice_chord(chord, register, voices - 1, previous)
    return min(stacks, key=lambda stack: _strain(stack, previous, register))


def power_chord(chord: Chord, register: Register) -> tuple[int, ...]:
    """Root, fifth and octave, as low as the register goes: what a distorted guitar plays."""
    root = register.low + (chord.root - register.low) % 12
    fifth = root + (degree(chord, "5") - root) % 12
    return tuple(pitch for pitch in (root, fifth, root + 12) if pitch <= register.high)


def _classes(chord: Chord) -> list[int]:
    """Pitch classes by thirds above the root, whatever order the chord keeps them in."""
    return sorted(chord.pitch_classes, key=lambda pitch_class: (pitch_class - chord.root) % 12)


def _stack(classes: list[int], lowest: int, voices: int, is_open: bool) -> tuple[int, ...]:
    stack = [lowest]
    start = classes.index(lowest % 12)
    for index in range(start + 1, start + voices):
        stack.append(stack[-1] + ((classes[index % len(classes)] - stack[-1] - 1) % 12) + 1)
    if is_open and voices >= 3 and stack[-2] - 12 not in stack:
        stack[-2] -= 12
    return tuple(sorted(stack))


def _strain(stack: tuple[int, ...], previous: Sequence[int], register: Register) -> float:
    """Semitones moved from the chord before, and a pull to the middle that keeps chords from wandering."""
    middle = sum(stack) / len(stack)
    pull = 0.3 * abs(middle - register.centre)
    if not previous:
        return pull
    moved = sum(min(abs(pitch - other) for other in previous) for pitch in stack) / len(stack)
    return moved + pull + 0.5 * abs(middle - sum(previous) / len(previous))
