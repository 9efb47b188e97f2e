"""Scores by hand: containment with a floor, what is frequent, references, one student's several hand-ins."""

from __future__ import annotations

import numpy as np
import pytest

from grading.plagiarism.own_code import among
from grading.plagiarism.similarity import FLOOR, Owned, compare, frequent_fingerprints


def has(name: str, *parts: range, student: str | None = None) -> Owned:
    values = sorted(value for part in parts for value in part)
    return Owned(name, student or name, np.array(values, np.uint64))


def scores(class_, references=(), *, frequent_share: float = 1.0) -> dict[tuple[str, str], float]:
    comparison = compare(class_, list(references), frequent_share=frequent_share)
    return {(pair.first, pair.second): round(pair.score, 9) for pair in comparison.pairs}


def test_the_share_of_the_smaller_one():
    class_ = [has("a", range(100)), has("b", range(50, 450)), has("c", range(1000, 1100))]
    comparison = compare(class_, [], frequent_share=1.0)
    [pair] = comparison.pairs
    assert (pair.first, pair.second, pair.reference) == ("a", "b", False)
    assert (pair.score, pair.shared, pair.own_first, pair.own_second) == (0.5, 50, 100, 400)
    assert comparison.compared == 3


def test_little_own_code_does_not_score_high():
    assert scores([has("a", range(5)), has("b", range(400))]) == {("a", "b"): 5 / FLOOR}


def test_order_is_by_score_then_size_then_name():
    ranges = {"d": (0, 100), "c": (0, 100), "b": (1000, 1200), "a": (1000, 1200), "e": (1100, 1400)}
    class_ = [has(name, range(*ends)) for name, ends in ranges.items()]
    assert list(scores(class_)) == [("b", "a"), ("d", "c"), ("a", "e"), ("b", "e")]
    assert list(scores(class_[::-1]).values()) == [1, 1, 0.5, 0.5]


def test_what_many_have_does_not_count():
    many = [has(f"{number}", range(10), range(100 * number, 100 * number + 80)) for number in range(1, 9)]
    assert scores(many, frequent_share=0.9) == {}  # all 8 of 8
    assert len(scores(many, frequent_share=1.0)) == 28
    assert len(scores(many[:5], frequent_share=0.1)) == 10  # five students may well be a group
    assert compare(many, [], frequent_share=0.9).dropped["3"] == 10


def test_a_student_counts_once_for_what_is_frequent():
    class_ = [has(f"{number}", range(10), student="one") for number in range(20)]
    assert len(frequent_fingerprints(class_, 0.0)) == 0


def test_references_are_compared_with_the_class_only_and_all_counts():
    many = [has(f"{number}", range(60)) for number in range(8)]
    found = compare(many, [has("x", range(60)), has("y", range(60))], frequent_share=0.5)
    assert {(pair.score, pair.reference) for pair in found.pairs} == {(1.0, True)}
    assert len(found.pairs) == 16 and found.compared == 28 + 16


def test_hand_ins_of_one_student_are_not_compared():
    class_ = [has("a1", range(90), student="a"), has("a2", range(90), student="a"), has("b", range(90))]
    comparison = compare(class_, [], frequent_share=1.0)
    assert [(pair.first, pair.second) for pair in comparison.pairs] == [("a1", "b"), ("a2", "b")]
    assert comparison.compared == 2


@pytest.mark.parametrize("class_", [[], [has("a", range(60))], [has("a"), has("b")]])
def test_nothing_to_compare(class_):
    assert scores(class_) == {}


def test_among():
    of = np.array([2, 5, 9], np.uint64)
    assert among(np.array([0, 2, 9, 10], np.uint64), of).tolist() == [False, True, True, False]
    assert among(of, of[:0]).tolist() == [False] * 3
