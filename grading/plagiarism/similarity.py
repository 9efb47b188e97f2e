"""Fingerprints -> the score of every pair.

    score(A, B) = |A and B| / max(FLOOR, min(|A|, |B|))

A and B are the sets of own fingerprints. Containment, not Jaccard: a copy that was enlarged is still a copy.
FLOOR keeps a few own lines, in which chance has its say, from giving 1.0. Between hand-ins of the class,
fingerprints that more than a share of the students have do not count; against references, which are compared
with the class but not with each other, all count. Hand-ins of the same student are not compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import sparse

from grading.plagiarism.own_code import NOTHING, among, union

FLOOR = 50  # own fingerprints, some 25 lines
FEWEST_STUDENTS = 5  # who must have a fingerprint in common before it is called frequent


@dataclass(frozen=True)
class Owned:
    """The own fingerprints of a hand-in or of a reference, sorted, each once."""

    name: str
    student: str
    fingerprints: np.ndarray


@dataclass(frozen=True)
class Pair:
    """`first` is a hand-in; `second` is another or a reference. Fingerprints: counted ones."""

    first: str
    second: str
    reference: bool
    score: float
    shared: int
    own_first: int
    own_second: int


@dataclass(frozen=True)
class Comparison:
    """Pairs that share anything, the most alike first; and how many pairs were compared in all."""

    pairs: tuple[Pair, ...]
    compared: int
    frequent: np.ndarray  # sorted fingerprints that do not count within the class
    dropped: Mapping[str, int]  # how many of a hand-in's are among them


def compare(class_: Sequence[Owned], references: Sequence[Owned], *, frequent_share: float) -> Comparison:
    """Compare all hand-ins of different students, and each of them with every reference."""
    frequent = frequent_fingerprints(class_, frequent_share)
    left = [item.fingerprints[~among(item.fingerprints, frequent)] for item in class_]
    within = _pairs(class_, left, class_, left, reference=False)
    against = _pairs(
        class_,
        [item.fingerprints for item in class_],
        references,
        [item.fingerprints for item in references],
        reference=True,
    )
    pairs = sorted(within + against, key=lambda pair: (-pair.score, -pair.shared, pair.first, pair.second))
    students = [item.student for item in class_]
    same = sum(students[:place].count(student) for place, student in enumerate(students))
    compared = len(students) * (len(students) - 1) // 2 - same + len(students) * len(references)
    dropped = {item.name: len(item.fingerprints) - len(own) for item, own in zip(class_, left, strict=True)}
    return Comparison(tuple(pairs), compared, frequent, dropped)


def frequent_fingerprints(class_: Sequence[Owned], share: float) -> np.ndarray:
    """What more than `share` of the students have, and more than FEWEST_STUDENTS of them; sorted."""
    students: dict[str, list[np.ndarray]] = {}
    for item in class_:
        students.setdefault(item.student, []).append(item.fingerprints)
    each = [union(sets) for sets in students.values()]
    values, counts = np.unique(np.concatenate([NOTHING, *each]), return_counts=True)
    return values[counts > max(FEWEST_STUDENTS, share * len(students))]


def _pairs(
    firsts: Sequence[Owned],
    of_firsts: Sequence[np.ndarray],
    seconds: Sequence[Owned],
    of_seconds: Sequence[np.ndarray],
    *,
    reference: bool,
) -> list[Pair]:
    """Every two that share a fingerprint; within the class, each two once."""
    shared = (
        sparse.triu(_shared(of_firsts, of_seconds), k=1) if not reference else _shared(of_firsts, of_seconds)
    )
    shared = shared.tocoo()
    pairs = []
    for row, column, number in zip(
        shared.row.tolist(), shared.col.tolist(), shared.data.tolist(), strict=True
    ):
        first, second = firsts[row], seconds[column]
        own = len(of_firsts[row]), len(of_seconds[column])
        if reference or first.student != second.student:
            score = number / max(FLOOR, min(own))
            pairs.append(Pair(first.name, second.name, reference, score, number, *own))
    return pairs


def _shared(firsts: Sequence[np.ndarray], seconds: Sequence[np.ndarray]) -> sparse.csr_matrix:
    """How many fingerprints each of `firsts` shares with each of `seconds`, shape (firsts, seconds)."""
    universe = union([*firsts, *seconds])

    def matrix(sets: Sequence[np.ndarray]) -> sparse.csr_matrix:
        starts = np.concatenate([[0], np.cumsum([len(own) for own in sets])]).astype(np.int64)
        places = np.concatenate([np.empty(0, np.int64), *(np.searchsorted(universe, own) for own in sets)])
        ones = np.ones(len(places), np.int32)
        return sparse.csr_matrix((ones, places, starts), shape=(len(sets), len(universe)))

    return (matrix(firsts) @ matrix(seconds).T).tocsr()
