"""What rebuilds a melody model, whichever it is: its network, and how songs become numbers for it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn

from common.cli import UserError
from common.run_folder import ModelFolderError, load_weights, strict_dataclass
from hw3_melody_generation.baselines import BASELINES, MAX_WINDOWS, Baseline
from hw3_melody_generation.encoding import LyricEncoder, Vocabulary
from hw3_melody_generation.lstm_gan import LstmGan, LstmGanConfig
from hw3_melody_generation.transformer import MelodyTransformer, TransformerConfig

BaselineName = Literal["random", "markov", "retrieval"]


@dataclass(kw_only=True)
class BaselineConfig:
    """A model that is counted, not trained."""

    baseline: BaselineName
    """random: note by note. markov: by what followed the like. retrieval: a melody of the training data."""


Network = TransformerConfig | LstmGanConfig | BaselineConfig


@dataclass(kw_only=True)
class MelodyModelConfig:
    """As config.json has it. durations, rests, syllables: see Vocabulary and LyricEncoder."""

    network: Network
    durations: tuple[float, ...]
    rests: tuple[float, ...]
    syllables: tuple[str, ...]
    quarters_per_beat: float
    window: int
    """Syllables in a training window: how far the model can look back."""

    def __post_init__(self) -> None:
        values = (self.durations, self.rests)
        rising = all(a < b for beats in values for a, b in itertools.pairwise(beats))
        if not (all(values) and rising and self.durations[0] > 0 and self.rests[0] == 0):
            raise UserError("durations and rests of a model must be rising beats, rests from 0; train again")
        if self.window < 2 or not self.quarters_per_beat > 0:
            raise UserError("window and quarters_per_beat of a model must be positive; train again")

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """Notes as integers."""
        return Vocabulary(self.durations, self.rests)

    @cached_property
    def lyric_encoder(self) -> LyricEncoder:
        """Lyrics as integers."""
        return LyricEncoder(self.syllables)


def build_model(config: MelodyModelConfig) -> nn.Module:
    """The model, with the weights that training begins with."""
    network = config.network
    if isinstance(network, BaselineConfig):
        return _empty_baseline(network.baseline, config.vocabulary)
    options = {"durations": config.durations, "rests": config.rests}
    kind = LstmGan if isinstance(network, LstmGanConfig) else MelodyTransformer
    return kind(network, num_syllables=len(config.syllables), **options)


def restore_model(
    values: Mapping[str, Any], tensors: Mapping[str, torch.Tensor], *, where: str | Path
) -> tuple[nn.Module, MelodyModelConfig]:
    """The model of a config.json with its weights. Errors: ModelFolderError, UserError."""
    config = strict_dataclass(MelodyModelConfig, values, where=where)
    model = build_model(config)
    if isinstance(config.network, BaselineConfig) and config.network.baseline == "retrieval":
        model.windows = tensors.get("windows", model.windows)  # as many as there are
    load_weights(model, tensors, where=where)
    if isinstance(model, Baseline) and (problem := model.problem()):
        raise ModelFolderError(f"{where}: no {model.name} model ({problem}); train again")
    return model, config


def _empty_baseline(name: str, vocabulary: Vocabulary) -> Baseline:
    kind = next(baseline for baseline in BASELINES if baseline.name == name)
    if name == "retrieval":
        return kind(vocabulary, {"windows": torch.zeros(MAX_WINDOWS, 1, 3, dtype=torch.int16)})
    shapes = kind.shapes(vocabulary)
    return kind(vocabulary, {key: torch.zeros(shape) for key, shape in shapes.items()})
