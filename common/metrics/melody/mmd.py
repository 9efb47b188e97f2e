"""Maximum mean discrepancy: how far apart two sets of windows are, seen through a Gaussian kernel.

MMD^2 = mean k(x, x') + mean k(y, y') - 2 mean k(x, y), k(a, b) = exp(-|a - b|^2 / (2 s^2)), over pairs of
different windows (unbiased: Gretton et al. 2012, "A kernel two-sample test", eq. 3; 0 is no difference, and
chance puts it below). A window is the vector of its T pitches, or durations, or rests. 2 s^2 is the median of
the non-zero squared distances between the first 1000 generated and the first 1000 true windows, as in the
code of C-Hybrid-GAN; so the kernel's width depends on what is compared, a little.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.metrics.classification.scores import ratio
from common.metrics.intervals import RESAMPLES
from common.metrics.melody.windows import finite

BANDWIDTH_ROWS = 1000
BLOCK = 512  # rows of a kernel at a time, 25 MB for 6000 windows: it is never held whole


def mmd(generated: ArrayLike, truth: ArrayLike) -> float:
    """MMD^2 of one attribute of windows, (W, T) and (V, T); NaN for fewer than two windows on either side.

    Errors: ValueError for other shapes, and for what is not finite.
    """
    generated, truth = _checked(generated, truth)
    if min(len(generated), len(truth)) < 2:
        return np.nan
    width = bandwidth(generated, truth)
    own, true = (_mean_within(each, width) for each in (generated, truth))
    return own + true - 2 * _mean_across(generated, truth, width)


def mmd_resamples(
    generated: ArrayLike,
    truth: ArrayLike,
    *,
    groups: ArrayLike | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> NDArray[np.float64]:
    """MMD^2 when groups of windows are drawn with replacement, (resamples,); the kernel keeps its width.

    generated, truth (W, T): row w of both belongs to groups[w] (W,), its own without groups, and a group's
    windows of both sets are drawn together. Equal seeds draw equal groups. Holds two arrays of groups x
    groups. NaN for fewer than two groups. Errors: ValueError.
    """
    generated, truth = _checked(generated, truth)
    names = np.arange(len(truth)) if groups is None else np.asarray(groups)
    if not len(generated) == len(truth) == len(names):
        counts = f"{len(generated)} generated, {len(truth)} true, {len(names)} groups"
        raise ValueError(f"every window needs its counterpart and a group, got {counts}")
    units = np.unique(names, return_inverse=True)[1]
    count = units.max(initial=-1) + 1
    if count < 2:
        return np.full(resamples, np.nan)
    width = bandwidth(generated, truth)
    own, true = (kernel_sums(each, each, units, width, same=True) for each in (generated, truth))
    within = KernelSums(own.between + true.between, own.within + true.within, own.sizes, same=True)
    across = kernel_sums(generated, truth, units, width, same=False)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples)
    return within.mean(drawn) - 2 * across.mean(drawn)


class KernelSums(NamedTuple):
    """A kernel added up over pairs of windows of each two groups.

    between (G, G): of different groups, the diagonal 0. within (G,): of one group. sizes (G,): windows.
    same: both windows of a pair are from one set, so none is paired with itself.
    """

    between: NDArray[np.float32]
    within: NDArray[np.float64]
    sizes: NDArray[np.int64]
    same: bool

    def mean(self, drawn: NDArray) -> NDArray[np.float64]:
        """Mean of the kernel, (n,), when each group was drawn so many times, (n, G).

        A group drawn twice stands for two that happen to be alike: pairs within it count once for each, and
        there are none between its copies. Squared counts would take the copies for likeness.
        """
        weights = drawn.astype(np.float32)
        kernel = np.einsum("ng,ng->n", weights @ self.between, weights, dtype=np.float64)
        pairs = (drawn @ self.sizes) ** 2 - drawn**2 @ self.sizes**2
        return ratio(kernel + drawn @ self.within, pairs + drawn @ (self.sizes * (self.sizes - self.same)))


def kernel_sums(first: NDArray, second: NDArray, units: NDArray, width: float, *, same: bool) -> KernelSums:
    """Of rows (W, T) each, of groups `units` (W,): 0..G-1."""
    order = np.argsort(units, kind="stable")
    starts = np.flatnonzero(np.diff(units[order], prepend=-1))
    first, second = first[order], second[order]
    rows = np.empty((len(first), len(starts)))  # of each window with each group
    for start in range(0, len(first), BLOCK):
        kernel = _kernel(first[start : start + BLOCK], second, width)
        if same:
            np.fill_diagonal(kernel[:, start:], 0.0)
        rows[start : start + BLOCK] = np.add.reduceat(kernel, starts, axis=1)
    sums = np.add.reduceat(rows, starts, axis=0)
    within = np.diag(sums).copy()
    np.fill_diagonal(sums, 0.0)
    return KernelSums(sums.astype(np.float32), within, np.bincount(units), same)


def bandwidth(generated: NDArray, truth: NDArray) -> float:
    """2 s^2: median of the non-zero squared distances between the first rows; 2 if there are none."""
    rows = min(BANDWIDTH_ROWS, len(generated))
    distances = squared_distances(generated[:rows], truth[:rows])
    distances = distances[distances > 0]
    return float(np.median(distances)) if len(distances) else 2.0


def squared_distances(first: NDArray, second: NDArray) -> NDArray[np.float64]:
    """Squared Euclidean distances of rows, (rows of the first, rows of the second)."""
    squares = np.square(first).sum(axis=1)[:, None] + np.square(second).sum(axis=1)
    return np.maximum(squares - 2 * first @ second.T, 0)


def _kernel(first: NDArray, second: NDArray, width: float) -> NDArray[np.float64]:
    return np.exp(squared_distances(first, second) / -width)


def _mean_across(first: NDArray, second: NDArray, width: float) -> float:
    """Mean of the kernel over all pairs of a row of the first and a row of the second."""
    blocks = range(0, len(first), BLOCK)
    total = sum(_kernel(first[start : start + BLOCK], second, width).sum() for start in blocks)
    return float(total / (len(first) * len(second)))


def _mean_within(rows: NDArray, width: float) -> float:
    """Mean of the kernel over all pairs of different rows; each pair is looked at once."""
    total = 0.0
    for start in range(0, len(rows), BLOCK):
        kernel = _kernel(rows[start : start + BLOCK], rows[start:], width)
        total += np.triu(kernel, k=1).sum()
    return float(total / (len(rows) * (len(rows) - 1) / 2))


def _checked(generated: ArrayLike, truth: ArrayLike) -> tuple[NDArray, NDArray]:
    generated, truth = finite(generated, "generated"), finite(truth, "truth")
    if generated.ndim != 2 or truth.ndim != 2 or generated.shape[1] != truth.shape[1]:
        raise ValueError(f"windows must be (W, T) and (V, T), got {generated.shape} and {truth.shape}")
    return generated, truth
