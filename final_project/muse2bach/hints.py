"""Hints: where the piece has been like this before, and what came next there.

Chorales repeat their phrases. For each of SOURCES (all voices together, or one voice) a hint is the earlier
frame s that the longest run of like frames leads up to: frames s-1, s-2, ... are as t-1, t-2, ... What
followed there is likely to follow here. Only frames at the same sixteenth of the beat are looked at, and of
equal ones the latest is taken. (A network finds such repeats by attention, given far more data: Olsson et al.
2022; a plain suffix match finds them at once.)

It works frame by frame for a batch of pieces, the same in training and in generation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, VOICES

SOURCES = 1 + len(VOICES)  # all voices, soprano, alto, tenor, bass


class Hints:
    """The runs of like frames in a batch of pieces of up to `frames` frames, as they grow.

    Of each source: runs[:, :, s] is how many frames before s are as those before now.
    """

    def __init__(self, batch: int, frames: int) -> None:
        self.history = np.zeros((batch, frames, len(VOICES)), dtype=np.int64)
        self.runs = np.zeros((batch, SOURCES, frames + 1), dtype=np.int32)
        self.frame = 0

    def push(self, tokens: NDArray[np.int64]) -> None:
        """The next frame, (B, 4), is known."""
        now = self.frame
        self.history[:, now] = tokens
        same = self.history[:, : now + 1] == tokens[:, None]  # (B, now + 1, 4): frame s - 1 is as this one
        all_alike, each_alike = same.all(axis=2)[:, None], same.transpose(0, 2, 1)
        alike = np.concatenate([all_alike, each_alike], axis=1)  # (B, SOURCES, now + 1)
        longer = self.runs[:, :, : now + 1] + 1
        self.runs[:, :, 1 : now + 2] = np.where(alike, longer, 0)
        self.runs[:, :, 0] = 0
        self.frame = now + 1

    def find(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """What followed each source's longest run, tokens (B, SOURCES, 4), and its length (B, SOURCES).

        Length 0 is no hint.
        """
        places = np.arange(self.frame % FRAMES_PER_QUARTER, self.frame, FRAMES_PER_QUARTER)
        if not len(places):
            shape = (len(self.history), SOURCES)
            return np.zeros((*shape, len(VOICES)), dtype=np.int64), np.zeros(shape, dtype=np.int64)
        runs = self.runs[:, :, places]
        best = len(places) - 1 - runs[:, :, ::-1].argmax(axis=2)  # (B, SOURCES); the latest of the longest
        length = np.take_along_axis(runs, best[:, :, None], axis=2)[:, :, 0]
        rows = np.arange(len(self.history))[:, None]
        return self.history[rows, places[best]], length.astype(np.int64)

    def select(self, rows: NDArray[np.int64]) -> Hints:
        """A copy with the pieces of `rows`, each as often as it is named."""
        chosen = object.__new__(Hints)
        chosen.history, chosen.runs, chosen.frame = self.history[rows], self.runs[rows], self.frame
        return chosen
