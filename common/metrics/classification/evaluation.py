"""Everything about one model's scores in one flat dict, with intervals, beside the trivial baselines."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.metrics.classification.scores import (
    AVERAGES,
    average_scores,
    check_indices,
    confusion_table,
    mean,
    precision_recall_f1,
    ratio,
    snake_case,
    top_k_accuracy,
    top_k_hits,
    validate,
)
from common.metrics.intervals import RESAMPLES, bootstrap_interval, percentile_interval, wilson_interval

Metrics = dict[str, float | int | None]


def evaluate(
    targets: ArrayLike,
    scores: ArrayLike,
    *,
    labels: Sequence[str],
    train_counts: ArrayLike | None = None,
    groups: ArrayLike | None = None,
    seed: int = 0,
) -> Metrics:
    """Every metric of this module under flat snake_case keys, ready for JSON (undefined is None).

    - "top1", "top3", "macro_f1", each with "_low", "_high" over items (Wilson; bootstrap for macro F1) and,
      given `groups` (items,), "_group_low", "_group_high", the bootstrap over groups;
    - the averages: "macro_recall", "macro_all_classes_f1", "micro_f1", "weighted_f1", ...;
    - per class: "precision_bass", "recall_bass" with its interval over items, "f1_bass", "support_bass";
    - given `train_counts` (classes,), the label counts of the TRAINING split: "baseline_majority_top1", ...
    """
    validate(targets, scores, labels)
    targets, scores = np.asarray(targets, dtype=np.int64), np.asarray(scores)
    predictions = scores.argmax(axis=1)
    table = confusion_table(targets, predictions, num_classes=len(labels))
    metrics: Metrics = {"num_items": len(targets)}
    if groups is not None:
        metrics["num_groups"] = len(np.unique(np.asarray(groups)))
    for name, k in (("top1", 1), ("top3", min(3, len(labels)))):
        metrics |= _accuracy(name, top_k_hits(targets, scores, k), groups, seed)
    metrics |= _average_metrics(table) | _macro_f1_intervals(targets, predictions, table, groups, seed)
    if train_counts is not None:
        if np.shape(train_counts) != (len(labels),):
            raise ValueError(f"train_counts must be ({len(labels)},), got {np.shape(train_counts)}")
        metrics |= {f"baseline_{name}": value for name, value in baselines(targets, train_counts).items()}
    metrics |= _class_metrics(table, labels)
    return {name: _json_ready(value) for name, value in metrics.items()}


def baselines(targets: ArrayLike, train_counts: ArrayLike) -> dict[str, float]:
    """What needs no ear: scores on `targets` (items,) of guesses that know the training counts (classes,).

    "majority_top1", "majority_top3", "majority_macro_f1": always the commonest training classes.
    "random_top1", "random_top3": the expected score of answers drawn from the training shares (for top-3,
    three different ones).
    """
    train_counts = np.asarray(train_counts, dtype=np.float64)
    if train_counts.ndim != 1 or not train_counts.sum() > 0 or train_counts.min() < 0:
        raise ValueError(f"train_counts must be counts per class with at least one item, got {train_counts}")
    num_classes, k = len(train_counts), min(3, len(train_counts))
    check_indices(targets, "targets", num_classes)
    targets = np.asarray(targets, dtype=np.int64)
    scores = np.broadcast_to(train_counts, (len(targets), num_classes))
    majority = np.full(len(targets), train_counts.argmax())
    table = confusion_table(targets, majority, num_classes=num_classes)
    shares = train_counts / train_counts.sum()
    return {
        "majority_top1": top_k_accuracy(targets, scores, 1),
        "majority_top3": top_k_accuracy(targets, scores, k),
        "majority_macro_f1": average_scores(table, "macro")[2],
        "random_top1": mean(shares[targets]),
        "random_top3": mean(_drawn_within(shares, k)[targets]),
    }


def _accuracy(name: str, hits: NDArray, groups: ArrayLike | None, seed: int) -> Metrics:
    low, high = wilson_interval(int(hits.sum()), len(hits))
    metrics = {name: mean(hits), f"{name}_low": low, f"{name}_high": high}
    if groups is not None:
        low, high = bootstrap_interval(hits, groups=groups, seed=seed)
        metrics |= {f"{name}_group_low": low, f"{name}_group_high": high}
    return metrics


def _average_metrics(table: NDArray) -> Metrics:
    rates = ("precision", "recall", "f1")
    return {
        f"{average}_{rate}": value
        for average in AVERAGES
        for rate, value in zip(rates, average_scores(table, average), strict=True)
    }


def _macro_f1_intervals(
    targets: NDArray, predictions: NDArray, table: NDArray, groups: ArrayLike | None, seed: int
) -> Metrics:
    metrics: Metrics = dict.fromkeys(("macro_f1_low", "macro_f1_high"))
    if len(targets) > 1:
        # Items in one cell are alike, so drawing items with replacement is a multinomial draw of the cells.
        rng, shares = np.random.default_rng(seed), table.ravel() / len(targets)
        cells = rng.multinomial(len(targets), shares, size=RESAMPLES)
        low, high = percentile_interval(_macro_f1(cells.reshape(-1, *table.shape)))
        metrics = {"macro_f1_low": low, "macro_f1_high": high}
    if groups is not None:
        tables = _tables_by_group(targets, predictions, groups, len(table))
        low, high = bootstrap_interval(tables, statistic=lambda totals, _: _macro_f1(totals), seed=seed)
        metrics |= {"macro_f1_group_low": low, "macro_f1_group_high": high}
    return metrics


def _tables_by_group(targets: NDArray, predictions: NDArray, groups: ArrayLike, num_classes: int) -> NDArray:
    """One confusion table per group: (groups, classes, classes)."""
    names, units = np.unique(np.asarray(groups), return_inverse=True)
    tables = np.zeros((len(names), num_classes, num_classes), dtype=np.int64)
    np.add.at(tables, (units, targets, predictions), 1)
    return tables


def _macro_f1(tables: NDArray) -> NDArray:
    """Macro F1 over the classes present, of tables (..., classes, classes); NaN for an empty one."""
    scores = precision_recall_f1(tables)
    return ratio(np.nan_to_num(scores.f1).sum(axis=-1), (scores.support > 0).sum(axis=-1))


def _class_metrics(table: NDArray, labels: Sequence[str]) -> Metrics:
    metrics: Metrics = {}
    scores, correct = precision_recall_f1(table), np.diagonal(table)
    for index, key in enumerate(map(snake_case, labels)):
        support = int(scores.support[index])
        low, high = wilson_interval(int(correct[index]), support)
        metrics |= {f"precision_{key}": scores.precision[index], f"recall_{key}": scores.recall[index]}
        metrics |= {f"recall_{key}_low": low, f"recall_{key}_high": high}
        metrics |= {f"f1_{key}": scores.f1[index], f"support_{key}": support}
    return metrics


def _drawn_within(shares: NDArray, draws: int) -> NDArray:
    """Chance of each class to be among `draws` different classes drawn by their shares: (classes,)."""
    if draws == 0 or not shares.any():
        return np.zeros_like(shares)
    chance = shares.copy()
    for first in np.flatnonzero(shares):
        rest = np.where(np.arange(len(shares)) == first, 0.0, shares)
        if rest.any():
            chance += shares[first] * _drawn_within(rest / rest.sum(), draws - 1)
    return chance


def _json_ready(value: float | int | None) -> float | int | None:
    if value is None or isinstance(value, int):
        return value
    return None if np.isnan(value) else float(value)
