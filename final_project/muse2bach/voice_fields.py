"""What one voice knows before it chooses its token in a frame, as integer fields for an embedding.

Of itself: its last pitch and how it stands in the key, how long it has been held, the step that led there,
what the hints expect, the place in the bar, fermatas. Of each other voice: the interval from its own last
pitch to that voice's new pitch where it is known, else to its last one, and how the voice moved or stood. All
four voices use the same fields, so one table serves them all; the last field says which voice asks.
"""

from __future__ import annotations

import torch
from torch import Tensor

from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, VOICES
from final_project.muse2bach.frame_batch import AHEAD, BAR, FERMATA, PLACES, FrameBatch
from final_project.muse2bach.past import EARLIER, HELD, HINTS, NO_STEP, RUNS, STEPS, WIDEST
from final_project.muse2bach.tokens import PITCHES, UNKNOWN_TOKEN

SPREAD = 30  # semitones between two voices; wider is as the widest
INTERVALS = 2 * SPREAD + 2
OCTAVE = 12
DEGREES = 2 * OCTAVE + 1

OWN_SIZES = (UNKNOWN_TOKEN + 1, HELD * FRAMES_PER_QUARTER, STEPS, EARLIER, *[STEPS * RUNS] * HINTS, DEGREES)
FRAME_SIZES = (PLACES[0], BAR, FERMATA)
OTHER_SIZES = (2 * INTERVALS, STEPS + HELD, 3 + STEPS, 2 * DEGREES, *AHEAD)
SIZES = (*OWN_SIZES, *FRAME_SIZES, *OTHER_SIZES * len(VOICES), len(VOICES))


def voice_fields(frames: FrameBatch, known: Tensor, voice: int) -> Tensor:
    """int64 (B, T, F), field f below SIZES[f]. known: tokens (B, T, 4), UNKNOWN_TOKEN where not yet known."""
    own = own_fields(frames, voice)
    nobody = [torch.zeros_like(frames.bar)] * len(OTHER_SIZES)
    others = [
        field
        for other in range(len(VOICES))
        for field in (nobody if other == voice else other_fields(frames, known, voice, other))
    ]
    whose = torch.full_like(frames.bar, voice)
    return torch.stack([*own, frames.place[..., 0], frames.bar, frames.fermata, *others, whose], dim=-1)


def own_fields(frames: FrameBatch, voice: int) -> list[Tensor]:
    """What a voice knows of itself: (B, T) each, as in OWN_SIZES."""
    previous = frames.previous[..., voice]
    beat = frames.place[..., 0] % FRAMES_PER_QUARTER
    hints = frames.hint[..., voice, :] * RUNS + frames.run[..., voice, :]
    return [
        previous,
        frames.held[..., voice] * FRAMES_PER_QUARTER + beat,
        frames.step[..., voice],
        frames.earlier[..., voice],
        *hints.unbind(-1),
        degree(previous, frames),
    ]


def other_fields(frames: FrameBatch, known: Tensor, voice: int, other: int) -> list[Tensor]:
    """What it knows of another voice: (B, T) each, as in OTHER_SIZES."""
    own, before, now = frames.previous[..., voice], frames.previous[..., other], known[..., other]
    is_known, moved = now != UNKNOWN_TOKEN, steps(before, now)
    expected = frames.hint[..., other, 0]
    as_expected = (expected != NO_STEP) * (1 + (expected == moved).long())
    return [
        torch.where(is_known, interval(own, now), INTERVALS + interval(own, before)),
        torch.where(is_known, moved, STEPS + frames.held[..., other]),
        torch.where(is_known, as_expected, 3 + expected),
        torch.where(is_known, degree(now, frames), DEGREES + degree(before, frames)),
        *(frames.ahead[..., other, :] * is_known[..., None]).unbind(-1),
    ]


def interval(low: Tensor, high: Tensor) -> Tensor:
    """From one token to another, 0..INTERVALS - 1; the last where one of them is no pitch."""
    semitones = (high - low).clamp(-SPREAD, SPREAD) + SPREAD
    return torch.where((low < PITCHES) & (high < PITCHES), semitones, INTERVALS - 1)


def steps(before: Tensor, after: Tensor) -> Tensor:
    """`past.step_between` for tensors."""
    step = (after - before).clamp(-WIDEST, WIDEST) + WIDEST
    return torch.where((before < PITCHES) & (after < PITCHES), step, NO_STEP)


def key_of(frames: FrameBatch) -> Tensor:
    """The class of the key that is told, or else that it sounds like: (B, T), 0 where not known."""
    return torch.where(frames.key > 0, frames.key, frames.centre)


def degree(token: Tensor, frames: FrameBatch) -> Tensor:
    """Where tokens (B, T) stand in the key: 0 not known, 1..12 in major, 13..24 in minor."""
    key = key_of(frames)
    above = (token - (key - 1)) % OCTAVE  # token 0 is a C
    return torch.where((key > 0) & (token < PITCHES), 1 + above + OCTAVE * ((key - 1) // OCTAVE), 0)
