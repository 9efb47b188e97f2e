"""A take in memory -> the corrected take, and what was done to it. Long files go through `beautify.py`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from common.cli import UserError
from common.synthesis import Note
from final_project.singing.alignment import Alignment, align
from final_project.singing.correction import shifts
from final_project.singing.one_line import check_one_line
from final_project.singing.rendering import Correction, render
from final_project.singing.take_key import Key, Scale, towards_scale
from final_project.singing.take_notes import TakeNote, heard_notes
from final_project.singing.time_correction import time_map, unchanged
from final_project.singing.tracking import PitchTrack, track

Clock = Literal["take", "score"]


@dataclass(frozen=True, kw_only=True)
class Aim:
    """Where a take should go. score: the line it follows; without one, to the notes of a scale.

    strength, drift, timing: how much of the error is taken out, 0..1: of a note's pitch, of the slow
    wandering within it, and of its onset. clock: whether onsets follow the take's own tempo, or the score's
    seconds. key: of the scale; None: the one that is found.
    """

    score: Sequence[Note] | None = None
    key: Key | None = None
    scale: Scale = "key"
    strength: float = 1.0
    drift: float = 1.0
    timing: float = 0.0
    clock: Clock = "take"


@dataclass(frozen=True)
class Decision:
    """What is to be done with a take, and why."""

    correction: Correction
    notes: list[TakeNote]
    alignment: Alignment | None = None
    key: Key | None = None
    onsets: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))  # seconds, where they should be


def decide(heard: PitchTrack, aim: Aim) -> Decision:
    """How to correct a tracked take. Errors: UserError for one that is no line, or another song."""
    check_one_line(heard)
    if aim.score is None:
        notes, key = towards_scale(found_notes(heard), key=aim.key, scale=aim.scale)
        alignment, onsets, times = None, np.zeros(0), unchanged(len(heard))
    else:
        alignment = align(heard, aim.score)
        notes, key = alignment.notes, None
        written = np.array([note.start for note in alignment.score])
        onsets = alignment.expected if aim.clock == "take" else written
        times = time_map(heard, notes, onsets, strength=aim.timing)
    moves = shifts(heard, notes, strength=aim.strength, drift=aim.drift)
    return Decision(Correction(heard, moves, times), notes, alignment, key, onsets)


def found_notes(heard: PitchTrack) -> list[TakeNote]:
    """The notes of a take. Errors: UserError if there are none."""
    notes = heard_notes(heard)
    if not notes:
        raise UserError("no note is held for a tenth of a second; give a recording of one sung line")
    return notes


def corrected(waveform: NDArray[np.float32], aim: Aim, *, sample_rate: int) -> NDArray[np.float32]:
    """A take (samples,) or (channels, samples), corrected. Errors: UserError as `decide`."""
    channels = np.atleast_2d(waveform)
    heard = track(channels.mean(axis=0, dtype=np.float32), sample_rate=sample_rate)
    decision = decide(heard, aim)
    blocks = render(decision.correction, [channels], sample_rate=sample_rate, frames=channels.shape[1])
    whole = np.concatenate(list(blocks), axis=1)
    return whole[0] if waveform.ndim == 1 else whole
