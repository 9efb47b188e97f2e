"""A part's sound: a preset, and what makes this stem another instrument of its kind.

The same recordings become another player's instrument by tuning, envelope, filter and size: keys some
semitones away, tuned back, move the formants and pick other recordings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType

import numpy as np

from common.band.presets import Preset
from common.band.score import BandPart, Instrument, Piece
from common.synthesis import Note, Synthesizer

KEY_SECONDS = 0.1  # that a key is tried for: a preset that has it makes some sound by then
EARLY = 64  # samples by which FluidSynth, which counts in blocks, may begin a key too early
LARGEST_SHIFT = 4  # semitones
PADS = (*range(48, 52), *range(88, 104))  # their voices ring on; a longer release would cost too much


class SynthesizerPool:
    """One `Synthesizer` for each soundfont, opened when it is first asked for, for one process and thread.

    `sample_rate` in Hz and `interpolation` as in `Synthesizer`. Errors: SynthesisError.
    """

    def __init__(self, *, sample_rate: int = 44100, interpolation: str = "cubic") -> None:
        self.sample_rate = sample_rate
        self._interpolation = interpolation
        self._open: dict[Path, Synthesizer] = {}
        self._keys: dict[Preset, frozenset[int]] = {}

    def __enter__(self) -> SynthesizerPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __getitem__(self, soundfont: Path) -> Synthesizer:
        if soundfont not in self._open:
            self._open[soundfont] = Synthesizer(
                soundfont, sample_rate=self.sample_rate, interpolation=self._interpolation
            )
        return self._open[soundfont]

    def close(self) -> None:
        """Free the memory of all soundfonts."""
        for synthesizer in self._open.values():
            synthesizer.close()
        self._open.clear()

    def name(self, preset: Preset) -> str:
        """How the soundfont calls the preset."""
        names = {(bank, program): name for bank, program, name in self[preset.soundfont].programs()}
        return names[preset.bank, preset.program]

    def keys(self, preset: Preset) -> frozenset[int]:
        """The keys that sound; fonts leave out what an instrument cannot play, or a key by mistake."""
        if preset not in self._keys:
            self._keys[preset] = self._audible(preset)
        return self._keys[preset]

    def _audible(self, preset: Preset) -> frozenset[int]:
        step = round(KEY_SECONDS * self.sample_rate)
        waveform = self[preset.soundfont].render(
            [Note(key, key * KEY_SECONDS, 0.8 * KEY_SECONDS) for key in range(128)],
            program=preset.program,
            bank=preset.bank,
            duration=128 * KEY_SECONDS,
            generators={"volume_release": -12000.0},  # a thousandth: no key rings into the next
        )
        windows = np.abs(waveform[:, : 128 * step]).reshape(2, 128, step)
        loudest = windows[:, :, EARLY:-EARLY].max(axis=(0, 2))
        return frozenset(np.flatnonzero(loudest > 1e-4).tolist())


@dataclass(frozen=True)
class Voice:
    """How a part is played: `shift` keys away and tuned back, `cents` off, with offsets of generators."""

    preset: Preset
    shift: int = 0
    cents: float = 0.0
    generators: Mapping[str, float] = field(default_factory=dict)

    def play(self, notes: Sequence[Note], synthesizers: SynthesizerPool, *, duration: float) -> np.ndarray:
        """The notes alone, without effects -> float32 (2, round(duration * sample_rate))."""
        return synthesizers[self.preset.soundfont].render(
            [replace(note, pitch=note.pitch + self.shift) for note in notes],
            program=self.preset.program,
            bank=self.preset.bank,
            duration=duration,
            cents=self.cents - 100.0 * self.shift,
            generators=self.generators,
        )


def draw_voice(
    rng: np.random.Generator,
    preset: Preset,
    instrument: Instrument,
    notes: Sequence[Note],
    synthesizers: SynthesizerPool,
) -> Voice:
    """A voice for a part: near the preset as it is in every third, else another instrument of its kind."""
    if instrument.is_drum:
        return Voice(preset, cents=rng.normal(0.0, 40.0))  # kits are tuned to taste; their keys are fixed
    cents = rng.normal(0.0, 5.0)
    if rng.random() < 1 / 3:
        return Voice(preset, cents=cents)
    shift = int(rng.integers(-LARGEST_SHIFT, LARGEST_SHIFT + 1))
    if not synthesizers.keys(preset).issuperset(note.pitch + shift for note in notes):
        shift = 0
    return Voice(preset, shift, cents, _draw_generators(rng, instrument.program))


def fit_to_keys(piece: Piece, presets: Sequence[Preset], synthesizers: SynthesizerPool) -> Piece:
    """The piece with every note on a key that its preset has: moved by octaves, or left out if none has it.

    `presets` are those of the parts, in their order. What a score claims must be heard.
    """
    parts = [
        replace(part, notes=_on_keys(part, synthesizers.keys(preset)))
        for part, preset in zip(piece.parts, presets, strict=True)
    ]
    return replace(piece, parts=tuple(parts))


def _on_keys(part: BandPart, keys: frozenset[int]) -> tuple[Note, ...]:
    octaves = (0,) if part.instrument.is_drum else (0, 12, -12, 24, -24, 36, -36)
    moved = []
    for note in part.notes:
        pitch = next((note.pitch + octave for octave in octaves if note.pitch + octave in keys), None)
        if pitch is not None:
            moved.append(note if pitch == note.pitch else replace(note, pitch=pitch))
    return tuple(moved)


def _draw_generators(rng: np.random.Generator, program: int) -> dict[str, float]:
    """Some offsets, in the units of `common.synthesis.GENERATORS`; 1200 timecents are a factor of two."""
    longest = 0.0 if program in PADS else 900.0
    changes = {
        "filter_cutoff": rng.uniform(-2400.0, 600.0),
        "filter_resonance": rng.uniform(0.0, 60.0),
        "volume_attack": rng.uniform(-600.0, 1800.0),
        "volume_decay": rng.normal(0.0, 700.0),
        "volume_sustain": rng.uniform(-40.0, 60.0),
        "volume_release": min(rng.normal(-200.0, 700.0), longest),
        "vibrato_to_pitch": rng.uniform(0.0, 15.0),
        "tremolo": rng.uniform(0.0, 20.0),
    }
    return {name: float(value) for name, value in changes.items() if rng.random() < 0.35}
