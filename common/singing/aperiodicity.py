"""How much of a sung sound is noise, by kind of phoneme.

WORLD mixes pulses and noise at each frequency. In natural voices the share of noise is small in the lowest
harmonics and near 1 at the top of the spectrum; breathy voices have more, and z and v hiss where a vowel
sings.
"""

from __future__ import annotations

import numpy as np

from common.singing.phonemes import Manner
from common.singing.singers import Singer
from common.singing.world import bin_frequencies

CLEAR = -50.0  # dB, noise in the lowest harmonics of a clear voice
BREATHY = 24.0  # dB more with breathiness 1
CENTRE, WIDTH = 6500.0, 900.0  # Hz; half way (in dB) to noise alone, and how quickly
BREATHY_CENTRE = 0.45  # of it, that the centre sinks with breathiness 1
FRICATIVE_CENTRE = 2200.0  # Hz, in voiced fricatives
BOUNDS = 0.001, 0.999  # as in WORLD


def noise_shares(singer: Singer, *, sample_rate: int) -> np.ndarray:
    """The share of noise, 0..1 in amplitude, float64 (len(Manner), bins): a row for each `Manner.value`."""
    frequencies = bin_frequencies(sample_rate)
    floor = CLEAR + BREATHY * singer.breathiness
    shares = np.empty((len(Manner), len(frequencies)))
    for kind in Manner:
        centre = CENTRE * (1 - BREATHY_CENTRE * singer.breathiness)
        if kind is Manner.VOICED_FRICATIVE:
            centre = min(centre, FRICATIVE_CENTRE)
        decibels = floor / (1 + np.exp((frequencies - centre) / WIDTH))
        shares[kind.value] = np.clip(10 ** (decibels / 20), *BOUNDS)
    return shares
