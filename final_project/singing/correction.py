"""How far each frame of a take is to be shifted, so that its notes come to their targets.

Of a note's pitch only the slow part is judged: a polynomial through its core, too stiff to follow vibrato.
Its distance from the target is taken out, by `strength`: the centre, and with `drift` also the slow
wandering around it. What is faster, vibrato and jitter, stays as it is, and so do scoops and glides: there
the shift goes in a straight line from one note's to the next one's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.typing import NDArray

from common.singing.world import FRAME
from final_project.singing.take_notes import TakeNote, core
from final_project.singing.tracking import PitchTrack

SECONDS_A_BEND = 0.6  # of a note for each degree of the polynomial: three periods of vibrato
MOST_BENDS = 12
FARTHEST = 12.0  # semitones; what is further off is no wrong note but something else
UNHEARD = 0.03  # semitones; a note as near as this stays as it is


def shifts(
    track: PitchTrack, notes: Sequence[TakeNote], *, strength: float = 1.0, drift: float = 1.0
) -> NDArray[np.float64]:
    """Semitones (frames,) by which to shift each frame of the take. strength, drift: 0..1."""
    places, values = [], []
    for note in notes:
        own_places, own_values = note_shift(track, note, drift=drift)
        places.append(own_places)
        values.append(own_values)
    if not places:
        return np.zeros(len(track))
    return strength * np.interp(np.arange(len(track)), np.concatenate(places), np.concatenate(values))


def note_shift(
    track: PitchTrack, note: TakeNote, *, drift: float
) -> tuple[NDArray[np.int_], NDArray[np.float64]]:
    """The frames of a note's core, and by how many semitones each is to be shifted."""
    begin, end = core(note.first, note.end)
    frames = np.arange(begin, end)
    slow = slow_pitch(track.pitch[begin:end])
    middle = slow.mean()
    error = note.target - middle
    if abs(error) > FARTHEST:
        return frames, np.zeros(len(frames))
    wanted = error - drift * (slow - middle)
    return frames, np.where(np.abs(wanted).max() <= UNHEARD, 0.0, wanted)


def slow_pitch(pitch: NDArray[np.float64]) -> NDArray[np.float64]:
    """The slow part of the pitch (frames,) of one note; NaN in it are bridged.

    The ends count less than the middle: evenly weighted, half a period of vibrato would tilt the polynomial.
    """
    known = np.flatnonzero(~np.isnan(pitch))
    bends = min(math.floor(len(known) * FRAME / SECONDS_A_BEND), MOST_BENDS)
    weights = np.sin(np.pi * (known + 0.5) / len(pitch))
    domain = [0, max(len(pitch) - 1, 1)]
    return Chebyshev.fit(known, pitch[known], bends, domain=domain, w=weights)(np.arange(len(pitch)))
