"""Whether a probability of 0.7 means seven times out of ten: calibration error and Brier score.

Source: Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated probabilities using Bayesian
binning", expected calibration error, here of one class that is there or not; Brier (1950) in its form for
one class, the mean squared error.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.metrics.classification.scores import ratio
from common.metrics.detection.scores import validate

BINS = 10


class Reliability(NamedTuple):
    """Of every bin: mean probability and share of positives, NaN for an empty one, and items; (bins, ...)."""

    probability: NDArray
    share: NDArray
    count: NDArray


def reliability(targets: ArrayLike, probabilities: ArrayLike, *, bins: int = BINS) -> Reliability:
    """Probability and truth in `bins` of equal width, of every class: each (bins, classes).

    targets 0 or 1, probabilities 0 to 1, (items, classes). A bin holds its lower edge, the last one 1 too.
    """
    validate(targets, probabilities)
    if bins < 1:
        raise ValueError(f"bins must be at least 1, got {bins}")
    targets, probabilities = np.asarray(targets), np.asarray(probabilities, dtype=np.float64)
    number = np.minimum((probabilities * bins).astype(np.int64), bins - 1)  # (items, classes)
    classes = np.broadcast_to(np.arange(targets.shape[1]), number.shape)
    totals = np.zeros((3, bins, targets.shape[1]))
    for total, values in zip(totals, (np.ones(number.shape), probabilities, targets), strict=True):
        np.add.at(total, (number, classes), values)
    count, probability, positives = totals
    return Reliability(ratio(probability, count), ratio(positives, count), count.astype(np.int64))


def calibration_error(targets: ArrayLike, probabilities: ArrayLike, *, bins: int = BINS) -> NDArray:
    """Expected calibration error of every class, (classes,): 0 is best; NaN for no items.

    |mean probability - share of positives| of each bin of `reliability`, averaged by its number of items.
    """
    found = reliability(targets, probabilities, bins=bins)
    distance = np.nan_to_num(np.abs(found.probability - found.share))
    return ratio((distance * found.count).sum(axis=0), found.count.sum(axis=0))


def brier_score(targets: ArrayLike, probabilities: ArrayLike) -> NDArray[np.float64]:
    """Mean squared distance of probability and truth of every class, (classes,); NaN for no items.

    Agrees with scikit-learn's `brier_score_loss`. Always 0.5 scores 0.25.
    """
    validate(targets, probabilities)
    squared = (np.asarray(probabilities, dtype=np.float64) - np.asarray(targets)) ** 2
    return ratio(squared.sum(axis=0), np.array(len(squared)))
