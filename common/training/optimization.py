"""What turns gradients into better weights: AdamW, a schedule, a moving average."""

from __future__ import annotations

import math

import torch
from torch import nn

from common.training.config import TrainingConfig


def adamw(model: nn.Module, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019) that decays matrices and kernels, not biases and norms.

    A bias or the gain of a norm is a vector; pulling it to zero takes away scale and offset, not complexity.
    """
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    groups = [
        {"params": [weight for weight in weights if weight.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [weight for weight in weights if weight.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=config.learning_rate)


def learning_rate(step: int, total_steps: int, config: TrainingConfig) -> float:
    """The learning rate of `step` (from 0) of `total_steps`: linear warm-up, then cosine to 0 or constant."""
    warmup_steps = round(config.warmup * total_steps)
    if step < warmup_steps:
        return config.learning_rate * (step + 1) / warmup_steps
    if config.schedule == "constant":
        return config.learning_rate
    progress = (step - warmup_steps) / (total_steps - warmup_steps)  # 0 to almost 1
    return config.learning_rate * (1 + math.cos(math.pi * progress)) / 2


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, *, decay: float, step: int) -> None:
    """Move the weights of `average` a little towards those of `model`, after 0-based step number `step`.

    Early on the decay is (1 + n) / (10 + n) after n steps if that is less, lest the random beginning dominate
    short runs (as in TensorFlow's ExponentialMovingAverage with num_updates).
    """
    decay = min(decay, (2 + step) / (11 + step))  # n = step + 1
    for slow, fast in zip(average.state_dict().values(), model.state_dict().values(), strict=True):
        if slow.is_floating_point():
            slow.lerp_(fast, 1 - decay)
        else:  # counters
            slow.copy_(fast)
