"""Task 3: a compact convolutional network, from the waveform of a note to the logits of its family.

Short-chunk CNNs (Won et al. 2020, "Evaluation of CNN-based automatic music tagging models") have seven
layers of 128 channels, each followed by 2 x 2 pooling: they want 128 bands and at least 128 frames, and
most of their time goes into the first layers. Here the first layers are thin and stride at once, the last
ones see a sixteenth of the bands, and mean and maximum over what is left make any length fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from common.cli import UserError
from common.features import MelSpectrogram, power_to_db
from hw0_note_classification.augmentation import SpectralAugmentation
from hw0_note_classification.note_index import FAMILIES, SAMPLE_RATE

DYNAMIC_RANGE = 80.0  # dB below the loudest band of the note: below lies noise, not the instrument


@dataclass(kw_only=True)
class CNNConfig:
    """What the network is made of."""

    input: Literal["log-mel", "mel"] = "log-mel"
    """Scale of the mel spectrogram: decibels, or linear power."""
    sample_rate: int = SAMPLE_RATE
    """Of the waveforms it expects, in Hz."""
    n_fft: int = 2048
    """Samples of a frame; fixed by the assignment."""
    hop_length: int = 512
    """Samples between frames; fixed by the assignment."""
    n_mels: int = 96
    """Bands of the mel spectrogram."""
    width: int = 16
    """Channels of the first block; the later ones have 2, 4, 6 and 8 times as many."""
    dropout: float = 0.2
    """Share of the clip's features that are dropped in training, 0 to 1."""
    equalizer_db: float = 12.0
    """Augmentation: strongest random equalizer, as the standard deviation of its gains in dB. 0: none."""
    band_mask: float = 0.125
    """Augmentation: widest masked stretch of bands, as a share of all, 0 to 1."""
    time_mask: float = 0.2
    """Augmentation: longest masked stretch of frames, as a share of all, 0 to 1."""

    def __post_init__(self) -> None:
        for name in ("dropout", "band_mask", "time_mask"):
            if not 0 <= getattr(self, name) < 1:
                option = "--" + name.replace("_", "-")
                raise UserError(f"{option} is {getattr(self, name)}; give a value in [0, 1)")
        if self.width < 1 or self.n_mels < 16 or not 1 <= self.hop_length <= self.n_fft:
            raise UserError(
                f"--width {self.width} --n-mels {self.n_mels} --n-fft {self.n_fft} --hop-length"
                f" {self.hop_length}: give a width of 1 or more, 16 bands or more and a hop of 1 to n-fft"
            )


class NoteCNN(nn.Module):
    """waveform (B, samples) or (B, channels, samples), any length, `config.sample_rate` -> logits (B, 11)."""

    def __init__(self, config: CNNConfig) -> None:
        super().__init__()
        self.config = config
        self.mel = MelSpectrogram(
            sample_rate=config.sample_rate,
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            n_mels=config.n_mels,
        )
        self.augmentation = SpectralAugmentation(
            equalizer_db=config.equalizer_db,
            band_mask=config.band_mask,
            time_mask=config.time_mask,
            floor=-DYNAMIC_RANGE,
        )
        width = config.width
        self.blocks = nn.Sequential(
            block(1, width, kernel=5, stride=2, pool=(1, 2)),
            block(width, 2 * width, pool=(2, 2)),
            block(2 * width, 4 * width, pool=(2, 2)),
            block(4 * width, 6 * width, pool=(2, 1)),
            block(6 * width, 8 * width),
        ).to(memory_format=torch.channels_last)  # a third faster on a CPU
        self.head = nn.Sequential(
            nn.Linear(2 * 8 * width, 128),
            nn.BatchNorm1d(128),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(128, len(FAMILIES)),
        )

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

    def forward(self, waveform: Tensor) -> Tensor:
        x = self.features(waveform)  # (B, S) -> (B, 1, M, T)
        x = self.blocks(x.contiguous(memory_format=torch.channels_last))  # -> (B, C, M / 16, T / 16)
        x = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)  # -> (B, 2C)
        return self.head(x)


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
