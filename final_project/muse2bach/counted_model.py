"""What the two baselines share: a step model (step_model.py) that only remembers the `Past` of each voice.

A subclass says p(token | past, the voices known in this frame, the place in the beat); it does not look at
what is given later, nor at fermatas and keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, VOICES, Chorale
from final_project.muse2bach.step_model import Context
from final_project.muse2bach.tokens import SILENCE_TOKEN, UNKNOWN_TOKEN, to_tokens, to_voices
from final_project.muse2bach.voice_past import Past

ORDER = (0, 3, 1, 2)  # the outer voices first
PLACES = FRAMES_PER_QUARTER  # in a beat


@dataclass(frozen=True, eq=False)
class State:
    """The past of each row; the place of each frame in its beat, (frames,); the current frame."""

    past: Past
    places: NDArray[np.int64]
    frame: int = 0


@dataclass(frozen=True, eq=False)
class Cells:
    """Frames, each with its past, of which some voices are known.

    past: of N rows. now: int64 (N, 4), tokens, UNKNOWN_TOKEN where not known. place: (N,), in the beat.
    """

    past: Past
    now: NDArray[np.int64]
    place: NDArray[np.int64]

    def select(self, rows: NDArray) -> Cells:
        """Some of them, by number or by a mask."""
        return Cells(self.past.select(rows), self.now[rows], self.place[rows])

    def knowing(self, voices: Sequence[int]) -> Cells:
        """The same with only these voices known."""
        known = np.isin(np.arange(len(VOICES)), voices)
        return replace(self, now=np.where(known, self.now, UNKNOWN_TOKEN))


class CountedModel:
    """A step model of counts. `name` stands in its config."""

    name: ClassVar[str]

    def probabilities(self, cells: Cells, voice: int) -> NDArray[np.float64]:
        """p(token) in `voice`, (N, VOCABULARY)."""
        raise NotImplementedError

    def chosen(self, cells: Cells, voice: int, token: NDArray[np.int64]) -> NDArray[np.float64]:
        """p of one token (N,) in each row."""
        return self.probabilities(cells, voice)[np.arange(len(token)), token]

    def config(self) -> dict[str, Any]:
        """What config.json says besides the kind of model."""
        return {}

    def tensors(self) -> dict[str, NDArray]:
        """What model.safetensors holds."""
        raise NotImplementedError

    def order(self, given: Sequence[int] = ()) -> tuple[int, ...]:
        return tuple(voice for voice in ORDER if voice not in given)

    def start(self, given: NDArray[np.int16], context: Context) -> State:
        context.check(given.shape[1])
        return State(Past.start(len(given)), places_of(given.shape[1], context.position))

    def log_probs(self, state: State, known: NDArray[np.int16], voice: int) -> Tensor:
        place = np.full(len(known), state.places[state.frame])
        probability = self.probabilities(Cells(state.past, to_tokens(known), place), voice)
        return torch.from_numpy(np.log(np.maximum(probability, 1e-30)).astype(np.float32))

    def advance(self, state: State, frame: NDArray[np.int16]) -> State:
        return replace(state, past=state.past.after(to_tokens(frame)), frame=state.frame + 1)

    def select(self, state: State, rows: NDArray[np.int64]) -> State:
        return replace(state, past=state.past.select(rows))

    def log_likelihoods(
        self, chorales: Sequence[Chorale], given: Sequence[int] = ()
    ) -> list[NDArray[np.float32]]:
        cells, result, known = cells_of(chorales), np.zeros((sum(map(len, chorales)), len(VOICES))), [*given]
        for voice in self.order(given):
            result[:, voice] = np.log(self.chosen(cells.knowing(known), voice, cells.now[:, voice]))
            known.append(voice)
        return _by_piece(result.astype(np.float32), chorales)

    def predictions(self, chorales: Sequence[Chorale]) -> list[NDArray[np.int16]]:
        """The likeliest pitch, or SILENT, of each cell, all true ones before it being known: (frames, 4)."""
        cells, known = cells_of(chorales), []
        tokens = np.empty_like(cells.now)
        for voice in self.order():
            tokens[:, voice] = self.probabilities(cells.knowing(known), voice).argmax(axis=1)
            known.append(voice)
        return _by_piece(to_voices(tokens), chorales)


def places_of(frames: int, position: NDArray[np.int16] | None) -> NDArray[np.int64]:
    """The place of each frame in its beat, (frames,); a piece without bars is taken to begin on one."""
    return (np.arange(frames) if position is None else position.astype(np.int64)) % PLACES


def cells_of(chorales: Sequence[Chorale]) -> Cells:
    """All frames of all chorales, one piece after the other, every voice known."""
    longest = max(map(len, chorales))
    tokens = np.full((longest, len(chorales), len(VOICES)), SILENCE_TOKEN)  # (T, B, 4): short ones end silent
    inside = np.zeros((longest, len(chorales)), dtype=bool)
    for row, chorale in enumerate(chorales):
        tokens[: len(chorale), row] = to_tokens(chorale.voices)
        inside[: len(chorale), row] = True
    pasts = [Past.start(len(chorales))]
    for frame in tokens[:-1]:
        pasts.append(pasts[-1].after(frame))
    past = Past.stacked(pasts, inside)
    places = [places_of(len(chorale), chorale.position) for chorale in chorales]
    return Cells(past, tokens.swapaxes(0, 1)[inside.T], np.concatenate(places))


def _by_piece(cells: NDArray, chorales: Sequence[Chorale]) -> list[NDArray]:
    """Rows of all chorales (N, ...) as those of each."""
    return np.split(cells, np.cumsum([len(each) for each in chorales])[:-1])


def is_probability(table: NDArray, shape: tuple[int, ...]) -> bool:
    """Whether float32 `table` has this shape, and only values above 0 and up to 1."""
    return table.shape == shape and table.dtype == np.float32 and bool(((table > 0) & (table <= 1)).all())
