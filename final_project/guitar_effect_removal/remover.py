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

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from final_project.guitar_effect_removal.guitars import SAMPLE_RATE
from hw2_source_separation.bandsplit import BandSplit, BandSplitConfig
from hw2_source_separation.stft import istft, stft


def default_network() -> BandSplitConfig:
    """HW2's with gains, half its hop, and four instead of two frames a token: see LOG.md."""
    return BandSplitConfig(n_fft=2048, hop_length=512, frames_per_token=4, mask="gain")


@dataclass(kw_only=True)
class RemoverConfig:
    """What rebuilds a remover, as config.json has it."""

    network: BandSplitConfig = field(default_factory=default_network)
    sample_rate: int = SAMPLE_RATE


class Remover(nn.Module):
    """What all removers have in common: they hear a guitar at an RMS of 1, and give it back at its own."""

    def forward(self, wet: Tensor) -> Tensor:
        return self.remove(wet, wet.square().mean(dim=-1).sqrt())

    def remove(self, wet: Tensor, loudness: Tensor) -> Tensor:
        """Wet waveforms (B, S), parts of recordings with the RMS `loudness` (B,) -> dry ones (B, S)."""
        heard = loudness.clamp(min=1e-5)[:, None]  # (B, 1)
        return self.at_unit_level(wet / heard) * heard * (loudness > 0)[:, None]  # silence stays silence

    def at_unit_level(self, wet: Tensor) -> Tensor:
        """Wet waveforms (B, S), parts of recordings with an RMS of 1 -> dry ones (B, S)."""
        raise NotImplementedError


class SpectralRemover(Remover):
    """Wet waveforms (B, S) at `config.sample_rate`, one channel -> dry ones (B, S)."""

    def __init__(self, config: RemoverConfig) -> None:
        super().__init__()
        self.config = config
        self.network = BandSplit(config.network, num_targets=1, channels=1)

    @property
    def transform(self) -> dict[str, int]:
        """n_fft and hop_length, in samples."""
        return {"n_fft": self.config.network.n_fft, "hop_length": self.config.network.hop_length}

    def at_unit_level(self, wet: Tensor) -> Tensor:
        with torch.autocast(wet.device.type, enabled=False):
            spectrum = stft(wet.float()[:, None], **self.transform)  # (B, 1, F, T)
        estimate = self.network(spectrum)[:, 0]  # (B, targets, C, F, T) -> (B, 1, F, T)
        with torch.autocast(wet.device.type, enabled=False):
            return istft(estimate, **self.transform, length=wet.shape[-1])[:, 0]
