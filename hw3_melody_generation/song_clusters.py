"""Finds songs that are the same piece, by the runs of syllables or of notes that they share.

A *shingle* is a run of a few entries in a row (Broder 1997, "On the resemblance and containment of
documents"). Two songs are alike when the shorter one has a good share of its different shingles in common
with the other; what is alike by a chain of songs is one piece, and never in two parts of a split.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

COMMON = 60  # songs: a shingle that more of them have ("la la la") tells nothing
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # odd, its bits well mixed: the golden ratio of 64 bits
Pair = tuple[int, int]


def shingles(tokens: Sequence[Hashable], size: int) -> NDArray[np.uint64]:
    """A number for each different run of `size` tokens, sorted; the same in every process."""
    numbers = np.array([_number(token) for token in tokens], dtype=np.uint64)
    if len(numbers) < size:
        return np.zeros(0, np.uint64)
    runs = np.zeros(len(numbers) - size + 1, np.uint64)
    for offset in range(size):  # a polynomial in the multiplier, modulo 2 ** 64
        runs = runs * _MULTIPLIER + numbers[offset : offset + len(runs)]
    return np.unique(runs)


def shared_shingles(songs: Sequence[NDArray[np.uint64]]) -> dict[Pair, float]:
    """Pairs (i < j) of songs with a shingle in common -> the share of the smaller song's shingles, 0 to 1."""
    owners = np.repeat(np.arange(len(songs)), [len(song) for song in songs])
    counts: dict[Pair, int] = {}
    for group in _owners_of_each(np.concatenate([*songs, np.zeros(0, np.uint64)]), owners):
        for place, second in enumerate(group):
            for first in group[:place]:
                counts[first, second] = counts.get((first, second), 0) + 1
    return {(i, j): count / min(len(songs[i]), len(songs[j])) for (i, j), count in counts.items()}


def join(names: Sequence[str], pairs: Iterable[Pair]) -> list[str]:
    """The piece of each song: the first name, in alphabetical order, of all that `pairs` join by a chain."""
    pairs = np.array([*pairs], dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(names), len(names)))
    _, labels = connected_components(graph, directed=False)
    first: dict[int, str] = {}
    for name, label in zip(names, labels.tolist(), strict=True):
        first[label] = min(first.get(label, name), name)
    return [first[label] for label in labels.tolist()]


@cache
def _number(token: Hashable) -> int:
    return int.from_bytes(hashlib.blake2b(repr(token).encode(), digest_size=8).digest(), "little")


def _owners_of_each(hashes: NDArray[np.uint64], owners: NDArray[np.int64]) -> Iterator[list[int]]:
    """The songs that have it, in order, of each shingle that 2 to COMMON songs have."""
    order = np.lexsort((owners, hashes))
    hashes, owners = hashes[order], owners[order]
    edges = np.flatnonzero(np.concatenate([[True], hashes[1:] != hashes[:-1], [True]]))
    for begin, count in zip(edges[:-1], np.diff(edges), strict=True):
        if 2 <= count <= COMMON:
            yield owners[begin : begin + count].tolist()
