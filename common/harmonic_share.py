"""How much of a sound is harmonics of one frequency: what tells one line from several, and from noise.

Of two pitches at once a tracker finds one, which explains about half of the spectrum, or a frequency of
which both are harmonics, and which itself does not sound. So a spectrum in which the fundamental is missing
counts as not explained. Two lines in octaves alone pass as one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PARTIALS = 8  # that are looked at
LOWEST_HEARD = 60.0  # Hz; below is rumble
FUNDAMENTAL = -26.0  # dB beside the strongest partial, that the first one has at least
VIBRATO = 0.03  # of a harmonic's frequency, to each side: half a semitone


def share_of_spectrum(power: NDArray[np.float64], bins: NDArray[np.float64], fundamental: float) -> float:
    """The share (0..1) of a spectrum's energy that is harmonics of `fundamental` (Hz), beyond chance.

    `power` at the frequencies `bins` (Hz), each (bins,). Of the energy from 60 Hz up to the last of these
    harmonics; 0 for what white noise has, and where the fundamental is missing.
    """
    band = (bins >= LOWEST_HEARD) & (bins <= (PARTIALS + 0.5) * fundamental)
    number = np.clip(np.round(bins / fundamental), 1, PARTIALS)  # of the nearest harmonic
    wide = np.minimum(VIBRATO * number, 0.2) * fundamental
    near = band & (np.abs(bins - number * fundamental) <= np.maximum(wide, 2 * bins[1]))  # a main lobe
    partials = np.bincount(number[near].astype(int), power[near], minlength=PARTIALS + 1)[1:]
    total = power[band].sum()
    if total <= 0 or partials[0] < 10 ** (FUNDAMENTAL / 10) * partials.max():
        return 0.0
    chance = near.sum() / band.sum()
    return float(np.clip((partials.sum() / total - chance) / max(1 - chance, 1e-3), 0, 1))
