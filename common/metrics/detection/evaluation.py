"""Everything about one model's probabilities in one flat dict, with intervals, beside the trivial answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.metrics.classification.scores import ratio, snake_case
from common.metrics.detection.bootstrap import intervals, resampled_scores
from common.metrics.detection.calibration import brier_score, calibration_error
from common.metrics.detection.ranking import average_precision, class_average_precision, class_roc_auc
from common.metrics.detection.scores import AVERAGES, average_scores, class_scores, predict, validate
from common.metrics.intervals import percentile_interval

Metrics = dict[str, float | int | None]
NEUTRAL = 0.5  # the threshold where none is given


def evaluate(
    targets: ArrayLike,
    probabilities: ArrayLike,
    *,
    labels: Sequence[str],
    thresholds: ArrayLike | None = None,
    train_prevalence: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> Metrics:
    """Every metric of this module under flat snake_case keys, ready for JSON (undefined is None).

    targets, probabilities (items, classes), thresholds (classes,), 0.5 each by default:
    - "macro_f1", "micro_f1" and "mean_average_precision", each with "_low", "_high" over items and, given
      `groups` (items,), "_group_low", "_group_high" over groups;
    - the averages "macro_recall", "weighted_f1", "samples_f1", ...; "macro_present_f1";
    - "micro_average_precision", "macro_roc_auc", "calibration_error", "brier_score";
    - per class: "precision_bass", "recall_bass", "f1_bass" (given `groups` with its interval over them),
      "average_precision_bass", "roc_auc_bass", "calibration_error_bass", "brier_score_bass",
      "threshold_bass", "support_bass", "everything_on_f1_bass";
    - "everything_on_macro_f1", "everything_on_mean_average_precision", ... and, given `train_prevalence`
      (classes,), the share of the TRAINING items that have each class, "prevalence_..." and "random_...".
    """
    validate(targets, probabilities, labels)
    targets, probabilities = np.asarray(targets, dtype=np.int64), np.asarray(probabilities, dtype=np.float64)
    thresholds = np.full(len(labels), NEUTRAL) if thresholds is None else np.asarray(thresholds, dtype=float)
    predictions = predict(probabilities, thresholds)
    metrics: Metrics = {"num_items": len(targets)}
    if groups is not None:
        metrics["num_groups"] = len(np.unique(np.asarray(groups)))
    metrics |= _f1_metrics(targets, predictions) | _ranking_metrics(targets, probabilities)
    metrics |= _calibration_metrics(targets, probabilities)
    metrics |= baselines(targets, train_prevalence)
    metrics |= _class_metrics(targets, probabilities, thresholds, labels)
    metrics |= _interval_metrics(targets, probabilities, thresholds, labels, groups, seed)
    return {name: _json_ready(value) for name, value in metrics.items()}


def baselines(targets: ArrayLike, train_prevalence: ArrayLike | None = None) -> Metrics:
    """What needs no ear: scores on `targets` (items, classes) of the trivial rows of this module.

    "everything_on_...": every class in every item. Given `train_prevalence` (classes,), "prevalence_...": the
    classes that more than half of the training items have; "random_macro_f1" and "random_micro_f1": classes
    drawn with that probability, F1 of the expected counts.
    """
    targets = np.asarray(targets)
    found = _constant_metrics("everything_on", targets, np.ones(targets.shape[1]))
    if train_prevalence is None:
        return found
    prevalence = np.asarray(train_prevalence, dtype=np.float64)
    if prevalence.shape != targets.shape[1:] or ((prevalence < 0) | (prevalence > 1)).any():
        raise ValueError(f"train_prevalence must be shares ({targets.shape[1]},), got {train_prevalence}")
    found |= _constant_metrics("prevalence", targets, prevalence)
    share = targets.mean(axis=0) if len(targets) else np.full(targets.shape[1], np.nan)
    # Of n items n * share have the class, n * prevalence are drawn, n * share * prevalence are both.
    expected = np.nan_to_num(ratio(2 * share * prevalence, share + prevalence))
    found["random_macro_f1"] = float(expected.mean()) if len(targets) else np.nan
    total = 2 * (share * prevalence).sum(), (share + prevalence).sum()
    found["random_micro_f1"] = (
        float(np.nan_to_num(ratio(*map(np.asarray, total)))) if len(targets) else np.nan
    )
    return found


def _constant_metrics(name: str, targets: NDArray, constant: NDArray) -> Metrics:
    """Scores of one and the same probability (classes,) for all items, on from 0.5."""
    probabilities = np.broadcast_to(constant, targets.shape)
    metrics = _f1_metrics(targets, probabilities >= NEUTRAL) | _ranking_metrics(targets, probabilities)
    wanted = [f"{average}_f1" for average in AVERAGES] + ["macro_present_f1", "mean_average_precision"]
    return {f"{name}_{key}": metrics[key] for key in [*wanted, "micro_average_precision"]}


def _f1_metrics(targets: NDArray, predictions: NDArray) -> Metrics:
    rates = ("precision", "recall", "f1")
    metrics = {
        f"{average}_{rate}": value
        for average in AVERAGES
        for rate, value in zip(rates, average_scores(targets, predictions, average), strict=True)
    }
    scores = class_scores(targets, predictions)
    return metrics | {"macro_present_f1": _mean(scores.f1[scores.support > 0])}


def _ranking_metrics(targets: NDArray, probabilities: NDArray) -> Metrics:
    return {
        "mean_average_precision": _mean(class_average_precision(targets, probabilities)),
        "micro_average_precision": average_precision(targets.ravel(), probabilities.ravel()),
        "macro_roc_auc": _mean(class_roc_auc(targets, probabilities)),
    }


def _calibration_metrics(targets: NDArray, probabilities: NDArray) -> Metrics:
    return {
        "calibration_error": _mean(calibration_error(targets, probabilities)),
        "brier_score": _mean(brier_score(targets, probabilities)),
    }


def _class_metrics(
    targets: NDArray, probabilities: NDArray, thresholds: NDArray, labels: Sequence[str]
) -> Metrics:
    scores = class_scores(targets, predict(probabilities, thresholds))
    columns = {
        "precision": scores.precision,
        "recall": scores.recall,
        "f1": scores.f1,
        "average_precision": class_average_precision(targets, probabilities),
        "roc_auc": class_roc_auc(targets, probabilities),
        "calibration_error": calibration_error(targets, probabilities),
        "brier_score": brier_score(targets, probabilities),
        "threshold": thresholds,
        "support": scores.support,
        "everything_on_f1": class_scores(targets, np.ones_like(targets)).f1,
    }
    return {
        f"{name}_{snake_case(label)}": values[index].item()
        for index, label in enumerate(labels)
        for name, values in columns.items()
    }


def _interval_metrics(
    targets: NDArray,
    probabilities: NDArray,
    thresholds: NDArray,
    labels: Sequence[str],
    groups: ArrayLike | None,
    seed: int,
) -> Metrics:
    drawn = {"": resampled_scores(targets, probabilities, thresholds, seed=seed)}
    if groups is not None:
        drawn["_group"] = resampled_scores(targets, probabilities, thresholds, groups=groups, seed=seed)
    found = {
        f"{name}{kind}": ends for kind, scores in drawn.items() for name, ends in intervals(scores).items()
    }
    if groups is not None:
        for label, column in zip(labels, drawn["_group"]["f1"].T, strict=True):
            found[f"f1_{snake_case(label)}_group"] = percentile_interval(column)
    return {
        f"{name}_{end}": value
        for name, ends in found.items()
        for end, value in zip(("low", "high"), ends, strict=True)
    }


def _mean(values: NDArray) -> float:
    """Mean of those values (classes,) that are defined, NaN if none is."""
    values = values[~np.isnan(values)]
    return float(values.mean()) if len(values) else np.nan


def _json_ready(value: float | int | None) -> float | int | None:
    return None if value is None or np.isnan(value) else value
