"""The remover that works on the waveform, phases and all: a U-Net in the manner of Demucs.

    wet (B, S) -> encoder, 4 times coarser at each level -> dilated convolutions -> decoder -> correction
    dry = wet + correction

An encoder level is a strided convolution, ReLU, and a gated layer over the channels; a decoder level is the
same backwards and hears, too, what the encoder had at its level. The last layer begins at zero: an untrained
remover leaves the guitar as it is. Where a gain can only give back what a bin still has, this network may add
what is not there; it has more to learn, so it is the option for a GPU.

Deviations from Demucs: dilated convolutions instead of an LSTM between encoder and decoder, so that what it
hears is finite (1.6 s around with five levels and six blocks) and chunks give what the whole gives; no
resampling around the network; what comes out is a correction.

Sources: A. Défossez, N. Usunier, L. Bottou, F. Bach 2019, "Music source separation in the waveform domain"
(the network); Défossez, G. Synnaeve, Y. Adi 2020, "Real time speech enhancement in the waveform domain" (the
loss: MR-STFT and L1); Y. Luo, N. Mesgarani 2019, "Conv-TasNet" (dilated blocks).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch.nn.functional as F
from torch import Tensor, nn

from common.cli import UserError
from final_project.guitar_effect_removal.guitars import SAMPLE_RATE
from final_project.guitar_effect_removal.remover import Remover

KERNEL, STRIDE = 8, 4  # samples, or frames of the level above
PADDING = (KERNEL - STRIDE) // 2  # on both sides: n STRIDE frames become n, and n become n STRIDE
# More would hear further than a chunk's context (hw2_source_separation/streaming).
DEEPEST, MOST_BLOCKS = 5, 6


@dataclass(kw_only=True)
class UNetConfig:
    """What a U-Net on the waveform is made of."""

    channels: int = 16
    """Channels of the first level; each further one has twice as many."""
    depth: int = 5
    """Levels, each 4 times as coarse in time as the one above."""
    blocks: int = 6
    """Dilated convolutions at the coarsest level, 1, 2, 4 ... frames between their weights."""

    def __post_init__(self) -> None:
        for name, most in (("channels", 1024), ("depth", DEEPEST), ("blocks", MOST_BLOCKS)):
            if not 1 <= getattr(self, name) <= most:
                raise UserError(f"--{name} is {getattr(self, name)}; give 1 to {most}")


@dataclass(kw_only=True)
class WaveformConfig:
    """What rebuilds a remover on the waveform, as config.json has it."""

    network: UNetConfig = field(default_factory=UNetConfig)
    sample_rate: int = SAMPLE_RATE


class WaveformRemover(Remover):
    """Wet waveforms (B, S) at `config.sample_rate`, one channel -> dry ones (B, S)."""

    def __init__(self, config: WaveformConfig) -> None:
        super().__init__()
        self.config = config
        self.network = UNet(config.network)

    def at_unit_level(self, wet: Tensor) -> Tensor:
        return wet + self.network(wet[:, None])[:, 0].float()


class UNet(nn.Module):
    """Waveforms (B, 1, S) -> corrections (B, 1, S), zero at the beginning of training."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        widths = [1, *(config.channels * 2**level for level in range(config.depth))]
        levels = range(config.depth)
        self.encoder = nn.ModuleList(encoder_level(widths[n], widths[n + 1]) for n in levels)
        self.blocks = nn.Sequential(*(DilatedBlock(widths[-1], 2**n) for n in range(config.blocks)))
        self.decoder = nn.ModuleList(decoder_level(widths[n + 1], widths[n]) for n in reversed(levels))
        self.coarsest = STRIDE**config.depth  # samples of a frame of the last level
        self.apply(initialize)
        last = self.decoder[-1][-1]
        nn.init.zeros_(last.weight)

    def forward(self, x: Tensor) -> Tensor:
        samples, heard = x.shape[-1], []
        x = F.pad(x, (0, -samples % self.coarsest))
        for level in self.encoder:
            x = level(x)  # (B, C, T) -> (B, C', T / 4)
            heard.append(x)
        x = self.blocks(x)
        for depth, level in enumerate(self.decoder):
            x = level(x + heard.pop())  # (B, C', T) -> (B, C, 4 T)
            x = F.relu(x) if depth + 1 < len(self.decoder) else x
        return x[..., :samples]


def encoder_level(inputs: int, outputs: int) -> nn.Module:
    """(B, inputs, T) -> (B, outputs, T / 4)."""
    return nn.Sequential(
        nn.Conv1d(inputs, outputs, KERNEL, STRIDE, PADDING),
        nn.ReLU(),
        nn.Conv1d(outputs, 2 * outputs, 1),
        nn.GLU(1),
    )


def decoder_level(inputs: int, outputs: int) -> nn.Module:
    """(B, inputs, T) -> (B, outputs, 4 T)."""
    return nn.Sequential(
        nn.Conv1d(inputs, 2 * inputs, 1),
        nn.GLU(1),
        nn.ConvTranspose1d(inputs, outputs, KERNEL, STRIDE, PADDING),
    )


class DilatedBlock(nn.Module):
    """(B, C, T) -> (B, C, T): x + what a gated convolution over three frames, `dilation` apart, adds."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)  # of each frame by itself: over time it would hear everything
        self.convolution = nn.Conv1d(channels, 2 * channels, 3, padding=dilation, dilation=dilation)

    def forward(self, x: Tensor) -> Tensor:
        return x + F.glu(self.convolution(self.norm(x.mT).mT), dim=1)


def initialize(module: nn.Module) -> None:
    """He et al. 2015: what goes through ten layers without a norm keeps its size."""
    if isinstance(module, (nn.Conv1d, nn.ConvTranspose1d)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        nn.init.zeros_(module.bias)
