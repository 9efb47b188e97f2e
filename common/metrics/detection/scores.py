"""Precision, recall and F1 of every class and their averages, as scikit-learn's with `zero_division=0`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.metrics.classification.scores import ClassScores, check_labels, ratio

AVERAGES = ("micro", "macro", "weighted", "samples")  # in scikit-learn's order


def validate(targets: ArrayLike, probabilities: ArrayLike, labels: Sequence[str] | None = None) -> None:
    """Raise ValueError unless targets, probabilities (items, classes) and labels (classes) fit together."""
    targets, probabilities = np.asarray(targets), np.asarray(probabilities)
    check_binary(targets, "targets")
    if probabilities.shape != targets.shape:
        raise ValueError(f"probabilities must be as targets, got {probabilities.shape} and {targets.shape}")
    if np.isnan(probabilities).any():
        raise ValueError(f"probabilities must not be NaN, got {np.isnan(probabilities).sum()}")
    if ((probabilities < 0) | (probabilities > 1)).any():
        spread = f"{probabilities.min():g}..{probabilities.max():g}"
        raise ValueError(f"probabilities must be in 0..1 (logits need a sigmoid first), got {spread}")
    if labels is not None:
        check_labels(labels, targets.shape[1])


def predict(probabilities: ArrayLike, thresholds: ArrayLike) -> NDArray[np.bool_]:
    """Where the probability (items, classes) reaches the threshold of its class, (classes,): bool."""
    probabilities, thresholds = np.asarray(probabilities), np.asarray(thresholds, dtype=np.float64)
    if probabilities.ndim != 2 or thresholds.shape != probabilities.shape[1:]:
        raise ValueError(
            f"every class needs one threshold, got probabilities {probabilities.shape} and {thresholds.shape}"
        )
    return probabilities >= thresholds


def class_scores(targets: ArrayLike, predictions: ArrayLike) -> ClassScores:
    """Precision, recall, F1 (NaN for no items) and support of every class, each (classes,).

    targets, predictions: 0 or 1, (items, classes). Agrees with scikit-learn's
    `precision_recall_fscore_support(average=None, zero_division=0)`.
    """
    targets, predictions = _checked(targets, predictions)
    scores = rates((targets & predictions).sum(axis=0), predictions.sum(axis=0), targets.sum(axis=0))
    nothing = np.full(targets.shape[1], np.nan)
    return scores if len(targets) else ClassScores(nothing, nothing, nothing, scores.support)


def average_scores(targets: ArrayLike, predictions: ArrayLike, average: str) -> tuple[float, float, float]:
    """Precision, recall and F1 averaged; NaN for no items. Arguments as for `class_scores`.

    "micro": of all answers together; "macro": mean over the classes; "weighted": the same by support;
    "samples": mean over the items. Agrees with scikit-learn's, `zero_division=0`.
    """
    if average not in AVERAGES:
        raise ValueError(f"average must be one of {', '.join(AVERAGES)}, got {average!r}")
    targets, predictions = _checked(targets, predictions)
    if not len(targets):
        return (np.nan,) * 3
    axis = {"micro": None, "samples": 1}.get(average, 0)
    scores = rates((targets & predictions).sum(axis), predictions.sum(axis), targets.sum(axis))
    weights = scores.support if average == "weighted" and scores.support.any() else None
    return tuple(float(np.average(rate, weights=weights)) for rate in scores[:3])


def rates(correct: ArrayLike, predicted: ArrayLike, support: ArrayLike) -> ClassScores:
    """Precision, recall and F1 from three counts of the same shape (...); 0 where they are undefined."""
    correct, predicted, support = (np.asarray(count) for count in (correct, predicted, support))
    precision, recall, f1 = (
        np.nan_to_num(ratio(numerator, denominator))
        for numerator, denominator in (
            (correct, predicted),
            (correct, support),
            (2 * correct, predicted + support),
        )
    )
    return ClassScores(precision, recall, f1, support)


def check_binary(values: NDArray, name: str) -> None:
    """Raise ValueError, naming `name`, unless values are 0 or 1 and (items, at least one class)."""
    if values.ndim != 2 or values.shape[1] == 0:
        raise ValueError(f"{name} must have the shape (items, classes), got {values.shape}")
    if not np.isin(values, (0, 1)).all():
        raise ValueError(f"{name} must be 0 or 1, got {values[~np.isin(values, (0, 1))][0]!r}")


def _checked(targets: ArrayLike, predictions: ArrayLike) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    targets, predictions = np.asarray(targets), np.asarray(predictions)
    check_binary(targets, "targets")
    check_binary(predictions, "predictions")
    if targets.shape != predictions.shape:
        raise ValueError(f"predictions must be as targets, got {predictions.shape} and {targets.shape}")
    return targets.astype(bool), predictions.astype(bool)
