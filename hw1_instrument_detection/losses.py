"""Losses of multi-label classification: logits (B, 9), targets (B, 9) in [0, 1] -> scalar.

All have one form, the mean over items and classes of

    weight * target * positive(x) + (1 - target) * negative(x)      x a logit, p = sigmoid(x)

                positive(x)             negative(x)
    bce         -log p                  -log(1 - p)
    focal       -(1 - p)^g log p        -p^g log(1 - p)             what is easy already counts less
    asymmetric  -(1 - p)^g+ log p       -q^g- log(1 - q)            q = max(p - m, 0): absent classes, the
                                                                    many, count still less, and not at all
                                                                    once p is below m
`weight` (9,) makes the positives of rare classes count more. From the logits, never from probabilities, so
that nothing overflows: log p = -softplus(-x).

Sources: Lin et al. 2017, "Focal loss for dense object detection", eq. 4 (their alpha / (1 - alpha) is our
weight); Ridnik et al. 2021, "Asymmetric loss for multi-label classification", eq. 7; label smoothing,
Szegedy et al. 2016, section 7, for each class by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from common.cli import UserError


@dataclass(kw_only=True)
class LossConfig:
    """What the training minimizes."""

    loss: Literal["bce", "focal", "asymmetric"] = "bce"
    """Binary cross-entropy, focal loss (easy clips count less), or asymmetric loss (absent classes count
    less)."""
    class_weights: float = 0.0
    """How much more rare classes count: where a class sounds, it weighs (clips without / clips with it) to
    this power. 0: all the same, 1: in each class, presence as a whole weighs as much as absence."""
    focusing: float = 2.0
    """Exponent of the focal loss, and of the absent classes in the asymmetric one; 0 or at least 1."""
    margin: float = 0.05
    """Asymmetric loss: probability, 0 to 1, below which an absent class costs nothing."""
    label_smoothing: float = 0.0
    """Share of the target, 0 to 1, that is drawn towards one half."""

    def __post_init__(self) -> None:
        for option, value, valid, rule in (
            ("--class-weights", self.class_weights, 0 <= self.class_weights <= 1, "in [0, 1]"),
            ("--focusing", self.focusing, self.focusing == 0 or self.focusing >= 1, "of 0 or at least 1"),
            ("--margin", self.margin, 0 <= self.margin < 1, "in [0, 1)"),
            ("--label-smoothing", self.label_smoothing, 0 <= self.label_smoothing < 1, "in [0, 1)"),
        ):
            if not valid:
                raise UserError(f"{option} is {value}; give a value {rule}")


def binary_cross_entropy(logits: Tensor, targets: Tensor, *, weight: Tensor | None = None) -> Tensor:
    """Agrees with torch.nn.functional.binary_cross_entropy_with_logits(pos_weight=weight)."""
    return _combine(F.softplus(-logits), F.softplus(logits), targets, weight)


def focal(logits: Tensor, targets: Tensor, *, gamma: float = 2.0, weight: Tensor | None = None) -> Tensor:
    """Agrees with torchvision.ops.sigmoid_focal_loss(alpha=-1) for targets of 0 and 1."""
    positive = (gamma * F.logsigmoid(-logits)).exp() * F.softplus(-logits)
    negative = (gamma * F.logsigmoid(logits)).exp() * F.softplus(logits)
    return _combine(positive, negative, targets, weight)


def asymmetric(
    logits: Tensor,
    targets: Tensor,
    *,
    gamma_positive: float = 0.0,
    gamma_negative: float = 4.0,
    margin: float = 0.05,
    weight: Tensor | None = None,
) -> Tensor:
    """Gradients flow through the focusing factors too, as in the paper's equation.

    gamma_negative: 0 or at least 1, below which the slope at the margin is infinite.
    """
    positive = (gamma_positive * F.logsigmoid(-logits)).exp() * F.softplus(-logits)
    shifted = (logits.sigmoid() - margin).clamp(min=0)  # q
    # log(1 - q) = log(1 - p + m), at most 0; without a margin exactly log(1 - p)
    log_margin = logits.new_tensor(math.log(margin) if margin else -math.inf)
    log_absent = torch.logaddexp(F.logsigmoid(-logits), log_margin).clamp(max=0)
    return _combine(positive, -shifted.pow(gamma_negative) * log_absent, targets, weight)


def _combine(positive: Tensor, negative: Tensor, targets: Tensor, weight: Tensor | None) -> Tensor:
    present = targets if weight is None else weight.to(targets) * targets
    return (present * positive + (1 - targets) * negative).mean()


LOSSES = {
    "bce": lambda config: binary_cross_entropy,
    "focal": lambda config: partial(focal, gamma=config.focusing),
    "asymmetric": lambda config: partial(asymmetric, gamma_negative=config.focusing, margin=config.margin),
}


class Loss:
    """The loss that `config` describes, for data in which each class sounds in `counts` of `clips` clips.

    logits (B, 9), targets (B, 9) of 0 and 1 -> scalar.
    """

    def __init__(self, config: LossConfig, counts: NDArray, clips: int) -> None:
        self.function = LOSSES[config.loss](config)
        self.smoothing = config.label_smoothing
        self.weight = positive_weights(counts, clips, config.class_weights) if config.class_weights else None

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        targets = targets * (1 - self.smoothing) + self.smoothing / 2
        return self.function(logits.float(), targets, weight=self.weight)


def positive_weights(counts: NDArray, clips: int, temper: float) -> Tensor:
    """(clips without / clips with the class) ** temper, (classes,); 1 if it sounds never or always."""
    counts = np.asarray(counts, dtype=np.float64)
    mixed = (counts > 0) & (counts < clips)
    ratio = np.where(mixed, (clips - counts) / np.maximum(counts, 1), 1.0)
    return torch.tensor(ratio**temper, dtype=torch.float32)
