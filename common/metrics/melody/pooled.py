"""Measures of all windows together that follow from sums over windows: what they are, and how sure.

F1, correlations, likelihoods, shares and means are all of this kind, so one bootstrap serves them: whole
groups are drawn, their sums are added, and the measure follows anew.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.metrics.classification.scores import ratio
from common.metrics.intervals import bootstrap_interval


@dataclass(frozen=True, eq=False)
class Pooled:
    """A measure as a function of sums over windows.

    sums (W, k): what each window adds. statistic: (n, k) added up -> (n,).
    """

    sums: NDArray[np.float64]
    statistic: Callable[[NDArray], NDArray]

    @property
    def value(self) -> float:
        """Of all windows; NaN where it is undefined, as for no window."""
        return float(self.statistic(self.sums.sum(axis=0, keepdims=True))[0])

    def interval(self, groups: ArrayLike | None = None, *, seed: int = 0) -> tuple[float, float]:
        """95 %, when windows, or groups (W,) of them, are drawn with replacement: (low, high).

        NaN twice for fewer than two.
        """
        return bootstrap_interval(
            self.sums, statistic=lambda totals, _: self.statistic(totals), groups=groups, seed=seed
        )


def share(hits: ArrayLike, of: ArrayLike) -> Pooled:
    """Sum of `hits` (W,) over sum of `of` (W,)."""
    sums = np.stack([np.asarray(hits, dtype=np.float64), np.asarray(of, dtype=np.float64)], axis=1)
    return Pooled(sums, lambda totals: ratio(totals[:, 0], totals[:, 1]))


def mean(values: ArrayLike) -> Pooled:
    """Mean of a measure of each window (W,), over those that have one (not NaN)."""
    values = np.asarray(values, dtype=np.float64)
    defined = ~np.isnan(values)
    return share(np.where(defined, values, 0.0), defined)
