"""Top-k accuracy, the confusion table, and what follows from it: precision, recall, F1 and their averages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

AVERAGES = ("macro", "macro_all_classes", "micro", "weighted")


class ClassScores(NamedTuple):
    """Precision, recall, F1 (float) and support (integer), each of shape (..., classes)."""

    precision: NDArray
    recall: NDArray
    f1: NDArray
    support: NDArray


class Confusion(NamedTuple):
    """A cell off the diagonal: `count` items of class `true`, `share` of them all, taken for `predicted`."""

    true: str
    predicted: str
    count: int
    share: float


def validate(targets: ArrayLike, scores: ArrayLike, labels: Sequence[str] | None = None) -> None:
    """Raise ValueError unless targets (items,), scores (items, classes) and labels (classes) fit together."""
    targets, scores = np.asarray(targets), np.asarray(scores)
    if scores.ndim != 2 or scores.shape[1] == 0:
        raise ValueError(f"scores must have the shape (items, classes), got {scores.shape}")
    check_indices(targets, "targets", scores.shape[1])
    if len(targets) != len(scores):
        raise ValueError(f"every target needs one row of scores, got {len(targets)} and {len(scores)}")
    if np.isnan(scores).any():
        raise ValueError(f"scores must not be NaN, got {np.isnan(scores).any(axis=1).sum()} such items")
    if labels is not None:
        check_labels(labels, scores.shape[1])


def top_k_accuracy(targets: ArrayLike, scores: ArrayLike, k: int) -> float:
    """Share of items whose true class is among the k highest scores; NaN for no items.

    Ties go to the lower class index. Agrees with scikit-learn's `top_k_accuracy_score` where there are none.
    """
    return mean(top_k_hits(targets, scores, k))


def top_k_hits(targets: ArrayLike, scores: ArrayLike, k: int) -> NDArray[np.bool_]:
    """For each item, whether its true class is among the k highest scores: (items,) bool."""
    validate(targets, scores)
    targets, scores = np.asarray(targets, dtype=np.int64), np.asarray(scores)
    if not 1 <= k <= scores.shape[1]:
        raise ValueError(f"k must be between 1 and the number of classes, got {k} for {scores.shape[1]}")
    own = np.take_along_axis(scores, targets[:, None], axis=1)  # (items, 1)
    earlier = np.arange(scores.shape[1]) < targets[:, None]  # the classes that win a tie
    return ((scores > own) | (scores == own) & earlier).sum(axis=1) < k


def confusion_table(targets: ArrayLike, predictions: ArrayLike, *, num_classes: int) -> NDArray[np.int64]:
    """Count items by true class (row) and predicted class (column): (classes, classes) int64.

    Agrees with scikit-learn's `confusion_matrix` with all labels given.
    """
    check_indices(targets, "targets", num_classes)
    check_indices(predictions, "predictions", num_classes)
    targets, predictions = np.asarray(targets, dtype=np.int64), np.asarray(predictions, dtype=np.int64)
    if len(targets) != len(predictions):
        raise ValueError(f"every target needs one prediction, got {len(targets)} and {len(predictions)}")
    cells = np.bincount(targets * num_classes + predictions, minlength=num_classes**2)
    return cells.reshape(num_classes, num_classes)


def precision_recall_f1(table: ArrayLike) -> ClassScores:
    """Precision, recall, F1 and support of every class, from a table (..., classes, classes).

    An absent class has recall and F1 NaN; its precision is 0 if it was predicted all the same, else NaN.
    Otherwise as scikit-learn's `precision_recall_fscore_support` with `zero_division=0`.
    """
    table = np.asarray(table)
    correct = np.diagonal(table, axis1=-2, axis2=-1)
    support, predicted = table.sum(axis=-1), table.sum(axis=-2)
    precision = ratio(correct, predicted)
    precision = np.where((support > 0) & (predicted == 0), 0.0, precision)
    f1 = np.where(support > 0, ratio(2 * correct, support + predicted), np.nan)
    return ClassScores(precision, ratio(correct, support), f1, support)


def average_scores(table: ArrayLike, average: str) -> tuple[float, float, float]:
    """Precision, recall and F1 of a table (classes, classes) averaged over the classes; NaN for no items.

    "macro": over the classes present; "macro_all_classes": over all, absent ones as 0; "weighted": by
    support; "micro": over items, which for single labels is top-1 accuracy three times.
    """
    scores = precision_recall_f1(table)
    rates, present = np.stack(scores[:3]), scores.support > 0
    if average not in AVERAGES:
        raise ValueError(f"average must be one of {', '.join(AVERAGES)}, got {average!r}")
    if not present.any():
        return (np.nan,) * 3
    if average == "macro":
        return tuple(rates[:, present].mean(axis=1).tolist())
    if average == "macro_all_classes":
        return tuple(np.nan_to_num(rates).mean(axis=1).tolist())
    if average == "weighted":
        return tuple(np.average(rates[:, present], axis=1, weights=scores.support[present]).tolist())
    return (float(np.trace(np.asarray(table)) / scores.support.sum()),) * 3


def worst_confusions(table: ArrayLike, labels: Sequence[str], n: int = 5) -> list[Confusion]:
    """The n most frequent confusions, most frequent first; cells with no item are left out."""
    table = np.asarray(table)
    check_labels(labels, len(table))
    support, errors = table.sum(axis=1), table - np.diag(np.diagonal(table))
    worst = np.argsort(-errors, axis=None, kind="stable")[:n]
    confusions = []
    for true, predicted in np.column_stack(np.unravel_index(worst, table.shape)):
        if count := int(errors[true, predicted]):
            confusions.append(Confusion(labels[true], labels[predicted], count, float(count / support[true])))
    return confusions


def snake_case(label: str) -> str:
    """A label as part of a metric's key: "Wind Instruments" -> "wind_instruments"."""
    return re.sub(r"\W+", "_", label.strip().lower())


def check_labels(labels: Sequence[str], num_classes: int) -> None:
    """Raise ValueError unless there is one label per class, each with a key of its own."""
    if len(labels) != num_classes:
        raise ValueError(f"every class needs one label, got {len(labels)} labels for {num_classes} classes")
    if len({snake_case(label) for label in labels}) < num_classes:
        raise ValueError(f"labels must differ in more than case and punctuation, got {', '.join(labels)}")


def check_indices(indices: ArrayLike, name: str, num_classes: int) -> None:
    """Raise ValueError, naming `name`, unless indices are integers (items,) below num_classes."""
    indices = np.asarray(indices)
    if indices.ndim != 1:
        raise ValueError(f"{name} must have the shape (items,), got {indices.shape}")
    if not len(indices):
        return
    if indices.dtype.kind not in "iu":
        raise ValueError(f"{name} must be integer class indices, got {indices.dtype}")
    if indices.min() < 0 or indices.max() >= num_classes:
        raise ValueError(f"{name} must be in 0..{num_classes - 1}, got {indices.min()}..{indices.max()}")


def ratio(numerator: NDArray, denominator: NDArray) -> NDArray:
    """Elementwise quotient, NaN where the denominator is 0."""
    quotient = np.full(np.broadcast(numerator, denominator).shape, np.nan)
    return np.divide(numerator, denominator, out=quotient, where=denominator > 0)


def mean(values: NDArray) -> float:
    """Mean of values (items,), NaN for none."""
    return float(values.mean()) if len(values) else np.nan
