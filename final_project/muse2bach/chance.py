"""Harmonizations by chance: a soprano of one chorale above the lower voices of another in the same key.

All that keeps them together is the key, so this is what rules are broken at by who knows style but does not
listen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from final_project.muse2bach.chorale import HIGHEST, LOWEST, MODES, SILENT, Chorale, Key
from final_project.muse2bach.chorale_key import key_of

OCTAVE = 12


def chance_harmonizations(chorales: Sequence[Chorale], others: Sequence[Chorale]) -> list[Chorale]:
    """For each of `chorales` its soprano above the lower voices of one of `others`, both cut to one length.

    The other one is of the same mode if there is any, and of the nearest length; it is transposed to the same
    tonic by at most a tritone. Chorales without another one are left out.
    """
    keys = {id(chorale): _key(chorale) for chorale in [*chorales, *others]}
    found = []
    for chorale in chorales:
        rest = [other for other in others if other.name != chorale.name]
        if rest:
            other = min(rest, key=lambda each: _distance(chorale, each, keys))
            steps = (keys[id(chorale)][0] - keys[id(other)][0] + OCTAVE // 2) % OCTAVE - OCTAVE // 2
            found.append(under(chorale, other, steps))
    return found


def under(chorale: Chorale, other: Chorale, semitones: int) -> Chorale:
    """The soprano of `chorale` and the other voices of `other`, `semitones` higher."""
    length = min(len(chorale), len(other))
    lower = moved(other.voices[:length, 1:], semitones)
    voices = np.concatenate([chorale.voices[:length, :1], lower], axis=1)
    return replace(chorale.excerpt(0, length), voices=voices, onsets=None)


def moved(voices: NDArray[np.int16], semitones: int) -> NDArray[np.int16]:
    """The voices transposed; pitches that leave the range of all chorales come back by an octave."""
    pitches = voices + semitones
    pitches = pitches + OCTAVE * (pitches < LOWEST) - OCTAVE * (pitches > HIGHEST)
    return np.where(voices == SILENT, SILENT, pitches).astype(np.int16)


def _key(chorale: Chorale) -> Key:
    return chorale.key or key_of(chorale.voices) or (0, MODES[0])


def _distance(chorale: Chorale, other: Chorale, keys: dict[int, Key]) -> tuple[bool, int]:
    return keys[id(chorale)][1] != keys[id(other)][1], abs(len(chorale) - len(other))
