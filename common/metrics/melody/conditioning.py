"""Whether the lyrics were used: rests and durations against those that the lyrics had, and likelihoods.

All is measured on notes 2..T of a window: what comes before its first note depends on where it was cut.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.metrics.classification.scores import ratio
from common.metrics.melody.pooled import Pooled, share
from common.metrics.melody.windows import finite

ATTRIBUTES = ("pitch", "duration", "rest")
ROUNDING = 1e-4  # a log-probability may be so far above 0


def rest_f1(probability: ArrayLike, rest: ArrayLike, *, threshold: float = 0.5) -> Pooled:
    """F1 of "there is a rest before this note", where its probability is at least `threshold`.

    probability (W, T): of any rest > 0, given the true notes before (teacher forcing); rest (W, T): the true
    ones. scikit-learn's `f1_score`, but NaN where there is no rest and none is predicted.
    """
    probability = finite(probability, "probability")
    if ((probability < -ROUNDING) | (probability > 1 + ROUNDING)).any():
        raise ValueError(f"probability must be 0..1, got {probability.min()}..{probability.max()}")
    _check_same(probability, rest)
    sums = _agreement(probability[:, 1:] >= threshold, _rests(rest))
    return Pooled(sums, lambda s: ratio(2 * s[:, 0], s[:, 1] + s[:, 2]))


def best_rest_threshold(probability: ArrayLike, rest: ArrayLike) -> float:
    """The threshold, in steps of .01, at which `rest_f1` is highest; of equal ones the nearest to .5.

    For validation windows: rests are rare, and a model that is honest about its doubts says more than a half
    of few of them.
    """
    thresholds = sorted((step / 100 for step in range(1, 100)), key=lambda threshold: abs(threshold - 0.5))
    return max(
        thresholds, key=lambda threshold: np.nan_to_num(rest_f1(probability, rest, threshold=threshold).value)
    )


def rest_mcc(generated: ArrayLike, truth: ArrayLike) -> Pooled:
    """Matthews correlation of generated and true rests (W, T): whether there is one before a note.

    0 is what a generator gets that does not see the lyrics, and what is undefined (no rest at all), as in
    scikit-learn's `matthews_corrcoef`. NaN for no notes.
    """
    _check_same(generated, truth)
    return Pooled(_agreement(_rests(generated), _rests(truth)), _mcc)


def duration_correlation(generated: ArrayLike, truth: ArrayLike) -> Pooled:
    """Pearson correlation of the logarithms of generated and true durations (W, T).

    Of logarithms, because a note of 16 beats would outweigh a hundred others. NaN where either is constant.
    """
    _check_same(generated, truth)
    x, y = (np.log2(finite(each, "duration"))[:, 1:] for each in (generated, truth))
    terms = (np.ones(x.shape), x, y, x * x, y * y, x * y)
    return Pooled(np.stack([term.sum(axis=1) for term in terms], axis=1), _pearson)


def nll(log_probability: ArrayLike, attribute: str | None = None) -> Pooled:
    """Negative log-likelihood of the true notes, nats per note: of all three attributes, or of one.

    log_probability (W, T, 3): of pitch, duration and rest of each note, given the notes before it; NaN beyond
    the end of a shorter song. Infinite where a note was held impossible. Errors: ValueError.
    """
    sums, notes = _summed(log_probability, attribute)
    return share(-sums, notes)


def lyrics_gain(log_probability: ArrayLike, other: ArrayLike, attribute: str | None = None) -> Pooled:
    """How many nats per note the first knows more than the other, of the same notes (W, T, 3) each.

    With the right lyrics and with another window's: what the lyrics tell. With two models: which is better.
    Paired: the same notes decide for both.
    """
    (sums, notes), (others, other_notes) = (_summed(each, attribute) for each in (log_probability, other))
    if notes.shape != other_notes.shape or (notes != other_notes).any():
        raise ValueError("the two must be of the same notes, got songs of different lengths")
    return share(sums - others, notes)


def _summed(log_probability: ArrayLike, attribute: str | None) -> tuple[NDArray, NDArray]:
    """Sum over notes 2..T of a window, and how many these are; (W,) each."""
    values = np.asarray(log_probability, dtype=np.float64)
    if values.ndim != 3 or values.shape[2] != len(ATTRIBUTES):
        raise ValueError(f"log_probability must have the shape (W, T, 3), got {values.shape}")
    if (values > ROUNDING).any():
        raise ValueError(f"log-probabilities must be <= 0, got {np.nanmax(values)}")
    missing = np.isnan(values)
    ended = missing.all(axis=2)
    if (missing.any(axis=2) != ended).any() or (ended[:, :-1] & ~ended[:, 1:]).any():
        raise ValueError("log_probability is NaN within a song; only what lies beyond its end may be")
    columns = slice(None) if attribute is None else slice(*_column(attribute))
    sums = np.where(missing, 0.0, values)[:, 1:, columns].sum(axis=(1, 2))
    return sums, (~ended[:, 1:]).sum(axis=1).astype(np.float64)


def _column(attribute: str) -> tuple[int, int]:
    if attribute not in ATTRIBUTES:
        raise ValueError(f"attribute must be one of {', '.join(ATTRIBUTES)}, got {attribute!r}")
    return ATTRIBUTES.index(attribute), ATTRIBUTES.index(attribute) + 1


def _rests(rest: ArrayLike) -> NDArray[np.bool_]:
    return finite(rest, "rest")[:, 1:] > 0


def _agreement(predicted: NDArray, true: NDArray) -> NDArray[np.float64]:
    """Of each window (W, 4): both, predicted, true, all."""
    counts = [(predicted & true).sum(axis=1), predicted.sum(axis=1), true.sum(axis=1)]
    return np.stack([*counts, np.full(len(true), true.shape[1])], axis=1).astype(np.float64)


def _mcc(sums: NDArray) -> NDArray[np.float64]:
    both, predicted, true, count = sums.T
    spread = predicted * (count - predicted) * true * (count - true)
    mcc = (count * both - predicted * true) / np.sqrt(np.where(spread > 0, spread, 1.0))
    return np.where(count > 0, np.where(spread > 0, mcc, 0.0), np.nan)


def _pearson(sums: NDArray) -> NDArray[np.float64]:
    count, x, y, xx, yy, xy = sums.T
    variances = (count * xx - x * x, count * yy - y * y)
    # Of constant values rounding leaves a variance of about 1e-16 of the squares.
    spread = [np.where(v > 1e-12 * count * s, v, 0.0) for v, s in zip(variances, (xx, yy), strict=True)]
    return ratio(count * xy - x * y, np.sqrt(spread[0] * spread[1]))


def _check_same(first: ArrayLike, second: ArrayLike) -> None:
    if np.ndim(first) != 2 or np.shape(first) != np.shape(second):
        raise ValueError(f"both must have one shape (W, T), got {np.shape(first)} and {np.shape(second)}")
