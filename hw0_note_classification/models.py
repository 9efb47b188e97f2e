"""Task 3: a compact convolutional network, from the waveform of a note to the logits of its family.

The encoder of `common.encoders.mel_cnn`, which HW1 takes over once it is trained; then mean and maximum over
what is left of frequency and time, so that any length fits, and two layers.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from common.encoders.mel_cnn import MelCNN, MelCNNConfig, require_share
from hw0_note_classification.note_index import FAMILIES


@dataclass(kw_only=True)
class CNNConfig(MelCNNConfig):
    """What the network is made of."""

    dropout: float = 0.2
    """Share of the clip's features that are dropped in training, 0 to 1."""

    def __post_init__(self) -> None:
        require_share("dropout", self.dropout)
        super().__post_init__()


class NoteCNN(MelCNN):
    """waveform (B, samples) or (B, channels, samples), any length, `config.sample_rate` -> logits (B, 11)."""

    def __init__(self, config: CNNConfig) -> None:
        super().__init__(config)
        self.head = nn.Sequential(
            nn.Linear(2 * self.num_channels, 128),
            nn.BatchNorm1d(128),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(128, len(FAMILIES)),
        )

    def forward(self, waveform: Tensor) -> Tensor:
        x = self.maps(waveform)  # (B, S) -> (B, C, M / 16, T / 16)
        x = torch.cat([x.mean(dim=(2, 3)), x.amax(dim=(2, 3))], dim=1)  # -> (B, 2C)
        return self.head(x)
