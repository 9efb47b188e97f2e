"""Shares of notes, counted in training data and smoothed: tables whose last axis holds probabilities.

Counts alone would call impossible what they happen not to hold. So a table is pulled towards one that knows
less of the past, that one towards the next, and the last towards the uniform distribution (Dirichlet prior;
MacKay and Peto 1995, "A hierarchical Dirichlet language model").
"""

from __future__ import annotations

import torch
from torch import Tensor

from hw3_melody_generation.encoding import Vocabulary
from hw3_melody_generation.songs import PITCHES

PRIOR_NOTES = (
    100  # that the simpler table counts for; the best of 10, 30, 100 and 300 by the likelihood of the
)
# public corpus's validation windows, whether all of its training data are counted or a hundredth


def marginals(notes: Tensor, vocabulary: Vocabulary) -> list[Tensor]:
    """The shares of pitches, durations and rests in codes int64 (N, T, 3): (V,) each, add-one smoothed."""
    counts = (torch.bincount(notes[..., k].flatten(), minlength=n) for k, n in enumerate(vocabulary.sizes))
    return [(count + 1.0) / (count + 1.0).sum() for count in counts]


def transitions(prior: Tensor, value: Tensor, *past: Tensor) -> Tensor:
    """p(value | past) from codes int64 (N,): `prior`, (sizes of the past..., values), pulled by the counts.

    p(v | c) = (n(c, v) + m prior(v | c)) / (n(c) + m), with m = PRIOR_NOTES.
    """
    counts = torch.zeros(prior.shape)
    counts.index_put_((*past, value), torch.ones(len(value)), accumulate=True)
    return (counts + PRIOR_NOTES * prior) / (counts.sum(-1, keepdim=True) + PRIOR_NOTES)


def steps_table(steps: Tensor) -> Tensor:
    """p(pitch | pitch before), (128, 128), by the step between them alone. steps: int64, -127..127."""
    counts = torch.bincount(steps + PITCHES - 1, minlength=2 * PITCHES - 1) + 1.0
    pitch = torch.arange(PITCHES)
    table = counts[pitch - pitch[:, None] + PITCHES - 1]
    return table / table.sum(-1, keepdim=True)  # steps that would leave the 128 pitches have no share
