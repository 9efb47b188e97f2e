"""Chroma: how much of each pitch class sounds, in whichever octave.

Source: Ellis, "Chroma feature analysis and synthesis" (2007), whose filters librosa uses.
"""

from __future__ import annotations

import torch
from torch import Tensor

from common.features.frames import Filterbank, SpectralFeature

A0_HZ = 440.0 / 16  # octaves are counted from here
CENTRE_OCTAVE, OCTAVE_WIDTH = 5.0, 2.0  # Ellis' weighting: a Gaussian about A5


def chroma_filterbank(*, sample_rate: float, n_fft: int, n_chroma: int = 12, tuning: float = 0.0) -> Tensor:
    """A Gaussian bump about each pitch class, in every octave; row 0 is C.

    `tuning` in fractions of a pitch class away from A4 = 440 Hz -> (n_chroma, n_fft // 2 + 1).
    Errors: ValueError. Agrees with librosa.filters.chroma within 1e-6.
    """
    if n_chroma < 1:
        raise ValueError(f"n_chroma must be >= 1, got {n_chroma}")
    if sample_rate <= 0:
        raise ValueError(f"sample_rate must be > 0, got {sample_rate}")
    a0 = A0_HZ * 2.0 ** (tuning / n_chroma)
    frequency = torch.arange(1, n_fft, dtype=torch.float64) * (sample_rate / n_fft)
    position = n_chroma * torch.log2(frequency / a0)  # in pitch classes above A0
    # 0 Hz has no pitch: it is put one and a half octaves below bin 1, so that it is broad and belongs
    # nowhere.
    position = torch.cat([position[:1] - 1.5 * n_chroma, position])
    width = torch.cat([position.diff().clamp(min=1.0), torch.ones(1, dtype=torch.float64)])
    half = round(n_chroma / 2)
    distance = position - torch.arange(n_chroma, dtype=torch.float64)[:, None]
    distance = torch.remainder(distance + half, n_chroma) - half  # to the nearest octave of the class
    bumps = torch.exp(-0.5 * (2.0 * distance / width).square())
    bumps = bumps / torch.linalg.vector_norm(bumps, dim=0).clamp(min=torch.finfo(torch.float64).tiny)
    octave = (position / n_chroma - CENTRE_OCTAVE) / OCTAVE_WIDTH
    weights = bumps * torch.exp(-0.5 * octave.square())
    # Counted from A so far; three of twelve classes on lies C.
    return weights.roll(-3 * (n_chroma // 12), dims=0)[:, : n_fft // 2 + 1].to(torch.get_default_dtype())


class Chroma(SpectralFeature):
    """Power of each pitch class, from C upwards, the strongest of a frame being 1.

    waveform (..., samples) -> (..., n_chroma, frames); a silent frame is all 0. `tuning` as in
    `chroma_filterbank`; it is not estimated. Errors: ValueError.
    Agrees with librosa.feature.chroma_stft(tuning=tuning) within 1e-5.
    """

    def __init__(self, *, sample_rate: float, n_chroma: int = 12, tuning: float = 0.0, **framing):
        super().__init__(sample_rate=sample_rate, **framing)
        weights = chroma_filterbank(
            sample_rate=sample_rate, n_fft=self.n_fft, n_chroma=n_chroma, tuning=tuning
        )
        self.num_features = n_chroma
        self.filterbank = Filterbank(weights, group=n_chroma)

    def per_frame(self, frames: Tensor) -> Tensor:
        power = self.filterbank(self.spectrum(frames))  # (B, T, n_fft) -> (B, C, T)
        strongest = power.amax(dim=-2, keepdim=True)
        return power / torch.where(strongest < torch.finfo(power.dtype).tiny, 1.0, strongest)
