"""How far the scores would move with other items, or other groups of items: resamples of a model's answers.

A resample is a weight for every item: how often it, or its group, was drawn. F1 follows from weighted counts,
average precision from weighted ranks, so that thousands of resamples are a few products of arrays. The same
seed draws the same items, whatever the model: differences of two models are paired.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.metrics.classification.scores import ratio
from common.metrics.detection.ranking import Ranking
from common.metrics.detection.scores import predict, rates, validate
from common.metrics.intervals import MAX_WEIGHTS, RESAMPLES, percentile_interval

SCORES = ("macro_f1", "micro_f1", "mean_average_precision")


class Difference(NamedTuple):
    """A score of one model less that of another, and the ends of its interval."""

    value: float
    low: float
    high: float


def resampled_scores(
    targets: ArrayLike,
    probabilities: ArrayLike,
    thresholds: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, NDArray]:
    """The scores of every resample, (resamples,) each, and "f1" (resamples, classes).

    targets, probabilities (items, classes), thresholds (classes,); `groups` (items,) names the group of each
    item, and whole groups are drawn. "macro_f1" is a mean over the classes that are in the resample, times
    the share of classes that are in the data: an absent class counts as 0, as in the score itself, but one
    that a resample misses by chance does not. NaN where fewer than two items or groups are.
    """
    validate(targets, probabilities)
    targets, units = np.asarray(targets), _units(groups, len(targets))
    if units.max(initial=0) < 1:
        nothing = np.full((resamples, targets.shape[1]), np.nan)
        return {name: nothing[:, 0] for name in SCORES} | {"f1": nothing}
    pieces = [
        weighted_scores(targets, probabilities, thresholds, weights[units])
        for weights in _draws(units.max() + 1, len(targets), resamples, seed)
    ]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def weighted_scores(
    targets: NDArray, probabilities: ArrayLike, thresholds: ArrayLike, weights: NDArray
) -> dict[str, NDArray]:
    """Scores of items that count `weights` (items, resamples) times: see `resampled_scores`."""
    probabilities = np.asarray(probabilities)
    predictions = predict(probabilities, thresholds)
    counted = (targets * predictions, predictions, targets)
    counts = [weights.T @ each.astype(weights.dtype) for each in counted]
    f1, support = rates(*counts)[2:]  # (resamples, classes) each
    ranked = [
        Ranking(*column).average_precision(weights) for column in zip(targets.T, probabilities.T, strict=True)
    ]
    return {
        "macro_f1": _mean_of_present(f1, support) * targets.any(axis=0).mean(),
        "micro_f1": rates(*(count.sum(axis=1) for count in counts)).f1,
        "mean_average_precision": _mean_of_present(np.nan_to_num(np.stack(ranked, axis=1)), support),
        "f1": np.where(support > 0, f1, np.nan),
    }


def intervals(scores: dict[str, NDArray]) -> dict[str, tuple[float, float]]:
    """The 95 % interval (low, high) of every score of `resampled_scores` that is one number."""
    return {name: percentile_interval(scores[name]) for name in SCORES}


def paired_differences(
    targets: ArrayLike,
    first: tuple[ArrayLike, ArrayLike],
    second: tuple[ArrayLike, ArrayLike],
    *,
    groups: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> dict[str, Difference]:
    """Scores of the second model less those of the first, each model (probabilities, thresholds).

    The same items, or groups, decide for both, so this is surer than what their two intervals would tell.
    """
    once = np.ones((len(np.asarray(targets)), 1))
    differences = {}
    at_all = [weighted_scores(np.asarray(targets), *model, once) for model in (first, second)]
    drawn = [
        resampled_scores(targets, *model, groups=groups, resamples=resamples, seed=seed)
        for model in (first, second)
    ]
    for name in SCORES:
        value = float(at_all[1][name][0] - at_all[0][name][0])
        differences[name] = Difference(value, *percentile_interval(drawn[1][name] - drawn[0][name]))
    return differences


def _mean_of_present(scores: NDArray, support: NDArray) -> NDArray:
    """Mean over the classes with support, (resamples,), of (resamples, classes); NaN where there are none."""
    return ratio((scores * (support > 0)).sum(axis=1), (support > 0).sum(axis=1))


def _units(groups: ArrayLike | None, items: int) -> NDArray[np.int64]:
    """What is drawn as a whole, by number, (items,)."""
    if groups is None:
        return np.arange(items)
    units = np.unique(np.asarray(groups), return_inverse=True)[1]
    if units.shape != (items,):
        raise ValueError(f"every item needs one group, got {items} items and groups of shape {units.shape}")
    return units


def _draws(units: int, items: int, resamples: int, seed: int) -> Iterator[NDArray[np.float32]]:
    """How often each of `units` is drawn, (units, some resamples): as many at once as memory allows.

    float32 holds the whole numbers up to 16 million exactly, in half the time.
    """
    rng = np.random.default_rng(seed)
    at_once = max(1, MAX_WEIGHTS // max(units, items))
    for start in range(0, resamples, at_once):
        rows = min(at_once, resamples - start)
        drawn = rng.integers(units, size=(rows, units)) + units * np.arange(rows)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rows * units)
        yield np.ascontiguousarray(counts.reshape(rows, units).T, dtype=np.float32)
