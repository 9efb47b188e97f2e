"""Metrics and confusion tables as aligned plain text, at most 80 characters wide for eleven classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from common.metrics.classification.scores import check_labels, precision_recall_f1, snake_case


def format_report(metrics: Mapping[str, float | int | None], labels: Sequence[str]) -> str:
    """The result of `evaluate` as aligned text: the scores with intervals and baselines, then every class."""
    count = f"{metrics['num_items']} items"
    if "num_groups" in metrics:
        count += f" of {metrics['num_groups']} groups"
    scores, classes = align(_score_rows(metrics)), align(_class_rows(metrics, labels))
    return "\n".join([count, "", *scores, "", *classes])


def format_confusion(table: ArrayLike, labels: Sequence[str]) -> str:
    """A confusion table (classes, classes) as aligned text: true classes in rows, a dot for no item.

    The columns are numbered as the rows are, so that eleven classes fit 80 characters.
    """
    table = np.asarray(table)
    check_labels(labels, len(table))
    recall = precision_recall_f1(table).recall
    rows = [["true \\ predicted", *map(str, range(len(labels))), "recall"]]
    for index, label in enumerate(labels):
        cells = [str(count) if count else "." for count in table[index].tolist()]
        rows.append([f"{index:2d} {label}", *cells, _number(recall[index], digits=2)])
    return "\n".join(align(rows))


def _score_rows(metrics: Mapping[str, float | int | None]) -> list[list[str]]:
    grouped, baseline = "num_groups" in metrics, "baseline_majority_top1" in metrics
    header = ["", "score", "95 % over items"]
    rows = [header + grouped * ["95 % over groups"] + baseline * ["majority", "random"]]
    for name, title in (("top1", "top-1"), ("top3", "top-3"), ("macro_f1", "macro F1")):
        row = [title, _number(metrics[name]), _interval(metrics, name)]
        if grouped:
            row.append(_interval(metrics, f"{name}_group"))
        if baseline:
            row += [_number(metrics.get(f"baseline_{guess}_{name}")) for guess in ("majority", "random")]
        rows.append(row)
    return rows


def _class_rows(metrics: Mapping[str, float | int | None], labels: Sequence[str]) -> list[list[str]]:
    rows = [["class", "precision", "recall", "95 % over items", "F1", "items"]]
    for label in labels:
        key = snake_case(label)
        precision, recall, f1 = (_number(metrics[f"{rate}_{key}"]) for rate in ("precision", "recall", "f1"))
        interval, support = _interval(metrics, f"recall_{key}"), str(metrics[f"support_{key}"])
        rows.append([label, precision, recall, interval, f1, support])
    return rows


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None or np.isnan(value) else f"{value:.{digits}f}"


def _interval(metrics: Mapping[str, float | int | None], name: str) -> str:
    low, high = metrics[f"{name}_low"], metrics[f"{name}_high"]
    return "-" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def align(rows: Sequence[Sequence[str]]) -> list[str]:
    """Pad columns to equal width: the first to the left, all others to the right, two spaces between."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    aligned = []
    for first, *others in rows:
        cells = [first.ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True)]
        aligned.append("  ".join(cells).rstrip())
    return aligned
