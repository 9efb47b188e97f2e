"""What a window is like, by the statistics of the literature: repetitions, range, rests, length.

Definitions: Yu, Srivastava and Canales 2021, "Conditional LSTM-GAN for melody generation from lyrics", which
has them from Mogren 2016 (C-RNN-GAN). Columns are (W, T), results (W,). Compare only windows of one T.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray


def repetitions(pitch: ArrayLike, n: int) -> NDArray[np.int64]:
    """How often the n-grams of pitches come again: sum over the distinct ones of (count - 1)."""
    grams = n_grams(np.asarray(pitch), n)
    return grams.shape[1] - distinct(grams)


def span(pitch: ArrayLike) -> NDArray[np.int64]:
    """Semitones from the lowest note to the highest."""
    return np.ptp(np.asarray(pitch), axis=1)


def unique_pitches(pitch: ArrayLike) -> NDArray[np.int64]:
    """How many different MIDI numbers there are."""
    return distinct(np.asarray(pitch))


def notes_without_rest(rest: ArrayLike) -> NDArray[np.int64]:
    """How many notes follow without a rest."""
    return (np.asarray(rest) == 0).sum(axis=1)


def mean_rest(rest: ArrayLike) -> NDArray[np.float64]:
    """Mean rest before a note, in beats, notes without one included."""
    return np.asarray(rest, dtype=np.float64).mean(axis=1)


def length(duration: ArrayLike, rest: ArrayLike) -> NDArray[np.float64]:
    """Sum of durations and rests, in beats."""
    return np.asarray(duration, dtype=np.float64).sum(axis=1) + np.asarray(rest, dtype=np.float64).sum(axis=1)


def n_grams(tokens: NDArray, n: int) -> NDArray[np.int64]:
    """A number for each n-gram, (W, max(T - n + 1, 0)): equal where the n tokens are equal, from 0 up."""
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    single = _numbered(tokens)
    grams = single
    for step in range(1, n):  # pairs of numbers become numbers: never larger than the count of notes squared
        grams = _numbered(grams[:, :-1] * (single.max(initial=0) + 1) + single[:, step:])
    return grams


def distinct(numbers: NDArray) -> NDArray[np.int64]:
    """How many different values each row has, (W,)."""
    if not numbers.shape[1]:
        return np.zeros(len(numbers), dtype=np.int64)
    return 1 + (np.diff(np.sort(numbers, axis=1), axis=1) != 0).sum(axis=1)


def _numbered(values: NDArray) -> NDArray[np.int64]:
    return np.unique(values, return_inverse=True)[1].reshape(values.shape).astype(np.int64)
