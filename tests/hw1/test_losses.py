"""The losses: their formulas computed naively in float64, far logits, and what their options mean."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from common.cli import UserError
from hw1_instrument_detection.losses import (
    Loss,
    LossConfig,
    asymmetric,
    binary_cross_entropy,
    focal,
    positive_weights,
)

CLIPS, CLASSES = 40, 9


@pytest.fixture(scope="module")
def logits() -> torch.Tensor:
    return 3 * torch.randn(CLIPS, CLASSES, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.fixture(scope="module")
def targets() -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return (torch.rand(CLIPS, CLASSES, generator=generator) < 0.3).double()


WEIGHT = torch.linspace(0.5, 4.0, CLASSES, dtype=torch.float64)


def naive(logits, targets, *, gamma_positive, gamma_negative, margin=0.0, weight=None) -> float:
    """Ridnik et al., eq. 7, number by number from the probabilities; focal and BCE are special cases."""
    total = 0.0
    weight = np.ones(CLASSES) if weight is None else weight.numpy()
    for row, truth in zip(logits.numpy(), targets.numpy(), strict=True):
        for index, (x, present) in enumerate(zip(row, truth, strict=True)):
            p = 1 / (1 + np.exp(-x))
            q = max(p - margin, 0)
            if present:
                total -= weight[index] * (1 - p) ** gamma_positive * np.log(p)
            else:
                total -= q**gamma_negative * np.log(1 - q)
    return total / logits.numel()


@pytest.mark.parametrize("weight", [None, WEIGHT])
def test_binary_cross_entropy(logits, targets, weight):
    found = binary_cross_entropy(logits, targets, weight=weight)
    torch.testing.assert_close(found, F.binary_cross_entropy_with_logits(logits, targets, pos_weight=weight))
    expected = naive(logits, targets, gamma_positive=0, gamma_negative=0, weight=weight)
    assert found.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize("gamma", [0.0, 1.0, 2.0, 3.5])
def test_focal(logits, targets, gamma, weight):
    found = focal(logits, targets, gamma=gamma, weight=weight)
    expected = naive(logits, targets, gamma_positive=gamma, gamma_negative=gamma, weight=weight)
    assert found.item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("weight", [None, WEIGHT])
@pytest.mark.parametrize(
    ("gamma_positive", "gamma_negative", "margin"), [(0, 4, 0.05), (1, 4, 0.2), (0, 0, 0), (0, 2, 0)]
)
def test_asymmetric(logits, targets, gamma_positive, gamma_negative, margin, weight):
    options = {"gamma_positive": gamma_positive, "gamma_negative": gamma_negative, "margin": margin}
    found = asymmetric(logits, targets, weight=weight, **options)
    assert found.item() == pytest.approx(naive(logits, targets, weight=weight, **options), rel=1e-12)


def test_without_focus_and_margin_all_are_binary_cross_entropy(logits, targets):
    plain = binary_cross_entropy(logits, targets)
    torch.testing.assert_close(focal(logits, targets, gamma=0.0), plain)
    torch.testing.assert_close(asymmetric(logits, targets, gamma_negative=0.0, margin=0.0), plain)


@pytest.mark.parametrize("name", ["bce", "focal", "asymmetric"])
def test_the_gradient_is_the_slope(name, logits, targets):
    loss = Loss(LossConfig(loss=name, focusing=3.0), np.full(CLASSES, 12), CLIPS).function
    few = logits[:5].clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: loss(x, targets[:5]), few)


@pytest.mark.parametrize("name", ["bce", "focal", "asymmetric"])
@pytest.mark.parametrize("margin", [0.0, 0.05])
def test_far_logits_stay_finite(name, margin):
    x = torch.tensor([[-1e4, -200.0, -100.0, -40.0, 0.0, 40.0, 100.0, 200.0, 1e4]], requires_grad=True)
    loss = Loss(LossConfig(loss=name, margin=margin), np.full(CLASSES, 3), 10)
    for target in (0.0, 1.0):
        found = loss(x, torch.full((1, CLASSES), target))
        (slope,) = torch.autograd.grad(found, x)
        assert found.isfinite() and slope.isfinite().all()
        assert found > 1.0  # the farthest are wrong, and pay for it


def test_what_is_surely_absent_costs_nothing_below_the_margin():
    x = torch.tensor([[-3.0]])  # p = 0.047
    absent = torch.zeros(1, 1)
    assert asymmetric(x, absent, margin=0.05).item() == 0.0
    assert asymmetric(x, absent, margin=0.04).item() > 0.0


def test_half_precision_is_computed_in_full():
    loss = Loss(LossConfig(), np.full(CLASSES, 3), 10)
    x = torch.linspace(-9, 9, CLASSES)[None]
    found = loss(x.bfloat16(), torch.ones(1, CLASSES))
    assert found.dtype == torch.float32


# ---- weights and smoothing ----


def test_weights_are_tempered_inverse_frequencies():
    counts = np.array([50, 10, 90, 0, 100])
    assert positive_weights(counts, 100, 1.0).tolist() == pytest.approx([1, 9, 1 / 9, 1, 1])
    assert positive_weights(counts, 100, 0.5).tolist() == pytest.approx([1, 3, 1 / 3, 1, 1])
    assert positive_weights(counts, 100, 0.0).tolist() == [1] * 5


def test_fully_weighed_presence_counts_as_much_as_absence():
    """At p = 1/2 everywhere each clip costs log 2 times its weight: the two sums must be equal."""
    targets = torch.zeros(20, 2)
    targets[:2, 0], targets[:17, 1] = 1, 1
    weight = positive_weights(targets.sum(dim=0).numpy(), 20, 1.0)
    for index, count in enumerate((2, 17)):
        assert (weight[index] * count).item() == pytest.approx(20 - count)


def test_the_loss_takes_the_weights_of_the_data(logits, targets):
    counts = targets.sum(dim=0).numpy()
    found = Loss(LossConfig(class_weights=0.5), counts, CLIPS)(logits, targets)
    weight = torch.tensor(((CLIPS - counts) / counts) ** 0.5)
    expected = F.binary_cross_entropy_with_logits(logits, targets, pos_weight=weight)
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_smoothing_draws_the_targets_to_one_half(logits, targets):
    found = Loss(LossConfig(label_smoothing=0.2), np.full(CLASSES, 3), CLIPS)(logits, targets)
    expected = F.binary_cross_entropy_with_logits(logits, 0.8 * targets + 0.1)
    assert found.item() == pytest.approx(expected.item(), rel=1e-6)


def test_the_loss_is_a_mean_over_items(logits, targets):
    loss = Loss(LossConfig(loss="asymmetric", class_weights=0.5), np.full(CLASSES, 3), 10)
    alone = torch.stack([loss(logits[i : i + 1], targets[i : i + 1]) for i in range(CLIPS)])
    torch.testing.assert_close(loss(logits, targets), alone.mean())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"class_weights": -0.5}, "--class-weights is -0.5"),
        ({"focusing": 0.5}, "--focusing is 0.5"),
        ({"margin": 1.0}, "--margin is 1.0"),
        ({"label_smoothing": 1.0}, "--label-smoothing is 1.0"),
    ],
)
def test_options_that_make_no_sense(options, message):
    with pytest.raises(UserError, match=message):
        LossConfig(**options)
