"""How sure a number is: 95 % intervals. Two of them, for two questions.

- `wilson_interval` takes items as independent: how far would the score move with other items of that kind?
- `bootstrap_interval` with `groups` draws whole groups (instruments, songs, singers): how far would it move
  with other instruments? Notes of one instrument resemble each other, so this one is usually the wider,
  and the one to believe.

Sources: Wilson (1927), in the form of Brown, Cai and DasGupta (2001), eq. 4, as in `scipy.stats.binomtest`;
Efron and Tibshirani (1993), ch. 13, percentile bootstrap; Davison and Hinkley (1997), 3.8, drawing groups.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2000  # the ends then move by about a thirtieth of the interval's width from seed to seed
MAX_WEIGHTS = 5_000_000  # resamples x units held at once: 40 MB


def wilson_interval(successes: int, total: int, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of the share of successes among independent items: (low, high); NaN twice for total 0."""
    if not 0 <= successes <= total:
        raise ValueError(f"successes must be between 0 and total, got {successes} of {total}")
    _check_confidence(confidence)
    if total == 0:
        return np.nan, np.nan
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, shrink = successes / total, 1 + z**2 / total
    centre = (share + z**2 / (2 * total)) / shrink
    half = z * np.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / shrink
    # Without a success the low end is exactly 0, and likewise 1 above; rounding would leave 1e-17.
    low = 0.0 if successes == 0 else float(centre - half)
    return low, 1.0 if successes == total else float(centre + half)


def bootstrap_interval(
    values: ArrayLike,
    *,
    statistic: Callable[[NDArray, NDArray], NDArray] = np.divide,
    groups: ArrayLike | None = None,
    confidence: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile interval of a statistic when items, or whole groups of items, are drawn with replacement.

    `values` is (items, ...). `statistic(totals, counts)` gets the sum of `values` over each resample,
    (resamples, ...), and its number of items, (resamples,), and returns (resamples,); without it, the mean.
    `groups` (items,) names the group of each item. To compare two models on the same items, give the
    differences of their scores. Returns (low, high); NaN twice for fewer than two items or groups, which
    say nothing about spread.
    """
    values = np.asarray(values, dtype=np.float64)
    units = np.arange(len(values)) if groups is None else _group_indices(groups)
    if units.shape != values.shape[:1]:
        raise ValueError(
            f"every item needs one group, got {len(values)} items and groups of shape {units.shape}"
        )
    if resamples < 1000:
        raise ValueError(f"resamples must be at least 1000 for stable ends, got {resamples}")
    _check_confidence(confidence)
    counts = np.bincount(units)
    if len(counts) < 2:
        return np.nan, np.nan
    totals = np.zeros((len(counts), *values.shape[1:]))
    np.add.at(totals, units, values)
    estimates = statistic(*_resample(totals, counts, resamples, np.random.default_rng(seed)))
    return percentile_interval(estimates, confidence)


def percentile_interval(estimates: NDArray, confidence: float = 0.95) -> tuple[float, float]:
    """The middle part of bootstrap estimates (resamples,), undefined ones left out: (low, high)."""
    estimates = estimates[~np.isnan(estimates)]
    if not len(estimates):
        return np.nan, np.nan
    low, high = np.quantile(estimates, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(low), float(high)


def _resample(
    totals: NDArray, counts: NDArray, resamples: int, rng: np.random.Generator
) -> tuple[NDArray, NDArray]:
    """Draw as many units as there are, with replacement: their summed totals (resamples, ...) and counts."""
    units = len(counts)
    columns = np.column_stack([totals.reshape(units, -1), counts])
    rows_at_once = max(1, MAX_WEIGHTS // units)
    drawn = np.empty((resamples, columns.shape[1]))
    for start in range(0, resamples, rows_at_once):
        rows = min(rows_at_once, resamples - start)
        # How often each unit is drawn; drawing with replacement is a multinomial with equal shares.
        weights = rng.multinomial(units, np.full(units, 1 / units), size=rows)
        drawn[start : start + rows] = weights @ columns
    return drawn[:, :-1].reshape(resamples, *totals.shape[1:]), drawn[:, -1]


def _group_indices(groups: ArrayLike) -> NDArray[np.int64]:
    return np.unique(np.asarray(groups), return_inverse=True)[1].astype(np.int64)


def _check_confidence(confidence: float) -> None:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be between 0 and 1, got {confidence}")
