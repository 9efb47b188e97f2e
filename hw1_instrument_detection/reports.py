"""What eval.py says, as aligned text: one model in full, several side by side, every track."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from common.metrics.classification.text import align
from common.metrics.detection import Difference, Metrics, average_scores, format_report
from common.metrics.detection.text import interval, number
from hw1_instrument_detection.classes import CLASSES, KEYS
from hw1_instrument_detection.clip_index import ClipIndex

MOST_TRACKS = 20  # more fill the screen: they are shown when asked for
SCORES = (("macro F1", "macro_f1"), ("micro F1", "micro_f1"), ("mAP", "mean_average_precision"))
TRIVIAL = (("everything on", "everything_on"), ("prevalence", "prevalence"), ("random", "random"))
WRONG_SHARE = 0.2  # of a track's clips: a class that is wrong in fewer is not named


def model_report(metrics: Metrics) -> str:
    """Scores, classes and averages of one model; groups are tracks."""
    return format_report(metrics, CLASSES)


def comparison_report(
    metrics: Mapping[str, Metrics], differences: Mapping[str, Mapping[str, Difference]]
) -> str:
    """Models side by side, and the trivial answers below; how they differ; the F1 of every class.

    metrics: of each model by name. differences: of each model but the first, its scores less those of the
    first, with their intervals over tracks.
    """
    rows = [["", *(cell for title, _ in SCORES for cell in (title, "95 % over groups"))]]
    for name, model in metrics.items():
        cells = [(number(model[key]), interval(model, f"{key}_group")) for _, key in SCORES]
        rows.append([name, *(cell for pair in cells for cell in pair)])
    rows += trivial_rows(next(iter(metrics.values())))
    parts = [
        align(rows),
        align(difference_rows(next(iter(metrics)), differences)),
        align(class_rows(metrics)),
    ]
    return "\n\n".join("\n".join(part) for part in parts)


def trivial_rows(metrics: Metrics) -> list[list[str]]:
    """What needs no ear, as rows of the comparison."""
    return [
        [title, *(cell for _, key in SCORES for cell in (number(metrics.get(f"{name}_{key}")), ""))]
        for title, name in TRIVIAL
        if f"{name}_macro_f1" in metrics
    ]


def difference_rows(first: str, differences: Mapping[str, Mapping[str, Difference]]) -> list[list[str]]:
    """Each model less the first one, on the same tracks."""
    rows = [[f"less {first}", *(title for title, _ in SCORES)]]
    for name, scores in differences.items():
        rows.append([name, *(format_difference(scores[key]) for _, key in SCORES)])
    return rows


def class_rows(metrics: Mapping[str, Metrics]) -> list[list[str]]:
    """F1 of each class, one column per model, and of everything on."""
    first = next(iter(metrics.values()))
    rows = [["F1", *metrics, "all on", "clips"]]
    for label, key in zip(CLASSES, KEYS, strict=True):
        scores = [number(model[f"f1_{key}"]) for model in metrics.values()]
        rows.append([label, *scores, number(first[f"everything_on_f1_{key}"]), str(first[f"support_{key}"])])
    return rows


def track_report(clips: ClipIndex, predictions: Mapping[str, NDArray]) -> str:
    """Micro F1 on each track, one line each, and what the first model mostly misses or wrongly hears there.

    predictions: (clips, 9) bool of each model by name.
    """
    header = ["F1"] if len(predictions) == 1 else [f"{name} F1" for name in predictions]
    numbers, errors = [["track", "clips", *header]], ["missed (-) or wrongly heard (+) in at least a fifth"]
    for track in np.unique(clips.track):
        own = clips.track == track
        truth = clips.targets[own]
        scores = [average_scores(truth, model[own], "micro")[2] for model in predictions.values()]
        numbers.append([clips.tracks[track], str(own.sum()), *map(number, scores)])
        errors.append(mostly_wrong(truth, next(iter(predictions.values()))[own]))
    lines = [f"{line}  {wrong}".rstrip() for line, wrong in zip(align(numbers), errors, strict=True)]
    return "\n".join(lines)


def mostly_wrong(truth: NDArray, predictions: NDArray) -> str:
    """Such as `-Organ +Synth`: classes missed, and heard wrongly, in enough of the clips (clips, 9)."""
    truth, predictions = truth.astype(bool), predictions.astype(bool)
    missed, extra = (truth & ~predictions).mean(axis=0), (predictions & ~truth).mean(axis=0)
    named = [f"-{CLASSES[index]}" for index in np.flatnonzero(missed >= WRONG_SHARE)]
    return " ".join(named + [f"+{CLASSES[index]}" for index in np.flatnonzero(extra >= WRONG_SHARE)])


def format_difference(difference: Sequence[float]) -> str:
    """Such as `-0.041 (-0.066 to -0.012)`."""
    value, low, high = difference
    return f"{value:+.3f}" + ("" if np.isnan(low) else f" ({low:+.3f} to {high:+.3f})")
