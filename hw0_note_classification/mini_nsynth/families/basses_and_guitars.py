"""Basses and guitars: plucked strings, most of them over a pickup."""

from __future__ import annotations

import numpy as np

from hw0_note_classification.mini_nsynth.engines import Instrument, Resonance, Struck, Sustained
from hw0_note_classification.mini_nsynth.families.draws import detuned, log_uniform, wooden_body


def electric_bass(rng: np.random.Generator) -> Instrument:
    """Long heavy strings, a magnetic pickup, fingers, pick or thumb."""
    slapped = rng.random() < 0.25
    return Struck(
        inharmonicity=log_uniform(rng, 5e-5, 6e-4), strike=rng.uniform(0.08, 0.35),
        pickup=rng.uniform(0.07, 0.3), tilt=rng.uniform(-9, -3),
        cutoff=log_uniform(rng, 500, 5000) * (1.5 if slapped else 1), hardness=rng.uniform(0.5, 2),
        decay=log_uniform(rng, 0.25, 4), decay_slope=rng.uniform(0.3, 0.8),
        damping=log_uniform(rng, 0.5, 5), release=log_uniform(rng, 0.03, 0.3),
        noise=rng.uniform(0.1, 0.5) if slapped else rng.uniform(0, 0.12),
        noise_band=(300, rng.uniform(1500, 6000)), noise_decay=rng.uniform(0.003, 0.015),
        drive=rng.choice([0, 0, rng.uniform(0.3, 3)]),
        body=(Resonance(rng.uniform(70, 160), 60, rng.uniform(0, 8)),),
    )  # fmt: skip


def upright_bass(rng: np.random.Generator) -> Instrument:
    """A plucked double bass: a box that thumps, strings that die soon."""
    return Struck(
        inharmonicity=log_uniform(rng, 3e-5, 3e-4), strike=rng.uniform(0.2, 0.4), tilt=rng.uniform(-10, -5),
        cutoff=log_uniform(rng, 400, 2000), hardness=1.0, decay=log_uniform(rng, 0.25, 1.2),
        decay_slope=0.6, damping=log_uniform(rng, 1, 5), release=log_uniform(rng, 0.05, 0.2),
        noise=rng.uniform(0.02, 0.25), noise_band=(100, rng.uniform(600, 2500)),
        noise_decay=rng.uniform(0.01, 0.04), body=wooden_body(rng, rng.uniform(50, 80)),
    )  # fmt: skip


def synth_bass(rng: np.random.Generator) -> Instrument:
    """Oscillators through a low, falling filter."""
    return Sustained(
        tilt=rng.choice([-6, -6, -12, -3]), even=rng.choice([0, 0, 25]), cutoff=log_uniform(rng, 200, 3000),
        tracking=rng.uniform(0.3, 1), dullness=rng.uniform(0.5, 4), attack=log_uniform(rng, 0.002, 0.02),
        decay=log_uniform(rng, 0.1, 1.5), sustain=rng.uniform(0, 0.9), release=log_uniform(rng, 0.02, 0.2),
        voices=rng.integers(1, 4), detune=rng.uniform(0, 10), drift=0.5,
        drive=rng.choice([0, 0, rng.uniform(0.5, 4)]),
        resonances=(Resonance(log_uniform(rng, 200, 1500), 100, rng.uniform(0, 10)),),
    )  # fmt: skip


def bass(rng: np.random.Generator) -> Instrument:
    """Electric, upright and synthetic basses."""
    recipe = rng.choice([electric_bass, electric_bass, electric_bass, upright_bass, synth_bass, synth_bass])
    return recipe(rng)


def acoustic_guitar(rng: np.random.Generator) -> Instrument:
    """Nylon or steel strings on a wooden box; sometimes doubled courses."""
    steel = rng.random() < 0.6
    if steel and rng.random() < 0.15:
        courses = (0.0, 1200.0 + rng.normal(0, 4))
    else:
        courses = detuned(rng, rng.integers(1, 3), 2)
    return Struck(
        inharmonicity=log_uniform(rng, 2e-5, 3e-4), strike=rng.uniform(0.07, 0.35),
        tilt=rng.uniform(-8, -3) + (1 if steel else -2),
        cutoff=log_uniform(rng, 2000, 7000) if steel else log_uniform(rng, 800, 3500),
        hardness=rng.uniform(0.4, 1.5), decay=log_uniform(rng, 0.3, 2.5), decay_slope=rng.uniform(0.3, 0.8),
        damping=log_uniform(rng, 0.3, 2), courses=courses, release=log_uniform(rng, 0.03, 0.5),
        noise=rng.uniform(0.02, 0.25), noise_band=(rng.uniform(300, 1500), 7000),
        noise_decay=rng.uniform(0.002, 0.015), body=wooden_body(rng, rng.uniform(70, 100)),
    )  # fmt: skip


def electric_guitar(rng: np.random.Generator) -> Instrument:
    """Light steel strings over a pickup, through an amplifier that may distort; some muted by the palm."""
    muted, driven = rng.random() < 0.15, rng.random() < 0.35
    return Struck(
        inharmonicity=log_uniform(rng, 2e-5, 2e-4), strike=rng.uniform(0.06, 0.3),
        pickup=rng.uniform(0.06, 0.3), tilt=rng.uniform(-6, -1), cutoff=log_uniform(rng, 1500, 5500),
        hardness=rng.uniform(0.3, 1.2),
        decay=log_uniform(rng, 0.08, 0.25) if muted else log_uniform(rng, 0.6, 4),
        decay_slope=rng.uniform(0.3, 0.7), damping=log_uniform(rng, 0.3, 2),
        release=log_uniform(rng, 0.03, 0.3), noise=rng.uniform(0, 0.15), noise_band=(500, 6000),
        noise_decay=rng.uniform(0.002, 0.01),
        drive=log_uniform(rng, 1, 30) if driven else rng.uniform(0, 0.7), tremolo_rate=rng.uniform(3, 8),
        tremolo_depth=rng.choice([0, 0, 0, rng.uniform(0.2, 0.7)]),
        body=(Resonance(rng.uniform(1500, 4000), 800, rng.uniform(2, 9)),),
    )  # fmt: skip


def guitar(rng: np.random.Generator) -> Instrument:
    """Acoustic and electric guitars."""
    return rng.choice([acoustic_guitar, electric_guitar])(rng)
