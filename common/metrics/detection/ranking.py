"""How well the items of a class are ranked, whatever the threshold: average precision, ROC-AUC, the curve.

Everything is computed at the last item of each group of equal scores, going down from the highest one. Items
may have weights: how often each was drawn in a resample, many resamples at once, after sorting only once.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.metrics.classification.scores import ratio
from common.metrics.detection.scores import check_binary


class PrecisionRecall(NamedTuple):
    """Precision and recall if all scores from a threshold up count, highest first; each (thresholds,)."""

    precision: NDArray
    recall: NDArray
    thresholds: NDArray


class Ranking:
    """The scores (items,) of a class in descending order, with its targets (items,) of 0 and 1."""

    def __init__(self, targets: ArrayLike, scores: ArrayLike) -> None:
        targets, scores = np.asarray(targets), np.asarray(scores)
        if targets.ndim != 1 or targets.shape != scores.shape:
            raise ValueError(f"targets and scores must both be (items,), got {targets.shape}, {scores.shape}")
        check_binary(targets[:, None], "targets")
        self.order = np.argsort(-scores, kind="stable")
        self.targets = targets[self.order].astype(bool)
        self.scores = scores[self.order]
        self.ends = np.flatnonzero(np.diff(self.scores, append=-np.inf))  # of equal scores the last ones

    def counts(self, weights: NDArray | None = None) -> tuple[NDArray, NDArray]:
        """Positives, and items, of at least each different score, highest first: each (scores, ...).

        weights (items, ...): how often each item counts; 1 by default.
        """
        weights = np.ones(len(self.order)) if weights is None else np.asarray(weights)
        items = weights[self.order]  # a copy
        positives = items * self.targets.reshape(-1, *(1,) * (items.ndim - 1))
        return running_total(positives)[self.ends], running_total(items)[self.ends]

    def average_precision(self, weights: NDArray | None = None) -> NDArray:
        """Precision at each positive, averaged; (...,) for weights (items, ...); NaN without a positive."""
        positives, items = self.counts(weights)
        steps = np.diff(positives, axis=0, prepend=0)
        # A score of weight 0 has no precision, but no positive either.
        precision = np.divide(positives, items, out=np.zeros_like(items), where=items > 0)
        return ratio(np.einsum("s...,s...->...", precision, steps), steps.sum(axis=0))

    def roc_auc(self) -> float:
        """Share of the pairs of a positive and a negative that are in order, ties half; or NaN."""
        positives, items = self.counts()
        steps, passed = (np.diff(count, prepend=0) for count in (positives, items - positives))
        total = passed.sum()
        in_order = (steps * (total - np.cumsum(passed) + passed / 2)).sum()
        return float(ratio(in_order, steps.sum() * total))


def running_total(values: NDArray) -> NDArray:
    """The cumulative sum of values (items, ...) along the items, in place."""
    for index in range(1, len(values)):  # `np.cumsum` along the first axis takes ten times as long
        values[index] += values[index - 1]
    return values


def average_precision(targets: ArrayLike, scores: ArrayLike) -> float:
    """Average precision of one class: targets, scores (items,). NaN without a positive.

    Agrees with scikit-learn's `average_precision_score`, which has 0 there.
    """
    return float(Ranking(targets, scores).average_precision())


def roc_auc(targets: ArrayLike, scores: ArrayLike) -> float:
    """Area under the ROC curve of one class: targets, scores (items,). NaN unless there are both kinds.

    Agrees with scikit-learn's `roc_auc_score`.
    """
    return float(Ranking(targets, scores).roc_auc())


def class_average_precision(targets: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """Average precision of every class, (classes,), from (items, classes); NaN for those absent."""
    columns = zip(np.asarray(targets).T, np.asarray(scores).T, strict=True)
    return np.array([average_precision(*column) for column in columns])


def class_roc_auc(targets: ArrayLike, scores: ArrayLike) -> NDArray[np.float64]:
    """ROC-AUC of every class, (classes,), from (items, classes); NaN for those always or never there."""
    columns = zip(np.asarray(targets).T, np.asarray(scores).T, strict=True)
    return np.array([roc_auc(*column) for column in columns])


def precision_recall_curve(targets: ArrayLike, scores: ArrayLike) -> PrecisionRecall:
    """The curve of one class, from the highest threshold down: targets, scores (items,).

    Agrees with scikit-learn's `precision_recall_curve`, which goes up and ends with an added (1, 0). Recall
    is NaN without a positive.
    """
    ranking = Ranking(targets, scores)
    positives, items = ranking.counts()
    recall = ratio(positives, ranking.targets.sum())
    return PrecisionRecall(ratio(positives, items), recall, ranking.scores[ranking.ends])
