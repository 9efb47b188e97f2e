"""The pitch track of a take -> its notes, however far they are from the semitones of a piano.

A note is a stretch in which the pitch stays near one level, in the sense of Potts' model: of all
piecewise constant curves, the one with the least |pitch - level|, summed over time, plus a price for each
change of level. Vibrato is too short to be worth two changes, a note of a semitone for a tenth of a second
is. What is shorter than `SHORTEST` is part of a glide and no note. Where the voice stops, a note ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.singing.world import FRAME
from final_project.singing.tracking import PitchTrack

CHANGE = 0.04  # semitones * seconds, the price of a new level
LEVEL_STEP = 0.25  # semitones, between levels that are tried
SHORTEST = 0.08  # s
HEAD, TAIL = 0.1, 0.08  # s at the ends of a note that are glides, consonants and overshoot
CORE = 0.4  # of a note, that is left of it in any case
CLEARER = 6.0  # dB below its core that a vowel begins with
CONSONANT = 0.25  # s before it that m, l, w last at most


@dataclass(frozen=True)
class TakeNote:
    """Frames `first` .. `end` (exclusive) of a take, in semitones; `target` is what it should be.

    Its vowel begins at frame `onset`: before it lie consonants that have a pitch.
    """

    first: int
    end: int
    centre: float
    target: float
    onset: int

    @property
    def start(self) -> float:
        """Seconds, of the vowel."""
        return self.onset * FRAME


def heard_notes(track: PitchTrack) -> list[TakeNote]:
    """The notes in order; the target of each is its own centre."""
    notes = []
    for begin, end in track.stretches():
        for first, last in plateaus(track.pitch[begin:end]):
            if (last - first) * FRAME >= SHORTEST:
                notes.append(note_between(track, begin + first, begin + last))
    return notes


def note_between(track: PitchTrack, first: int, end: int, target: float | None = None) -> TakeNote:
    """The note in these frames; without a target its own centre is that."""
    middle = centre(track.pitch, first, end)
    return TakeNote(first, end, middle, middle if target is None else target, vowel_onset(track, first, end))


def vowel_onset(track: PitchTrack, first: int, end: int) -> int:
    """The first frame of a note that is nearly as loud as its core, or `first` if that comes too late."""
    begin, stop = core(first, end)
    loud = track.level[first:end] >= np.median(track.level[begin:stop]) - CLEARER
    behind = int(loud.argmax())
    return first + (behind if behind * FRAME <= min(CONSONANT, (end - first) * FRAME / 2) else 0)


def plateaus(pitch: NDArray[np.float64]) -> list[tuple[int, int]]:
    """First and last frame (exclusive) of each level of `pitch` (frames,), which has no NaN.

    Dynamic programming over the levels: at each frame every level is either kept or entered from the best.
    """
    levels = np.arange(pitch.min(), pitch.max() + LEVEL_STEP, LEVEL_STEP)
    price = CHANGE / FRAME
    cost = np.abs(pitch[0] - levels)
    best = np.zeros(len(pitch), dtype=int)  # the cheapest level of the frame before
    entered = np.zeros((len(pitch), len(levels)), dtype=bool)
    for frame in range(1, len(pitch)):
        best[frame] = cost.argmin()
        change = cost[best[frame]] + price
        entered[frame] = change < cost
        cost = np.minimum(cost, change) + np.abs(pitch[frame] - levels)
    level, end, found = int(cost.argmin()), len(pitch), []
    for frame in range(len(pitch) - 1, 0, -1):
        if entered[frame, level]:
            found.append((frame, end))
            level, end = int(best[frame]), frame
    return [(0, end), *reversed(found)]


def core(first: int, end: int) -> tuple[int, int]:
    """The frames of a note without what leads into it and out of it."""
    length = end - first
    spare = (1 - CORE) * length
    head, tail = HEAD / FRAME, TAIL / FRAME
    shrink = min(1.0, spare / (head + tail))
    return first + int(shrink * head), end - int(shrink * tail)


def centre(pitch: NDArray[np.float64], first: int, end: int) -> float:
    """The mean pitch of the core of a note, NaN left out."""
    begin, stop = core(first, end)
    return float(np.nanmean(pitch[begin:stop]))
