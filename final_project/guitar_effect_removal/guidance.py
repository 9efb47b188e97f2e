"""How far a recording is cleaned, by what the detector hears: the remover is asked where it can help.

    strength = removal_strength(probabilities)             # (len(EFFECTS),) -> 0..1
    dry = wet + strength * (remover(wet) - wet)

Gains give back what clipping and a cabinet did to a spectrum. Of echo, reverberation, chorus and phaser they
take little away (on validation at most 5 % of the distance), and a guitar that was never heard in training
they may spoil. So the strength grows with the probability that something clips, 1 - prod(1 - p) over
CLIPPING, and is 1 from SURE on. Chosen on the validation pairs, see LOG.md. As gains keep the phase, half the
way between two waveforms is half the way between two gains. Complex masks (`--mask complex`) turn it: half
way, the two may then cancel each other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from final_project.guitar_effect_removal.effects import CLIPPING, EFFECTS

SURE = 2 / 3

_PLACES = [EFFECTS.index(name) for name in CLIPPING]


def removal_strength(probabilities: NDArray[np.float64]) -> float:
    """0 where none of CLIPPING is on, 1 where at least one is for SURE, if they are independent."""
    something_clips = 1 - np.prod(1 - np.asarray(probabilities)[_PLACES])
    return float(min(something_clips / SURE, 1.0))
