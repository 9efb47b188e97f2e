"""Shares counted in training data: contexts that know much, but are rare, lean on those that know less.

A chain of levels, from the plainest context to the fullest. Each level's counts are pulled towards the level
before it, the first towards the uniform distribution (Dirichlet prior):

    p_k(x | c_k) = (n(c_k, x) + m_k p_{k-1}(x)) / (n(c_k) + m_k)

How many observations m_k the plainer level counts for is chosen on validation data, level after level.
Contexts and outcomes are whole numbers. Source: MacKay and Peto 1995, "A hierarchical Dirichlet language
model"; chosen on held-out data as in Jelinek and Mercer 1980.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

STRENGTHS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 300.0, 1000.0, 10_000.0)  # that are tried


@dataclass(frozen=True, eq=False)
class Counts:
    """How often each outcome followed each context.

    outcomes: how many there are. pairs: int64 (J,), context * outcomes + outcome, rising, each once.
    counts: float32 (J,), how often. Errors: ValueError for other pairs and counts.
    """

    outcomes: int
    pairs: NDArray[np.int64]
    counts: NDArray[np.float32]
    contexts: NDArray[np.int64] = field(init=False)  # (K,), those that were seen, rising
    totals: NDArray[np.float64] = field(init=False)  # (K,), how often

    def __post_init__(self) -> None:
        pairs, counts = self.pairs, self.counts
        if pairs.ndim != 1 or pairs.shape != counts.shape or pairs.dtype != np.int64 or not len(pairs):
            raise ValueError(f"pairs and counts must be int64 (J,) and float32 (J,), got {pairs.shape}")
        if pairs[0] < 0 or not (np.diff(pairs) > 0).all() or not (np.isfinite(counts) & (counts > 0)).all():
            raise ValueError("pairs must rise from 0, counts be above 0")
        contexts, first = np.unique(pairs // self.outcomes, return_index=True)
        object.__setattr__(self, "contexts", contexts)
        object.__setattr__(self, "totals", np.add.reduceat(counts.astype(float), first))

    @classmethod
    def of(cls, contexts: NDArray[np.int64], outcome: NDArray[np.int64], outcomes: int) -> Counts:
        """Counted from contexts (N,) and the outcome (N,) of each."""
        pairs, counts = np.unique(contexts * outcomes + outcome, return_counts=True)
        return cls(outcomes, pairs, counts.astype(np.float32))

    def pulled(self, prior: NDArray, contexts: NDArray[np.int64], strength: float) -> NDArray:
        """p(outcome | context) of contexts (N,), prior (N, outcomes) counting for `strength` observations."""
        counts = _found(self.pairs, self.counts, contexts[:, None] * self.outcomes + np.arange(self.outcomes))
        totals = _found(self.contexts, self.totals, contexts)
        return (counts + strength * prior) / (totals + strength)[:, None]


@dataclass(frozen=True, eq=False)
class Backoff:
    """Levels of counts, the plainest first, and how strongly each leans on the one before."""

    levels: tuple[Counts, ...]
    strengths: tuple[float, ...]

    @classmethod
    def fitted(
        cls,
        train: tuple[Sequence[NDArray[np.int64]], NDArray[np.int64]],
        valid: tuple[Sequence[NDArray[np.int64]], NDArray[np.int64]],
        outcomes: int,
    ) -> Backoff:
        """From (contexts (N,) of each level, outcome (N,)) of training and of validation data.

        Of the STRENGTHS, each level has the one with the highest likelihood of the validation data.
        """
        levels = tuple(Counts.of(contexts, train[1], outcomes) for contexts in train[0])
        contexts, outcome = valid
        strengths, share = [], np.full((len(outcome), outcomes), 1 / outcomes)
        for level, context in zip(levels, contexts, strict=True):
            tried = [level.pulled(share, context, strength) for strength in STRENGTHS]
            best = int(np.argmax([np.log(each[np.arange(len(each)), outcome]).sum() for each in tried]))
            strengths.append(STRENGTHS[best])
            share = tried[best]
        return cls(levels, tuple(strengths))

    def shares(self, contexts: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
        """p(outcome | contexts), (N, outcomes), from the context (N,) of each level."""
        outcomes = self.levels[0].outcomes
        share = np.full((len(contexts[0]), outcomes), 1 / outcomes)
        for level, context, strength in zip(self.levels, contexts, self.strengths, strict=True):
            share = level.pulled(share, context, strength)
        return share


def code(parts: Sequence[tuple[NDArray[np.integer] | int, int]]) -> NDArray[np.int64]:
    """One number for several, each given with its size (it lies in 0..size-1): mixed radix, any shape."""
    number = np.int64(0)
    for part, size in parts:
        number = number * size + np.asarray(part, dtype=np.int64)
    return number


def _found(keys: NDArray, values: NDArray, wanted: NDArray) -> NDArray[np.float64]:
    """The value at each key that is wanted, 0 where there is none; keys are rising."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0.0)
