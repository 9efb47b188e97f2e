"""Two ways to make a note from a handful of numbers: damped partials and harmonic waves.

    Struck(decay=2.0).play(60, 100, rng, num_samples=64_000, sample_rate=16_000)  # (64000,)

signals.py    what both share: resonances, envelopes, noise
struck.py     plucked or hit, then left alone: strings, bars, tines
sustained.py  driven as long as the note lasts: reeds, lips, bows, pipes, voices, oscillators

Neither wants to fool a musician. They give the classifier what a soundfont cannot: any number of
instruments of a family that share its physics and differ in everything else.

Conventions: waveforms are float64 of shape (samples,); time s, frequency Hz, level dB, tuning cents.
"""

from hw0_note_classification.mini_nsynth.engines.signals import HOLD_SECONDS, Resonance, band_noise
from hw0_note_classification.mini_nsynth.engines.struck import Struck
from hw0_note_classification.mini_nsynth.engines.sustained import Sustained

Instrument = Struck | Sustained

__all__ = ["HOLD_SECONDS", "Instrument", "Resonance", "Struck", "Sustained", "band_noise"]
