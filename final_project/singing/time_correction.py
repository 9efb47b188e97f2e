"""When each frame of a take is to sound, so that its notes begin where the score puts them.

A take is cut into frames that keep their length and frames that may be stretched. Consonants and the attack
of a note keep theirs: everything that sounds without voice, and the first moments of each vowel. Between one
onset and the next only the rest, vowels and silence, becomes longer or shorter, evenly. What lies before the
first onset and behind the last one is only moved.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from common.singing.world import FRAME
from final_project.singing.take_notes import TakeNote
from final_project.singing.tracking import PitchTrack

ATTACK = 0.05  # s of a note that keep their speed
SLOWEST, FASTEST = 3.0, 0.4  # seconds in which one second of a vowel or a rest may sound
FARTHEST = 0.5  # s that a note is moved at most: what is further off is no unevenness


@dataclass(frozen=True)
class TimeMap:
    """output (frames + 1,): the second at which each frame of the take sounds; one lies every `FRAME`."""

    output: NDArray[np.float64]

    @property
    def lengths(self) -> NDArray[np.float64]:
        """How long each frame becomes, in frames: 1 for what keeps its length."""
        return np.diff(self.output) / FRAME

    def source_at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Where in the take (seconds) is what sounds at `times` of the output."""
        return np.interp(times, self.output, np.arange(len(self.output)) * FRAME)

    def output_at(self, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """When what lies at `times` of the take sounds."""
        return np.interp(times, np.arange(len(self.output)) * FRAME, self.output)


def unchanged(frames: int) -> TimeMap:
    """The map that leaves a take of `frames` as it is."""
    return TimeMap(np.arange(frames + 1) * FRAME)


def time_map(
    track: PitchTrack, notes: Sequence[TakeNote], expected: NDArray[np.float64], *, strength: float = 1.0
) -> TimeMap:
    """Move the start of each note towards `expected` (notes,), seconds in the take, by `strength` 0..1.

    A note that would need more than `FASTEST`..`SLOWEST` is moved as far as these allow.
    """
    if not strength or not notes:
        return unchanged(len(track))
    elastic = elastic_frames(track, notes)
    starts = np.array([note.onset for note in notes])
    moves = np.clip(np.asarray(expected) - starts * FRAME, -FARTHEST, FARTHEST)
    wanted = starts + strength * moves / FRAME
    lengths = np.ones(len(track))
    first = max(wanted[0], 0.0)  # frames before the first onset: of its silence some is left out or added
    lengths[: starts[0]] = stretched(elastic[: starts[0]], first)
    now = lengths[: starts[0]].sum()
    for (begin, end), goal in zip(pairwise(starts), wanted[1:], strict=True):
        lengths[begin:end] = stretched(elastic[begin:end], goal - now)
        now += lengths[begin:end].sum()
    return TimeMap(np.concatenate([[0.0], np.cumsum(lengths)]) * FRAME)


def elastic_frames(track: PitchTrack, notes: Sequence[TakeNote]) -> NDArray[np.bool_]:
    """Which frames may be stretched: vowels behind their attack, and what does not sound."""
    elastic = track.voiced | ~track.sounding
    for note in notes:
        elastic[note.first : note.onset + round(ATTACK / FRAME)] = False
    return elastic


def stretched(elastic: NDArray[np.bool_], length: float) -> NDArray[np.float64]:
    """The lengths of frames that together shall be `length` long: 1 where they are not elastic."""
    spare = int(elastic.sum())
    if not spare:
        return np.ones(len(elastic))
    factor = (length - (len(elastic) - spare)) / spare
    return np.where(elastic, np.clip(factor, FASTEST, SLOWEST), 1.0)
