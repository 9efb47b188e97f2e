"""A trained separator from its model folder.

    separator = load_separator("runs/hw2/bandsplit")
    separator.separate(mixture)  # (batch, 2, samples), float32 at 44.1 kHz -> (batch, outputs, 2, samples)
    separator.outputs  # ("vocals", "accompaniment")

What it gives adds up to the mixture to 1e-5: where targets leave something out, the last output is the
mixture less the targets; where they are all four stems, what their sum lacks is shared out among them in
equal parts. Only Griffin-Lim, which invents a phase for each output by itself, and `residual=False` break
that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor

from common.cli import UserError
from common.run_folder import load_model, load_weights
from common.training import pick_device
from hw2_source_separation import ASSIGNMENT
from hw2_source_separation.models import SeparationModel, model_from_config
from hw2_source_separation.phase import griffin_lim, misi
from hw2_source_separation.stems import outputs
from hw2_source_separation.wiener import wiener_em

Phase = Literal["model", "griffin-lim", "griffin-lim-mixture", "misi"]


@dataclass(frozen=True, kw_only=True)
class RefinementOptions:
    """What is done to the model's estimates, but for their phases."""

    phase_iterations: int = 50
    """Of Griffin-Lim and MISI."""
    wiener: int = 0
    """Iterations of a multichannel Wiener filter that the estimates pass first; 0: none."""
    residual: bool = True
    """With all four stems as targets, share out what their sum lacks of the mixture."""
    seed: int = 0
    """Of Griffin-Lim's random start."""

    def __post_init__(self) -> None:
        for name, lowest in (("phase_iterations", 1), ("wiener", 0)):
            if getattr(self, name) < lowest:
                option = name.replace("_", "-")
                raise UserError(f"--{option} is {getattr(self, name)}; give at least {lowest}")


@dataclass(frozen=True, kw_only=True)
class Refinement(RefinementOptions):
    """What is done to the model's estimates."""

    phase: Phase = "model"
    """Phase of the estimates: the model's (mixture's, unless complex masks turn it); griffin-lim, from a
    random start; griffin-lim-mixture, from the model's; misi, from the model's, which keeps the sum."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.phase not in get_args(Phase):
            raise UserError(f"--phase {self.phase}: unknown; choose one of {', '.join(get_args(Phase))}")


class Separator:
    """A model in eval mode: the same mixture twice gives the same outputs.

    `sample_rate` (Hz) is that of the mixtures; `outputs` names what `separate` gives, in order.
    """

    def __init__(self, model: SeparationModel, device: torch.device, refinement: Refinement | None = None):
        self.model = model.to(device).eval()
        self.device = device
        self.refinement = refinement or Refinement()
        self.sample_rate = model.config.sample_rate
        self.targets = model.config.targets
        self.outputs = outputs(self.targets)

    @torch.inference_mode()
    def separate(self, mixture: Tensor) -> Tensor:
        """Mixture (B, 2, S), S >= 1 -> outputs (B, outputs, 2, S), float32, on the CPU."""
        mixture = mixture.to(self.device, torch.float32)
        how = self.refinement
        if how.wiener == 0 and how.phase == "model":
            return self._completed(self.model(mixture), mixture).cpu()
        spectra = self._spectra(mixture)
        if how.phase == "model":
            length = mixture.shape[-1]
            return self._completed(self.model.waveform(spectra, length=length), mixture).cpu()
        spectra = self.model.left_and_right(spectra)
        return with_new_phase(spectra, mixture, how, **self.model.transform).cpu()

    def _completed(self, estimates: Tensor, mixture: Tensor) -> Tensor:
        """Outputs that add up to `mixture` (B, 2, S), from estimates of the targets or of all outputs."""
        estimates = estimates[:, : len(self.targets)]
        missing = mixture - estimates.sum(dim=1)
        if len(self.outputs) > len(self.targets):
            return torch.cat([estimates, missing[:, None]], dim=1)
        if self.refinement.residual:
            return estimates + missing[:, None] / len(self.targets)
        return estimates

    def _spectra(self, mixture: Tensor) -> Tensor:
        """Spectra of all outputs (B, outputs, 2, F, T) as the network has them, filtered if asked for."""
        whole = self.model.spectrum(mixture)
        spectra = self.model(mixture, as_spectra=True)
        if len(self.outputs) > len(self.targets):
            spectra = torch.cat([spectra, (whole - spectra.sum(dim=1))[:, None]], dim=1)
        if self.refinement.wiener:
            spectra = wiener_em(spectra, whole, iterations=self.refinement.wiener)
        return spectra


def with_new_phase(
    spectra: Tensor, mixture: Tensor, how: Refinement, *, n_fft: int, hop_length: int
) -> Tensor:
    """Waveforms (B, N, 2, S) with the magnitudes of `spectra` (B, N, 2, F, T), of left and right.

    Their phases are sought as `how` says, from those of `spectra` or from random ones; mixture is (B, 2, S).
    """
    options = {"n_fft": n_fft, "hop_length": hop_length, "iterations": how.phase_iterations}
    if how.phase == "misi":
        return misi(spectra.abs(), mixture, **options, start=spectra)
    return griffin_lim(
        spectra.abs(),
        **options,
        length=mixture.shape[-1],
        start=spectra if how.phase == "griffin-lim-mixture" else None,
        generator=torch.Generator().manual_seed(how.seed),
    )


def load_separator(
    folder: str | Path, *, device: str = "auto", refinement: Refinement | None = None
) -> Separator:
    """The separator in a model folder, on `device` (auto, cpu, cuda, mps).

    Errors: ModelFolderError if there is none, or if it is of another assignment, unknown, or broken.
    """
    config, tensors = load_model(folder, assignment=ASSIGNMENT)
    model = model_from_config(config, where=Path(folder) / "config.json")
    load_weights(model, tensors, where=folder)
    return Separator(model, pick_device(device), refinement)
