"""Notes as points in space, for networks that put out numbers: codes (..., 3) <-> real numbers (..., 3).

A value of each attribute owns an interval, its cell; a number is read as the value in whose cell it falls.
Two ways to lay out the cells:

    values   a cell reaches half-way to its neighbours; numbers are standardized: mean 0, variance 1
    ranks    a cell of [-1, 1] is as wide as its value is frequent; not so pitch, which stays as in "values",
             where a transposition is a shift

In the cell, a true note may stand in the middle or anywhere. In the middle, all true notes lie on a lattice:
whoever has to tell them from a network's numbers need only look whether they are round, and learns nothing
about music. Anywhere (uniform dequantization, Theis et al. 2016, "A note on the evaluation of generative
models") closes this way, and with ranks true numbers are then evenly spread; but a repeated note is no longer
seen to be one. So training takes a part of the cell around the middle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from hw3_melody_generation.encoding import PITCH
from hw3_melody_generation.songs import PITCHES

Layout = Literal["ranks", "values"]


class NoteScale(nn.Module):
    """durations, rests: the beats that codes stand for. Fit it to the training notes before use."""

    def __init__(self, durations: Sequence[float], rests: Sequence[float], *, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        self.values = [torch.arange(float(PITCHES)), torch.tensor(durations), torch.tensor(rests)]
        for name, values in zip(("pitch", "duration", "rest"), self.values, strict=True):
            self.register_buffer(f"{name}_edges", torch.linspace(-1, 1, len(values) + 1))
        self.register_buffer("heard", torch.tensor([0, PITCHES - 1]))  # lowest and highest training pitch

    @property
    def edges(self) -> tuple[Tensor, Tensor, Tensor]:
        """Where the cells of pitches, durations and rests meet, rising: (values + 1,) each."""
        return self.pitch_edges, self.duration_edges, self.rest_edges

    def fit(self, notes: Tensor) -> None:
        """Lay out the cells for notes like these codes, int64 (N, T, 3)."""
        for column, (edges, values) in enumerate(zip(self.edges, self.values, strict=True)):
            counts = torch.bincount(notes[..., column].flatten().cpu(), minlength=len(values)).double()
            by_rank = self.layout == "ranks" and column != PITCH
            edges.copy_(rank_edges(counts) if by_rank else value_edges(values.double(), counts))
        self.heard.copy_(torch.stack([notes[..., PITCH].min(), notes[..., PITCH].max()]))

    def points(self, notes: Tensor, place: Tensor | float = 0.5) -> Tensor:
        """Codes int64 (B, T, 3) -> float32 (B, T, 3). place: where in its cell, 0 to 1, (B, T, 3) or one."""
        low = torch.stack([edges[notes[..., column]] for column, edges in enumerate(self.edges)], dim=-1)
        high = torch.stack([edges[notes[..., column] + 1] for column, edges in enumerate(self.edges)], dim=-1)
        return low + place * (high - low)

    def codes(self, points: Tensor) -> Tensor:
        """Points (B, T, 3) -> int64 (B, T, 3); what is outside falls into the outermost cell, and pitches
        stay between the lowest and the highest of the training data."""
        inner = [edges[1:-1] for edges in self.edges]
        pitch, duration, rest = (
            torch.bucketize(points[..., column].contiguous(), edges, right=True)
            for column, edges in enumerate(inner)
        )
        pitch = pitch.clamp(*self.heard).clamp(0, PITCHES - 1)
        return torch.stack([pitch, duration, rest], dim=-1)


def value_edges(values: Tensor, counts: Tensor) -> Tensor:
    """Edges half-way between standardized values (V,), of which there are so many each: (V + 1,)."""
    share = counts / counts.sum()
    mean = (share * values).sum()
    deviation = (share * (values - mean) ** 2).sum().sqrt()
    step = values[1:] - values[:-1] if len(values) > 1 else values.new_ones(1)
    edges = torch.cat([values[:1] - step[:1] / 2, values[:-1] + step / 2, values[-1:] + step[-1:] / 2])
    return (edges[: len(values) + 1] - mean) / (deviation or 1.0)


def rank_edges(counts: Tensor) -> Tensor:
    """Edges of cells in [-1, 1] whose widths are as the counts (V,), none of them nothing: (V + 1,)."""
    share = (counts + 0.5) / (counts + 0.5).sum()
    return torch.cat([torch.zeros(1, dtype=share.dtype), share.cumsum(0)]) * 2 - 1
