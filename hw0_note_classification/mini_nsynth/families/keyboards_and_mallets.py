"""Keyboards and mallets: hammers, tines, quills, bars."""

from __future__ import annotations

import numpy as np

from hw0_note_classification.mini_nsynth.engines import Instrument, Struck
from hw0_note_classification.mini_nsynth.families.draws import detuned, log_uniform, wooden_body


def piano(rng: np.random.Generator) -> Instrument:
    """Felt hammers on stiff strings, two or three to a key; a fast and a slow decay."""
    return Struck(
        inharmonicity=log_uniform(rng, 1e-4, 1e-3), strike=rng.uniform(0.1, 0.15), tilt=rng.uniform(-9, -4),
        cutoff=log_uniform(rng, 1000, 4500), hardness=rng.uniform(1, 2.5), decay=log_uniform(rng, 0.5, 2.5),
        decay_slope=rng.uniform(0.4, 0.9), damping=log_uniform(rng, 0.3, 1.5),
        aftersound=rng.uniform(0.05, 0.4),
        courses=detuned(rng, rng.integers(2, 4), rng.choice([0.5, 1, 8])),
        release=log_uniform(rng, 0.05, 0.3), noise=rng.uniform(0.02, 0.15),
        noise_band=(80, rng.uniform(500, 2500)), noise_decay=rng.uniform(0.01, 0.04),
        body=wooden_body(rng, rng.uniform(60, 120)),
    )  # fmt: skip


def electric_piano(rng: np.random.Generator) -> Instrument:
    """A struck tine or reed before a pickup: nearly a sine, bent by the pickup, with a bell at the start."""
    bell = rng.uniform(4, 9)
    partials = (1.0, 1.0 + rng.normal(0, 0.0008), 2.0, 3.0, 4.0, bell, 2.7 * bell)
    return Struck(
        ratios=partials, tilt=rng.uniform(-16, -7), cutoff=log_uniform(rng, 1500, 6000),
        hardness=rng.uniform(0.5, 2), decay=log_uniform(rng, 0.8, 5), decay_slope=rng.uniform(0.2, 0.6),
        damping=log_uniform(rng, 0.8, 5), release=log_uniform(rng, 0.05, 0.2), noise=rng.uniform(0, 0.1),
        noise_band=(150, 2000), noise_decay=rng.uniform(0.005, 0.02), drive=log_uniform(rng, 0.2, 4),
        tremolo_rate=rng.uniform(3, 7), tremolo_depth=rng.choice([0, 0, rng.uniform(0.1, 0.6)]),
    )  # fmt: skip


def plucked_keyboard(rng: np.random.Generator) -> Instrument:
    """Harpsichord and clavinet: a quill or a tangent close to the end of a thin string."""
    amplified = rng.random() < 0.4
    return Struck(
        inharmonicity=log_uniform(rng, 1e-5, 1e-4), strike=rng.uniform(0.04, 0.15),
        pickup=rng.uniform(0.05, 0.2) if amplified else None, tilt=rng.uniform(-5, 0),
        cutoff=log_uniform(rng, 3000, 7500), hardness=rng.uniform(0, 0.4), decay=log_uniform(rng, 0.4, 2),
        decay_slope=rng.uniform(0.3, 0.6), damping=log_uniform(rng, 0.2, 0.8),
        release=log_uniform(rng, 0.02, 0.08),
        courses=(0.0,) if amplified else rng.choice([0, 1]) * 1200.0 + np.array(detuned(rng, 2, 3)),
        noise=rng.uniform(0.05, 0.3), noise_band=(1000, 7000), noise_decay=rng.uniform(0.002, 0.008),
        body=() if amplified else wooden_body(rng, 150),
    )  # fmt: skip


def keyboard(rng: np.random.Generator) -> Instrument:
    """Pianos, electric pianos, harpsichords and clavinets."""
    return rng.choice([piano, piano, electric_piano, electric_piano, plucked_keyboard])(rng)


BARS = {  # ratios of the partials: Fletcher & Rossing, ch. 19-21
    "free bar": (1.0, 2.756, 5.404, 8.933),  # glockenspiel, celesta
    "tuned 1:4": (1.0, 4.0, 9.2, 16.0),  # marimba, vibraphone
    "tuned 1:3": (1.0, 3.0, 6.2, 10.0),  # xylophone
    "clamped": (1.0, 6.267, 17.55),  # kalimba, music box
    "tube": (1.0, 2.0, 2.75, 3.76, 4.96, 6.22, 0.5),  # tubular bells, by their strike tone
    "shell": (1.0, 2.0, 3.0, 4.1, 5.3),  # steel drum
}


def mallet(rng: np.random.Generator) -> Instrument:
    """Bars, tubes and tongues: few partials, out of the harmonic series, no strings attached."""
    kind = rng.choice(list(BARS))
    ratios = np.array(BARS[kind])
    ratios[1:] *= np.exp(rng.normal(0, 0.01, len(ratios) - 1))
    ringing = kind in ("tube", "free bar") or rng.random() < 0.3
    return Struck(
        ratios=tuple(ratios), tilt=rng.uniform(-12, -2), cutoff=log_uniform(rng, 1500, 8000),
        hardness=rng.uniform(0.3, 1.5),
        decay=log_uniform(rng, 1, 5) if ringing else log_uniform(rng, 0.1, 0.8),
        decay_slope=rng.uniform(0.4, 1), damping=log_uniform(rng, 0.2, 3),
        release=log_uniform(rng, 0.05, 2), noise=rng.uniform(0.02, 0.4),
        noise_band=(rng.uniform(200, 1500), 7000), noise_decay=rng.uniform(0.002, 0.02),
        tremolo_rate=rng.uniform(2, 8), tremolo_depth=rng.choice([0, 0, rng.uniform(0.2, 0.8)]),
        courses=detuned(rng, rng.integers(1, 3), 3),
    )  # fmt: skip
