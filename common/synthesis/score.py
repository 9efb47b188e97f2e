"""What is played: notes, and parts that say with which instrument and how."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

PERCUSSION_BANK = 128  # SoundFont 2.01 specification, section 7.2

# Generators by number (SoundFont 2.01 specification, section 8.1.3). What is given for one is ADDED to the
# instrument's own value, in the generator's unit: times in timecents (+1200 doubles the time), frequencies
# and pitch in cents, levels in centibels (a positive sustain or attenuation is quieter).
GENERATORS = {
    "vibrato_to_pitch": 6,  # cents
    "modulation_envelope_to_pitch": 7,  # cents
    "filter_cutoff": 8,  # cents
    "filter_resonance": 9,  # centibels
    "modulation_lfo_to_filter_cutoff": 10,  # cents
    "modulation_envelope_to_filter_cutoff": 11,  # cents
    "tremolo": 13,  # centibels
    "vibrato_delay": 23,  # timecents
    "vibrato_frequency": 24,  # cents
    "volume_delay": 33,  # timecents
    "volume_attack": 34,  # timecents
    "volume_hold": 35,  # timecents
    "volume_decay": 36,  # timecents
    "volume_sustain": 37,  # centibels
    "volume_release": 38,  # timecents
    "attenuation": 48,  # centibels
}


@dataclass(frozen=True, slots=True)
class Note:
    """One note: MIDI `pitch` 0..127, `start` and `duration` in seconds, MIDI `velocity` 1..127.

    ValueError for anything else.
    """

    pitch: int
    start: float
    duration: float
    velocity: int = 100

    def __post_init__(self) -> None:
        _check_range("pitch", self.pitch, 0)
        _check_range("velocity", self.velocity, 1)
        if not (math.isfinite(self.start) and self.start >= 0):
            raise ValueError(f"start must be >= 0 seconds, got {self.start}")
        if not (math.isfinite(self.duration) and self.duration > 0):
            raise ValueError(f"duration must be > 0 seconds, got {self.duration}")

    @property
    def end(self) -> float:
        return self.start + self.duration


@dataclass(frozen=True)
class Part:
    """The notes of one instrument, and how it stands in the mix.

    `volume` and `pan` are the MIDI controls 7 and 10 (0..127; pan 64 is the centre), `cents` detunes all
    notes, `generators` maps names of `GENERATORS` to offsets in their units. `bends` are (second, cents):
    from then on all notes of the part sound so much higher, those that sound already included. ValueError
    for anything else.
    """

    program: int
    notes: Sequence[Note]
    bank: int = 0
    volume: int = 100
    pan: int = 64
    cents: float = 0.0
    generators: Mapping[str, float] = field(default_factory=dict)
    bends: Sequence[tuple[float, float]] = ()

    def __post_init__(self) -> None:
        _check_range("volume", self.volume, 0)
        _check_range("pan", self.pan, 0)
        unknown = sorted(set(self.generators) - set(GENERATORS))
        if unknown:
            raise ValueError(f"unknown generator {unknown[0]!r}; known: {', '.join(GENERATORS)}")
        for name, value in {"cents": self.cents, **self.generators}.items():
            if not math.isfinite(value):
                raise ValueError(f"{name} must be finite, got {value}")
        for time, cents in self.bends:
            if not (math.isfinite(time) and time >= 0 and math.isfinite(cents)):
                raise ValueError(f"a bend must be (second >= 0, cents), got ({time}, {cents})")


def without_overlap(notes: Iterable[Note], *, steps_per_second: float) -> list[tuple[int, int, int, int]]:
    """Notes on a grid, as one MIDI channel can play them: (onset, end, pitch, velocity), times in steps.

    MIDI names a sounding note by its pitch alone, so that the end of one would silence another of the same
    pitch: a note ends where the next of its pitch begins, and of two that begin together one is left, the
    longer and louder. Every note lasts a step at least.
    """
    merged: dict[tuple[int, int], tuple[int, int]] = {}
    for note in notes:
        onset = round(note.start * steps_per_second)
        end = max(round(note.end * steps_per_second), onset + 1)
        other_end, other_velocity = merged.get((note.pitch, onset), (0, 0))
        merged[note.pitch, onset] = max(end, other_end), max(note.velocity, other_velocity)
    placed = []
    keys = sorted(merged)
    for (pitch, onset), (next_pitch, next_onset) in pairwise([*keys, (-1, 0)]):
        end, velocity = merged[pitch, onset]
        placed.append((onset, min(end, next_onset) if next_pitch == pitch else end, pitch, velocity))
    return placed


def _check_range(name: str, value: int, lowest: int) -> None:
    if not lowest <= value <= 127:
        raise ValueError(f"{name} must be {lowest}..127, got {value}")
