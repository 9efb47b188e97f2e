"""Tests of sampling.py: what may be drawn, and how often."""

from __future__ import annotations

import pytest
import torch

from common.cli import UserError
from hw3_melody_generation.sampling import Sampling, draw, guided, keep_top

PROBABILITIES = torch.tensor([0.5, 0.3, 0.15, 0.05])
LOGITS = PROBABILITIES.log()[None]


def frequencies(sampling: Sampling, count: int = 20_000) -> torch.Tensor:
    drawn = draw(LOGITS.expand(count, -1), sampling, torch.Generator().manual_seed(0))
    return torch.bincount(drawn, minlength=4) / count


def test_plain_sampling_draws_from_the_distribution():
    assert torch.allclose(frequencies(Sampling()), PROBABILITIES, atol=0.01)


def test_temperature_is_a_power_of_the_probabilities():
    expected = PROBABILITIES**2 / (PROBABILITIES**2).sum()
    assert torch.allclose(frequencies(Sampling(temperature=0.5)), expected, atol=0.01)


@pytest.mark.parametrize(("top_k", "kept"), [(0, 4), (1, 1), (3, 3), (9, 4)])
def test_top_k_keeps_the_likeliest(top_k, kept):
    assert keep_top(LOGITS, top_k=top_k, top_p=1).isfinite().sum() == kept


@pytest.mark.parametrize(("top_p", "kept"), [(0.4, 1), (0.5, 1), (0.51, 2), (0.8, 2), (0.9, 3), (1.0, 4)])
def test_top_p_keeps_the_smallest_set_that_reaches_it(top_p, kept):
    shuffled = LOGITS[:, [2, 0, 3, 1]]
    assert keep_top(shuffled, top_k=0, top_p=top_p).isfinite().sum() == kept


def test_guidance_goes_from_one_opinion_to_the_other_and_beyond():
    with_lyrics, without = LOGITS, LOGITS.flip(-1)
    both = torch.cat([with_lyrics, without])
    assert torch.allclose(guided(both, guidance=1), with_lyrics)
    assert torch.allclose(guided(both, guidance=0), without)
    beyond = guided(both, guidance=2).softmax(-1)[0]
    assert beyond[0] > PROBABILITIES[0]
    assert beyond[3] < PROBABILITIES[3]


def test_what_both_find_impossible_stays_impossible():
    logits = torch.tensor([[0.0, -torch.inf], [0.0, -torch.inf]])
    assert guided(logits, guidance=3).softmax(-1).tolist() == [[1.0, 0.0]]


@pytest.mark.parametrize(
    "wrong", [{"temperature": 0}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.5}, {"guidance": -1}]
)
def test_wrong_values_are_refused(wrong):
    (name,) = wrong
    with pytest.raises(UserError, match=f"--{name.replace('_', '-')} is"):
        Sampling(**wrong)
