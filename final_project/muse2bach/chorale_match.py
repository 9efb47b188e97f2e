"""Which chorale of one collection is which of another, in whatever key and with whatever small differences.

A chorale is taken as the set of its steps from chord to chord: eight numbers, the pitches of both chords
counted from the soprano of the first. A transposition changes none of them, a repeated part adds one, a note
that differs two. How alike two chorales are is the share of the steps in both among the steps in either.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from final_project.muse2bach.chorale import SILENT

Step = tuple[int, ...]


def held(voices: NDArray) -> NDArray:
    """`voices` (frames, 4) in which a note goes on through the rest after it, as often in the benchmark."""
    sounding = voices != SILENT
    last = np.maximum.accumulate(np.where(sounding, np.arange(len(voices))[:, None], 0), axis=0)
    return np.take_along_axis(voices, last, axis=0)


def steps(voices: NDArray) -> dict[Step, int]:
    """The steps from chord to chord, each with the soprano's pitch where it is first taken."""
    chords = held(voices).astype(int)
    chords = chords[np.r_[True, (np.diff(chords, axis=0) != 0).any(axis=1)]]
    pairs = np.concatenate([chords[:-1], chords[1:]], axis=1)
    found: dict[Step, int] = {}
    for step, soprano in zip((pairs - pairs[:, :1]).tolist(), pairs[:, 0].tolist(), strict=True):
        found.setdefault(tuple(step), soprano)
    return found


def likeness(rows: Sequence[Mapping[Step, int]], columns: Sequence[Mapping[Step, int]]) -> NDArray:
    """How alike each of `rows` is to each of `columns`, 0 to 1: float64 (rows, columns)."""
    taken_by = defaultdict(list)
    for column, taken in enumerate(columns):
        for step in taken:
            taken_by[step].append(column)
    shares = np.zeros((len(rows), len(columns)))
    for row, taken in enumerate(rows):
        for column, shared in Counter(c for step in taken for c in taken_by.get(step, ())).items():
            shares[row, column] = shared / (len(taken) + len(columns[column]) - shared)
    return shares


def semitones_between(source: Mapping[Step, int], target: Mapping[Step, int]) -> int:
    """By how much to transpose `source` to get `target`: by what most of their common steps say."""
    differences = Counter(target[step] - source[step] for step in source if step in target)
    return max(sorted(differences), key=differences.__getitem__, default=0)
