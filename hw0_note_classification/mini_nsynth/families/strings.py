"""Orchestral strings: bowed alone and together, and plucked."""

from __future__ import annotations

import numpy as np

from hw0_note_classification.mini_nsynth.engines import Instrument, Struck, Sustained
from hw0_note_classification.mini_nsynth.families.draws import (
    detuned,
    log_uniform,
    sometimes_steady,
    wooden_body,
)


def bowed(rng: np.random.Generator) -> Instrument:
    """One bowed string: a sawtooth through a box of many resonances, vibrato, the noise of the hair."""
    instrument = Sustained(
        tilt=rng.uniform(-8, -4), cutoff=log_uniform(rng, 2000, 6500), tracking=rng.uniform(0, 0.3),
        dullness=rng.uniform(0.2, 1), resonances=wooden_body(rng, log_uniform(rng, 60, 300), 10),
        attack=log_uniform(rng, 0.04, 0.3), decay=0.5, sustain=rng.uniform(0.75, 1),
        release=log_uniform(rng, 0.05, 0.3), vibrato_rate=rng.uniform(4.5, 6.5),
        vibrato_depth=rng.choice([0, rng.uniform(8, 35)]), vibrato_delay=rng.uniform(0, 0.6),
        drift=rng.uniform(1, 6), scoop=rng.uniform(0, 20), roughness=rng.uniform(0.03, 0.2),
        noise=rng.uniform(0.01, 0.15), chiff=rng.uniform(0, 0.15),
        noise_band=(rng.uniform(500, 2000), 7000),
    )  # fmt: skip
    return sometimes_steady(rng, instrument)


def string_section(rng: np.random.Generator) -> Instrument:
    """Many bowed strings at once, legato or tremolo; or the synthesizer that imitates them."""
    trembling = rng.random() < 0.35
    return Sustained(
        tilt=rng.uniform(-8, -4), cutoff=log_uniform(rng, 1500, 6500), tracking=rng.uniform(0, 0.4),
        dullness=rng.uniform(0, 0.8), resonances=wooden_body(rng, log_uniform(rng, 60, 250), 8),
        attack=log_uniform(rng, 0.03, 0.5), decay=0.5, sustain=rng.uniform(0.8, 1),
        release=log_uniform(rng, 0.08, 0.6), vibrato_rate=rng.uniform(4, 6.5),
        vibrato_depth=rng.uniform(0, 25), vibrato_delay=0.1, tremolo_rate=rng.uniform(7, 14),
        tremolo_depth=rng.uniform(0.15, 0.7) if trembling else 0.0,
        roughness=rng.uniform(0.15, 0.5) if trembling else rng.uniform(0, 0.12), voices=rng.integers(4, 8),
        detune=rng.uniform(4, 14), drift=rng.uniform(2, 8), noise=rng.uniform(0, 0.12),
        noise_band=(rng.uniform(500, 2000), 7000),
    )  # fmt: skip


def plucked_strings(rng: np.random.Generator) -> Instrument:
    """Pizzicato (a box, a very short string) and the harp (long strings in the open)."""
    harp = rng.random() < 0.4
    return Struck(
        inharmonicity=log_uniform(rng, 1e-5, 2e-4),
        strike=rng.uniform(0.2, 0.5) if harp else rng.uniform(0.1, 0.35), tilt=rng.uniform(-10, -5),
        cutoff=log_uniform(rng, 900, 4000), hardness=1.0,
        decay=log_uniform(rng, 0.4, 2) if harp else log_uniform(rng, 0.06, 0.35),
        decay_slope=rng.uniform(0.3, 0.8), damping=log_uniform(rng, 0.3, 3),
        release=rng.uniform(0.3, 2) if harp else 0.2,
        courses=detuned(rng, 1 if harp else rng.integers(1, 5), 6), noise=rng.uniform(0, 0.2),
        noise_band=(150, 3000), noise_decay=rng.uniform(0.005, 0.02),
        body=wooden_body(rng, log_uniform(rng, 80, 300), 8),
    )  # fmt: skip


def string(rng: np.random.Generator) -> Instrument:
    """Solo and section strings, bowed, trembling and plucked."""
    return rng.choice([bowed, bowed, string_section, string_section, plucked_strings])(rng)
