"""Low-rank adaptation: W + B A instead of W, where only A (r x inputs) and B (outputs x r) learn.

B begins at zero, so the adapted model begins as the one it was. Source: Hu et al. 2022, "LoRA: low-rank
adaptation of large language models", section 4.1; on queries and values, as there (scale alpha / r = 1).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from common.cli import UserError

ADAPTED = ("q_proj", "v_proj")  # of the attention layers


class LowRank(nn.Module):
    """weight (outputs, inputs) -> the same and a matrix of rank `rank`, which alone learns."""

    def __init__(self, outputs: int, inputs: int, rank: int) -> None:
        super().__init__()
        self.down = nn.Parameter(torch.empty(rank, inputs).uniform_(-1, 1) / math.sqrt(inputs))
        self.up = nn.Parameter(torch.zeros(outputs, rank))

    def forward(self, weight: Tensor) -> Tensor:
        return weight + self.up @ self.down  # (outputs, r) (r, inputs)


def add_low_rank(model: nn.Module, rank: int) -> None:
    """Adapt the projections named in ADAPTED, in place. Errors: UserError if `model` has none."""
    found = [module for name, module in model.named_modules() if name.endswith(ADAPTED)]
    if not found:
        raise UserError(f"--lora {rank}: this checkpoint has no {' or '.join(ADAPTED)}; leave it out")
    for module in found:
        parametrize.register_parametrization(module, "weight", LowRank(*module.weight.shape, rank))


def low_rank_parameters(model: nn.Module) -> Iterator[nn.Parameter]:
    """What learns in a model that `add_low_rank` adapted."""
    for module in model.modules():
        if isinstance(module, LowRank):
            yield from module.parameters()
