"""How alike the bars of a melody are, and how many pitch classes they use: MusDr's grooving and entropy.

Wu and Yang 2020, "The Jazz Transformer on the front line" (github.com/slSeanWU/MusDr). Theirs are whole
pieces; of a window only bars that lie in it from bar line to bar line count. A bar has 64 positions, as
theirs in 4/4, whatever its metre; an onset belongs to the position in which it falls.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common.metrics.classification.scores import ratio
from common.metrics.melody.tonality import entropy
from common.metrics.melody.windows import Windows

POSITIONS = 64  # of a bar: Wu and Yang 2020
TOLERANCE = 1e-6  # of a position, for sums of durations such as 1/3


def grooving_similarity(windows: Windows) -> NDArray[np.float64]:
    """1 - the share of positions where two bars differ in having an onset, mean over all pairs of bars: (W,).

    NaN for fewer than two whole bars, or unknown ones. High values are nothing special: one note a bar,
    anywhere, has at least 1 - 2/64.
    """
    bar, position, count = _places(windows)
    onsets = np.zeros((len(windows), count.max(initial=0), POSITIONS), dtype=bool)
    row, column = np.nonzero(bar >= 0)
    onsets[row, bar[row, column], position[row, column]] = True
    having = onsets.sum(axis=1)  # (W, positions): bars with an onset there
    differing = (having * (count[:, None] - having)).sum(axis=1)  # pairs of a bar with and a bar without
    pairs = count * (count - 1) / 2
    return 1 - ratio(differing / POSITIONS, pairs)


def bar_entropy(windows: Windows, bars: int) -> NDArray[np.float64]:
    """Entropy of the pitch classes of the notes in so many bars, in bits, mean over all such stretches: (W,).

    As MusDr, a melody with fewer bars is one stretch, and stretches without notes are left out. NaN for no
    whole bar, or unknown ones.
    """
    bar, _, count = _places(windows)
    counts = np.zeros((len(windows), 1 + count.max(initial=0), 12))  # of all bars before each bar
    row, column = np.nonzero(bar >= 0)
    np.add.at(counts, (row, 1 + bar[row, column], windows.pitch[row, column] % 12), 1)
    before = counts.cumsum(axis=1)
    bits = np.full((len(windows), before.shape[1]), np.nan)
    for first in range(before.shape[1] - 1):
        end = np.where(count < bars, count, first + bars)  # (W,)
        inside = (count > 0) & (end <= count) & ((count >= bars) | (first == 0))
        stretch = np.take_along_axis(before, np.minimum(end, before.shape[1] - 1)[:, None, None], axis=1)[
            :, 0
        ]
        bits[:, first] = np.where(inside, entropy(stretch - before[:, first]), np.nan)
    return ratio(np.nansum(bits, axis=1), (~np.isnan(bits)).sum(axis=1))


def _places(windows: Windows) -> tuple[NDArray, NDArray, NDArray]:
    """The whole bar (W, T) that each note begins in, from 0, -1 for none; its position there; bars (W,)."""
    if windows.metres is None:
        unknown = np.full(windows.pitch.shape, -1)
        return unknown, unknown, np.zeros(len(windows), dtype=np.int64)
    beats, begin = windows.metres[:, :1], windows.metres[:, 1:]
    known = beats > 0
    per_position = np.where(known, beats, 1.0) / POSITIONS
    at = np.floor((begin + windows.onset) / per_position + TOLERANCE).astype(np.int64)
    end = begin[:, 0] + (windows.duration + windows.rest).sum(axis=1)
    first = -np.floor(-begin / per_position / POSITIONS + TOLERANCE).astype(np.int64)  # the first bar line
    count = np.floor(end[:, None] / per_position / POSITIONS + TOLERANCE).astype(np.int64) - first
    count = np.where(known, np.maximum(count, 0), 0)
    bar = at // POSITIONS - first
    return np.where((bar >= 0) & (bar < count), bar, -1), at % POSITIONS, count[:, 0]
