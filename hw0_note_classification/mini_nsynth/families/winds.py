"""Wind instruments: brass, flutes, reeds."""

from __future__ import annotations

import numpy as np

from hw0_note_classification.mini_nsynth.engines import Instrument, Resonance, Sustained
from hw0_note_classification.mini_nsynth.families.draws import log_uniform, sometimes_steady


def brass(rng: np.random.Generator) -> Instrument:
    """Lips drive a tube with a bell: bright when loud, a swell of brightness at the start."""
    muted, section = rng.random() < 0.2, rng.random() < 0.25
    bell = log_uniform(rng, 350, 1600)
    resonances = [
        Resonance(bell, 0.6 * bell, rng.uniform(4, 14)),
        Resonance(2.2 * bell, bell, rng.uniform(0, 8)),
    ]
    if muted:
        resonances.append(Resonance(rng.uniform(1500, 3500), 600, rng.uniform(8, 18)))
    instrument = Sustained(
        tilt=rng.uniform(-9, -3), cutoff=log_uniform(rng, 1200, 6000), tracking=rng.uniform(0, 0.4),
        dullness=rng.uniform(0.8, 2.5), resonances=tuple(resonances), attack=log_uniform(rng, 0.03, 0.15),
        decay=rng.uniform(0.2, 0.8), sustain=rng.uniform(0.6, 1), release=log_uniform(rng, 0.04, 0.2),
        vibrato_rate=rng.uniform(4.5, 6.5), vibrato_depth=rng.choice([0, 0, rng.uniform(3, 25)]),
        vibrato_delay=rng.uniform(0.2, 1.0), voices=rng.integers(3, 6) if section else 1,
        detune=rng.uniform(3, 12), drift=rng.uniform(1, 6), scoop=rng.uniform(0, 60),
        roughness=rng.uniform(0, 0.08), noise=rng.uniform(0, 0.03), chiff=rng.uniform(0, 0.05),
    )  # fmt: skip
    return sometimes_steady(rng, instrument)


def flute(rng: np.random.Generator) -> Instrument:
    """An air jet on an edge: few harmonics, much breath, vibrato of loudness."""
    stopped = rng.random() < 0.25  # pan pipe, bottle
    breathy = rng.random() < 0.4
    instrument = Sustained(
        tilt=rng.uniform(-18, -6), even=rng.uniform(8, 20) if stopped else rng.uniform(-4, 6),
        cutoff=log_uniform(rng, 1500, 5000), tracking=rng.uniform(0.3, 0.8), dullness=rng.uniform(0.3, 1.2),
        attack=log_uniform(rng, 0.03, 0.15), decay=0.5, sustain=rng.uniform(0.7, 1),
        release=log_uniform(rng, 0.05, 0.25), vibrato_rate=rng.uniform(4, 6),
        vibrato_depth=rng.uniform(0, 20), vibrato_delay=rng.uniform(0.1, 0.8),
        tremolo_rate=rng.uniform(4, 6), tremolo_depth=rng.uniform(0, 0.35), drift=rng.uniform(1, 6),
        scoop=rng.uniform(0, 50), roughness=rng.uniform(0, 0.1),
        noise=rng.uniform(0.1, 0.5) if breathy else log_uniform(rng, 0.003, 0.1), chiff=rng.uniform(0, 0.6),
        noise_band=(log_uniform(rng, 400, 2000), rng.uniform(4000, 7500)),
    )  # fmt: skip
    return sometimes_steady(rng, instrument)


def reed(rng: np.random.Generator) -> Instrument:
    """Clarinets (odd harmonics), double reeds (nasal formants) and saxophones (conical, breathy)."""
    kind = rng.choice(["clarinet", "double", "saxophone", "saxophone"])
    first = log_uniform(rng, 400, 1400) if kind == "double" else log_uniform(rng, 300, 1000)
    width = rng.uniform(0.2, 0.5) * first
    height = rng.uniform(6, 16) if kind == "double" else rng.uniform(0, 9)
    resonances = (
        Resonance(first, width, height),
        Resonance(rng.uniform(2, 3.2) * first, first, rng.uniform(2, 10)),
    )
    instrument = Sustained(
        tilt=rng.uniform(-7, -2) if kind != "clarinet" else rng.uniform(-9, -5),
        even=rng.uniform(12, 30) if kind == "clarinet" else rng.uniform(-3, 3),
        cutoff=log_uniform(rng, 1500, 5500), tracking=rng.uniform(0, 0.4), dullness=rng.uniform(0.3, 1.5),
        resonances=resonances, attack=log_uniform(rng, 0.02, 0.1), decay=rng.uniform(0.2, 0.6),
        sustain=rng.uniform(0.65, 1), release=log_uniform(rng, 0.03, 0.15),
        vibrato_rate=rng.uniform(4.5, 6.5), vibrato_depth=rng.choice([0, rng.uniform(3, 30)]),
        vibrato_delay=rng.uniform(0.1, 0.8), tremolo_depth=rng.uniform(0, 0.15), drift=rng.uniform(1, 8),
        scoop=rng.uniform(0, 80), roughness=rng.uniform(0, 0.12),
        noise=rng.uniform(0.02, 0.25) if kind == "saxophone" else rng.uniform(0, 0.06),
        chiff=rng.uniform(0, 0.15), drive=rng.choice([0, 0, 0.8]) if kind == "saxophone" else 0.0,
    )  # fmt: skip
    return sometimes_steady(rng, instrument)
