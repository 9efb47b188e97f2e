"""A player of the band: the instrument in hand and what a musician remembers from bar to bar."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from common.band.patterns.notation import Bar, Event
from common.band.patterns.voicing import power_chord, voice_chord
from common.band.registers import DISTORTED, GUITARS, Register, keys_at_once, register
from common.band.score import Role
from common.band.tunes import Chord

Pattern = Callable[[Bar, "Player"], list[Event]]

_SUSTAINING = frozenset((*range(16, 24), *range(40, 45), *range(48, 55), *range(56, 104), *range(109, 112)))
# How far one player's favourite register lies from another's, in semitones.
_SHIFTS: dict[Role, tuple[int, int]] = {"bass": (0, 5), "melody": (-6, 8), "pad": (-6, 10)}


class Player:
    """One program in one role: its register, its voices, and the last chord and note it played."""

    def __init__(self, program: int, role: Role, rng: np.random.Generator, voices: int = 4) -> None:
        self.program = program
        low, high = _SHIFTS.get(role, (-5, 5))
        self.register: Register = register(program, role, int(rng.integers(low, high + 1)))
        self.voices = min(voices, keys_at_once(program))
        self.rng = rng
        self.is_open = rng.random() < 0.3
        self.strum = float(rng.uniform(0.006, 0.022)) if program in (*GUITARS, 46, 105) else 0.0
        self.last_chord: tuple[int, ...] = ()
        self.last_pitch = round(self.register.centre)

    @property
    def can_sustain(self) -> bool:
        """Whether a note stays as long as the key is down: organs, bows, winds, voices, synthesizers."""
        return self.program in _SUSTAINING

    @property
    def is_monophonic(self) -> bool:
        return keys_at_once(self.program) == 1

    def voicing(self, chord: Chord) -> tuple[int, ...]:
        """The chord under the player's hands, led from the one before; power chords on distorted guitars."""
        if self.program in DISTORTED:
            self.last_chord = power_chord(chord, self.register)
        else:
            self.last_chord = voice_chord(
                chord, self.register, self.voices, self.last_chord, is_open=self.is_open
            )
        return self.last_chord

    def nearest(self, pitch_class: int, to: float | None = None) -> int:
        """The pitch of a class nearest to `to`, by default to the note played last; it becomes the last."""
        target = self.last_pitch if to is None else to
        pitches = [p for p in range(self.register.low, self.register.high + 1) if p % 12 == pitch_class % 12]
        self.last_pitch = min(pitches, key=lambda pitch: abs(pitch - target))
        return self.last_pitch

    def guide_tone(self, chord: Chord) -> int:
        """The tone of a chord, not its root, nearest to the note played last and to the register's centre."""
        home = self.last_pitch + 0.3 * (self.register.centre - self.last_pitch)
        inner = [pitch_class for pitch_class in chord.pitch_classes if pitch_class != chord.root]
        pitches = [p for p in range(self.register.low, self.register.high + 1) if p % 12 in inner]
        self.last_pitch = min(pitches, key=lambda pitch: abs(pitch - home))
        return self.last_pitch

    def chord(self, onset: float, duration: float, chord: Chord, accent: float = 0.0) -> list[Event]:
        """A chord struck at once, or strummed: down on the beat, up off it."""
        pitches = list(self.voicing(chord))
        if self.strum and onset % 1.0 > 0.4:
            pitches = pitches[::-1][: max(len(pitches) - 1, 1)]
        return [
            Event(onset, duration, pitch, accent, index * self.strum) for index, pitch in enumerate(pitches)
        ]
