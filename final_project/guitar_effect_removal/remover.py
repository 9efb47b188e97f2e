"""The remover: wet guitar in, dry guitar out.

    wet (B, S) -> spectrum (B, 1, F, T) -> HW2's band-split network -> gains or complex masks -> dry (B, S)

The network is that of source separation, reused as it is, with one channel; what differs is the mask. Where
a source is taken out of a mix, a bin can only become softer; an amplifier's cabinet takes the treble away
and a compressor the attacks, so bins must be able to become louder, too: real gains above 0, the
exponential of what the network gives. They begin at 1: an untrained remover leaves the guitar as it is. The
phase stays that of the wet guitar (`mask="gain"`), or is turned (`mask="complex"`).

Sources: Luo and Yu 2023 (the network, see hw2_source_separation/bandsplit.py); M. Rice et al. 2023 (removal
of effects as separation).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from final_project.guitar_effect_removal.guitars import SAMPLE_RATE
from hw2_source_separation.bandsplit import BandSplit, BandSplitConfig
from hw2_source_separation.stft import istft, stft


def default_network() -> BandSplitConfig:
    return BandSplitConfig(n_fft=2048, hop_length=512, frames_per_token=4, mask="gain")


@dataclass(kw_only=True)
class RemoverConfig:
    """What rebuilds a remover, as config.json has it."""

    network: BandSplitConfig = field(default_factory=default_network)
    sample_rate: int = SAMPLE_RATE


class Remover(nn.Module):
    """Wet waveforms (B, S) at `config.sample_rate`, one channel -> dry ones (B, S)."""

    def __init__(self, config: RemoverConfig) -> None:
        super().__init__()
        self.config = config
        self.network = BandSplit(config.network, num_targets=1, channels=1)

    @property
    def transform(self) -> dict[str, int]:
        """n_fft and hop_length, in samples."""
        return {"n_fft": self.config.network.n_fft, "hop_length": self.config.network.hop_length}

    def forward(self, wet: Tensor) -> Tensor:
        return self.remove(wet, wet.square().mean(dim=-1).sqrt())

    def remove(self, wet: Tensor, loudness: Tensor) -> Tensor:
        """Wet waveforms (B, S), parts of recordings with the RMS `loudness` (B,) -> dry ones (B, S)."""
        loudness = loudness.clamp(min=1e-5)[:, None]  # (B, 1)
        with torch.autocast(wet.device.type, enabled=False):
            spectrum = stft((wet / loudness).float()[:, None], **self.transform)  # (B, 1, F, T)
        estimate = self.network(spectrum)[:, 0]  # (B, targets, C, F, T) -> (B, 1, F, T)
        with torch.autocast(wet.device.type, enabled=False):
            return istft(estimate, **self.transform, length=wet.shape[-1])[:, 0] * loudness


def to_json(config: RemoverConfig) -> dict[str, Any]:
    return asdict(config)
