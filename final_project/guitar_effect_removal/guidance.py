"""How far a recording is cleaned, by what the detector hears: the remover is asked where it can help.

    strength = removal_strength(probabilities)             # (len(EFFECTS),) -> 0..1
    dry = wet + strength * (remover(wet) - wet)

Gains give back what clipping and a cabinet did to a spectrum. Of echo, reverberation, chorus and phaser they
take little away (on validation at most 5 % of the distance), and a guitar that was never heard in training
they may spoil. So the strength is the probability that something clips: 1 - prod(1 - p) over CLIPPING. Chosen
on the validation pairs, see LOG.md. As the remover keeps the phase, half the way between two waveforms is
half the way between two gains.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from final_project.guitar_effect_removal.effects import CLIPPING, EFFECTS

_PLACES = [EFFECTS.index(name) for name in CLIPPING]


def removal_strength(probabilities: NDArray[np.float64]) -> float:
    """The probability that at least one of CLIPPING is on, if they were independent."""
    return float(1 - np.prod(1 - np.asarray(probabilities)[_PLACES]))
