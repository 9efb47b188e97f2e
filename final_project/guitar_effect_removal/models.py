"""The models of this project, built from a config or loaded from a model folder.

    model, config = load(Path("runs/guitar_effect_removal/remover"), device="auto")

Two remove effects, "remover" on the spectrum and "waveform" on the waveform, the "detector" hears them.
config.json says which of them a folder holds: {"model": "remover", "remover": {...}}.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from torch import nn

from common.run_folder import load_model, load_weights, strict_dataclass
from common.training import pick_device
from final_project.guitar_effect_removal import ASSIGNMENT
from final_project.guitar_effect_removal.detector import EffectDetector, EffectDetectorConfig
from final_project.guitar_effect_removal.remover import Remover, RemoverConfig, SpectralRemover
from final_project.guitar_effect_removal.waveform import WaveformConfig, WaveformRemover

Kind = Literal["remover", "waveform", "detector"]
Model = Remover | EffectDetector


@dataclass(kw_only=True)
class ModelConfig:
    """One of them, and what it is made of. effects: those that a remover was trained to remove."""

    model: Kind
    remover: RemoverConfig | None = None
    waveform: WaveformConfig | None = None
    detector: EffectDetectorConfig | None = None
    effects: tuple[str, ...] = ()


def build(config: ModelConfig) -> Model:
    """The model, with random weights."""
    if config.model == "remover":
        return SpectralRemover(config.remover or RemoverConfig())
    if config.model == "waveform":
        return WaveformRemover(config.waveform or WaveformConfig())
    return EffectDetector(config.detector or EffectDetectorConfig())


def from_json(values: Mapping[str, Any], *, where: str | Path) -> ModelConfig:
    """The config that a config.json describes. Errors: ModelFolderError."""
    return strict_dataclass(ModelConfig, values, where=where)


def load(folder: Path, *, device: str = "auto") -> tuple[Model, ModelConfig]:
    """The model of a folder, in eval mode on the device. Errors: ModelFolderError."""
    values, weights = load_model(folder, assignment=ASSIGNMENT)
    config = from_json(values, where=folder)
    model = build(config)
    load_weights(model, weights, where=folder)
    return model.to(pick_device(device)).eval(), config


def count_parameters(model: nn.Module) -> int:
    """How many numbers the model learns."""
    return sum(weight.numel() for weight in model.parameters())


def to_json(config: ModelConfig) -> dict[str, Any]:
    return asdict(config)
