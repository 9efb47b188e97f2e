"""From probabilities to yes and no: one threshold for each class, chosen on validation clips alone.

A class is said to sound where its probability is at least its threshold. The threshold of highest F1 fits
the clips it was chosen on, and those come from a few tracks: a class that sounds in three of them has a
threshold that says much about these three. So it may be drawn towards one that suits all classes together,
the more the fewer tracks it was seen in (weighed n to `shrinkage`, as in the m-estimate of Cestnik 1990).

thresholds.json   {"piano": 0.43, ...}, the keys those of `classes.KEYS`
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.metrics.detection import average_scores, predict
from common.run_folder import ModelFolderError, write_atomically
from common.run_folder.files import json_bytes, read_json
from hw1_instrument_detection.classes import KEYS

FILE_NAME = "thresholds.json"
NEUTRAL = 0.5
COMMON_CANDIDATES = np.linspace(0.01, 0.99, 99)


def choose_thresholds(
    targets: ArrayLike,
    probabilities: ArrayLike,
    *,
    tracks: ArrayLike | None = None,
    shrinkage: float = 0.0,
) -> NDArray[np.float64]:
    """The threshold of each class, (classes,), in (0, 1).

    targets (clips, classes) of 0 and 1, probabilities (clips, classes); tracks (clips,): which clips belong
    together. A threshold seen in n tracks with the class (without `tracks`: n clips) is the mean, in logits,
    of the class's best one (n times) and of the common one (`shrinkage` times). Without a clip that has the
    class it is 0.5. Errors: ValueError for shapes that do not fit and NaN.
    """
    targets, probabilities = _checked(targets, probabilities)
    if shrinkage < 0:
        raise ValueError(f"shrinkage must be >= 0, got {shrinkage}")
    tracks = np.arange(len(targets)) if tracks is None else np.asarray(tracks)
    common = common_threshold(targets, probabilities) if shrinkage else NEUTRAL
    chosen = np.full(targets.shape[1], NEUTRAL)
    for index in np.flatnonzero(targets.any(axis=0)):
        best = best_threshold(targets[:, index], probabilities[:, index])
        evidence = len(np.unique(tracks[targets[:, index]]))
        share = evidence / (evidence + shrinkage)
        chosen[index] = best if share == 1 else _between(best, common, share)
    return chosen


def best_threshold(targets: ArrayLike, probabilities: ArrayLike) -> float:
    """The threshold of highest F1 for one class: targets (clips,) with a positive, probabilities (clips,).

    Half-way between two neighbouring probabilities, the lowest of them half-way from 0: then all are on. Of
    several equally good ones the nearest to 0.5, and of two such the lower.
    """
    targets, probabilities = np.asarray(targets, dtype=bool), np.asarray(probabilities, dtype=np.float64)
    values, where = np.unique(probabilities, return_inverse=True)  # ascending
    positives = np.bincount(where, weights=targets, minlength=len(values))
    hits = positives[::-1].cumsum()[::-1]  # positives at or above each value
    called = np.bincount(where, minlength=len(values))[::-1].cumsum()[::-1]
    f1 = 2 * hits / (called + targets.sum())
    candidates = (np.concatenate([[0.0], values[:-1]]) + values) / 2
    # Whole numbers make F1: equal ones are equal to the last bit or differ by far more than rounding.
    tied = candidates[f1 >= f1.max() - 1e-12]
    nearest = tied[np.abs(tied - NEUTRAL).argmin()]  # argmin: the first, so the lower
    # A network may be so sure that float64 has nothing between its answer and 0 or 1.
    return float(np.clip(nearest, 1e-12, 1 - 1e-12))


def common_threshold(targets: NDArray, probabilities: NDArray) -> float:
    """The one threshold for all classes with the highest macro F1, in steps of 0.01; ties as above."""
    targets, probabilities = _checked(targets, probabilities)
    classes = targets.shape[1]
    f1 = np.array([macro_f1(targets, probabilities, np.full(classes, value)) for value in COMMON_CANDIDATES])
    tied = COMMON_CANDIDATES[f1 >= f1.max() - 1e-12]
    return float(tied[np.abs(tied - NEUTRAL).argmin()])


def macro_f1(targets: ArrayLike, probabilities: ArrayLike, thresholds: ArrayLike) -> float:
    """Mean F1 of the classes at `thresholds` (classes,); 0 for one that never sounds, as scikit-learn's."""
    return average_scores(targets, predict(probabilities, thresholds), "macro")[2]


def save_thresholds(folder: Path, thresholds: ArrayLike, *, keys: Sequence[str] = KEYS) -> None:
    """Write thresholds.json, one for each of `keys`, into a model folder."""
    values = np.asarray(thresholds, dtype=np.float64).tolist()
    write_atomically(folder / FILE_NAME, json_bytes(dict(zip(keys, values, strict=True))))


def load_thresholds(folder: Path, *, keys: Sequence[str] = KEYS) -> NDArray[np.float64]:
    """The thresholds of a model folder, in the order of `keys`; 0.5 each where it has no thresholds.json.

    Errors: ModelFolderError if the file is broken, or does not hold one number in (0, 1) for each class.
    """
    path = Path(folder) / FILE_NAME
    if not path.is_file():
        return np.full(len(keys), NEUTRAL)
    record = read_json(path, ModelFolderError)
    for wrong, named in (("unknown", record.keys() - set(keys)), ("missing", set(keys) - record.keys())):
        if named:
            raise ModelFolderError(f"{path}: {wrong} class {', '.join(sorted(named))}; train again")
    for key, value in record.items():
        if type(value) not in (int, float) or not 0 < value < 1:
            raise ModelFolderError(f"{path}: {key} is {value!r}; give a number between 0 and 1")
    return np.array([record[key] for key in keys], dtype=np.float64)


def _between(best: float, common: float, share: float) -> float:
    logit = share * _logit(best) + (1 - share) * _logit(common)
    return 1 / (1 + math.exp(-logit))


def _logit(probability: float) -> float:
    return math.log(probability) - math.log1p(-probability)


def _checked(targets: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray, NDArray]:
    """Both as arrays (clips, classes), bool and float64."""
    targets, probabilities = np.asarray(targets), np.asarray(probabilities, dtype=np.float64)
    if targets.ndim != 2 or targets.shape != probabilities.shape:
        raise ValueError(
            f"targets and probabilities must both be (clips, classes), got {targets.shape} and"
            f" {probabilities.shape}"
        )
    if np.isnan(probabilities).any():
        raise ValueError(f"probabilities must not be NaN, got {np.isnan(probabilities).sum()}")
    return targets.astype(bool), probabilities
