"""Mel-frequency cepstral coefficients, and how features move: deltas.

Sources: Davis and Mermelstein, "Comparison of Parametric Representations for Monosyllabic Word Recognition"
(1980); Savitzky and Golay, "Smoothing and Differentiation of Data by Simplified Least Squares Procedures"
(1964).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from common.features.mel import LogMelSpectrogram


def dct_matrix(size: int, count: int) -> Tensor:
    """The first `count` rows of the orthonormal DCT-II: (count, size). Agrees with scipy to rounding."""
    rows = torch.arange(count, dtype=torch.float64)[:, None]
    columns = torch.arange(size, dtype=torch.float64) + 0.5
    matrix = math.sqrt(2.0 / size) * torch.cos(math.pi / size * rows * columns)
    matrix[0] /= math.sqrt(2.0)  # the constant row, so that all rows have length 1
    return matrix.to(torch.get_default_dtype())


def delta(features: Tensor, *, order: int = 1, width: int = 9) -> Tensor:
    """Derivative in time: that of the polynomial of degree `order` that fits the `width` frames around each.

    features (..., features, frames) -> the same shape; `width` odd. Errors: ValueError.
    Agrees with librosa.feature.delta within 1e-5 of the largest value. Of fewer than `width` frames, which
    librosa refuses, the first and last are repeated outwards; one frame gives 0.
    """
    if width < 3 or width % 2 == 0 or not 1 <= order < width:
        raise ValueError(f"width must be odd and >= 3, and order in 1 ... width - 1, got {width}, {order}")
    half = width // 2
    offsets = torch.arange(-half, half + 1, dtype=torch.float64)
    # Least squares: coefficients = pinv(V) x with V[i, k] = offset_i^k; the derivative of c t^n is n! c
    # everywhere.
    solution = torch.linalg.pinv(torch.stack([offsets**k for k in range(order + 1)], dim=1))
    kernel = (math.factorial(order) * solution[order]).to(features)
    series = features.reshape(-1, 1, features.shape[-1])  # (..., F, T) -> (N, 1, T)
    if series.shape[-1] < width:
        moved = F.conv1d(F.pad(series, (half, half), mode="replicate"), kernel[None, None])
    else:  # at the ends the fit to the outermost `width` frames holds, and its derivative is constant
        moved = F.pad(F.conv1d(series, kernel[None, None]), (half, half), mode="replicate")
    return moved.reshape(features.shape)


class MFCC(LogMelSpectrogram):
    """The first `n_mfcc` cepstral coefficients of a log-mel spectrogram, and deltas up to order `deltas`.

    waveform (..., samples) -> (..., n_mfcc * (1 + deltas), frames); takes the options of LogMelSpectrogram.
    Errors: ValueError. Agrees with librosa.feature.mfcc (and .delta of it) within 0.005.
    """

    dct: Tensor

    def __init__(self, *, n_mfcc: int = 20, deltas: int = 0, **log_mel):
        super().__init__(**log_mel)
        if not 1 <= n_mfcc <= self.n_mels:
            raise ValueError(f"n_mfcc must be in 1 ... n_mels, got {n_mfcc} with n_mels {self.n_mels}")
        if deltas not in (0, 1, 2):
            raise ValueError(f"deltas must be 0, 1 or 2, got {deltas}")
        self.n_mfcc, self.deltas, self.num_features = n_mfcc, deltas, n_mfcc * (1 + deltas)
        self.register_buffer("dct", dct_matrix(self.n_mels, n_mfcc), persistent=False)

    def per_clip(self, features: Tensor) -> Tensor:
        coefficients = self.dct @ super().per_clip(features)  # (B, M, T) -> (B, C, T)
        orders = range(1, self.deltas + 1)
        return torch.cat([coefficients, *(delta(coefficients, order=order) for order in orders)], dim=-2)
