"""What a Markov chain remembers of each voice, frame after frame.

Conventions: tokens (tokens.py), axis order (row, voice); steps are in semitones, held times in frames.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from final_project.muse2bach.chorale import LOWEST, VOICES
from final_project.muse2bach.task import USUAL_PITCH
from final_project.muse2bach.tokens import SILENCE_TOKEN, UNKNOWN_TOKEN

LONGEST = 16  # frames; what is held longer is held as long as this
FADING = 0.98  # of what sounded a frame ago, in the memory of pitch classes: half of it after two bars


@dataclass(frozen=True, eq=False)
class Past:
    """before: int64 (B, 4), tokens of the last frame, UNKNOWN_TOKEN at the start of a piece.
    pitch: the last that sounded, as a token; where none has, the usual one. held: for how many frames
    `before` has gone on, 0..LONGEST. step: semitones from the note before the last one to the last.
    classes: float (B, 12), how much of each pitch class was heard lately.
    """

    before: NDArray[np.int64]
    pitch: NDArray[np.int64]
    held: NDArray[np.int64]
    step: NDArray[np.int64]
    classes: NDArray[np.float64]

    @classmethod
    def start(cls, rows: int) -> Self:
        """Before the first frame."""
        usual = np.array([USUAL_PITCH[voice] - LOWEST for voice in VOICES])
        shape = (rows, len(VOICES))
        return cls(
            before=np.full(shape, UNKNOWN_TOKEN),
            pitch=np.broadcast_to(usual, shape),
            held=np.zeros(shape, dtype=np.int64),
            step=np.zeros(shape, dtype=np.int64),
            classes=np.zeros((rows, 12)),
        )

    def after(self, frame: NDArray[np.int64]) -> Past:
        """One frame later. frame: tokens (B, 4)."""
        sounds, same = frame != SILENCE_TOKEN, frame == self.before
        classes = FADING * self.classes
        rows, voices = np.nonzero(sounds)
        np.add.at(classes, (rows, (frame[rows, voices] + LOWEST) % 12), 1.0)
        return Past(
            before=frame,
            pitch=np.where(sounds, frame, self.pitch),
            held=np.where(same, np.minimum(self.held + 1, LONGEST), 1),
            step=np.where(same | ~sounds, self.step, frame - self.pitch),
            classes=classes,
        )

    def select(self, rows: NDArray) -> Past:
        """Some rows, each as often as it is named; or those of a mask."""
        return Past(*(getattr(self, each.name)[rows] for each in fields(self)))

    @classmethod
    def stacked(cls, pasts: Sequence[Past], inside: NDArray[np.bool_]) -> Past:
        """Those of frames and rows `inside` (frames, B) as one, all frames of a row after each other."""
        arrays = (np.stack([getattr(past, each.name) for past in pasts], axis=1) for each in fields(cls))
        return cls(*(array[inside.T] for array in arrays))
