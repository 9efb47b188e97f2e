"""Train the network that tells kinds of sound.

    python final_project/project_name/train.py [--data DIR] [--out RUN]     # half a minute
    python final_project/project_name/train.py --preset quick              # seconds

Without --data, the sounds are made once and used. A run that was stopped goes on with the same command.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import torch.nn.functional as F
from torch import Tensor, nn

from common import cli
from common.commands import next_command, places, shared_data
from common.metrics.classification import evaluate, format_report, top_k_accuracy
from common.run_folder import RunFolder, is_main_process, write_atomically
from common.run_folder.files import json_bytes
from common.training import (
    TrainingConfig,
    evaluation_loader,
    fit,
    logits_and_targets,
    seed_everything,
    share_cores,
    training_loader,
)
from common.training.learning_curve import save_learning_curve
from final_project.project_name import ASSIGNMENT
from final_project.project_name.data import (
    KINDS,
    Sounds,
    TrainingData,
    ensure_data,
    open_training_splits,
    training_data,
)
from final_project.project_name.models import NetworkConfig, SoundNetwork

EVALUATE = "final_project/project_name/eval.py"


@dataclass(kw_only=True)
class TrainConfig:
    """Train the network."""

    model: Literal["network"] = "network"
    """What is trained: a place for further models."""
    data: Path | None = None
    """Data folder. Default: data/project_name, made once; with --preset quick a smaller one."""
    out: Path | None = None
    """Run folder. Default: runs/project_name/MODEL, with the preset if it is not default."""
    preset: Literal["quick", "default", "full"] = "default"
    """Defaults of the other options: quick takes seconds, default half a minute, full is for real data."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def out_folder(self) -> Path:
        """The run folder."""
        variant = "" if self.preset == "default" else f"_{self.preset}"
        return self.out or Path("runs/project_name") / f"{self.model}{variant}"


PRESETS = {
    "quick": TrainConfig(
        preset="quick",
        network=NetworkConfig(width=16),
        training=TrainingConfig(epochs=8, batch_size=8, learning_rate=1e-2, workers=0),
    ),
    "default": TrainConfig(
        training=TrainingConfig(epochs=30, batch_size=16, learning_rate=5e-3, workers=0),
    ),
    "full": TrainConfig(
        preset="full",
        network=NetworkConfig(width=128),
        training=TrainingConfig(epochs=60, batch_size=64, amp="bfloat16", workers=4),
    ),
}


def main(config: TrainConfig) -> None:
    data = shared_data(ensure_data, config.data, quick=config.preset == "quick")
    train, valid = open_training_splits(data)
    run = RunFolder.create(config.out_folder(), assignment=ASSIGNMENT, config=config)
    if is_main_process():
        training_data(data, train).save(run.path)
    share_cores(config.training.workers)
    seed_everything(config.training.seed)
    model = SoundNetwork(config.network)
    best = fit(
        model,
        training_loader(train, config.training),
        step=loss,
        validate=lambda model: validation(model, valid, config.training),
        run=run,
        config=config.training,
        model_config=asdict(config.network),
    )
    if is_main_process():
        save_learning_curve(run, best_epoch=best["epoch"])
        print(report(run, model, valid, config))
        print("next:", next_command(EVALUATE, "--model", run.path, data=config.data))


def loss(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Cross-entropy of a batch."""
    return F.cross_entropy(model(batch["waveform"]), batch["target"])


def validation(model: nn.Module, valid: Sounds, training: TrainingConfig) -> dict[str, float]:
    """Metrics after an epoch; "score" chooses the best one: accuracy, and among equals the likelihood."""
    logits, targets = answers(model, valid, training)
    valid_loss, top1 = F.cross_entropy(logits, targets).item(), top_k_accuracy(targets, logits, 1)
    return {"score": top1 - 1e-4 * valid_loss, "valid_loss": valid_loss, "valid_top1": top1}


def answers(model: nn.Module, sounds: Sounds, training: TrainingConfig) -> tuple[Tensor, Tensor]:
    """Logits (sounds, kinds) and targets (sounds,)."""
    loader = evaluation_loader(sounds, batch_size=training.batch_size, device=training.device)
    return logits_and_targets(model.eval(), loader)


def report(run: RunFolder, model: nn.Module, valid: Sounds, config: TrainConfig) -> str:
    """What train.py says at the end, and validation.json, which marks a run as finished."""
    logits, targets = answers(model, valid, config.training)
    known = TrainingData.load(run.path)
    metrics = evaluate(targets, logits, labels=KINDS, train_counts=known.train_counts)
    write_atomically(run.path / "validation.json", json_bytes(metrics))
    title = f"validation ({known.name}{', mini data' if known.is_mini else ''})"
    return "\n".join(["", title, format_report(metrics, KINDS), "", *places(run.path)])


if __name__ == "__main__":
    cli.run(main, TrainConfig, presets=PRESETS)
