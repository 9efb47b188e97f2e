"""From frames to the clip: (batch, features, frames) -> (batch, features).

Batches of clips of different lengths are padded at the end; `lengths` (batch,) counts the frames of each clip
that are its own, and what stands behind them, NaN included, never reaches the result. Without `lengths` all
frames count. One frame is a clip as any other. Errors: ValueError.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn


def frame_mask(features: Tensor, lengths: Tensor | None) -> Tensor:
    """True where a frame is the clip's own: (batch, 1, frames), or (1, 1, frames) without `lengths`."""
    if features.ndim != 3 or features.shape[-1] == 0:
        raise ValueError(
            f"features must be (batch, features, frames >= 1), got shape {tuple(features.shape)}"
        )
    batch, _, frames = features.shape
    index = torch.arange(frames, device=features.device)
    if lengths is None:
        return (index >= 0)[None, None]
    if lengths.shape != (batch,):
        raise ValueError(f"lengths must be one for each of {batch} clips, got shape {tuple(lengths.shape)}")
    lengths = lengths.to(features.device)
    if batch and not 1 <= int(lengths.min()) <= int(lengths.max()) <= frames:
        raise ValueError(
            f"lengths must be in 1 ... {frames}, got {int(lengths.min())} ... {int(lengths.max())}"
        )
    return (index < lengths[:, None])[:, None]


def mean(features: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Arithmetic mean over the frames."""
    mask = frame_mask(features, lengths)
    return _mean(features, mask)


def std(features: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Population standard deviation (divided by the number of frames, as numpy.std); 0 for one frame."""
    mask = frame_mask(features, lengths)
    deviation = _deviation(features, mask)
    # The norm rather than the root of the variance: its gradient at a constant feature is 0 and not NaN.
    return torch.linalg.vector_norm(deviation, dim=-1) / mask.sum(dim=-1).to(features.dtype).sqrt()


def maximum(features: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Largest value of the frames."""
    return torch.where(frame_mask(features, lengths), features, -torch.inf).amax(dim=-1)


def minimum(features: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Smallest value of the frames."""
    return torch.where(frame_mask(features, lengths), features, torch.inf).amin(dim=-1)


def median(features: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Middle value of the frames, or the mean of the middle two (as numpy.median, not torch.median)."""
    mask = frame_mask(features, lengths)
    ordered = torch.where(mask, features, torch.inf).sort(dim=-1).values  # padding goes to the end
    count = mask.sum(dim=-1, keepdim=True).expand(*features.shape[:2], 1)  # (B, F, 1)
    middle = torch.cat([(count - 1) // 2, count // 2], dim=-1)
    return ordered.gather(-1, middle).mean(dim=-1)


def skewness(features: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Third standardized moment (as scipy.stats.skew); 0 for a constant, where scipy gives NaN."""
    return _standardized_moment(features, lengths, order=3)


def kurtosis(features: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Fourth standardized moment less 3, that of the normal distribution (as scipy.stats.kurtosis).

    0 for a constant, where scipy gives NaN.
    """
    return _standardized_moment(features, lengths, order=4, normal=3.0)


def mean_abs_delta(features: Tensor, lengths: Tensor | None = None) -> Tensor:
    """Mean of |x[t + 1] - x[t]|: how much a feature moves from frame to frame; 0 for one frame."""
    mask = frame_mask(features, lengths)
    within = mask[..., 1:]  # a step belongs to the clip where its later frame does
    steps = torch.where(mask, features, 0.0).diff(dim=-1).abs()
    return torch.where(within, steps, 0.0).sum(dim=-1) / within.sum(dim=-1).clamp(min=1)


def _mean(features: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask, features, 0.0).sum(dim=-1) / mask.sum(dim=-1)


def _deviation(features: Tensor, mask: Tensor) -> Tensor:
    return torch.where(mask, features - _mean(features, mask).unsqueeze(-1), 0.0)


def _standardized_moment(
    features: Tensor, lengths: Tensor | None, *, order: int, normal: float = 0.0
) -> Tensor:
    mask = frame_mask(features, lengths)
    deviation, count = _deviation(features, mask), mask.sum(dim=-1)
    variance = deviation.square().sum(dim=-1) / count
    # scipy's rule: a variance within the rounding of the mean is none.
    rounding = (torch.finfo(features.dtype).eps * _mean(features, mask)).square()
    constant = variance <= rounding
    scale = torch.where(constant, 1.0, variance).sqrt()
    moment = (deviation / scale.unsqueeze(-1)).pow(order).sum(dim=-1) / count
    return torch.where(constant, 0.0, moment - normal)


Pooling = Callable[[Tensor, Tensor | None], Tensor]
POOLINGS: dict[str, Pooling] = {
    "mean": mean,
    "std": std,
    "max": maximum,
    "min": minimum,
    "median": median,
    "skewness": skewness,
    "kurtosis": kurtosis,
    "mean_abs_delta": mean_abs_delta,
}


def pool(features: Tensor, names: Sequence[str], lengths: Tensor | None = None) -> Tensor:
    """Poolings side by side, (batch, len(names) * features): all features of the first, then of the next."""
    unknown = [name for name in names if name not in POOLINGS]
    if unknown or not names:
        raise ValueError(f"poolings must be among {', '.join(POOLINGS)}, got {', '.join(unknown) or 'none'}")
    return torch.cat([POOLINGS[name](features, lengths) for name in names], dim=-1)


class AttentionPooling(nn.Module):
    """Mean over the frames, weighted by what a small network finds worth hearing.

    features (batch, features, frames), lengths (batch,) -> (batch, features). It starts as the plain mean.
    Source: Ilse et al., "Attention-based Deep Multiple Instance Learning" (2018), equation 8.
    """

    def __init__(self, features: int, hidden: int = 64):
        super().__init__()
        self.hidden = nn.Linear(features, hidden)
        self.score = nn.Linear(hidden, 1, bias=False)
        nn.init.zeros_(self.score.weight)

    def forward(self, features: Tensor, lengths: Tensor | None = None) -> Tensor:
        mask = frame_mask(features, lengths)
        features = torch.where(mask, features, 0.0)
        weights = self.weights(features, mask)
        return (features * weights).sum(dim=-1)

    def weights(self, features: Tensor, mask: Tensor) -> Tensor:
        """(batch, features, frames) -> (batch, 1, frames), summing to 1 over the clip's own frames."""
        score = self.score(torch.tanh(self.hidden(features.mT))).mT  # (B, T, F) -> (B, T, 1) -> (B, 1, T)
        return torch.where(mask, score, -torch.inf).softmax(dim=-1)
