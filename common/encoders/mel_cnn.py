"""A compact convolutional encoder: waveform -> mel spectrogram -> maps of features.

Short-chunk CNNs (Won et al. 2020, "Evaluation of CNN-based automatic music tagging models") have seven
layers of 128 channels, each followed by 2 x 2 pooling: they want 128 bands and at least 128 frames, and
most of their time goes into the first layers. Here the first layers are thin and stride at once, and the
last ones see a sixteenth of the bands and of the frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from common.augmentation import SpectralAugmentation
from common.cli import UserError
from common.features import MelSpectrogram, power_to_db

DYNAMIC_RANGE = 80.0  # dB below the loudest band of the clip: below lies noise, not the instrument
TIME_SHRINK = 16  # mel frames to each frame of the maps


@dataclass(kw_only=True)
class MelCNNConfig:
    """What the encoder is made of."""

    input: Literal["log-mel", "mel"] = "log-mel"
    """Scale of the mel spectrogram: decibels, or linear power."""
    sample_rate: int = 16_000
    """Of the waveforms it expects, in Hz."""
    n_fft: int = 2048
    """Samples of a frame; fixed by the assignment."""
    hop_length: int = 512
    """Samples between frames; fixed by the assignment."""
    n_mels: int = 96
    """Bands of the mel spectrogram."""
    width: int = 16
    """Channels of the first block; the later ones have 2, 4, 6 and 8 times as many."""
    equalizer_db: float = 12.0
    """Augmentation: strongest random equalizer, as the standard deviation of its gains in dB. 0: none."""
    band_mask: float = 0.125
    """Augmentation: widest masked stretch of bands, as a share of all, 0 to 1."""
    time_mask: float = 0.2
    """Augmentation: longest masked stretch of frames, as a share of all, 0 to 1."""

    def __post_init__(self) -> None:
        require_front_end(self)


def front_end(config: Any) -> tuple[MelSpectrogram, SpectralAugmentation]:
    """The mel spectrogram and the augmentation that a config of a mel network describes."""
    mel = MelSpectrogram(
        sample_rate=config.sample_rate,
        n_fft=config.n_fft,
        hop_length=config.hop_length,
        n_mels=config.n_mels,
    )
    augmentation = SpectralAugmentation(
        equalizer_db=config.equalizer_db,
        band_mask=config.band_mask,
        time_mask=config.time_mask,
        floor=-DYNAMIC_RANGE,
    )
    return mel, augmentation


def require_front_end(config: Any) -> None:
    """Errors: UserError, naming the options, for a config that describes no mel network."""
    for name in ("band_mask", "time_mask"):
        require_share(name, getattr(config, name))
    if config.width < 1 or config.n_mels < 16 or not 1 <= config.hop_length <= config.n_fft:
        raise UserError(
            f"--width {config.width} --n-mels {config.n_mels} --n-fft {config.n_fft} --hop-length"
            f" {config.hop_length}: give a width of 1 or more, 16 bands or more and a hop of 1 to n-fft"
        )


def require_share(name: str, value: float) -> None:
    """Errors: UserError, in the words of the command line, if the option `name` is not in [0, 1)."""
    if not 0 <= value < 1:
        raise UserError(f"--{name.replace('_', '-')} is {value}; give a value in [0, 1)")


class MelCNN(nn.Module):
    """Mel front end and five blocks, tensors blocks.*. A model adds its head and its `forward`.

    `num_channels`: of the maps, 8 * `config.width`.
    """

    def __init__(self, config: MelCNNConfig) -> None:
        super().__init__()
        self.config = config
        self.num_channels = 8 * config.width
        self.mel, self.augmentation = front_end(config)
        width = config.width
        self.blocks = nn.Sequential(
            block(1, width, kernel=5, stride=2, pool=(1, 2)),
            block(width, 2 * width, pool=(2, 2)),
            block(2 * width, 4 * width, pool=(2, 2)),
            block(4 * width, 6 * width, pool=(2, 1)),
            block(6 * width, 8 * width),
        ).to(memory_format=torch.channels_last)  # a third faster on a CPU

    def features(self, waveform: Tensor) -> Tensor:
        """(B, samples) -> (B, 1, bands, frames): -1 ... 1 (log-mel) or 0 ... 1 (mel), whatever the level."""
        if waveform.ndim == 3:
            waveform = waveform.mean(dim=1)  # (B, C, S) -> (B, S)
        decibels = power_to_db(self.mel(waveform), ref="max", top_db=DYNAMIC_RANGE)[:, None]
        decibels = self.augmentation(decibels)
        decibels = decibels - decibels.amax(dim=(2, 3), keepdim=True)  # an equalizer moves the loudest band
        if self.config.input == "mel":
            return 10.0 ** (decibels / 10.0)  # power, the loudest band at 1
        return decibels.clamp(min=-DYNAMIC_RANGE) / (DYNAMIC_RANGE / 2) + 1.0

    def maps(self, waveform: Tensor, *, time_shrink: int = TIME_SHRINK) -> Tensor:
        """(B, samples) or (B, channels, samples) -> (B, num_channels, bands / 16, frames / `time_shrink`).

        With a `time_shrink` of 2, 4 or 8 the last poolings over time move by one frame and not by two, and
        what follows them skips frames instead ("a trous", Chen et al. 2015, section 3.1). The weights mean
        what they meant: every (16 / `time_shrink`)-th frame is that of the network as it was trained, and
        those between are what it would say of a clip that begins later.
        """
        if time_shrink not in (2, 4, 8, TIME_SHRINK):
            raise ValueError(f"time_shrink must be 2, 4, 8 or {TIME_SHRINK}, got {time_shrink}")
        x = self.features(waveform)  # (B, S) -> (B, 1, M, T)
        x = x.contiguous(memory_format=torch.channels_last)
        if time_shrink == TIME_SHRINK:
            return self.blocks(x)  # -> (B, C, M / 16, T / 16)
        shrunk, spread = 2, 1  # the first convolution strides in any case
        for convolution, norm, activation, pool in self.blocks:
            x = activation(norm(convolve(convolution, x, spread)))
            pools_time = pool.kernel_size[1] == 2
            if pools_time and shrunk == time_shrink:
                x = pool_densely(x, pool.kernel_size, spread)
                spread *= 2
            else:
                x = pool(x)
                shrunk *= pool.kernel_size[1]
        return x  # (B, C, M / 16, T / time_shrink)


def block(
    inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1, pool: tuple[int, int] = (1, 1)
) -> nn.Sequential:
    """Convolution, batch norm, ReLU, max pooling: (B, inputs, M, T) -> (B, outputs, M / ..., T / ...)."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
        nn.MaxPool2d(pool, ceil_mode=True),  # ceil: a single frame survives all of them
    )


def convolve(convolution: nn.Conv2d, x: Tensor, spread: int) -> Tensor:
    """`convolution` whose taps lie `spread` frames apart; no frame is lost."""
    rows, columns = convolution.padding
    return F.conv2d(
        x,
        convolution.weight,
        stride=convolution.stride,
        padding=(rows, columns * spread),
        dilation=(1, spread),
    )


def pool_densely(x: Tensor, kernel: tuple[int, int], spread: int) -> Tensor:
    """Max pooling over `kernel` that takes every frame, with the one `spread` later, as a beginning."""
    x = F.pad(x, (0, spread * (kernel[1] - 1)), value=-torch.inf)  # the end has no later one
    return F.max_pool2d(x, kernel, stride=(kernel[0], 1), dilation=(1, spread), ceil_mode=True)
