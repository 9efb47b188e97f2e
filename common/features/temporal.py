"""What each frame of the waveform itself tells: its level, and how often it changes sign."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from common.features.frames import FrameFeature

SILENCE = 1e-10  # librosa's threshold: what is nearer to zero counts as zero, and zero as positive


class RMS(FrameFeature):
    """Root mean square of each frame of `n_fft` samples.

    waveform (..., samples) -> (..., 1, frames), in [0, 1]; silence gives 0. Errors: ValueError.
    Agrees with librosa.feature.rms(frame_length=n_fft) within 1e-6.
    """

    def per_frame(self, frames: Tensor) -> Tensor:
        level = torch.linalg.vector_norm(frames, dim=-1) / math.sqrt(self.n_fft)
        return level.unsqueeze(-2)  # (B, T, n_fft) -> (B, 1, T)


class ZeroCrossingRate(FrameFeature):
    """Share of the samples of each frame whose sign is not that of the sample before.

    waveform (..., samples) -> (..., 1, frames), in [0, 1]; the ends are padded with the outermost samples;
    silence gives 0. A count: it has no gradient. Errors: ValueError.
    Agrees with librosa.feature.zero_crossing_rate(frame_length=n_fft) to rounding.
    """

    def __init__(self, **framing):
        super().__init__(**{"pad_mode": "replicate"} | framing)

    def per_frame(self, frames: Tensor) -> Tensor:
        negative = frames < -SILENCE
        crossings = (negative[..., 1:] != negative[..., :-1]).sum(dim=-1)
        return (crossings.to(frames.dtype) / self.n_fft).unsqueeze(-2)  # (B, T, n_fft) -> (B, 1, T)
