"""The random draws that the recipes share."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hw0_note_classification.mini_nsynth.engines import Resonance, Sustained


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A draw that treats octaves alike."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def wooden_body(rng: np.random.Generator, lowest: float, count: int = 6) -> tuple[Resonance, ...]:
    """Resonances of a box of wood and air: the lowest at about `lowest` Hz, the rest spread above it."""
    centres = lowest * np.cumprod(rng.uniform(1.3, 2.1, count))
    return tuple(Resonance(c, c * rng.uniform(0.06, 0.2), rng.uniform(2, 10)) for c in centres)


def detuned(rng: np.random.Generator, count: int, cents: float) -> tuple[float, ...]:
    """`count` strings, a few cents apart."""
    return tuple(rng.normal(0.0, cents, count)) if count > 1 else (0.0,)


def sometimes_steady(rng: np.random.Generator, instrument: Sustained) -> Sustained:
    """A good part of recorded instruments is played without expression, or is a loop of a few periods."""
    if rng.random() < 0.6:
        return instrument
    return replace(
        instrument, vibrato_depth=0.0, drift=0.3, scoop=0.0, roughness=0.0, noise=0.3 * instrument.noise
    )
