"""Augmentation of mel spectrograms, inside the network: what the same sound through another microphone
looks like.

A random equalizer (a smooth curve of gains over frequency) stands for the recording channel; masks of a
stretch of frequency and of time stand for what a recording may lack (SpecAugment: Park et al. 2019). Each
item of a batch is changed in its own way. On a power spectrogram in decibels an equalizer is an addition:
filtering the waveforms would cost as much as the network.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CONTROL_POINTS = 6  # of the equalizer's curve: about one an octave and a half


class SpectralAugmentation(nn.Module):
    """Changes decibel spectrograms (B, 1, bands, frames) in training mode; leaves them alone in evaluation.

    `equalizer_db`: for each item the standard deviation of the gains is drawn between 0 and this.
    `band_mask`, `time_mask`: longest masked stretch, as a share of the bands or frames.
    `floor`: what the masked becomes, in dB.
    """

    def __init__(self, *, equalizer_db: float, band_mask: float, time_mask: float, floor: float) -> None:
        super().__init__()
        self.equalizer_db = equalizer_db
        self.band_mask = band_mask
        self.time_mask = time_mask
        self.floor = floor

    def forward(self, decibels: Tensor) -> Tensor:
        if not self.training:
            return decibels
        batch, _, bands, frames = decibels.shape
        decibels = decibels + self.equalizer(batch, bands).to(decibels)
        hidden = random_stretch(batch, bands, self.band_mask)[:, None, :, None]
        hidden = hidden | random_stretch(batch, frames, self.time_mask)[:, None, None, :]
        return decibels.masked_fill(hidden.to(decibels.device), self.floor)

    def equalizer(self, batch: int, bands: int) -> Tensor:
        """Gains in dB, (B, 1, bands, 1), linear between the control points."""
        strength = self.equalizer_db * torch.rand(batch, 1, 1)
        gains = strength * torch.randn(batch, 1, CONTROL_POINTS)
        return F.interpolate(gains, size=bands, mode="linear", align_corners=True)[..., None]


def random_stretch(batch: int, length: int, longest: float) -> Tensor:
    """One stretch in each row that is True, of up to `longest` * `length` positions; bool (batch, length).

    Drawn on the CPU, whatever the device: the same seed gives the same stretches everywhere.
    """
    width = torch.rand(batch, 1) * longest * length
    start = torch.rand(batch, 1) * (length - width)
    position = torch.arange(length) + 0.5  # its middle: the first and the last are hit like the others
    return (position >= start) & (position < start + width)
