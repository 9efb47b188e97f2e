"""What looks over time and over bands: layers that take and give tokens (B, T, K, D).

Each is used as `x + layer(norm(x))`. All but attention and recurrence over time see finitely many moments.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEADS = 4
ROPE_BASE = 10_000.0  # slowest rotation, Su et al. 2021


class TimeConvolution(nn.Module):
    """A weighted sum over `kernel` moments, `dilation` tokens apart; each band and channel has its own
    weights.

    Written as shifted products: the tokens stay where they are in memory, which a library's convolution would
    have to rearrange. What lies beyond the ends is zero.
    """

    def __init__(self, bands: int, width: int, *, kernel: int, dilation: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.weights = nn.Parameter(torch.randn(kernel, bands, width) / math.sqrt(kernel))

    def forward(self, x: Tensor) -> Tensor:
        frames, reach = x.shape[1], self.dilation * (len(self.weights) // 2)
        padded = F.pad(x, (0, 0, 0, 0, reach, reach))  # (B, T + 2 reach, K, D)
        total = padded[:, :frames] * self.weights[0]
        for place, weight in enumerate(self.weights[1:], start=1):
            total = torch.addcmul(total, padded[:, place * self.dilation :][:, :frames], weight)
        return total


class TimeRecurrence(nn.Module):
    """A bidirectional LSTM over the moments of each band; `hidden` units in each direction."""

    def __init__(self, width: int, *, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, hidden, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        of_bands, _ = self.lstm(x.transpose(1, 2).flatten(0, 1))  # (B, T, K, D) -> (B * K, T, D) -> ... 2H
        return self.output(of_bands).unflatten(0, (-1, x.shape[2])).transpose(1, 2)


class TimeAttention(nn.Module):
    """Self-attention over the moments of each band, with rotary positions (Su et al. 2021)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.project = nn.Linear(width, 3 * width, bias=False)
        self.output = nn.Linear(width, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, frames, bands, width = x.shape
        projected = self.project(x.transpose(1, 2))  # (B, K, T, 3D)
        projected = projected.view(batch * bands, frames, 3, HEADS, width // HEADS)
        query, key, value = projected.permute(2, 0, 3, 1, 4)  # three times (B * K, H, T, D / H)
        heard = F.scaled_dot_product_attention(rotated(query), rotated(key), value)
        heard = heard.transpose(1, 2).reshape(batch, bands, frames, width)
        return self.output(heard).transpose(1, 2)


def rotated(x: Tensor) -> Tensor:
    """(..., T, E), E even: pairs of numbers turned by angles that grow with time (Su et al. 2021, eq. 34)."""
    frames, half = x.shape[-2], x.shape[-1] // 2
    rates = ROPE_BASE ** (-torch.arange(half, device=x.device) / half)
    angles = torch.arange(frames, device=x.device)[:, None] * rates  # (T, E / 2)
    cosine, sine = angles.cos().to(x.dtype), angles.sin().to(x.dtype)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=-1)


class BandMixing(nn.Module):
    """Two dense layers over the bands of a moment, the same for each channel (Tolstikhin et al. 2021)."""

    def __init__(self, bands: int, *, expansion: int) -> None:
        super().__init__()
        self.expand, self.reduce = nn.Linear(bands, expansion * bands), nn.Linear(expansion * bands, bands)

    def forward(self, x: Tensor) -> Tensor:
        return self.reduce(F.gelu(self.expand(x.transpose(2, 3)))).transpose(2, 3)


class BandRecurrence(nn.Module):
    """A bidirectional LSTM over the bands of each moment; `hidden` units in each direction."""

    def __init__(self, width: int, *, hidden: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, hidden, batch_first=True, bidirectional=True)
        self.output = nn.Linear(2 * hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        of_moments, _ = self.lstm(x.flatten(0, 1))  # (B, T, K, D) -> (B * T, K, 2H)
        return self.output(of_moments).view_as(x)


class Pointwise(nn.Module):
    """Two dense layers over the channels of each token."""

    def __init__(self, width: int, *, expansion: int) -> None:
        super().__init__()
        self.expand, self.reduce = nn.Linear(width, expansion * width), nn.Linear(expansion * width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.reduce(F.gelu(self.expand(x)))


class Residual(nn.Module):
    """x + layer(norm(x))."""

    def __init__(self, width: int, layer: nn.Module) -> None:
        super().__init__()
        self.norm, self.layer = nn.LayerNorm(width), layer

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layer(self.norm(x))
