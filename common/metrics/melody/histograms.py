"""Histograms of single notes and of steps between them, and how far two sets of windows differ in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

WIDEST = 12  # semitones; all wider intervals share a bin, up and down
DRAWS = 200  # pairs of draws behind a mean: good to a few per cent


def interval_histogram(pitch: ArrayLike) -> NDArray[np.int64]:
    """Intervals between successive notes of each window, (W, 27).

    The bins are -13..13 semitones, the outer ones for all that is wider than an octave.
    """
    steps = np.diff(np.asarray(pitch, dtype=np.int64), axis=1)
    return _counts(np.clip(steps, -WIDEST - 1, WIDEST + 1) + WIDEST + 1, 2 * WIDEST + 3)


def value_histogram(values: ArrayLike, bins: ArrayLike) -> NDArray[np.int64]:
    """How often each window (W, T) has each of the values `bins`, which rise: (W, bins).

    Errors: ValueError for a value that is not in `bins`.
    """
    values, bins = np.asarray(values), np.asarray(bins)
    places = np.minimum(np.searchsorted(bins, values), max(len(bins) - 1, 0))
    if values.size and (not len(bins) or (bins[places] != values).any()):
        raise ValueError("a value has no bin; give all values that occur")
    return _counts(places, len(bins))


def total_variation(first: ArrayLike, second: ArrayLike) -> float:
    """Half the sum of absolute differences of two histograms' shares: 0 equal, 1 without a value in common.

    first, second: counts of windows, (W, bins) and (V, bins). NaN without a note. Noise only ever adds to it,
    so beside 0 stands what chance gives: `chance_variation`.
    """
    return float(_distance(*(np.asarray(each, dtype=np.float64).sum(axis=0) for each in (first, second))))


def chance_variation(counts: ArrayLike, groups: ArrayLike | None = None, *, seed: int = 0) -> float:
    """The mean total variation of two sets of windows that differ by nothing but chance.

    Both are drawn from the windows counts (W, bins), as many groups (W,) as there are, with replacement. NaN
    for fewer than two groups.
    """
    counts = np.asarray(counts, dtype=np.float64)
    units = np.unique(np.arange(len(counts)) if groups is None else groups, return_inverse=True)[1]
    number = units.max(initial=-1) + 1
    if number < 2:
        return np.nan
    totals = np.zeros((number, counts.shape[1]))
    np.add.at(totals, units, counts)
    drawn = np.random.default_rng(seed).multinomial(number, np.full(number, 1 / number), size=(2, DRAWS))
    return float(_distance(*(drawn @ totals)).mean())


def _distance(first: NDArray, second: NDArray) -> NDArray[np.float64]:
    """Total variation of counts (..., bins): (...)."""
    with np.errstate(invalid="ignore"):  # nothing counted: 0 / 0 is NaN, as it should
        first, second = (each / each.sum(axis=-1, keepdims=True) for each in (first, second))
    return 0.5 * np.abs(first - second).sum(axis=-1) if first.shape[-1] else np.full(first.shape[:-1], np.nan)


def _counts(places: NDArray, bins: int) -> NDArray[np.int64]:
    cells = np.arange(len(places))[:, None] * bins + places
    return np.bincount(cells.ravel(), minlength=len(places) * bins).reshape(len(places), bins)
