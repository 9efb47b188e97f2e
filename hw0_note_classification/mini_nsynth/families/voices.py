"""The human voice and the synthesizer's lead voice."""

from __future__ import annotations

import numpy as np

from hw0_note_classification.mini_nsynth.engines import Instrument, Resonance, Sustained
from hw0_note_classification.mini_nsynth.families.draws import log_uniform, sometimes_steady


def synth_lead(rng: np.random.Generator) -> Instrument:
    """Bright oscillators, a resonant filter, steady vibrato: made to cut through."""
    return Sustained(
        tilt=rng.choice([-6, -6, -3, -1]), even=rng.choice([0, 0, 30]), cutoff=log_uniform(rng, 1500, 9000),
        tracking=rng.uniform(0.4, 1), dullness=rng.uniform(0, 2.5),
        resonances=(Resonance(log_uniform(rng, 800, 5000), rng.uniform(100, 500), rng.uniform(0, 16)),),
        attack=log_uniform(rng, 0.002, 0.03), decay=log_uniform(rng, 0.2, 2), sustain=rng.uniform(0.6, 1),
        release=log_uniform(rng, 0.02, 0.3), vibrato_rate=rng.uniform(5, 7),
        vibrato_depth=rng.choice([0, rng.uniform(5, 40)]), voices=rng.integers(1, 4),
        detune=rng.uniform(0, 15), drift=0.3, drive=rng.choice([0, rng.uniform(0.5, 4)]),
        scoop=rng.choice([0, 0, rng.uniform(50, 300)]),
    )  # fmt: skip


VOWELS = {  # first three formants of a tenor: Peterson & Barney 1952, Sundberg 1987
    "a": (700, 1150, 2600), "e": (450, 1800, 2500), "i": (300, 2100, 2900), "o": (450, 800, 2600),
    "u": (330, 720, 2400), "m": (250, 1000, 2200),
}  # fmt: skip


def vocal(rng: np.random.Generator) -> Instrument:
    """Vocal folds and a tract: a steep source, fixed formants, an unsteady pitch; alone or in a choir."""
    size = log_uniform(rng, 0.85, 1.3)  # a shorter tract moves all formants up
    formants = np.array(VOWELS[rng.choice(list(VOWELS))]) * size
    resonances = tuple(
        Resonance(f, rng.uniform(40, 110), rng.uniform(14, 26) - 3 * i) for i, f in enumerate(formants)
    )
    choir = rng.random() < 0.6
    instrument = Sustained(
        tilt=rng.uniform(-13, -8), cutoff=log_uniform(rng, 2500, 6000), tracking=0,
        dullness=rng.uniform(0.2, 1), resonances=resonances, attack=log_uniform(rng, 0.05, 0.3), decay=0.5,
        sustain=rng.uniform(0.8, 1), release=log_uniform(rng, 0.08, 0.5),
        vibrato_rate=rng.uniform(4.5, 6.5), vibrato_depth=rng.uniform(5, 50),
        vibrato_delay=rng.uniform(0.1, 0.8), tremolo_depth=rng.uniform(0, 0.15),
        voices=rng.integers(4, 8) if choir else 1, detune=rng.uniform(5, 18), drift=rng.uniform(5, 18),
        scoop=rng.uniform(0, 80), roughness=rng.uniform(0.02, 0.12), noise=rng.uniform(0.01, 0.2),
        noise_band=(800, 6000),
    )  # fmt: skip
    return sometimes_steady(rng, instrument)
