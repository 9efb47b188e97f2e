"""Metrics of detection as aligned plain text, like scikit-learn's classification report.

With nine classes of up to 16 letters it fits 100 columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from common.metrics.classification.scores import snake_case
from common.metrics.classification.text import align

SCORES = (("macro F1", "macro_f1"), ("micro F1", "micro_f1"), ("mAP", "mean_average_precision"))
TRIVIAL = (("all on", "everything_on"), ("prevalence", "prevalence"), ("random", "random"))
EXPLANATION = (
    "AP: average precision. AUC: area under the ROC curve. mAP: mean AP of the classes present.",
    "all on: every class always. prevalence: the classes that most training items have; as probabilities,",
    "the shares of the training items. random: classes drawn by these shares.",
)


def format_report(metrics: Mapping[str, float | int | None], labels: Sequence[str]) -> str:
    """The result of `evaluate` as aligned text: scores, intervals, trivial answers, then the classes."""
    count = f"{metrics['num_items']} items"
    if "num_groups" in metrics:
        count += f" of {metrics['num_groups']} groups"
    classes = align(_class_rows(metrics, labels) + _average_rows(metrics, labels))
    classes.insert(1 + len(labels), "")
    scores = align(_score_rows(metrics))
    return "\n".join([count, "", *scores, "", *classes, "", *_remarks(metrics, labels), *EXPLANATION])


def _remarks(metrics: Mapping[str, float | int | None], labels: Sequence[str]) -> list[str]:
    """Calibration, and what the macro average is without absent classes, if there are any."""
    error, brier = number(metrics["calibration_error"]), number(metrics["brier_score"])
    lines = [f"calibration error {error} (0 is best), Brier score {brier}"]
    if absent := [label for label in labels if not metrics[f"support_{snake_case(label)}"]]:
        present, trivial = metrics["macro_present_f1"], metrics["everything_on_macro_present_f1"]
        text = (
            f"macro F1 without the {len(absent)} absent classes: {number(present)}, all on {number(trivial)}"
        )
        lines.append(text.replace("the 1 absent classes", "the absent class"))
    return lines


def _score_rows(metrics: Mapping[str, float | int | None]) -> list[list[str]]:
    kinds = [("95 % over items", "")] + [("95 % over groups", "_group")] * ("num_groups" in metrics)
    trivial = [(title, name) for title, name in TRIVIAL if f"{name}_macro_f1" in metrics]
    rows = [["", "score", *(title for title, _ in kinds), *(title for title, _ in trivial)]]
    for title, name in SCORES:
        row = [title, number(metrics[name])]
        row += [interval(metrics, f"{name}{kind}") for _, kind in kinds]
        rows.append(row + [number(metrics.get(f"{guess}_{name}")) for _, guess in trivial])
    return rows


def _class_rows(metrics: Mapping[str, float | int | None], labels: Sequence[str]) -> list[list[str]]:
    grouped = "num_groups" in metrics
    header = ["", "precision", "recall", "F1"] + grouped * ["95 % of groups"]
    rows = [[*header, "AP", "AUC", "threshold", "support", "all on"]]
    for label in labels:
        key = snake_case(label)
        row = [label, *(number(metrics[f"{rate}_{key}"]) for rate in ("precision", "recall", "f1"))]
        if grouped:
            row.append(interval(metrics, f"f1_{key}_group"))
        row += [number(metrics[f"{name}_{key}"]) for name in ("average_precision", "roc_auc", "threshold")]
        rows.append([*row, str(metrics[f"support_{key}"]), number(metrics[f"everything_on_f1_{key}"])])
    return rows


def _average_rows(metrics: Mapping[str, float | int | None], labels: Sequence[str]) -> list[list[str]]:
    """The averages in the columns of the classes, in scikit-learn's order."""
    support = str(sum(metrics[f"support_{snake_case(label)}"] for label in labels))
    ranking = {
        "micro": [number(metrics["micro_average_precision"]), "-"],
        "macro": [number(metrics["mean_average_precision"]), number(metrics["macro_roc_auc"])],
    }
    rows = []
    for average in ("micro", "macro", "weighted", "samples"):
        row = [
            f"{average} avg",
            *(number(metrics[f"{average}_{rate}"]) for rate in ("precision", "recall", "f1")),
        ]
        if "num_groups" in metrics:
            row.append(interval(metrics, f"{average}_f1_group"))
        row += [*ranking.get(average, ["-", "-"]), "-", support]
        rows.append([*row, number(metrics[f"everything_on_{average}_f1"])])
    return rows


def number(value: float | None, digits: int = 3) -> str:
    """Such as `0.512`, or a dash for what is undefined."""
    return "-" if value is None or np.isnan(value) else f"{value:.{digits}f}"


def interval(metrics: Mapping[str, float | int | None], name: str) -> str:
    """The interval of a metric, such as `0.512 to 0.634`, or a dash where it has none."""
    low, high = metrics.get(f"{name}_low"), metrics.get(f"{name}_high")
    return "-" if low is None or high is None else f"{low:.3f} to {high:.3f}"
