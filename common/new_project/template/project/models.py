"""A small convolutional network: waveform -> log-mel spectrogram -> logits of the kinds of sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from common import cli
from common.features import LogMelSpectrogram
from common.run_folder import load_model, load_weights, strict_dataclass
from common.training import pick_device
from final_project.project_name import ASSIGNMENT
from final_project.project_name.data import KINDS, SAMPLE_RATE

DYNAMIC_RANGE = 80.0  # dB below the loudest band


@dataclass(kw_only=True)
class NetworkConfig:
    """What the network is made of."""

    n_fft: int = 1024
    """Samples of a frame."""
    hop_length: int = 256
    """Samples between frames."""
    n_mels: int = 48
    """Bands of the mel spectrogram."""
    width: int = 32
    """Channels of the two convolutions over time."""

    def __post_init__(self) -> None:
        cli.at_least(1, hop_length=self.hop_length, n_mels=self.n_mels, width=self.width)
        cli.at_least(self.hop_length, n_fft=self.n_fft)


class SoundNetwork(nn.Module):
    """waveform (B, samples), any length and level -> logits (B, kinds)."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.log_mel = LogMelSpectrogram(
            sample_rate=SAMPLE_RATE,
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            n_mels=config.n_mels,
            ref="max",
            top_db=DYNAMIC_RANGE,
        )
        self.layers = nn.Sequential(
            nn.Conv1d(config.n_mels, config.width, 3, padding=1),
            nn.BatchNorm1d(config.width),
            nn.ReLU(),
            nn.Conv1d(config.width, config.width, 3, padding=1),
            nn.BatchNorm1d(config.width),
            nn.ReLU(),
        )
        self.head = nn.Linear(config.width, len(KINDS))

    def forward(self, waveform: Tensor) -> Tensor:
        x = self.log_mel(waveform) / DYNAMIC_RANGE + 1.0  # (B, S) -> (B, M, T), in 0 ... 1
        x = self.layers(x)  # -> (B, C, T)
        return self.head(x.mean(dim=2))


def load_network(folder: Path, *, device: str = "auto") -> SoundNetwork:
    """The network of a model folder, in eval mode. Errors: ModelFolderError, which says what is wrong."""
    config, tensors = load_model(folder, assignment=ASSIGNMENT)
    network = SoundNetwork(strict_dataclass(NetworkConfig, config, where=folder / "config.json"))
    load_weights(network, tensors, where=folder)
    return network.to(pick_device(device)).eval()


@torch.inference_mode()
def probabilities(network: SoundNetwork, waveforms: Tensor) -> Tensor:
    """Waveforms (B, samples) -> probability of each kind (B, kinds), on the CPU."""
    device = next(network.parameters()).device
    return network(waveforms.to(device)).double().softmax(dim=-1).cpu()
