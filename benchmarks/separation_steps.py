"""A step of training for each network that benchmarks/hw2.py measures, on the same batch of noise.

Each hears waveforms, has its own Fourier transform in front and its own loss behind: `ours` that of its
preset, Open-Unmix, ours and the package, the mean square of magnitudes. Optimizer and clipping are those of
train.py's default preset for all. Nothing is read while the clock runs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from benchmarks.separation_peers import N_FFT, openunmix_network, openunmix_part, our_separator
from common.training.optimization import adamw
from hw2_source_separation.separator_training import Objective
from hw2_source_separation.stems import CHANNELS, SAMPLE_RATE
from hw2_source_separation.train import PRESETS, UMX_PRESETS
from hw2_source_separation.umx import Umx

TRAINING = PRESETS["default"].training

Batch = dict[str, Tensor]  # "sources", vocals first: (B, sources, 2, S)
Loss = Callable[[nn.Module, Batch], Tensor]  # -> scalar
Step = Callable[[], None]


def training_steps(
    peers: tuple[str, ...], *, model: Path | None, batch_size: int, seconds: float, seed: int
) -> dict[str, Step]:
    """A function for "ours" and each of `peers` that takes a step on a batch of chunks of `seconds`."""
    torch.manual_seed(seed)
    separator = our_separator(model)
    contestants = {"ours": ours(separator.model)}
    if "umx" in peers:
        contestants["umx"] = ours(our_separator(None, network="umx").model)
    if "openunmix" in peers:
        contestants["openunmix"] = (openunmix_network(), openunmix_loss())
    shape = (batch_size, len(separator.outputs), CHANNELS, round(seconds * SAMPLE_RATE))
    batch = {"sources": 0.1 * torch.randn(shape)}
    return {name: training_step(network, loss, batch) for name, (network, loss) in contestants.items()}


def training_step(network: nn.Module, loss: Loss, batch: Batch) -> Step:
    """A function that takes one step."""
    network.train()
    optimizer = adamw(network, TRAINING)

    def step() -> None:
        loss(network, batch).backward()
        nn.utils.clip_grad_norm_(network.parameters(), TRAINING.gradient_clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def ours(model: nn.Module) -> tuple[nn.Module, Loss]:
    presets = UMX_PRESETS if isinstance(model.network, Umx) else PRESETS
    return model, Objective(model, presets["default"].loss)


def openunmix_loss() -> Loss:
    """As in the package's training script."""
    transform, _ = openunmix_part("transforms").make_filterbanks(N_FFT, N_FFT // 4)
    magnitudes = nn.Sequential(transform, openunmix_part("model").ComplexNorm())

    def loss(network: nn.Module, batch: Batch) -> Tensor:
        sources = batch["sources"]
        return F.mse_loss(network(magnitudes(sources.sum(dim=1))), magnitudes(sources[:, 0].contiguous()))

    return loss
