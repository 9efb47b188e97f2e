"""The key of a chorale: what its signature allows, its notes and its last bass note decide.

A signature is shared by a major key, its relative minor, and church modes; which of them is meant say the
time that each pitch class sounds, compared with the profiles of Krumhansl and Kessler, and the bass note at
the end (common.band.tunes.keys). Dorian and Phrygian count as minor, Mixolydian as major.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common.band.tunes.keys import FINAL_BONUS, choose_key, signature_keys
from common.metrics.melody.tonality import key_strengths
from final_project.muse2bach.chorale import MODES, SILENT, Key


def key_of(voices: NDArray, *, sharps: int | None = None) -> Key | None:
    """The key of `voices` (frames, voices), MIDI pitches or negative for silence; None where nothing sounds.

    sharps: of the key signature, flats negative; without one all 24 keys are compared.
    """
    voices = np.asarray(voices)
    sounding = voices[voices > SILENT]
    if not len(sounding):
        return None
    final = final_bass(voices)
    if sharps is not None:
        weights = np.bincount(sounding % 12, minlength=12).astype(float)
        if np.ptp(weights):  # else no profile fits better than another
            return choose_key(signature_keys(sharps), weights, final)
    strengths = key_strengths(sounding[None], np.ones((1, len(sounding))))[0]
    strengths[[final % 12, 12 + final % 12]] += FINAL_BONUS
    mode, tonic = divmod(int(strengths.argmax()), 12)
    return tonic, MODES[mode]


def final_bass(voices: NDArray) -> int:
    """The pitch of the lowest voice that sounds at the end, rests there left out."""
    last = voices[(voices > SILENT).any(axis=1)][-1]
    return int(last[last > SILENT][-1])
