"""A tiny training command, for the tests that need a process of its own (kill, Ctrl-C, torchrun).

It classifies points in the plane, with dropout, augmentation and a moving average, so that every source of
randomness and every part of the checkpoint matters.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset

from common import cli
from common.run_folder import MAY_CHANGE, RunFolder
from common.training import TrainingConfig, evaluation_loader, fit, seed_everything, training_loader

torch.set_num_threads(1)


@dataclass(kw_only=True)
class Config(TrainingConfig):
    """Options of the tiny command."""

    out: Path
    """Run folder."""
    dropout: float = 0.2
    """Probability."""
    jitter: float = 0.1
    """Augmentation, standard deviation."""
    items: int = 48
    """Training items."""
    spoil_from: int = 0
    """Epoch from which the loss is NaN. 0: never."""
    sleep: float = field(default=0.0, metadata=MAY_CHANGE)
    """Seconds per step, so that a test can interrupt it."""


class Points(Dataset):
    """Points on the plane; the class is the side of a slanted line they lie on."""

    def __init__(self, items: int, *, seed: int, jitter: float = 0.0) -> None:
        self.points = np.random.default_rng(seed).normal(size=(items, 2)).astype(np.float32)
        self.labels = (self.points @ np.array([1.0, -0.5]) > 0).astype(np.int64)
        self.jitter = jitter

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
        return self.points[index], self.labels[index]

    def draw(self, index: int, generator: np.random.Generator) -> tuple[np.ndarray, int]:
        """The point, moved a little."""
        shift = generator.normal(scale=self.jitter, size=2).astype(np.float32)
        return self.points[index] + shift, self.labels[index]


def make_model(config: Config) -> nn.Module:
    """Two layers and a norm: matrices, biases, a gain."""
    seed_everything(config.seed)
    return nn.Sequential(
        nn.Linear(2, 16), nn.LayerNorm(16), nn.ReLU(), nn.Dropout(config.dropout), nn.Linear(16, 2)
    )


def main(config: Config) -> None:
    """Train and print the best epoch and its score."""
    best = train(config)
    print(best["epoch"], best["score"])


def train(config: Config) -> dict[str, float]:
    """Train the tiny model; the metrics of its best epoch."""
    run = RunFolder.create(config.out, assignment="points", config=config)
    training = training_loader(Points(config.items, seed=1, jitter=config.jitter), config)
    validation = evaluation_loader(Points(64, seed=2), batch_size=64, device="cpu")

    def step(model: nn.Module, batch: list[torch.Tensor]) -> torch.Tensor:
        time.sleep(config.sleep)
        points, labels = batch
        loss = nn.functional.cross_entropy(model(points), labels)
        return loss * float("nan") if 0 < config.spoil_from <= training.batch_sampler.epoch else loss

    def validate(model: nn.Module) -> dict[str, float]:
        points, labels = next(iter(validation))
        logits = model(points)
        loss = nn.functional.cross_entropy(logits, labels).item()
        return {"score": -loss, "accuracy": (logits.argmax(1) == labels).float().mean().item()}

    return fit(
        make_model(config),
        training,
        step=step,
        validate=validate,
        run=run,
        config=config,
        model_config={"dropout": config.dropout},
    )


if __name__ == "__main__":
    cli.run(main, Config)
