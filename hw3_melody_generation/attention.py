"""The layers of the melody transformer: attention that is relative, and a cache for generation.

Each head has a learned number for each distance between who looks and what is looked at (Shaw et al. 2018;
Raffel et al. 2020), so a text may be longer than those of training. Pre-norm, Xiong et al. 2020.
Axis order: (B, T, D), in attention (B, H, T, D / H): batch, heads, steps, channels.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MAX_DISTANCE = 32  # steps; beyond, distances share one bias


class Attention(nn.Module):
    """Multi-head attention with a learned bias for each head and distance."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.bias = nn.Parameter(torch.zeros(heads, 2 * MAX_DISTANCE + 1))

    def keys_values(self, source: Tensor) -> Tensor:
        """(B, K, D) -> (2, B, H, K, D / H): what a query compares itself to, and what it gets."""
        return torch.stack([self._split(x) for x in self.key_value(source).chunk(2, dim=-1)])

    def forward(self, x: Tensor, keys_values: Tensor, mask: Tensor, *, first: int = 0) -> Tensor:
        """x (B, Q, D), which stands at the places from `first` on -> (B, Q, D).

        mask: bool (B or 1, Q, K), True where a query may look.
        """
        keys, values = keys_values
        bias = self._bias(mask, first)
        x = F.scaled_dot_product_attention(self._split(self.query(x)), keys, values, attn_mask=bias)
        return self.out(x.transpose(1, 2).flatten(2))

    def weights(self, x: Tensor, keys_values: Tensor, mask: Tensor) -> Tensor:
        """Where each query looks: (B, H, Q, K), the rows sum to one."""
        query, keys = self._split(self.query(x)), keys_values[0]
        scores = query @ keys.transpose(2, 3) / math.sqrt(keys.shape[3])
        return (scores + self._bias(mask, 0)).softmax(dim=3)

    def _bias(self, mask: Tensor, first: int) -> Tensor:
        queries, keys = mask.shape[1:]
        place = torch.arange(max(first + queries, keys), device=mask.device)
        distance = (place[:keys] - place[first : first + queries, None]).clamp(-MAX_DISTANCE, MAX_DISTANCE)
        return self.bias[:, distance + MAX_DISTANCE].masked_fill(~mask[:, None], -torch.inf)

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(2, (self.heads, -1)).transpose(1, 2)  # (B, T, D) -> (B, H, T, D / H)


class FeedForward(nn.Sequential):
    """(B, T, D) -> (B, T, D), each place by itself."""

    def __init__(self, width: int) -> None:
        super().__init__(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))


class EncoderLayer(nn.Module):
    """Syllables look at each other, then each thinks for itself. Pre-norm."""

    def __init__(self, *, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(width, heads)
        self.feed_forward = FeedForward(width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """x (B, T, D), mask bool (B, 1, T): True where there is a syllable."""
        normed = self.norms[0](x)
        mask = mask.expand(-1, x.shape[1], -1)
        x = x + self.dropout(self.attention(normed, self.attention.keys_values(normed), mask))
        return x + self.dropout(self.feed_forward(self.norms[1](x)))


class DecoderLayer(nn.Module):
    """Notes look back at notes, then at the syllables, then each thinks for itself. Pre-norm."""

    def __init__(self, *, width: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(width, heads)
        self.cross_attention = Attention(width, heads)
        self.feed_forward = FeedForward(width)
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, syllables: Tensor, mask: Tensor) -> Tensor:
        """All notes at once: x, syllables (B, T, D), mask bool (B, 1, T)."""
        x, mask = self._look_back(x), mask.expand(-1, x.shape[1], -1)
        across = self.cross_attention.keys_values(syllables)
        x = x + self.dropout(self.cross_attention(self.norms[1](x), across, mask))
        return x + self.dropout(self.feed_forward(self.norms[2](x)))

    def alignment(self, x: Tensor, syllables: Tensor, mask: Tensor) -> Tensor:
        """Where this layer looks when it gets what `forward` gets: (B, H, T, T)."""
        x, mask = self._look_back(x), mask.expand(-1, x.shape[1], -1)
        across = self.cross_attention.keys_values(syllables)
        return self.cross_attention.weights(self.norms[1](x), across, mask)

    def _look_back(self, x: Tensor) -> Tensor:
        steps, normed = x.shape[1], self.norms[0](x)
        causal = torch.ones(1, steps, steps, dtype=torch.bool, device=x.device).tril()
        return x + self.dropout(self.attention(normed, self.attention.keys_values(normed), causal))

    def step(self, x: Tensor, cache: DecoderCache, mask: Tensor) -> Tensor:
        """The next note alone, x (B, 1, D); `cache` has what those before it left, and is added to."""
        normed, at = self.norms[0](x), cache.steps
        cache.append(self.attention.keys_values(normed))
        seen = torch.ones(1, 1, at + 1, dtype=torch.bool, device=x.device)
        x = x + self.attention(normed, cache.notes, seen, first=at)
        x = x + self.cross_attention(self.norms[1](x), cache.syllables, mask, first=at)
        return x + self.feed_forward(self.norms[2](x))


class DecoderCache:
    """Keys and values of one decoder layer: of all `syllables`, and of the `notes` so far."""

    def __init__(self, syllables: Tensor, capacity: int) -> None:
        self.syllables = syllables  # (2, B, H, T, D / H)
        self._notes = torch.empty_like(syllables[:, :, :, :1]).repeat(1, 1, 1, capacity, 1)
        self.steps = 0

    @property
    def notes(self) -> Tensor:
        """(2, B, H, steps, D / H)"""
        return self._notes[:, :, :, : self.steps]

    def append(self, keys_values: Tensor) -> None:
        """Remember one more note, (2, B, H, 1, D / H)."""
        self._notes[:, :, :, self.steps : self.steps + 1] = keys_values
        self.steps += 1
