"""The sum of one embedding per field: how a row of small integers becomes a vector."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class FieldEmbedding(nn.Module):
    """int64 (..., F), field f below sizes[f] -> (..., width): one table for all fields, looked up at once.

    In training each field is left out with probability `dropout`, and the others count more: a fact that is
    missing now and then cannot be relied on alone. At first the sum has a standard deviation of about one.
    """

    def __init__(self, sizes: Sequence[int], width: int, *, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = dropout
        offsets = torch.tensor([0, *sizes[:-1]]).cumsum(0)
        self.register_buffer("offsets", offsets, persistent=False)
        self.table = nn.Parameter(torch.randn(sum(sizes), width) / len(sizes) ** 0.5)

    def forward(self, values: Tensor) -> Tensor:
        rows = (values + self.offsets).flatten(0, -2)  # (N, F)
        kept = None
        if self.training and self.dropout:
            kept = (torch.rand(rows.shape, device=rows.device) >= self.dropout) / (1 - self.dropout)
        summed = F.embedding_bag(rows, self.table, mode="sum", per_sample_weights=kept)
        return summed.unflatten(0, values.shape[:-1])


class SequenceDropout(nn.Module):
    """Dropout of the same channels in all frames of a row: (B, T, C) -> (B, T, C).

    Source: Gal and Ghahramani 2016, "A Theoretically Grounded Application of Dropout in RNNs".
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share

    def forward(self, x: Tensor) -> Tensor:
        if not self.training or not self.share:
            return x
        kept = torch.rand(x.shape[0], 1, x.shape[2], device=x.device) >= self.share
        return x * (kept / (1 - self.share))
