"""Training items: crops of chorales, transposed anew in each epoch, with a random part of them given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from common.cli import UserError, at_least
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, VOICES, Chorale
from final_project.muse2bach.frame_batch import context_arrays, moves_ahead, past_arrays
from final_project.muse2bach.past import DECAYS, describe_all
from final_project.muse2bach.tokens import PITCHES, UNKNOWN_TOKEN, to_tokens

OCTAVE = 12


@dataclass(kw_only=True)
class CropConfig:
    """Crops and augmentation."""

    crop: int = 128
    """Frames (sixteenths) in a training item."""
    passes: int = 10
    """Times that an epoch goes through the chorales, each time cut and transposed anew."""
    transpose: int = 6
    """Items are transposed by up to so many semitones, up or down, as far as the voices' range goes."""
    forget: float = 0.3
    """Share of items that are not told the bar, the fermatas or the key, each for itself."""

    def __post_init__(self) -> None:
        if self.crop < FRAMES_PER_QUARTER or self.crop % FRAMES_PER_QUARTER:
            raise UserError(f"--crop is {self.crop}; give a multiple of {FRAMES_PER_QUARTER} frames")
        at_least(1, passes=self.passes)
        if self.transpose < 0:
            raise UserError(f"--transpose is {self.transpose}; give a value of at least 0")
        if not 0 <= self.forget <= 1:
            raise UserError(f"--forget is {self.forget}; give a share from 0 to 1")


@dataclass(frozen=True, eq=False)
class EncodedChorale:
    """Arrays (frames, ...): tokens, the past and the context, as the network reads them."""

    arrays: dict[str, NDArray]
    room: tuple[int, int]

    def __len__(self) -> int:
        return len(self.arrays["tokens"])


def encode(chorales: Sequence[Chorale]) -> list[EncodedChorale]:
    """What the network reads of each chorale."""
    tokens = [to_tokens(chorale.voices) for chorale in chorales]
    past = past_arrays(describe_all(tokens))
    encoded = []
    for row, chorale in enumerate(chorales):
        frames = len(chorale)
        context = context_arrays(frames, position=chorale.position, fermata=chorale.fermata, key=chorale.key)
        arrays = {name: each[row, :frames] for name, each in past.items()} | context | {"tokens": tokens[row]}
        encoded.append(EncodedChorale(arrays, chorale.room()))
    return encoded


def transposed(arrays: dict[str, NDArray], semitones: int) -> dict[str, NDArray]:
    """The same music `semitones` higher."""
    moved = dict(arrays)
    for name in ("tokens", "previous"):
        moved[name] = np.where(arrays[name] < PITCHES, arrays[name] + semitones, arrays[name])
    classes = arrays["classes"].reshape(-1, len(DECAYS), OCTAVE)
    moved["classes"] = np.roll(classes, semitones, axis=-1).reshape(arrays["classes"].shape)
    for name in ("key", "centre"):
        mode, tonic = np.divmod(arrays[name] - 1, OCTAVE)
        moved[name] = np.where(arrays[name] > 0, 1 + OCTAVE * mode + (tonic + semitones) % OCTAVE, 0)
    return moved


def draw_given(tokens: NDArray, generator: np.random.Generator) -> NDArray[np.int64]:
    """A random part of tokens (T, 4), UNKNOWN_TOKEN elsewhere: voices, or all but some spans of voices."""
    shown = np.full_like(tokens, UNKNOWN_TOKEN)
    kind = generator.random()
    if kind < 0.35:
        voices = [0]
    elif kind < 0.7:
        voices = np.flatnonzero(
            generator.permuted(np.arange(len(VOICES)) < generator.integers(1, len(VOICES)))
        )
    else:
        return _with_gaps(tokens, generator)
    shown[:, voices] = tokens[:, voices]
    return shown


def _with_gaps(tokens: NDArray, generator: np.random.Generator) -> NDArray[np.int64]:
    """Tokens of which spans of a quarter to some bars are hidden, in each voice for itself."""
    frames, shown = len(tokens), tokens.copy()
    share = generator.random()
    for voice in range(len(VOICES)):
        length = int(generator.choice((4, 8, 16, 32)))
        hidden = np.repeat(generator.random(-(-frames // length)) < share, length)
        shown[hidden[:frames], voice] = UNKNOWN_TOKEN
    return shown


class ChoraleDataset(Dataset):
    """Crops of `config.crop` frames; shorter chorales are filled up, and `mask` says where.

    Long chorales are cut into more items than short ones. `draw(index, generator)` cuts, transposes, forgets
    and gives at random.
    """

    def __init__(self, chorales: Sequence[Chorale], config: CropConfig) -> None:
        self.config = config
        self.encoded = encode(chorales)
        self.items = [  # the chorale that each item is cut from
            number
            for number, chorale in enumerate(self.encoded)
            for _ in range(config.passes * max(1, round(len(chorale) / config.crop)))
        ]

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> dict[str, NDArray]:
        return self.draw(index, np.random.default_rng(index))

    def draw(self, index: int, generator: np.random.Generator) -> dict[str, NDArray]:
        chorale, crop = self.encoded[self.items[index]], self.config.crop
        starts = max(0, len(chorale) - crop) // FRAMES_PER_QUARTER
        start = FRAMES_PER_QUARTER * int(generator.integers(0, starts, endpoint=True))
        arrays = {name: each[start : start + crop] for name, each in chorale.arrays.items()}
        low, high = np.clip(chorale.room, -self.config.transpose, self.config.transpose)
        arrays = transposed(arrays, int(generator.integers(low, high, endpoint=True)))
        for name in ("bar", "fermata", "key"):
            if generator.random() < self.config.forget:
                arrays[name] = np.zeros_like(arrays[name])
        given = draw_given(arrays["tokens"], generator)
        arrays |= {"given": given, "ahead": moves_ahead(given)}
        return filled(arrays, crop)


def filled(arrays: dict[str, NDArray], frames: int) -> dict[str, NDArray]:
    """Arrays (T, ...) filled up to `frames` with the last row; and the mask (frames,) of what is real."""
    length = len(arrays["tokens"])
    wide = {
        name: np.pad(each, [(0, frames - length)] + [(0, 0)] * (each.ndim - 1), mode="edge")
        for name, each in arrays.items()
    }
    return {**wide, "mask": np.arange(frames) < length}


def collate(items: Sequence[dict[str, NDArray]]) -> dict[str, Tensor]:
    """A batch of items of one length."""
    return {name: torch.from_numpy(np.stack([item[name] for item in items])) for name in items[0]}
