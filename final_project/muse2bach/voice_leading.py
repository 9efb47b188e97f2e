"""The rules of part writing that can be counted: parallel fifths and octaves, crossed voices, wide spacing.

    sums = rule_counts(chorale.voices, chorale.position)      # {"transitions": 58, "parallel_fifths": 1, ...}

A chorale is looked at from quarter to quarter: the chord that sounds where a beat begins, and the next one.
What happens between beats, passing and changing notes, is left out; `parallels` itself takes any two chords.

Conventions
- Chords are (..., 4), MIDI pitches or SILENT, soprano first; pairs of voices stand in the order of PAIRS.
- A parallel: two voices that both move, in the same direction, from a perfect fifth, or octave or unison, to
  another one; a twelfth counts as a fifth, a double octave and a unison as an octave. A voice that stays, or
  sings the same pitch again, does not move; nor do two that leap an octave apart (fifth to twelfth in
  contrary motion), which Bach writes at cadences and music21 calls antiparallel.
- A voice that rests in one of the two chords has no parallels there. Pitches are tempered: a diminished
  sixth sounds, and counts, as a fifth.
- A crossing: a voice lies below its lower neighbour. Wide: more than an octave between soprano and alto or
  alto and tenor. Both are looked at in the chord that a transition leads to, with both voices singing.
- A transition counts where two voices or more sing in both chords; also where nothing moves.

Sources: the rules as in Piston, "Harmony" (1941), ch. 2 and 3; music21.voiceLeading.VoiceLeadingQuartet,
with which the parallels agree: `parallelMotion` with allowOctaveDisplacement (it keeps unisons and octaves
apart; a unison that becomes an octave is none to it).
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, SILENT, VOICES

FIFTH, OCTAVE = 7, 0  # semitones, whole octaves left out
PAIRS = tuple(combinations(range(len(VOICES)), 2))  # (0, 1) is soprano and alto
WIDEST = 12  # semitones between neighbours of the three upper voices
RULES = ("parallel_fifths", "parallel_octaves", "crossings", "wide_spacings")


def quarters(voices: ArrayLike, position: ArrayLike | None = None) -> NDArray[np.int16]:
    """The chords where quarters begin: voices (frames, 4) -> (quarters, 4).

    position (frames,): sixteenths since the bar began; without it quarters are counted from frame 0.
    """
    voices = np.asarray(voices)
    return voices[quarter_frames(len(voices), position)]


def quarter_frames(frames: int, position: ArrayLike | None = None) -> NDArray[np.int64]:
    """The frames in which a quarter begins."""
    places = np.arange(frames) if position is None else np.asarray(position)
    return np.flatnonzero(places % FRAMES_PER_QUARTER == 0)


def parallels(before: ArrayLike, after: ArrayLike, interval: int) -> NDArray[np.bool_]:
    """Which pairs of voices move in parallel by `interval`, FIFTH or OCTAVE: (..., 4) twice -> (..., 6)."""
    first, second = (np.array(PAIRS).T[place] for place in (0, 1))
    before, after = np.asarray(before, dtype=np.int64), np.asarray(after, dtype=np.int64)
    sings = (before > SILENT) & (after > SILENT)
    direction = np.where(sings, np.sign(after - before), 0)  # (..., 4): up 1, down -1
    together = (direction[..., first] == direction[..., second]) & (direction[..., first] != 0)
    from_it = (before[..., first] - before[..., second]) % 12
    to_it = (after[..., first] - after[..., second]) % 12
    # Between crossed voices the difference is negative: a fourth upwards is not a fifth downwards.
    crossed = np.stack([chord[..., first] < chord[..., second] for chord in (before, after)])
    wanted = np.where(crossed, -interval % 12, interval)
    return together & (from_it == wanted[0]) & (to_it == wanted[1])


def crossings(chords: ArrayLike) -> NDArray[np.bool_]:
    """Which neighbours are crossed, from the top: (..., 4) -> (..., 3)."""
    chords = np.asarray(chords)
    return _both_sing(chords) & (chords[..., :-1] < chords[..., 1:])


def wide_spacings(chords: ArrayLike) -> NDArray[np.bool_]:
    """Whether soprano and alto, alto and tenor, are over an octave apart: (..., 4) -> (..., 2)."""
    chords = np.asarray(chords)
    apart = chords[..., :-1].astype(np.int64) - chords[..., 1:]
    return (_both_sing(chords) & (apart > WIDEST))[..., :2]


def rule_counts(voices: ArrayLike, position: ArrayLike | None = None) -> dict[str, int]:
    """How often each of RULES is broken in voices (frames, 4), and in how many "transitions".

    A pair of voices is a case: two pairs at one place count twice.
    """
    chords = quarters(voices, position)
    before, after = chords[:-1], chords[1:]
    counted = ((before > SILENT) & (after > SILENT)).sum(axis=1) >= 2
    before, after = before[counted], after[counted]
    found = (
        parallels(before, after, FIFTH),
        parallels(before, after, OCTAVE),
        crossings(after),
        wide_spacings(after),
    )
    broken = {name: int(cases.sum()) for name, cases in zip(RULES, found, strict=True)}
    return {"transitions": len(after), **broken}


def _both_sing(chords: NDArray) -> NDArray[np.bool_]:
    """Of neighbours: (..., 4) -> (..., 3)."""
    sings = chords > SILENT
    return sings[..., :-1] & sings[..., 1:]
