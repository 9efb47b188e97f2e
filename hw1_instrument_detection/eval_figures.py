"""The figures of eval.py but for whole tracks: curves and scores of every class, models side by side."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from common.curve_plots import (
    ModelScores,
    PrecisionRecallPanel,
    ReliabilityPanel,
    class_score_figure,
    precision_recall_figure,
    reliability_figure,
)
from common.metrics.detection import Metrics, precision_recall_curve, reliability
from hw1_instrument_detection.classes import CLASSES, KEYS
from hw1_instrument_detection.reports import SCORES

F1_KEYS = [f"f1_{key}" for key in KEYS]
EVERYTHING_ON = [f"everything_on_{key}" for key in F1_KEYS]


def model_figures(name: str, metrics: Metrics, targets: NDArray, probabilities: NDArray) -> dict[str, Figure]:
    """The figures of the model called `name` by their file's name, from targets, probabilities (clips, 9)."""
    where = f"{name} on {metrics['data']}"
    return {
        "precision_recall": precision_recall_figure(
            precision_recall_panels(metrics, targets, probabilities),
            title=f"{where}, mAP {metrics['mean_average_precision']:.3f}",
        ),
        "reliability": reliability_figure(
            reliability_panels(metrics, targets, probabilities),
            title=f"{where}, calibration error {metrics['calibration_error']:.3f}",
        ),
        "f1_by_class": class_score_figure(
            CLASSES,
            [model_scores(name, metrics, F1_KEYS)],
            value_label="F1, 95 % over tracks",
            baseline=("everything on", _values(metrics, EVERYTHING_ON)),
            title=f"{where}, macro F1 {metrics['macro_f1']:.3f}",
        ),
    }


def precision_recall_panels(
    metrics: Metrics, targets: NDArray, probabilities: NDArray
) -> list[PrecisionRecallPanel]:
    """The curve of each class, with the point of its threshold."""
    panels = []
    for index, (label, key) in enumerate(zip(CLASSES, KEYS, strict=True)):
        curve = precision_recall_curve(targets[:, index], probabilities[:, index])
        [average_precision] = _values(metrics, [f"average_precision_{key}"])
        chosen = (metrics[f"recall_{key}"], metrics[f"precision_{key}"])
        panels.append(
            PrecisionRecallPanel(
                label, curve.recall, curve.precision, average_precision, targets[:, index].mean(), chosen
            )
        )
    return panels


def reliability_panels(metrics: Metrics, targets: NDArray, probabilities: NDArray) -> list[ReliabilityPanel]:
    """How often each class sounds for each probability it was given."""
    found, errors = reliability(targets, probabilities), [f"calibration_error_{key}" for key in KEYS]
    columns = zip(CLASSES, *(each.T for each in found), _values(metrics, errors), strict=True)
    return [ReliabilityPanel(*column) for column in columns]


def comparison_figure(models: Mapping[str, Metrics]) -> Figure:
    """The scores of each model by name, and its F1 of each class, beside everything on."""
    first = next(iter(models.values()))
    keys = [key for _, key in SCORES] + F1_KEYS
    trivial = [f"everything_on_{key}" for _, key in SCORES] + EVERYTHING_ON
    return class_score_figure(
        [label for label, _ in SCORES] + [f"F1 {label}" for label in CLASSES],
        [model_scores(name, metrics, keys) for name, metrics in models.items()],
        value_label=f"on {first['data']}, 95 % over tracks",
        baseline=("everything on", _values(first, trivial)),
    )


def model_scores(name: str, metrics: Metrics, keys: list[str]) -> ModelScores:
    """Some scores of a model with their intervals over tracks."""
    ends = ([f"{key}_group_{end}" for key in keys] for end in ("low", "high"))
    return ModelScores(name, _values(metrics, keys), *(_values(metrics, of_end) for of_end in ends))


def _values(metrics: Metrics, keys: list[str]) -> NDArray[np.float64]:
    """The metrics of these keys, NaN for those undefined."""
    return np.array([np.nan if metrics[key] is None else metrics[key] for key in keys], dtype=np.float64)
