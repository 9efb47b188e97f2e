"""Winnowing: the paper's example, a plain implementation as the oracle, and the guarantee."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pytest

from grading.plagiarism.symbols import CUT
from grading.plagiarism.winnowing import (
    GUARANTEE,
    NONE,
    K,
    different_symbols,
    kgram_hashes,
    winnow,
)

PAPER = [77, 74, 42, 17, 98, 50, 17, 98, 8, 88, 67, 39, 77, 74, 42, 17, 98]  # figure 2 of the paper, window 4


def test_the_example_of_the_paper():
    kept = winnow(np.array(PAPER, np.uint64), window=4)
    assert [PAPER[place] for place in kept] == [17, 17, 8, 39, 17]
    assert kept.tolist() == [3, 6, 8, 11, 15]


def plainly(hashes: list[int], window: int) -> list[int]:
    """The definition, word by word."""
    kept = set()
    for start in range(max(1, len(hashes) - window + 1)):
        part = hashes[start : start + window]
        if part and min(part) != NONE:
            kept.add(start + max(place for place, value in enumerate(part) if value == min(part)))
    return sorted(kept)


@pytest.mark.parametrize("seed", range(20))
def test_the_same_as_the_definition(seed):
    rng = np.random.default_rng(seed)
    hashes = rng.integers(0, 8, rng.integers(0, 40)).astype(np.uint64)  # many equals
    hashes[rng.random(len(hashes)) < 0.3] = NONE
    for window in (1, 2, 7):
        assert winnow(hashes, window=window).tolist() == plainly(hashes.tolist(), window)


def letters(rng: np.random.Generator, number: int) -> list[str]:
    return [chr(97 + value) for value in rng.integers(0, 26, number)]


@pytest.mark.parametrize("seed", range(30))
def test_what_is_as_long_as_the_guarantee_is_found_wherever_it_stands(seed):
    rng = np.random.default_rng(seed)
    shared = letters(rng, GUARANTEE)
    kept = []
    for _ in range(2):
        text = letters(rng, rng.integers(0, 60)) + shared + letters(rng, rng.integers(0, 60))
        hashes = kgram_hashes(text)
        kept.append(set(hashes[winnow(hashes)].tolist()))
    assert kept[0] & kept[1]


def test_what_is_shorter_than_k_is_never_found():
    rng = np.random.default_rng(0)
    shared = letters(rng, K - 1)
    one, other = (set(kgram_hashes(letters(rng, 50) + shared + letters(rng, 50)).tolist()) for _ in range(2))
    assert not one & other - {int(NONE)}


def test_own_code_beside_the_handouts_keeps_a_fingerprint():
    hashes = np.array([5, 1, 2, 3, 9, 1, 2, 3, 4], np.uint64)
    hashes[[1, 2, 3, 5, 6, 7]] = NONE  # the handout's would have won every window
    assert winnow(hashes, window=4).tolist() == [0, 4, 8]


def test_hashes_are_those_of_every_run_and_machine():
    value = 0
    for letter in "winnow":
        value = value * 0x9E3779B97F4A7C15 + int.from_bytes(
            blake2b(letter.encode(), digest_size=8).digest(), "big"
        )
    value %= 2**64
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
    assert kgram_hashes(list("winnow"), k=6, fewest=1).tolist() == [value ^ value >> 31]


def test_kgrams_across_a_cut_and_of_few_symbols_do_not_count():
    text = list("abcdefgh")
    assert (kgram_hashes([*text, CUT, *text], k=4, fewest=1) == NONE).nonzero()[0].tolist() == [5, 6, 7, 8]
    assert (kgram_hashes(list("aabbaabbcd"), k=4, fewest=3) == NONE).nonzero()[0].tolist() == [0, 1, 2, 3, 4]


def test_different_symbols_are_counted():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 5, 50).astype(np.uint64)
    expected = [len(set(values[start : start + 7].tolist())) for start in range(44)]
    assert different_symbols(values, 7).tolist() == expected


@pytest.mark.parametrize("number", [0, 1, K - 1])
def test_a_short_text_has_no_kgram(number):
    hashes = kgram_hashes(["n"] * number)
    assert len(hashes) == 0 and len(winnow(hashes)) == 0
