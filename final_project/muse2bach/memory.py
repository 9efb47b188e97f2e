"""A memory of the training chorales: where it went like this before, and what came next there.

Hymn tunes come again, and so do cadences. Before each choice of a voice there are three contexts:

    LINE     what the voice itself sang
    CHORDS   what all voices did
    TUNE     what the soprano sang (asked by the soprano: the bass), and where the voice is below it

all in intervals and durations, so that transpositions are alike. A context is the last n notes (of CHORDS:
the last n changes of any voice), for n in LENGTHS; for how long the last one has been held; the place in the
beat; and how the voices move that are chosen before this one in the same frame. Of the longest context that a
training chorale has, the commonest continuation is recalled.

Contexts are hashed to 64 bits, n + 1 notes from n, so that a frame costs the same however long its past is.
Source: prediction by partial matching, Cleary and Witten 1984, of which only the longest match is taken; for
chorales, Conklin and Witten 1995.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, VOICES
from final_project.muse2bach.network import ORDER
from final_project.muse2bach.tokens import PITCHES, SILENCE_TOKEN, UNKNOWN_TOKEN

LENGTHS = (1, 2, 3, 4, 6, 8, 12, 16, 24)  # notes of a context
LINE, CHORDS, TUNE = 0, 1, 2
CONTEXTS = 3
SOPRANO, BASS = 0, 3
ANY = len(VOICES)  # beside the voices: any of them
BEGINS, FALLS_SILENT, SINGS_AGAIN = 200, 201, 202  # steps that are none; the others are semitones
NOTHING, SEED = np.uint64(0), np.uint64(1)  # NOTHING: the hash of a context that does not exist
GOLDEN, PRIME, HALF = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD6E8FEB86659FD93), np.uint64(32)


def mixed(hashes: NDArray[np.uint64], numbers: NDArray[np.integer] | int) -> NDArray[np.uint64]:
    """The hash of what `hashes` stand for, followed by `numbers`; as splitmix64, Steele et al. 2014."""
    hashes = (hashes ^ (np.asarray(numbers).astype(np.uint64) + GOLDEN)) * PRIME
    hashes = (hashes ^ (hashes >> HALF)) * PRIME
    return hashes ^ (hashes >> HALF)


def step(before: NDArray[np.int64], after: NDArray[np.int64]) -> NDArray[np.int64]:
    """From token to token: semitones, or one of the three that are none."""
    rests, rested = after == SILENCE_TOKEN, before == SILENCE_TOKEN
    moved = np.where(rests & ~rested, FALLS_SILENT, np.where(rested & ~rests, SINGS_AGAIN, after - before))
    return np.where(before == UNKNOWN_TOKEN, BEGINS, moved)


def taken(before: NDArray[np.int64], steps: NDArray[np.int64]) -> NDArray[np.int64]:
    """The token that a step leads to; UNKNOWN_TOKEN where it says none, or none in range."""
    token = np.where(steps == FALLS_SILENT, SILENCE_TOKEN, before + steps)
    is_pitch = (before < PITCHES) & (token >= 0) & (token < PITCHES)
    rest_goes_on = (before == SILENCE_TOKEN) & (steps == 0)
    return np.where(is_pitch | (steps == FALLS_SILENT) | rest_goes_on, token, UNKNOWN_TOKEN)


@dataclass(frozen=True, eq=False)
class Recent:
    """The contexts of B pieces before the same frame. Never changed in place.

    previous: tokens (B, 4). held: (B, 5), frames since each voice, and ANY, last moved. hashes: uint64
    (B, 5, LENGTHS[-1] + 1), of the last 0, 1, 2 ... notes of each voice, and of ANY.
    """

    frame: int
    previous: NDArray[np.int64]
    held: NDArray[np.int64]
    hashes: NDArray[np.uint64]

    @classmethod
    def start(cls, rows: int) -> Recent:
        """Before the first frame."""
        lines = ANY + 1
        hashes = np.full((rows, lines, LENGTHS[-1] + 1), NOTHING)
        hashes[..., 0] = SEED
        unknown = np.full((rows, len(VOICES)), UNKNOWN_TOKEN)
        return cls(0, unknown, np.zeros((rows, lines), dtype=np.int64), hashes)

    def after(self, tokens: NDArray[np.int64]) -> Recent:
        """One frame later. tokens: (B, 4)."""
        steps = step(self.previous, tokens)
        chord = np.concatenate([steps, tokens - tokens[:, -1:]], axis=1)  # moves, and intervals with the bass
        notes = np.concatenate([mixed(SEED, steps), _all_mixed(chord)[:, None]], axis=1)  # (B, 5)
        notes = mixed(notes, self.held)
        moved = np.concatenate([steps != 0, (steps != 0).any(axis=1, keepdims=True)], axis=1)
        longer = mixed(self.hashes[..., :-1], notes[..., None])
        hashes = self.hashes.copy()
        hashes[..., 1:] = np.where(self.hashes[..., :-1] == NOTHING, NOTHING, longer)
        return Recent(
            self.frame + 1,
            tokens.copy(),
            np.where(moved, 1, self.held + 1),
            np.where(moved[..., None], hashes, self.hashes),
        )

    def keys(self, known: NDArray[np.int64], voice: int) -> NDArray[np.uint64]:
        """Of `voice` in this frame: (B, CONTEXTS, len(LENGTHS)), NOTHING where there is no such context.

        known: tokens (B, 4), UNKNOWN_TOKEN where not known; of these it looks at the voices before its own in
        ORDER, and where one of them is not known there is no context.
        """
        earlier = list(ORDER[: ORDER.index(voice)])
        moves = step(self.previous, known)[:, earlier]
        complete = (known[:, earlier] != UNKNOWN_TOKEN).all(axis=1)
        leader = BASS if voice == SOPRANO else SOPRANO
        above = self.previous[:, [leader]] - self.previous[:, [voice]]
        found = []
        for context, line, more in (
            (LINE, voice, ()),
            (CHORDS, ANY, ()),
            (TUNE, leader, (above, self.held[:, [voice]])),
        ):
            kind = np.tile([context, voice, self.frame % FRAMES_PER_QUARTER], (len(known), 1))
            about = _all_mixed(np.concatenate([kind, self.held[:, [line]], moves, *more], axis=1))  # (B,)
            hashes = self.hashes[:, line, LENGTHS]
            exists = (hashes != NOTHING) & complete[:, None]
            found.append(np.where(exists, mixed(hashes, about[:, None]), NOTHING))
        return np.stack(found, axis=1)

    def select(self, rows: NDArray[np.int64]) -> Recent:
        """Some rows, each as often as it is named."""
        return Recent(self.frame, self.previous[rows], self.held[rows], self.hashes[rows])


def _all_mixed(numbers: NDArray[np.int64]) -> NDArray[np.uint64]:
    """One hash of each row of numbers (B, F)."""
    hashes = np.full(len(numbers), SEED)
    for column in numbers.T:
        hashes = mixed(hashes, column)
    return hashes


@dataclass(frozen=True, eq=False)
class Recalled:
    """What was recalled for N choices, arrays (N, CONTEXTS).

    token: UNKNOWN_TOKEN where nothing. length: 0 for nothing, else 1 + the place in LENGTHS. count, total:
    how often this, and anything, followed the context in the training chorales.
    """

    token: NDArray[np.int64]
    length: NDArray[np.int64]
    count: NDArray[np.int64]
    total: NDArray[np.int64]


class Memory:
    """The contexts of training pieces, tokens (frames, 4) each, and what followed them."""

    def __init__(self, pieces: Sequence[NDArray[np.int64]]) -> None:
        self.pieces = pieces
        keys, before, after = contexts_of(pieces)
        steps = np.broadcast_to(step(before, after)[..., None, None], keys.shape)
        exists = keys != NOTHING
        keys, steps = keys[exists], steps[exists]
        order = np.lexsort((steps, keys))
        keys, steps = keys[order], steps[order]
        new = np.flatnonzero(np.r_[True, (np.diff(keys) != 0) | (np.diff(steps) != 0)])
        keys, steps, counts = keys[new], steps[new], np.diff(np.r_[new, len(keys)])
        first = _firsts(keys)
        commonest = np.lexsort((-counts, keys))[first]
        self.keys, self.steps, self.counts = keys[first], steps[commonest], counts[commonest]
        self.totals = np.add.reduceat(counts, first)

    def recall(self, keys: NDArray[np.uint64], before: NDArray[np.int64]) -> Recalled:
        """For N choices. keys: (N, CONTEXTS, len(LENGTHS)), of `Recent.keys`. before: the last tokens."""
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        known = (self.keys[places] == keys) & (keys != NOTHING)
        length = np.where(known, np.arange(1, len(LENGTHS) + 1), 0).max(axis=-1)  # (N, CONTEXTS)
        place = np.take_along_axis(places, np.maximum(length - 1, 0)[..., None], axis=-1)[..., 0]
        token = np.where(length > 0, taken(before[:, None], self.steps[place]), UNKNOWN_TOKEN)
        length = np.where(token == UNKNOWN_TOKEN, 0, length)
        return Recalled(token, length, self.counts[place], self.totals[place])


def contexts_of(
    pieces: Sequence[NDArray[np.int64]],
) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.int64]]:
    """keys (N, 4, CONTEXTS, len(LENGTHS)), tokens before and after (N, 4), of all frames of all pieces."""
    frames = max(map(len, pieces))
    tokens = np.stack([np.pad(piece, ((0, frames - len(piece)), (0, 0)), mode="edge") for piece in pieces])
    recent, keys, before = Recent.start(len(pieces)), [], []
    for now in tokens.swapaxes(0, 1):  # (B, 4)
        keys.append(np.stack([recent.keys(now, voice) for voice in range(len(VOICES))], axis=1))
        before.append(recent.previous)
        recent = recent.after(now)
    inside = np.arange(frames) < np.array([len(piece) for piece in pieces])[:, None]  # (B, T)
    return np.stack(keys, axis=1)[inside], np.stack(before, axis=1)[inside], tokens[inside]


def _firsts(keys: NDArray) -> NDArray[np.int64]:
    """Where another key begins, keys in order."""
    return np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
