"""What the frames so far say about the next one, as small integers for embeddings.

`Past` is told frame after frame and describes, before each, what is known of it: by voice, its last pitch,
for how long it has been held, the step that led there, and what the hints (hints.py) expect; besides, the key
that it sounds like. Almost everything is relative, so that a chorale and its transposition look alike.
`describe_all` runs it through whole pieces. Axis order is (batch, frame, voice).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.typing import NDArray

from common.key_profiles import MAJOR, MINOR
from final_project.muse2bach.chorale import VOICES
from final_project.muse2bach.hints import SOURCES, Hints
from final_project.muse2bach.tokens import PITCHES, UNKNOWN_TOKEN

WIDEST = 12  # semitones of a step; wider ones are as the widest
STEPS = 2 * WIDEST + 2  # and the last one: no step, from or to a rest
NO_STEP = STEPS - 1
HELD = 32  # frames, from 0; longer is as the longest
EARLIER = 17
RUNS = 8  # classes of the length of a run: 0, 1, 2-3, 4-7, ... 64 and more
HINTS = 3  # by voice: from all voices, from the soprano, from the voice itself
DECAYS = (0.97, 0.995)  # per frame, of the two counts of pitch classes: two bars and most of the piece
SLOW = 1


@dataclass(eq=False)
class PastFrames:
    """Arrays (B, T, ...) whose row t describes what is known before frame t. int64, but `classes`."""

    previous: NDArray  # (B, T, 4): token of the frame before, UNKNOWN_TOKEN before the first
    held: NDArray  # (B, T, 4): for how many frames it has sounded, at most HELD - 1
    step: NDArray  # (B, T, 4): the step that led to it
    earlier: NDArray  # (B, T, 4): how long the note before it was
    hint: NDArray  # (B, T, 4, HINTS): the step from `previous` that a hint expects
    run: NDArray  # (B, T, 4, HINTS): class of the length of its run, 0 for no hint
    centre: NDArray  # (B, T): the key that it sounds like: 0 not known, 1..12 major, 13..24 minor, from C
    classes: NDArray  # float32 (B, T, 24): shares of the pitch classes, for each of DECAYS

    def rows(self, index: int | slice) -> PastFrames:
        """The same of some pieces."""
        return PastFrames(**{each.name: getattr(self, each.name)[index] for each in fields(self)})


def step_between(before: NDArray, after: NDArray) -> NDArray[np.int64]:
    """Steps from tokens to tokens, 0..STEPS - 1; NO_STEP where one of them is no pitch."""
    step = np.clip(after - before, -WIDEST, WIDEST) + WIDEST
    return np.where((before < PITCHES) & (after < PITCHES), step, NO_STEP)


class Past:
    """A batch of pieces of up to `frames` frames, as they go on."""

    def __init__(self, batch: int, frames: int) -> None:
        shape = (batch, len(VOICES))
        self.previous = np.full(shape, UNKNOWN_TOKEN, dtype=np.int64)
        self.held = np.zeros(shape, dtype=np.int64)
        self.step = np.full(shape, NO_STEP, dtype=np.int64)
        self.earlier = np.zeros(shape, dtype=np.int64)
        self.counts = np.zeros((batch, len(DECAYS), 12), dtype=np.float32)
        self.hints = Hints(batch, frames)

    def push(self, tokens: NDArray[np.int64]) -> None:
        """The next frame, (B, 4), is known."""
        changed = tokens != self.previous
        self.step = np.where(changed, step_between(self.previous, tokens), self.step)
        self.earlier = np.where(changed, self.held, self.earlier)
        self.held = np.where(changed, 1, self.held + 1)
        self.previous = tokens.copy()
        sounding = np.eye(12, dtype=np.float32)[tokens % 12] * (tokens < PITCHES)[..., None]
        self.counts = self.counts * np.float32(DECAYS)[:, None] + sounding.sum(axis=1)[:, None]
        self.hints.push(tokens)

    def select(self, rows: NDArray[np.int64]) -> Past:
        """A copy with the pieces of `rows`, each as often as it is named."""
        chosen = object.__new__(Past)
        for name in ("previous", "held", "step", "earlier", "counts"):
            setattr(chosen, name, getattr(self, name)[rows])
        chosen.hints = self.hints.select(rows)
        return chosen

    def describe(self) -> PastFrames:
        """What is known before the next frame, T = 1."""
        found, length = self.hints.find()  # (B, SOURCES, 4), (B, SOURCES)
        voices = np.arange(len(VOICES))
        tokens = np.stack([found[:, 0], found[:, 1], found[:, voices + 1, voices]], axis=-1)  # (B, 4, HINTS)
        lengths = np.stack([length[:, [0] * 4], length[:, [1] * 4], length[:, 1:SOURCES]], axis=-1)
        run = np.minimum(np.ceil(np.log2(lengths + 1)), RUNS - 1).astype(np.int64)
        hint = np.where(run > 0, step_between(self.previous[..., None], tokens), NO_STEP)
        shares = self.counts / np.maximum(self.counts.sum(axis=-1, keepdims=True), 1)
        rows = PastFrames(
            previous=self.previous,
            held=np.minimum(self.held, HELD - 1),
            step=self.step,
            earlier=np.minimum(self.earlier, EARLIER - 1),
            hint=hint,
            run=run,
            centre=tonal_centre(self.counts[:, SLOW]),
            classes=shares.reshape(len(shares), -1),
        )
        return PastFrames(**{each.name: getattr(rows, each.name)[:, None] for each in fields(rows)})


def tonal_centre(counts: NDArray[np.float32]) -> NDArray[np.int64]:
    """The key whose profile fits counts of pitch classes (B, 12) best (Krumhansl 1990): 0 for none, 1..24."""
    fit = np.round(counts.astype(np.float64) @ _profiles().T, 6)  # ties stay ties in any batch
    return np.where(counts.any(axis=1), 1 + fit.argmax(axis=1), 0)


@cache
def _profiles() -> NDArray[np.float64]:
    """(24, 12): the profile of each key over pitch classes, of equal length and without its mean."""
    rows = np.array([np.roll(profile, tonic) for profile in (MAJOR, MINOR) for tonic in range(12)])
    rows = rows - rows.mean(axis=1, keepdims=True)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def describe_all(pieces: Sequence[NDArray[np.int64]]) -> PastFrames:
    """The past of every frame of some pieces of tokens (frames, 4); shorter ones hold their last frame."""
    frames = max(map(len, pieces))
    tokens = np.stack([np.pad(piece, ((0, frames - len(piece)), (0, 0)), mode="edge") for piece in pieces])
    past, described = Past(len(pieces), frames), []
    for frame in range(frames):
        described.append(past.describe())
        past.push(tokens[:, frame])
    return PastFrames(
        **{
            each.name: np.concatenate([getattr(rows, each.name) for rows in described], axis=1)
            for each in fields(PastFrames)
        }
    )
