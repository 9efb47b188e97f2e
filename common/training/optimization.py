"""What turns gradients into better weights: AdamW, a schedule, learning rates by layer, a moving average."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import torch
from torch import nn

from common.training.config import TrainingConfig


def adamw(model: nn.Module, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW (Loshchilov and Hutter 2019) that decays matrices and kernels, not biases and norms.

    A bias or the gain of a norm is a vector; pulling it to zero takes away scale and offset, not complexity.
    A model may have `learning_rate_scales`, {name of a parameter: factor}: that parameter learns at `factor`
    times the learning rate, and decays so much slower too. Frozen ones (requires_grad False) are left out.
    """
    scales = getattr(model, "learning_rate_scales", None) or {}
    weights = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    if unknown := scales.keys() - dict(model.named_parameters()).keys():
        raise ValueError(f"learning_rate_scales must name parameters, got {', '.join(sorted(unknown))}")
    groups = []
    for scale in dict.fromkeys(scales.get(name, 1.0) for name in weights):
        alike = [weight for name, weight in weights.items() if scales.get(name, 1.0) == scale]
        for decay, members in (
            (config.weight_decay, [weight for weight in alike if weight.ndim >= 2]),
            (0.0, [weight for weight in alike if weight.ndim < 2]),
        ):
            groups.append({"params": members, "weight_decay": decay, "lr_scale": scale})
    return torch.optim.AdamW([group for group in groups if group["params"]], lr=config.learning_rate)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """The learning rate of the next step, `rate` for parameters without a scale of their own."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["lr_scale"]


def layer_decay(
    model: nn.Module, groups: Sequence[Iterable[nn.Parameter]], factor: float
) -> dict[str, float]:
    """`learning_rate_scales` for fine-tuning: the deeper a layer, the slower it forgets what it has learnt.

    groups: parameters of the pretrained layers of `model`, from input to output. The last of n groups learns
    at `factor` times the learning rate, the first at factor ** n, all that is in no group at the whole.
    Source: Howard and Ruder 2018, section 3.2 (there 1 / 2.6 from layer to layer).
    """
    scales = {
        id(weight): factor ** (len(groups) - depth) for depth, group in enumerate(groups) for weight in group
    }
    return {name: scales[id(weight)] for name, weight in model.named_parameters() if id(weight) in scales}


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
