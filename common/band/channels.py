"""Each stem's way into the mix: a chain of effects, drawn by what the instrument is.

Stronger and weaker than a good engineer would choose, on purpose: who learns from these mixes shall know an
instrument by more than one equalizer's idea of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from common.band import effects
from common.band.effects import Room, Waveform
from common.band.score import Instrument

LEVEL = -20.0  # dB, active level at which a stem enters its chain
ELECTRIC_PIANOS, ORGANS, SYNTHS = range(4, 6), range(16, 20), range(80, 104)
ELECTRIC_GUITARS, DRIVEN_GUITARS, BASSES = range(26, 32), range(29, 31), range(33, 40)
SECTIONS = (*range(48, 55), *range(61, 64))  # many players: doubling becomes them

Drawn = TypeVar("Drawn")


@dataclass(frozen=True)
class Channel:
    """One chain, from the instrument to the mix; None is an effect left out."""

    equalizer: NDArray  # second-order sections (n, 6)
    drive: float | None = None  # dB into the soft limiter
    cabinet: NDArray | None = None  # sections of an amplifier's loudspeaker
    compressor: tuple[float, float] | None = None  # threshold in dB, ratio
    chorus: dict[str, float] | None = None  # as `effects.chorus` takes them
    echo: dict[str, float] | None = None
    rotor: dict[str, float] | None = None  # of `effects.auto_pan`
    reverb: float = 0.0  # strength of the band's room

    def apply(self, waveform: Waveform, room: Room, *, position: float, sample_rate: int) -> Waveform:
        """(channels, samples) at any level -> the same shape, at no particular level; `position` -1..1."""
        waveform = effects.equalize(waveform, self.equalizer)
        waveform = effects.at_level(waveform, LEVEL, sample_rate=sample_rate)
        if self.drive is not None:
            waveform = effects.drive(waveform, self.drive)
        if self.cabinet is not None:
            waveform = effects.equalize(waveform, self.cabinet)
        if self.compressor is not None:
            waveform = effects.compress(waveform, *self.compressor, sample_rate=sample_rate)
        if self.chorus is not None:
            waveform = effects.chorus(waveform, **self.chorus, sample_rate=sample_rate)
        if self.echo is not None:
            waveform = effects.echo(waveform, **self.echo, sample_rate=sample_rate)
        if self.rotor is not None:
            waveform = effects.auto_pan(waveform, **self.rotor, sample_rate=sample_rate)
        waveform = effects.pan(waveform, position)
        return effects.reverberate(waveform, room, self.reverb) if self.reverb else waveform


def draw_channel(
    rng: np.random.Generator, instrument: Instrument, *, tempo: float, sample_rate: int
) -> Channel:
    """A chain for an instrument: one stem in five gets none but the room, others up to a strong colour.

    `tempo` in quarter notes per minute: echoes keep the beat.
    """
    reverb = _draw_reverb(rng, instrument)
    strength = rng.choice([0.0, 0.5, 1.0, 1.6], p=[0.2, 0.35, 0.3, 0.15])
    if strength == 0.0:
        return Channel(np.empty((0, 6)), reverb=reverb)
    return Channel(
        equalizer=_draw_equalizer(rng, instrument, strength, sample_rate),
        drive=_draw_drive(rng, instrument, strength),
        cabinet=_draw_cabinet(rng, instrument, sample_rate),
        compressor=_draw_compressor(rng, instrument),
        chorus=_draw_chorus(rng, instrument),
        echo=_draw_echo(rng, instrument, tempo),
        rotor=_draw_rotor(rng, instrument),
        reverb=reverb,
    )


def _draw_reverb(rng: np.random.Generator, instrument: Instrument) -> float:
    most = {"drums": 0.3, "bass": 0.15, "pad": 0.7}.get(instrument.role, 0.5)
    return float(rng.uniform(0.0, most))


def _draw_equalizer(
    rng: np.random.Generator, instrument: Instrument, strength: float, sample_rate: int
) -> NDArray:
    """Bells and shelves, and what engineers cut: lows of what is no bass, now and then the highs."""
    is_low = instrument.role in ("bass", "drums")
    sections = [
        effects.peaking(
            np.exp(rng.uniform(np.log(120), np.log(8000))),
            rng.normal(0.0, 5.0 * strength),
            rng.uniform(0.5, 2.0),
            sample_rate=sample_rate,
        )
        for _ in range(rng.integers(1, 4))
    ]
    shelves = rng.normal(0.0, 4.0 * strength, 2)
    sections.append(effects.low_shelf(rng.uniform(80, 300), shelves[0], sample_rate=sample_rate))
    sections.append(effects.high_shelf(rng.uniform(2000, 6000), shelves[1], sample_rate=sample_rate))
    if rng.random() < 0.4:
        highest = 45.0 if is_low else 160.0
        sections.append(effects.high_pass(rng.uniform(25.0, highest), sample_rate=sample_rate))
    if rng.random() < 0.15:
        sections.append(effects.low_pass(rng.uniform(3500, 9000), sample_rate=sample_rate))
    return np.stack(sections)


def _draw_drive(rng: np.random.Generator, instrument: Instrument, strength: float) -> float | None:
    """dB into the limiter: a stem at -20 dB is bent a little at 6 dB and is square at 30."""
    program = -1 if instrument.is_drum else instrument.program
    if program in DRIVEN_GUITARS:
        return _sometimes(rng, 0.7, lambda: rng.uniform(6.0, 14.0 + 8.0 * strength))
    if program in ELECTRIC_GUITARS or program in ORGANS or program in SYNTHS:
        return _sometimes(rng, 0.3, lambda: rng.uniform(3.0, 8.0 + 6.0 * strength))
    return _sometimes(rng, 0.25 if program in (*BASSES, -1) else 0.08, lambda: rng.uniform(0.0, 12.0))


def _draw_cabinet(rng: np.random.Generator, instrument: Instrument, sample_rate: int) -> NDArray | None:
    """A guitar amplifier's loudspeaker: nothing below 80 Hz and above 5 kHz, a bite between."""
    if instrument.is_drum or instrument.program not in (*ELECTRIC_GUITARS, *ELECTRIC_PIANOS):
        return None
    return _sometimes(
        rng,
        0.4,
        lambda: np.stack(
            [
                effects.high_pass(rng.uniform(60, 120), sample_rate=sample_rate),
                effects.peaking(rng.uniform(1800, 3500), rng.uniform(0, 6), sample_rate=sample_rate),
                effects.low_pass(rng.uniform(4000, 7000), sample_rate=sample_rate),
            ]
        ),
    )


def _draw_compressor(rng: np.random.Generator, instrument: Instrument) -> tuple[float, float] | None:
    share = 0.5 if instrument.role in ("bass", "drums") else 0.25
    return _sometimes(rng, share, lambda: (rng.uniform(-32.0, -18.0), rng.uniform(1.5, 6.0)))


def _draw_chorus(rng: np.random.Generator, instrument: Instrument) -> dict[str, float] | None:
    """The dearest of the effects: only where it is at home."""
    program = -1 if instrument.is_drum else instrument.program
    at_home = program in (*ELECTRIC_PIANOS, *range(24, 29), *SECTIONS, *SYNTHS)
    return _sometimes(
        rng,
        0.25 if at_home else 0.03,
        lambda: {
            "depth": rng.uniform(0.0005, 0.003),
            "rate": rng.uniform(0.2, 1.5),
            "mix": rng.uniform(0.3, 0.8),
        },
    )


def _draw_echo(rng: np.random.Generator, instrument: Instrument, tempo: float) -> dict[str, float] | None:
    share = 0.15 if instrument.role in ("melody", "counter", "arpeggio", "color") else 0.03
    beats = rng.choice([0.5, 0.75, 1.0])
    return _sometimes(
        rng,
        share,
        lambda: {
            "delay": beats * 60.0 / tempo,
            "feedback": rng.uniform(0.1, 0.5),
            "mix": rng.uniform(0.1, 0.35),
        },
    )


def _draw_rotor(rng: np.random.Generator, instrument: Instrument) -> dict[str, float] | None:
    """Organs turn their loudspeaker slowly or fast, electric pianos sway between the sides."""
    program = -1 if instrument.is_drum else instrument.program
    share = 0.4 if program in (*ORGANS, *ELECTRIC_PIANOS) else 0.02
    rate = rng.choice([rng.uniform(0.5, 1.2), rng.uniform(4.5, 7.0)])
    return _sometimes(rng, share, lambda: {"depth": rng.uniform(0.1, 0.5), "rate": rate})


def _sometimes(rng: np.random.Generator, share: float, draw: Callable[[], Drawn]) -> Drawn | None:
    """`draw()` in `share` of the cases, else None."""
    return draw() if rng.random() < share else None
