"""A Markov chain of four voices: the baseline that a network has to beat.

Each voice first decides whether it moves, then where to. Both are counted in training data, with back-off
(backoff.py). It looks at its own last note, how long it has been held, the step before it, the place in the
beat, the chord of the last frame, the voices that are known in this one, and where its note stands in the key
that the last bars sound like. Nearly all this is counted in semitones from its own last pitch, so that what
happened in one key is known in all of them. It does not look ahead at what is given later.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from common.key_profiles import MAJOR, MINOR
from common.run_folder import ModelFolderError
from final_project.muse2bach.backoff import Backoff, Counts, code
from final_project.muse2bach.chorale import LOWEST, VOICES, Chorale
from final_project.muse2bach.counted_model import ORDER, PLACES, Cells, CountedModel, cells_of
from final_project.muse2bach.tokens import PITCHES, SILENCE_TOKEN, UNKNOWN_TOKEN, VOCABULARY
from final_project.muse2bach.voice_past import LONGEST

Outcome = Callable[[Cells, int], tuple[NDArray[np.bool_], NDArray[np.int64]]]

STEPS = 2 * PITCHES - 1  # semitones, from the lowest to the highest pitch and back
FALLS_SILENT = STEPS  # what a voice may do besides
GOALS = STEPS + 1
STAYS, MOVES = 0, 1
SILENT, NOT_KNOWN, DISTANCES = 12, 13, 14  # besides the 12 distances within an octave
FARTHEST = 24  # semitones between two voices; those farther apart are as far as this
APART = 2 * FARTHEST + 3
NO_KEY, KEYS = 24, 25
STEP_BORDERS = (-4, -2, 0, 1, 3, 5)  # leap down, third, step; none; step up, third, leap
# What each level of back-off looks at: the names of `_features`.
MOVE_LEVELS = (
    ("place",),
    ("place", "held"),
    ("place", "held", "moved"),
    ("place", "moved", "now"),
    ("place", "moved", "now", "held"),
    ("place", "moved", "now", "held", "step"),
    ("place", "now", "before", "degree"),
)
GOAL_LEVELS = (
    (),
    ("degree",),
    ("pitch", "degree"),
    ("apart",),
    ("apart", "degree"),
    ("apart", "before"),
    ("apart", "degree", "step", "place"),
    ("apart", "before", "degree"),
    ("apart", "before", "degree", "step", "place"),
)


class MarkovModel(CountedModel):
    """moves: whether a voice moves; goals: where it goes if it does, a step or silence (`goal_of`)."""

    name = "markov"

    def __init__(self, moves: Backoff, goals: Backoff) -> None:
        self.moves, self.goals = moves, goals

    @classmethod
    def rebuilt(cls, config: Mapping[str, Any], tensors: Mapping[str, Tensor], *, where: Path) -> Self:
        """From its model folder. Errors: ModelFolderError for what is none."""
        parts = {"moves": (len(MOVE_LEVELS), 2), "goals": (len(GOAL_LEVELS), GOALS)}
        try:
            if config.keys() != parts.keys():
                raise ValueError("other keys in the config")
            model = cls(*(_table(config[name], tensors, name, *parts[name]) for name in parts))
            if model.tensors().keys() != tensors.keys():
                raise ValueError("other tensors than its own")
            return model
        except (ValueError, KeyError, TypeError) as error:
            raise ModelFolderError(f"{where}: no Markov chain ({error}); train again") from None

    def config(self) -> dict[str, Any]:
        return {"moves": self.moves.strengths, "goals": self.goals.strengths}

    def tensors(self) -> dict[str, NDArray]:
        return {
            f"{name}/{place}/{part}": getattr(level, part)
            for name in ("moves", "goals")
            for place, level in enumerate(getattr(self, name).levels)
            for part in ("pairs", "counts")
        }

    def probabilities(self, cells: Cells, voice: int) -> NDArray[np.float64]:
        before, rows = cells.past.before[:, voice], np.arange(len(cells.place))
        moves = self._moves(cells, voice)
        result = moves[:, None] * self._goals(cells, voice)
        stays = before != UNKNOWN_TOKEN
        result[rows[stays], before[stays]] = 1 - moves[stays]
        return result

    def chosen(self, cells: Cells, voice: int, token: NDArray[np.int64]) -> NDArray[np.float64]:
        """As in `CountedModel`; where the voice stays, as mostly, goals need not be asked."""
        moves, moved = self._moves(cells, voice), token != cells.past.before[:, voice]
        goals = self._goals(cells.select(moved), voice)
        result = np.where(moved, moves, 1 - moves)
        result[moved] *= goals[np.arange(len(goals)), token[moved]]
        return result

    def _moves(self, cells: Cells, voice: int) -> NDArray[np.float64]:
        """The probability that `voice` moves, (N,); certain at the start of a piece."""
        share = self.moves.shares(contexts(cells, voice, MOVE_LEVELS))[:, MOVES]
        return np.where(cells.past.before[:, voice] == UNKNOWN_TOKEN, 1.0, share)

    def _goals(self, cells: Cells, voice: int) -> NDArray[np.float64]:
        """p(token | it moves), (N, VOCABULARY); 0 for the token that it leaves."""
        pitch, before = cells.past.pitch[:, voice], cells.past.before[:, voice]
        goals = goal_of(pitch[:, None], np.arange(VOCABULARY))
        share = np.take_along_axis(self.goals.shares(contexts(cells, voice, GOAL_LEVELS)), goals, axis=1)
        share[np.arange(VOCABULARY) == before[:, None]] = 0
        return share / share.sum(axis=1, keepdims=True)


def fit_markov(train: Sequence[Chorale], valid: Sequence[Chorale]) -> MarkovModel:
    """Counted in `train`, for every voice and every set of voices that may be known before it.

    How strongly to back off is chosen by the likelihood of `valid`, voices in the order of `log_likelihoods`.
    """
    counted, held_out = cells_of(train), cells_of(valid)
    others = {voice: [each for each in range(len(VOICES)) if each != voice] for voice in range(len(VOICES))}
    subsets = [
        (voice, known)
        for voice in others
        for size in range(len(VOICES))
        for known in itertools.combinations(others[voice], size)
    ]
    ordered = [(voice, ORDER[:place]) for place, voice in enumerate(ORDER)]
    tables = []
    for levels, outcome, outcomes in ((MOVE_LEVELS, _moved, 2), (GOAL_LEVELS, _goals_taken, GOALS)):
        examples = [_examples(*each, levels, outcome) for each in ((counted, subsets), (held_out, ordered))]
        tables.append(Backoff.fitted(*examples, outcomes))
    return MarkovModel(*tables)


def goal_of(pitch: NDArray[np.int64], token: NDArray[np.int64]) -> NDArray[np.int64]:
    """How one gets from the pitch, a token, to another token: 0..STEPS-1, or FALLS_SILENT."""
    return np.where(token == SILENCE_TOKEN, FALLS_SILENT, token - pitch + PITCHES - 1)


def contexts(cells: Cells, voice: int, levels: Sequence[Sequence[str]]) -> list[NDArray[np.int64]]:
    """The context (N,) of each level, for `voice`."""
    features = _features(cells, voice)
    whose = np.full(len(cells.place), voice), len(VOICES)
    return [code([whose, *(features[name] for name in level)]) for level in levels]


def _features(cells: Cells, voice: int) -> dict[str, tuple[NDArray[np.int64] | int, int]]:
    """What a context may hold, each (N,) with its size."""
    past, others = cells.past, [each for each in range(len(VOICES)) if each != voice]
    pitch, now, before = past.pitch[:, [voice]], cells.now[:, others], past.before[:, others]
    moved = np.where(now == UNKNOWN_TOKEN, 2, now != before)
    return {
        "place": (cells.place, PLACES),
        "held": (past.held[:, voice], LONGEST + 1),
        "step": (np.digitize(past.step[:, voice], STEP_BORDERS), len(STEP_BORDERS) + 1),
        "pitch": (pitch[:, 0], PITCHES),
        "degree": (_degree(past.classes, pitch[:, 0]), KEYS),
        "moved": _joined(moved, 3),
        "now": _joined(_distances(now, pitch), DISTANCES),
        "apart": _joined(_apart(now, pitch), APART),
        "before": _joined(_distances(before, pitch), DISTANCES),
    }


def _joined(features: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], int]:
    """Three features (N, 3) of one size as one."""
    return code([(column, size) for column in features.T]), size ** features.shape[1]


def _distances(tokens: NDArray[np.int64], pitch: NDArray[np.int64]) -> NDArray[np.int64]:
    """Semitones upwards from `pitch` within an octave, SILENT or NOT_KNOWN."""
    pitched = np.where(tokens == SILENCE_TOKEN, SILENT, (tokens - pitch) % 12)
    return np.where(tokens == UNKNOWN_TOKEN, NOT_KNOWN, pitched)


def _apart(tokens: NDArray[np.int64], pitch: NDArray[np.int64]) -> NDArray[np.int64]:
    """Semitones from `pitch`, octaves told apart, so that voices keep their order; silent, or not known."""
    steps = np.clip(tokens - pitch, -FARTHEST, FARTHEST) + FARTHEST
    pitched = np.where(tokens == SILENCE_TOKEN, 2 * FARTHEST + 1, steps)
    return np.where(tokens == UNKNOWN_TOKEN, 2 * FARTHEST + 2, pitched)


def _degree(classes: NDArray[np.float64], pitch: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where pitches stand in the key that `classes` (N, 12) sound like: 0..11 major, 12..23 minor."""
    mode, tonic = np.divmod((classes @ _profiles().T).argmax(axis=1), 12)
    degree = 12 * mode + (pitch + LOWEST - tonic) % 12
    return np.where(classes.any(axis=1), degree, NO_KEY)


@cache
def _profiles() -> NDArray[np.float64]:
    """How well each pitch class fits each of the 24 keys, (24, 12): rows of mean 0 and length 1."""
    keys = np.array([np.roll(profile, tonic) for profile in (MAJOR, MINOR) for tonic in range(12)])
    keys -= keys.mean(axis=1, keepdims=True)
    return keys / np.linalg.norm(keys, axis=1, keepdims=True)


def _moved(cells: Cells, voice: int) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which cells tell whether a voice moves (all), and what they tell."""
    moved = cells.now[:, voice] != cells.past.before[:, voice]
    return np.ones(len(moved), dtype=bool), np.where(moved, MOVES, STAYS)


def _goals_taken(cells: Cells, voice: int) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Which cells tell where a voice goes (those in which it moves), and what they tell."""
    moved = cells.now[:, voice] != cells.past.before[:, voice]
    return moved, goal_of(cells.past.pitch[moved, voice], cells.now[moved, voice])


def _examples(
    cells: Cells,
    cases: Sequence[tuple[int, Sequence[int]]],
    levels: Sequence[Sequence[str]],
    outcome: Outcome,
) -> tuple[list[NDArray[np.int64]], NDArray[np.int64]]:
    """(contexts (N,) of each level, outcome (N,)) for each voice and its known ones in `cases`."""
    parts = []
    for voice, known in cases:
        rows, values = outcome(cells, voice)
        parts.append((*contexts(cells.select(rows).knowing(known), voice, levels), values))
    *by_level, values = (np.concatenate(column) for column in zip(*parts, strict=True))
    return by_level, values


def _table(strengths: Any, tensors: Mapping[str, Tensor], name: str, levels: int, outcomes: int) -> Backoff:
    """One of the two tables from what was saved. Errors: ValueError, KeyError, TypeError."""
    if len(strengths) != levels or not all(type(each) in (int, float) and each > 0 for each in strengths):
        raise ValueError(f"{name}: not {levels} numbers above 0")
    arrays = [[tensors[f"{name}/{k}/{part}"].numpy() for part in ("pairs", "counts")] for k in range(levels)]
    return Backoff(tuple(Counts(outcomes, *each) for each in arrays), tuple(strengths))
