"""Symbols -> fingerprints: hashes of k-grams, of which winnowing keeps a few that any copy keeps too.

Schleimer, Wilkerson and Aiken, Winnowing: Local Algorithms for Document Fingerprinting, SIGMOD 2003. Of any
WINDOW k-grams in a row the one with the smallest hash is kept (of equals the last), whatever stands around
them. So

- what two texts share in fewer than K symbols is never found (section 2: K is the noise threshold), and
- of what they share in GUARANTEE = K + WINDOW - 1 symbols or more, at least one fingerprint is always found.

Three differences from the paper. K-grams that are known to be nobody's own (the handout's) are taken out
before the windows choose, or a window at the edge of own code would spend its choice on them; the guarantee
then holds for what is own. K-grams across the beginning of a function are taken out, because functions may
be put in another order. And k-grams of few different symbols are, since tables and long calls look alike.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

import numpy as np

from grading.plagiarism.symbols import CUT

K = 20
WINDOW = 7
GUARANTEE = K + WINDOW - 1
FEWEST_SYMBOLS = 6  # different ones in a k-gram that says something
NONE = np.uint64(2**64 - 1)  # in place of the hash of a k-gram that does not count
BASE = np.uint64(0x9E3779B97F4A7C15)  # odd: multiplication loses nothing modulo 2^64


@cache
def symbol_hash(symbol: str) -> int:
    """64 bits, the same in every run and version; Python's own hash() is neither."""
    return int.from_bytes(hashlib.blake2b(symbol.encode("utf-8", "replace"), digest_size=8).digest(), "big")


def kgram_hashes(symbols: Sequence[str], *, k: int = K, fewest: int = FEWEST_SYMBOLS) -> np.ndarray:
    """The hash of each k-gram, uint64, shape (len(symbols) - k + 1,); NONE for those that do not count:
    of few different symbols, or across a CUT.

    A polynomial in the symbols' hashes, mixed by the finalizer of SplitMix64 so that its order is random.
    """
    number = len(symbols) - k + 1
    if number <= 0:
        return np.empty(0, np.uint64)
    values = np.array([symbol_hash(symbol) for symbol in symbols], np.uint64)
    hashes = np.zeros(number, np.uint64)
    for offset in range(k):
        hashes = hashes * BASE + values[offset : offset + number]
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    hashes ^= hashes >> np.uint64(31)
    cuts = np.cumsum(np.append(0, values == np.uint64(symbol_hash(CUT))))
    hashes[(different_symbols(values, k) < fewest) | (cuts[k:] > cuts[:-k])] = NONE
    return hashes


def different_symbols(values: np.ndarray, k: int) -> np.ndarray:
    """How many different values each k-gram has, shape (len(values) - k + 1,)."""
    order = np.argsort(values, kind="stable")
    previous = np.full(len(values), -1)  # where the same value stood before
    same = values[order[1:]] == values[order[:-1]]
    previous[order[1:][same]] = order[:-1][same]
    places = np.arange(len(values))
    counts = np.zeros(len(values) - k + 1, np.int64)
    for offset in range(k):  # the first of its kind in the k-gram that begins `offset` before
        counts += previous[offset : offset + len(counts)] < places[: len(counts)]
    return counts


def winnow(hashes: np.ndarray, *, window: int = WINDOW) -> np.ndarray:
    """The places of the k-grams that are kept, in order. Those that are NONE never are.

    hashes: uint64, shape (kgrams,). A text of fewer k-grams than a window is one window.
    """
    if not len(hashes):
        return np.empty(0, np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(hashes, min(window, len(hashes)))
    from_the_end = np.argmin(windows[:, ::-1], axis=1)  # the last of equals
    kept = np.unique(np.arange(len(windows)) + windows.shape[1] - 1 - from_the_end)
    return kept[hashes[kept] != NONE]
