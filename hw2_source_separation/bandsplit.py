"""The default network: the spectrum is cut into bands, each band becomes a token, tokens look over time and
bands.

    complex mixture (B, 2, F, T)
      -> compressed                               features (B, 3, 2, F, T)
      -> band split: a linear layer for each band tokens   (B, T', K, D),  T' = T / P, P frames to a token
      -> blocks: over time, over bands, by itself          (B, T', K, D)
      -> a small network for each band            masks    (B, N, 2, F, T)

Low bands are narrow, as pitches are near each other there, high ones wide: 2049 bins are some thirty
tokens, and what a linear layer costs for all bins is paid once on the way in and once on the way out. In
between everything works on the few tokens. Three decisions make the network cheap on a CPU:

- *Two frames are one token* (`frames_per_token`): all that looks over time and bands costs half.
- *Over time by convolution* (`time_mixing`): a weight for each of a few moments, band and channel, further
  apart from block to block. Beside an LSTM or attention it is nearly free, and what it sees is finite, so
  that a song that comes in chunks is separated as if it came at once.
- *Mid and side instead of left and right*: voices stand in the middle of nearly all mixes, so one channel
  of the masks has most of the work.

The features of a bin x are the two parts of x / |x|^(1/2), and |x|^(1/2): loud and soft partials become
more alike, the phase stays. Masks are real, between 0 and 1: in minutes of training they are ahead of complex
ones, which could undo what other sources cancel, and have twice as much to learn. Gains are real masks
without an upper end, which begin at 1: for whoever has to give back what was taken away.

Sources: Luo and Yu 2023, "Music source separation with band-split RNN" (bands, the small networks); Lu et
al. 2024, "Music source separation with band-split RoPE transformer" (attention over time and over bands);
Liu et al. 2022, "A ConvNet for the 2020s" (depthwise convolution and pointwise layers); Tolstikhin et al.
2021, "MLP-Mixer" (dense layers over the tokens).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from common.cli import UserError
from hw2_source_separation.mixing import (
    BandMixing,
    BandRecurrence,
    Pointwise,
    Residual,
    TimeAttention,
    TimeConvolution,
    TimeRecurrence,
)
from hw2_source_separation.stems import CHANNELS, SAMPLE_RATE
from hw2_source_separation.umx import require_transform

QUIETEST = 1e-8  # power: about the rounding noise of 16 bits
NUM_FEATURES = 3  # of a bin and channel: real, imaginary, magnitude
TOP_BAND = 16_000.0  # Hz, where the last band begins: above there is little
FEWEST_BINS = 2  # of a band
HIGHEST_GAIN = 7.0  # Np, 61 dB: a gain that runs away in training stays a number
DILATIONS = (1, 2, 4, 8)  # tokens between the weights of a convolution over time, from block to block


@dataclass(kw_only=True)
class BandSplitConfig:
    """What a band-split network is made of."""

    n_fft: int = 2048
    """Samples of a frame."""
    hop_length: int = 1024
    """Samples between frames."""
    frames_per_token: int = 2
    """Frames that become one token."""
    bands: int = 30
    """Bands, equally wide in mel below 16 kHz; the last one is all above."""
    width: int = 64
    """Numbers that describe a band at one moment."""
    blocks: int = 6
    """How many times tokens look over time and over bands."""
    time_mixing: Literal["convolution", "recurrent", "attention"] = "convolution"
    """How tokens of one band look over time."""
    band_mixing: Literal["dense", "recurrent"] = "dense"
    """How tokens of one moment look over bands."""
    kernel: int = 7
    """Moments that a convolution over time sees; odd."""
    expansion: int = 2
    """Width of the layers within blocks, as a multiple of `width`."""
    mask: Literal["real", "complex", "gain"] = "real"
    """Real masks between 0 and 1 keep the mixture's phase; complex ones, unbounded, turn it; gains are real
    and unbounded, from 1 at the beginning of training."""

    def __post_init__(self) -> None:
        require_transform(self.n_fft, self.hop_length)
        for name in ("frames_per_token", "width", "blocks", "kernel", "expansion"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name.replace('_', '-')} is {getattr(self, name)}; give at least 1")
        if self.kernel % 2 == 0:
            raise UserError(f"--kernel is {self.kernel}; give an odd number")
        if self.time_mixing == "attention" and self.width % 8:
            raise UserError(f"--width is {self.width}; give a multiple of 8 with --time-mixing attention")
        if not 2 <= self.bands <= (self.n_fft // 2 + 1) // (2 * FEWEST_BINS):
            raise UserError(
                f"--bands is {self.bands}; give 2 to {(self.n_fft // 2 + 1) // (2 * FEWEST_BINS)}"
            )


class BandSplit(nn.Module):
    """complex mixture (B, 2, F, T), mid and side -> complex estimates (B, targets, 2, F, T), mid and side."""

    hears_mid_and_side = True

    def __init__(self, config: BandSplitConfig, *, num_targets: int, channels: int = CHANNELS) -> None:
        super().__init__()
        self.frames_per_token = config.frames_per_token
        edges = band_edges(config.bands, n_fft=config.n_fft)
        size = config.frames_per_token * channels * NUM_FEATURES
        self.split = BandEmbedding(edges, config.width, per_bin=size)
        self.blocks = nn.Sequential(*(block(config, depth) for depth in range(config.blocks)))
        self.masks = BandMasks(config, num_targets=num_targets, channels=channels)

    def forward(self, spectrum: Tensor) -> Tensor:
        frames = spectrum.shape[-1]
        # In memory the bins of a frame lie side by side, as the Fourier transform leaves them and wants them.
        x = F.pad(spectrum.mT, (0, 0, 0, -frames % self.frames_per_token))
        x = x.unflatten(2, (-1, self.frames_per_token))  # (B, C, F, T) -> (B, C, T', P, F)
        tokens = self.blocks(self.split(features(x)))  # -> (B, T', K, D)
        estimates = self.masks(tokens) * x[:, None]  # (B, N, C, T', P, F)
        return estimates.flatten(3, 4)[:, :, :, :frames].mT  # (B, N, C, F, T)


class BandEmbedding(nn.Module):
    """Features (B, 3, C, T', P, F) -> tokens (B, T', K, D): a linear layer for each band.

    per_bin: features of a bin in a token, 3 C P.
    """

    def __init__(self, edges: list[int], width: int, *, per_bin: int) -> None:
        super().__init__()
        self.edges = edges
        self.layers = nn.ModuleList(nn.Linear(per_bin * (high - low), width) for low, high in pairwise(edges))

    def forward(self, x: Tensor) -> Tensor:
        x = x.permute(0, 3, 1, 2, 4, 5)  # (B, T', 3, C, P, F)
        bands = zip(self.layers, pairwise(self.edges), strict=True)
        return torch.stack([layer(x[..., low:high].flatten(2)) for layer, (low, high) in bands], dim=2)


class BandMasks(nn.Module):
    """Tokens (B, T', K, D) -> masks (B, N, C, T', P, F): a gated two-layer network for each band."""

    def __init__(self, config: BandSplitConfig, *, num_targets: int, channels: int) -> None:
        super().__init__()
        self.mask = config.mask
        width, edges = config.width, band_edges(config.bands, n_fft=config.n_fft)
        self.parts = 2 if config.mask == "complex" else 1  # real and imaginary
        self.shape = (num_targets, channels, config.frames_per_token)
        per_bin = math.prod(self.shape) * self.parts
        self.norm = nn.LayerNorm(width)
        self.layers = nn.ModuleList(
            nn.Sequential(
                nn.Linear(width, 4 * width), nn.GLU(dim=-1), nn.Linear(2 * width, per_bin * (high - low))
            )
            for low, high in pairwise(edges)
        )
        if self.mask == "gain":
            for *_, last in self.layers:
                nn.init.zeros_(last.weight)
                nn.init.zeros_(last.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        bands = zip(self.layers, self.norm(tokens).unbind(dim=2), strict=True)
        masks = [layer(token).unflatten(-1, (*self.shape, -1, self.parts)) for layer, token in bands]
        x = torch.cat(masks, dim=5).float()  # (B, T', N, C, P, F, 1 or 2)
        if self.mask == "complex":
            masks = torch.view_as_complex(x)
        elif self.mask == "gain":
            masks = x.squeeze(-1).clamp(max=HIGHEST_GAIN).exp()
        else:
            masks = x.squeeze(-1).sigmoid()
        return masks.permute(0, 2, 3, 1, 4, 5)


def block(config: BandSplitConfig, depth: int) -> nn.Module:
    """A look over time, one over bands, and one at each token itself."""
    width, bands, hidden = config.width, config.bands, config.width // 2
    over_time = {
        "convolution": lambda: TimeConvolution(
            bands, width, kernel=config.kernel, dilation=DILATIONS[depth % len(DILATIONS)]
        ),
        "recurrent": lambda: TimeRecurrence(width, hidden=hidden),
        "attention": lambda: TimeAttention(width),
    }
    over_bands = {
        "dense": lambda: BandMixing(bands, expansion=config.expansion),
        "recurrent": lambda: BandRecurrence(width, hidden=hidden),
    }
    layers = (
        over_time[config.time_mixing](),
        over_bands[config.band_mixing](),
        Pointwise(width, expansion=config.expansion),
    )
    return nn.Sequential(*(Residual(width, layer) for layer in layers))


def features(spectrum: Tensor) -> Tensor:
    """Complex (B, ...) -> (B, 3, ...): real part, imaginary part and magnitude, compressed."""
    real, imaginary = spectrum.real, spectrum.imag
    root = (real.square() + imaginary.square() + QUIETEST).sqrt().sqrt()  # |x|^(1/2)
    return torch.stack([real / root, imaginary / root, root], dim=1)


def band_edges(bands: int, *, n_fft: int) -> list[int]:
    """First bin of each band, and the one after the last: (bands + 1,), equally far apart in mel.

    Below, where that would be less than FEWEST_BINS bins, bands have so many. mel = 2595 log10(1 + Hz / 700).
    """
    top = 2595 * math.log10(1 + TOP_BAND / 700)
    edges = [0]
    for number in range(1, bands):
        hz = 700 * (10 ** (number / (bands - 1) * top / 2595) - 1)
        edges.append(max(edges[-1] + FEWEST_BINS, round(hz * n_fft / SAMPLE_RATE)))
    return [*edges, n_fft // 2 + 1]
