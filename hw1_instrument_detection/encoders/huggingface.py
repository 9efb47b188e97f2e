"""Checkpoints that heard far more music or speech than we have: MERT, HuBERT, wav2vec 2.0, data2vec, WavLM.

    waveform (B, S) --network--> L + 1 hidden states --mean over time--> (B, L + 1, D, T) --sum--> (B, D, T)

Each layer of such a network knows something else (the upper ones above all what it was trained to guess), so
all are summed, with weights that are learnt (softmax; Yang et al. 2021, "SUPERB", section 3; Li et al. 2024,
"MERT"). Their 50 to 75 frames a second are averaged to about ten, which commutes with the sum: what a frozen
network says of a clip can be computed and kept once (feature_cache.py) while the weights of the sum learn.

Three ways to train: frozen (the sum learns), LoRA (the sum, and low-rank matrices; lora.py), all of it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from common.cli import UserError
from common.run_folder import strict_dataclass
from hw1_instrument_detection.encoders.checkpoint import architecture, build_network, read_checkpoint
from hw1_instrument_detection.encoders.lora import add_low_rank, low_rank_parameters

FRAME_RATE = 10.0  # of the features, about; as the mel encoder's
VARIANCE_FLOOR = 1e-7  # of transformers' Wav2Vec2FeatureExtractor


@dataclass(kw_only=True)
class HuggingFaceConfig:
    """What rebuilds the encoder, without the folder that it came from."""

    architecture: dict[str, Any]
    """The network's own config: "model_type" and what shapes it."""
    sample_rate: int
    """Of the waveforms it expects, in Hz."""
    normalize: bool
    """Bring each waveform to mean 0 and variance 1, as the checkpoint's preprocessor does."""
    lora_rank: int = 0
    """Rank of the matrices that adapt it. 0: none."""


class LayerSum(nn.Module):
    """Hidden states (B, L, D, T) -> (B, D, T): their sum, weighted by softmax(weights); at first the mean."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(layers))

    def forward(self, states: Tensor) -> Tensor:
        return torch.einsum("l,bldt->bdt", self.weights.softmax(dim=0), states)


class HuggingFaceEncoder(nn.Module):
    """waveform (B, S) at `sample_rate` Hz, any length -> features (B, D, T), about ten a second."""

    def __init__(self, config: HuggingFaceConfig, network: nn.Module | None = None) -> None:
        """`network`: with its weights, from `read_checkpoint`. Default: the same with random ones."""
        super().__init__()
        self.config = {"kind": "huggingface", **asdict(config)}
        self.sample_rate, self.normalize = config.sample_rate, config.normalize
        self.network = build_network(config.architecture) if network is None else network
        self.adapted = config.lora_rank > 0
        if self.adapted:
            add_low_rank(self.network, config.lora_rank)
        own = self.network.config
        self.num_features = own.hidden_size
        self.layer_sum = LayerSum(own.num_hidden_layers + 1)
        rate = config.sample_rate / math.prod(own.conv_stride)
        self.frames_averaged = max(1, round(rate / FRAME_RATE))
        self.frames_per_second = rate / self.frames_averaged
        self.least_samples = receptive_field(own.conv_kernel, own.conv_stride)
        self.requires_grad_(True)

    @classmethod
    def of(cls, config: Mapping[str, Any], *, where: str | Path) -> HuggingFaceEncoder:
        """The encoder of its `config` less "kind", with random weights. Errors: ModelFolderError."""
        typed = strict_dataclass(HuggingFaceConfig, config, where=where)
        return cls(replace(typed, architecture=architecture(typed.architecture, where=where)))

    @property
    def layers(self) -> list[nn.Module]:
        """The parts with weights, from input to output."""
        network = self.network
        first = [network.feature_extractor, network.feature_projection, network.encoder.pos_conv_embed]
        return [*first, *network.encoder.layers, self.layer_sum]

    @property
    def frozen(self) -> bool:
        """Whether the checkpoint's own weights stay, and no others are added to them."""
        return not any(weight.requires_grad for weight in self.network.parameters())

    def requires_grad_(self, requires_grad: bool = True) -> HuggingFaceEncoder:
        """Let the checkpoint learn, or freeze it. The sum over its layers learns in any case; with LoRA the
        added matrices learn instead of the checkpoint."""
        super().requires_grad_(requires_grad and not self.adapted)
        self.layer_sum.requires_grad_(True)
        if self.adapted and requires_grad:
            for weight in low_rank_parameters(self.network):
                weight.requires_grad_(True)
        if hasattr(self.network, "masked_spec_embed"):
            self.network.masked_spec_embed.requires_grad_(False)  # of pretraining: never used here
        return self

    def train(self, mode: bool = True) -> HuggingFaceEncoder:
        """Training mode; but without dropout in a checkpoint whose own weights stay."""
        super().train(mode)
        if self.frozen or self.adapted:
            self.network.eval()
        return self

    def forward(self, waveform: Tensor) -> Tensor:
        return self.learnt_features(self.fixed_features(waveform))

    def fixed_features(self, waveform: Tensor) -> Tensor:
        """Hidden states of all layers (B, L + 1, D, T): what never changes of a frozen checkpoint."""
        with torch.set_grad_enabled(torch.is_grad_enabled() and not self.frozen):
            waveform = self.prepared(waveform)
            found = self.network(waveform, output_hidden_states=True, return_dict=True)
            states = [*found.hidden_states[:-1], found.last_hidden_state]  # the last with its norm, if any
            return torch.stack([averaged(state.mT, self.frames_averaged) for state in states], dim=1)

    def learnt_features(self, fixed: Tensor) -> Tensor:
        """(B, L + 1, D, T) -> (B, D, T): what learns on top of `fixed_features`."""
        return self.layer_sum(fixed)

    def prepared(self, waveform: Tensor) -> Tensor:
        """The waveforms as the checkpoint wants them; too short ones are filled up with silence."""
        if self.normalize:
            deviation = waveform - waveform.mean(dim=-1, keepdim=True)
            variance = deviation.square().mean(dim=-1, keepdim=True)
            waveform = deviation / (variance + VARIANCE_FLOOR).sqrt()
        return F.pad(waveform, (0, max(0, self.least_samples - waveform.shape[-1])))


def load_checkpoint(folder: Path, *, lora_rank: int = 0) -> HuggingFaceEncoder:
    """The encoder of a checkpoint folder on disk. Errors: UserError if it cannot be used."""
    if lora_rank < 0:
        raise UserError(f"--lora is {lora_rank}; give a rank of 1 or more, or 0 for none")
    shape, network, preprocessor = read_checkpoint(folder)
    rate = preprocessor.get("sampling_rate")
    if not isinstance(rate, int) or rate < 1:
        raise UserError(f"{folder / 'preprocessor_config.json'}: sampling_rate is {rate}; download it again")
    config = HuggingFaceConfig(
        architecture=shape,
        sample_rate=rate,
        normalize=bool(preprocessor.get("do_normalize", True)),
        lora_rank=lora_rank,
    )
    return HuggingFaceEncoder(config, network)


def averaged(features: Tensor, frames: int) -> Tensor:
    """Means of `frames` frames at a time, (B, D, T) -> (B, D, ceil(T / frames)); the last of what is left."""
    return F.avg_pool1d(features, frames, ceil_mode=True)


def receptive_field(kernels: list[int], strides: list[int]) -> int:
    """Samples that one frame of a stack of convolutions sees: the shortest waveform it takes."""
    samples = 1
    for kernel, stride in zip(reversed(kernels), reversed(strides), strict=True):
        samples = (samples - 1) * stride + kernel
    return samples
