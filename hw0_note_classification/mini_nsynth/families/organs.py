"""Organs: drawbars, pipes, free reeds."""

from __future__ import annotations

import numpy as np

from hw0_note_classification.mini_nsynth.engines import Instrument, Resonance, Sustained
from hw0_note_classification.mini_nsynth.families.draws import log_uniform, wooden_body

# 16', 5 1/3', 8', 4', 2 2/3', 2', 1 3/5', 1 1/3', 1', as multiples of the key's frequency
DRAWBARS = (0.5, 1.5, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0)


def electric_organ(rng: np.random.Generator) -> Instrument:
    """Sines on drawbars, a click, a rotating loudspeaker; flat as long as the key is down."""
    levels = 10.0 ** (-3.0 * rng.integers(0, 9, len(DRAWBARS)) / 20.0) * (rng.random(len(DRAWBARS)) < 0.6)
    levels[2] = max(levels[2], 0.5)
    rotating = rng.random() < 0.5
    return Sustained(
        drawbars=tuple(zip(DRAWBARS, levels, strict=True)), cutoff=log_uniform(rng, 3000, 9000), tracking=0,
        dullness=0, attack=log_uniform(rng, 0.002, 0.01), decay=rng.uniform(0.1, 0.4),
        sustain=rng.choice([1, 1, 0.7]), release=rng.uniform(0.005, 0.05),
        vibrato_rate=rng.choice([0.8, 6.5]), vibrato_depth=rng.uniform(3, 20) if rotating else 0,
        vibrato_delay=0, tremolo_rate=rng.choice([0.8, 6.5]),
        tremolo_depth=rng.uniform(0.1, 0.4) if rotating else 0, drift=0.2, chiff=rng.uniform(0, 0.3),
        noise_band=(500, 5000), drive=rng.choice([0, 0, rng.uniform(0.3, 3)]),
    )  # fmt: skip


def pipe_organ(rng: np.random.Generator) -> Instrument:
    """Ranks of flue and reed pipes, slow to speak, with wind."""
    mixture = rng.random() < 0.5
    ranks = [(1.0, 1.0), (2.0, rng.uniform(0, 0.9)), (4.0, rng.uniform(0, 0.6)), (0.5, rng.choice([0, 0.6]))]
    if mixture:
        ranks += [(3.0, rng.uniform(0, 0.5)), (6.0, rng.uniform(0, 0.4)), (8.0, rng.uniform(0, 0.4))]
    reed_stop = rng.random() < 0.3
    return Sustained(
        drawbars=None if reed_stop else tuple(ranks), tilt=rng.uniform(-6, -2),
        cutoff=log_uniform(rng, 2500, 7000), tracking=0.5, dullness=0, attack=log_uniform(rng, 0.03, 0.15),
        decay=0.3, sustain=1.0, release=log_uniform(rng, 0.05, 0.4), voices=rng.integers(1, 4),
        detune=rng.uniform(0.5, 3), drift=0.5, chiff=rng.uniform(0, 0.4), noise=rng.uniform(0, 0.05),
        noise_band=(800, 5000),
        resonances=(Resonance(log_uniform(rng, 500, 2000), 600, rng.uniform(0, 6)),),
    )  # fmt: skip


def free_reed_organ(rng: np.random.Generator) -> Instrument:
    """Accordion and harmonium: metal tongues, several a few cents apart, driven by bellows."""
    return Sustained(
        tilt=rng.uniform(-6, -1), cutoff=log_uniform(rng, 2000, 6000), tracking=rng.uniform(0, 0.4),
        dullness=rng.uniform(0, 0.6), resonances=wooden_body(rng, rng.uniform(250, 500), 4),
        attack=log_uniform(rng, 0.02, 0.12), decay=0.5, sustain=rng.uniform(0.8, 1),
        release=log_uniform(rng, 0.02, 0.1), voices=rng.integers(1, 4), detune=rng.uniform(2, 12),
        drift=0.5, tremolo_depth=rng.choice([0, rng.uniform(0.05, 0.2)]), noise=rng.uniform(0, 0.04),
    )  # fmt: skip


def organ(rng: np.random.Generator) -> Instrument:
    """Electric, pipe and reed organs."""
    return rng.choice([electric_organ, electric_organ, pipe_organ, free_reed_organ])(rng)
