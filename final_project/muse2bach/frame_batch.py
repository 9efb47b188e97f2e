"""A batch of frames as the network reads it: the past (past.py), the context, and what is given.

Context is what a score may tell of a frame before a note is there: its place in the piece, in the bar, under
or before a fermata, the key. Each has a value for "not known". What is given is told by voice and frame: the
tokens, and when the voice will move and how, as far as that is given too.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, MODES, Key
from final_project.muse2bach.past import STEPS, PastFrames, step_between
from final_project.muse2bach.tokens import UNKNOWN_TOKEN

PLACES = (16, 12)  # frames after which a count from the beginning starts anew: bars of 4/4 and 3/4
BAR = 33  # classes of the position in the bar: not known, 0..31
FERMATA = 35  # classes of the frames until a fermata: not known, 0 (under one) to 33
KEYS = 25  # not known, twelve tonics in major, twelve in minor
SOON = 16  # frames that a given voice is looked ahead
# Classes of how, and in how many frames, a given voice moves next; 0: not known.
AHEAD = (1 + STEPS, 1 + SOON)


@dataclass(eq=False)
class FrameBatch:
    """Tensors (B, T, ...), int64 except `classes`. The first eight are those of PastFrames."""

    previous: Tensor
    held: Tensor
    step: Tensor
    earlier: Tensor
    hint: Tensor
    run: Tensor
    centre: Tensor
    classes: Tensor
    place: Tensor  # (B, T, 2): frames since the beat on or before the beginning, modulo PLACES
    bar: Tensor  # (B, T): class of the position in the bar
    fermata: Tensor  # (B, T): class of the distance to a fermata
    key: Tensor  # (B, T): class of the key
    given: Tensor  # (B, T, 4): tokens, UNKNOWN_TOKEN where not given
    ahead: Tensor  # (B, T, 4, 2): classes of the next move of what is given

    @classmethod
    def of(cls, arrays: dict[str, NDArray], device: torch.device | str = "cpu") -> Self:
        """The batch of arrays by name."""
        return cls(**{each.name: torch.as_tensor(arrays[each.name], device=device) for each in fields(cls)})

    def to(self, device: torch.device | str) -> Self:
        """The same on a device."""
        return type(self)(**{each.name: getattr(self, each.name).to(device) for each in fields(self)})

    def frames(self, index: slice | Tensor) -> Self:
        """Some frames of each row."""
        return type(self)(**{each.name: getattr(self, each.name)[:, index] for each in fields(self)})

    def rows(self, index: slice) -> Self:
        """Some rows."""
        return type(self)(**{each.name: getattr(self, each.name)[index] for each in fields(self)})


def past_arrays(past: PastFrames) -> dict[str, NDArray]:
    """The arrays of `past` by name."""
    return {each.name: getattr(past, each.name) for each in fields(past)}


def context_arrays(
    frames: int, *, position: NDArray | None, fermata: NDArray | None, key: Key | None
) -> dict[str, NDArray[np.int64]]:
    """place (T, 2), bar, fermata, key (T,): classes of what is known of each frame."""
    upbeat = 0 if position is None else int(position[0]) % FRAMES_PER_QUARTER
    now = np.arange(frames) + upbeat  # without bars a piece is taken to begin on a beat
    unknown = np.zeros(frames, dtype=np.int64)
    return {
        "place": np.stack([now % period for period in PLACES], axis=-1),
        "bar": unknown if position is None else 1 + np.minimum(position, BAR - 2).astype(np.int64),
        "fermata": unknown if fermata is None else 1 + np.minimum(frames_until(fermata), FERMATA - 2),
        "key": unknown if key is None else unknown + key_class(key),
    }


def key_class(key: Key) -> int:
    """1..24."""
    return 1 + key[0] + 12 * MODES.index(key[1])


def frames_until(marked: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Frames until the next marked one, 0 in it; where none comes, the number of all frames."""
    frames = len(marked)
    places = np.where(marked, np.arange(frames), 2 * frames)
    upcoming = np.minimum.accumulate(places[::-1])[::-1]
    return np.minimum(upcoming - np.arange(frames), frames)


def moves_ahead(given: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of given tokens (..., T, 4) how, and in how many frames, each voice moves next: classes (..., T, 4, 2).

    See AHEAD; 0 where the voice, or its move, is not given.
    """
    given = np.asarray(given)
    frames = given.shape[-2]
    following = np.concatenate([given[..., 1:, :], np.full_like(given[..., :1, :], UNKNOWN_TOKEN)], axis=-2)
    moves = given != following  # into the unknown too: then nothing is known of the move
    places = np.where(moves, np.arange(frames)[:, None], frames)
    last = np.flip(np.minimum.accumulate(np.flip(places, axis=-2), axis=-2), axis=-2)  # held until there
    last = np.minimum(last, frames - 1)
    after = np.take_along_axis(following, last, axis=-2)
    wait = np.minimum(last - np.arange(frames)[:, None], SOON - 1)
    known = (given != UNKNOWN_TOKEN) & (after != UNKNOWN_TOKEN)
    return np.stack([step_between(given, after) + 1, wait + 1], axis=-1) * known[..., None]
