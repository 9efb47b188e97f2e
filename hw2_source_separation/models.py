"""The separator: mixture of a song -> one estimate for each target.

    (B, 2, S) --STFT--> (B, 2, F, T) --masks of the network--> (B, N, 2, F, T) --inverse--> (B, N, 2, S)

Two networks estimate masks: `umx`, the course's baseline, and `bandsplit`, ours. Real masks leave an estimate
the phase of the mixture; `bandsplit` can have complex ones, which turn it. What both share is here. The rest,
the mixture less its targets, is not the model's business: see `separator.py`.

Of the homework's rules: fewer than 10 million parameters, `require_small` sees to it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from common.cli import UserError
from common.run_folder import strict_dataclass
from hw2_source_separation.bandsplit import BandSplit, BandSplitConfig
from hw2_source_separation.stems import SAMPLE_RATE, require_targets
from hw2_source_separation.stft import istft, stft
from hw2_source_separation.umx import Umx, UmxConfig

PARAMETER_CAP = 10_000_000  # fixed by the assignment: fewer than that

ModelName = Literal["bandsplit", "umx"]


@dataclass(kw_only=True)
class SeparationModelConfig:
    """What rebuilds a separator, as config.json has it."""

    network: BandSplitConfig | UmxConfig = field(default_factory=BandSplitConfig)
    targets: tuple[str, ...] = ("vocals",)
    sample_rate: int = SAMPLE_RATE

    def __post_init__(self) -> None:
        require_targets(self.targets)


class SeparationModel(nn.Module):
    """mixture (B, 2, S), any S >= 1, at `config.sample_rate` -> estimates (B, targets, 2, S).

    With `as_spectra` the estimates stay complex spectra (B, targets, 2, F, T), as losses want them.
    """

    def __init__(self, config: SeparationModelConfig) -> None:
        super().__init__()
        self.config = config
        network = Umx if isinstance(config.network, UmxConfig) else BandSplit
        self.network = network(config.network, num_targets=len(config.targets))

    def forward(self, mixture: Tensor, *, as_spectra: bool = False) -> Tensor:
        estimates = self.network(self.spectrum(mixture))  # (B, C, F, T) -> (B, N, C, F, T)
        return estimates if as_spectra else self.waveform(estimates, length=mixture.shape[-1])

    def spectrum(self, waveform: Tensor) -> Tensor:
        """waveform (..., 2, S) -> complex (..., 2, F, T), of left and right or of mid and side, as the
        network has it."""
        with torch.autocast(waveform.device.type, enabled=False):  # half precision cannot hold a spectrum
            return stft(self._in_basis(waveform.float()), **self.transform)

    def waveform(self, spectrum: Tensor, *, length: int) -> Tensor:
        """Complex (..., 2, F, T) -> waveform (..., 2, length), left and right."""
        with torch.autocast(spectrum.device.type, enabled=False):
            return self._in_basis(istft(spectrum, **self.transform, length=length))

    def left_and_right(self, spectrum: Tensor) -> Tensor:
        """A spectrum (..., 2, F, T) as the network has it -> that of left and right."""
        return mid_and_side(spectrum, dim=-3) if self.network.hears_mid_and_side else spectrum

    def _in_basis(self, waveform: Tensor) -> Tensor:
        return mid_and_side(waveform) if self.network.hears_mid_and_side else waveform

    @property
    def transform(self) -> dict[str, int]:
        """n_fft and hop_length, in samples."""
        return {"n_fft": self.config.network.n_fft, "hop_length": self.config.network.hop_length}


def mid_and_side(x: Tensor, *, dim: int = -2) -> Tensor:
    """Left and right (..., 2, ...) along `dim` -> mid and side, and back: orthogonal, and its own inverse."""
    left, right = x.unbind(dim)
    return torch.stack([left + right, left - right], dim) * math.sqrt(0.5)


def model_from_config(values: Mapping[str, Any], *, where: str | Path) -> SeparationModel:
    """The model of a config.json, without its weights. Errors: ModelFolderError."""
    return SeparationModel(strict_dataclass(SeparationModelConfig, values, where=where))


def count_parameters(model: nn.Module) -> int:
    """How many numbers the model learns."""
    return sum(weight.numel() for weight in model.parameters())


def require_small(model: nn.Module) -> None:
    """Errors: UserError for a model that the homework does not allow."""
    count = count_parameters(model)
    if count >= PARAMETER_CAP:
        raise UserError(
            f"the model has {count:,} parameters, the homework allows fewer than {PARAMETER_CAP:,};"
            " make it narrower, or give --no-cap for the optional comparison"
        )
