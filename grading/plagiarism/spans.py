"""Where two hand-ins match: runs of k-grams that both have in the same order, the longest first.

A run is as long as it can be, and no place of either side is in two runs (greedy string tiling, on k-grams).
Every run holds a fingerprint that counts in the score. Runs that follow each other closely on both sides make
one block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from grading.plagiarism.own_code import NOTHING, OwnFile, among
from grading.plagiarism.symbols import CUT, END
from grading.plagiarism.winnowing import NONE, K

MOST_PLACES = 8  # of one k-gram on the second side: what stands there more often tells little
MOST_EQUAL, MOST_DIAGONALS, MOST_RUNS = 2_000_000, 20_000, 400  # hostile code is alike everywhere
GAP = 6  # lines between two runs of a block


@dataclass(frozen=True)
class Run:
    """Symbols that both sides have, and the lines they stand on, from 1, both ends included."""

    first_path: str
    first_lines: tuple[int, int]
    second_path: str
    second_lines: tuple[int, int]
    length: int  # symbols


@dataclass(frozen=True)
class Block:
    """Runs of the same two files, one close behind the other on both sides."""

    runs: tuple[Run, ...]

    @property
    def length(self) -> int:
        return sum(run.length for run in self.runs)

    @property
    def first_lines(self) -> tuple[int, int]:
        return self.runs[0].first_lines[0], max(run.first_lines[1] for run in self.runs)

    @property
    def second_lines(self) -> tuple[int, int]:
        return self.runs[0].second_lines[0], max(run.second_lines[1] for run in self.runs)


class _Side:
    """All files of a hand-in in a row: a place for every k-gram, and enough between files to part runs."""

    def __init__(self, files: Sequence[tuple[str, OwnFile]]) -> None:
        self.files = files
        between = np.full(K + 1, NONE)
        parts = [np.concatenate([file.hashes, between]) for _, file in files]
        self.hashes = np.concatenate([NOTHING, *parts])
        self.starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
        self.used = np.zeros(len(self.hashes), bool)

    def lines(self, start: int, number: int) -> tuple[str, tuple[int, int]]:
        """The path and the lines of `number` k-grams from the place `start` on."""
        index = int(np.searchsorted(self.starts, start, side="right")) - 1
        path, file = self.files[index]
        within = start - int(self.starts[index])
        covered = file.symbols[within : within + number + K - 1]
        first_line = next(line for text, line, _ in covered if text not in (END, CUT))
        return path, (first_line, max(last_line for _, _, last_line in covered))


def matching_runs(
    first: Sequence[tuple[str, OwnFile]], second: Sequence[tuple[str, OwnFile]], counted: np.ndarray
) -> list[Run]:
    """The runs that two hand-ins, given as (path, file), share. counted: the score's fingerprints, sorted."""
    one, other = _Side(first), _Side(second)
    is_counted = among(one.hashes, counted)
    runs: list[Run] = []
    for start, start_other, length in _diagonals(one.hashes, other.hashes):
        begin, number = _unused(
            one.used[start : start + length], other.used[start_other : start_other + length]
        )
        start, start_other = start + begin, start_other + begin
        if not number or not is_counted[start : start + number].any():
            continue
        one.used[start : start + number] = True
        other.used[start_other : start_other + number] = True
        runs.append(Run(*one.lines(start, number), *other.lines(start_other, number), number + K - 1))
        if len(runs) == MOST_RUNS:
            break
    return runs


def _diagonals(one: np.ndarray, other: np.ndarray) -> list[tuple[int, int, int]]:
    """(place in one, place in other, length) of all longest stretches that are equal; the longest first.

    K-grams that do not count may lie between: of fewer than K in a row, all symbols belong to those around.
    """
    places, places_other = _equal_places(one, other)
    if not len(places):
        return []
    by_diagonal = np.lexsort((places, places_other - places))
    places, places_other = places[by_diagonal], places_other[by_diagonal]
    follows = (np.diff(places) <= K) & (np.diff(places) == np.diff(places_other))
    starts = np.flatnonzero(np.append(True, ~follows))
    ends = np.append(starts[1:], len(places)) - 1
    lengths = places[ends] - places[starts] + 1
    by_length = np.lexsort((places_other[starts], places[starts], -lengths))[:MOST_DIAGONALS]
    columns = (places[starts], places_other[starts], lengths)
    return list(zip(*(column[by_length].tolist() for column in columns), strict=True))


def _equal_places(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The places of all two hashes that are equal, of each in `one` with the first MOST_PLACES in `other`."""
    order = np.argsort(other, kind="stable")
    low, high = (np.searchsorted(other[order], one, side=side) for side in ("left", "right"))
    numbers = np.where(one == NONE, 0, np.minimum(high - low, MOST_PLACES))
    numbers[np.cumsum(numbers) > MOST_EQUAL] = 0
    places = np.repeat(np.arange(len(one)), numbers)
    within = np.arange(len(places)) - np.repeat(np.cumsum(numbers) - numbers, numbers)
    return places, order[np.repeat(low, numbers) + within]


def _unused(one: np.ndarray, other: np.ndarray) -> tuple[int, int]:
    """(start, length) of the longest stretch that is used on neither side, the first of equals."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (~(one | other)).astype(np.int8), [0]])))
    starts, lengths = edges[::2], edges[1::2] - edges[::2]
    if not len(starts):
        return 0, 0
    longest = int(np.argmax(lengths))
    return int(starts[longest]), int(lengths[longest])


def blocks(runs: Sequence[Run]) -> list[Block]:
    """The runs put together, the longest block first."""
    ordered = sorted(
        runs, key=lambda run: (run.first_path, run.second_path, run.first_lines, run.second_lines)
    )
    groups: list[list[Run]] = []
    for run in ordered:
        if groups and _close(groups[-1][-1], run):
            groups[-1].append(run)
        else:
            groups.append([run])
    found = [Block(tuple(group)) for group in groups]
    return sorted(found, key=lambda block: (-block.length, block.runs[0].first_path, block.first_lines))


def _close(run: Run, following: Run) -> bool:
    """Whether a run follows close behind another on both sides."""
    if (run.first_path, run.second_path) != (following.first_path, following.second_path):
        return False
    sides = ((run.first_lines, following.first_lines), (run.second_lines, following.second_lines))
    return all(start < next_start and abs(next_start - end) <= GAP for (start, end), (next_start, _) in sides)
