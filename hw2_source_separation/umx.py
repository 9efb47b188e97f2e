"""Open-Unmix: a bidirectional LSTM that says how much of each bin of the mixture's spectrogram is the
target's.

    |mixture| (B, C, F, T) -> scaled -> T steps of H -> three LSTM layers -> T steps of C * F -> mask >= 0

Every bin is scaled to zero mean and unit variance over the training mixtures before the network, and its
output by scales that start at the same statistics: both are learnt on. Above `bandwidth` the network hears
nothing, but masks all bins. One network for each target, in the manner of the original, whose masks do not
know of each other.

Source: Stöter, Uhlich, Liutkus and Mitsufuji 2019, "Open-Unmix: a reference implementation for music source
separation" (there: hidden_size 512, n_fft 4096, hop 1024, bandwidth 16 kHz, three layers: 8.89 million
parameters).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from common.cli import UserError
from hw2_source_separation.stems import CHANNELS, SAMPLE_RATE
from hw2_source_separation.stft import require_overlap

NUM_LAYERS = 3
DROPOUT = 0.4  # between the LSTM's layers


@dataclass(kw_only=True)
class UmxConfig:
    """What an Open-Unmix network is made of."""

    n_fft: int = 4096
    """Samples of a frame."""
    hop_length: int = 1024
    """Samples between frames."""
    hidden_size: int = 512
    """Units of a step; each direction of the LSTM has half as many."""
    bandwidth: float = 16_000.0
    """Highest frequency that the network hears, in Hz."""

    def __post_init__(self) -> None:
        require_transform(self.n_fft, self.hop_length)
        if self.hidden_size < 2 or self.hidden_size % 2:
            raise UserError(f"--hidden-size is {self.hidden_size}; give an even number of at least 2")
        if not 0 < self.bandwidth <= SAMPLE_RATE / 2:
            raise UserError(
                f"--bandwidth is {self.bandwidth}; give more than 0 and at most {SAMPLE_RATE / 2} Hz"
            )


def require_transform(n_fft: int, hop_length: int) -> None:
    """Errors: UserError for frames that do not overlap, of an odd length, or too short to tell pitches
    apart."""
    if n_fft < 64 or n_fft % 2:
        raise UserError(f"--n-fft is {n_fft}; give an even number of at least 64")
    try:
        require_overlap(n_fft, hop_length)
    except ValueError as error:
        raise UserError(f"--hop-length: {error}; give a smaller one") from error


class Umx(nn.Module):
    """complex mixture (B, C, F, T) -> complex estimates (B, targets, C, F, T), with the phase of the
    mixture."""

    hears_mid_and_side = False

    def __init__(self, config: UmxConfig, *, num_targets: int) -> None:
        super().__init__()
        self.networks = nn.ModuleList(UmxTarget(config) for _ in range(num_targets))

    def fit_scales(self, mean: Tensor, deviation: Tensor) -> None:
        """Start from the statistics (F,) of the training mixtures' magnitudes."""
        for network in self.networks:
            network.fit_scales(mean, deviation)

    def forward(self, spectrum: Tensor) -> Tensor:
        magnitude = spectrum.abs()
        return torch.stack([network(magnitude).float() * spectrum for network in self.networks], dim=1)


class UmxTarget(nn.Module):
    """magnitude (B, C, F, T) -> mask (B, C, F, T) of one target."""

    def __init__(self, config: UmxConfig) -> None:
        super().__init__()
        bins, hidden = config.n_fft // 2 + 1, config.hidden_size
        self.heard = min(bins, 1 + int(config.bandwidth * config.n_fft / SAMPLE_RATE))
        self.input_mean, self.input_scale = (
            nn.Parameter(torch.zeros(self.heard)),
            nn.Parameter(torch.ones(self.heard)),
        )
        self.output_mean, self.output_scale = nn.Parameter(torch.ones(bins)), nn.Parameter(torch.ones(bins))
        self.encode = nn.Sequential(
            nn.Linear(CHANNELS * self.heard, hidden, bias=False), PerFrameBatchNorm(hidden), nn.Tanh()
        )
        self.lstm = nn.LSTM(
            hidden, hidden // 2, NUM_LAYERS, batch_first=True, bidirectional=True, dropout=DROPOUT
        )
        self.decode = nn.Sequential(
            nn.Linear(2 * hidden, hidden, bias=False),
            PerFrameBatchNorm(hidden),
            nn.ReLU(),
            nn.Linear(hidden, CHANNELS * bins, bias=False),
            PerFrameBatchNorm(CHANNELS * bins),
        )

    @torch.no_grad()
    def fit_scales(self, mean: Tensor, deviation: Tensor) -> None:
        """Statistics (F,) of the magnitudes; a bin that hardly varies is not blown up."""
        floor = 1e-4 * deviation.max()
        self.input_mean.copy_(-mean[: self.heard])
        self.input_scale.copy_(1 / deviation[: self.heard].clamp_min(floor))

    def forward(self, magnitude: Tensor) -> Tensor:
        batch, channels, bins, frames = magnitude.shape
        x = magnitude.permute(0, 3, 1, 2)[..., : self.heard]  # (B, C, F, T) -> (B, T, C, F')
        x = (x + self.input_mean) * self.input_scale
        x = self.encode(x.flatten(2))  # -> (B, T, H)
        x = torch.cat([x, self.lstm(x)[0]], dim=-1)  # the skip connection of the original: (B, T, 2H)
        x = self.decode(x).view(batch, frames, channels, bins)
        return torch.relu(x * self.output_scale + self.output_mean).permute(0, 2, 3, 1)  # (B, C, F, T)


class PerFrameBatchNorm(nn.BatchNorm1d):
    """Batch normalization of (batch, frames, features): over all frames of all items."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x.flatten(0, 1)).view_as(x)
