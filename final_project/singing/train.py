"""Train the listener: which vowel is this? It learns from speech, and judges singing.

    python final_project/singing/train.py [--model network|mfcc-nearest] [--data DIR] [--out RUN]
    python final_project/singing/train.py --preset quick        # seconds
    python final_project/singing/train.py --preset full         # a wider network, for recorded speech

Without --data, espeak-ng's voices speak poems, once, and are learnt from. The score that chooses the best
epoch is the accuracy on spoken vowels of voices that were not heard in training. A run that was stopped goes
on with the same command. Two minutes on two cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from common import cli
from common.cli import UserError
from common.commands import next_command, places, shared_data
from common.metrics.classification import Metrics, evaluate, format_report
from common.run_folder import RunFolder, is_main_process, save_model, write_atomically
from common.run_folder.files import json_bytes
from common.training import (
    TrainingConfig,
    evaluation_loader,
    fit,
    seed_everything,
    share_cores,
    to_device,
    training_loader,
)
from common.training.learning_curve import save_learning_curve
from common.training.processes import world_size
from final_project.singing import ASSIGNMENT
from final_project.singing.data import ensure_data, open_training_splits
from final_project.singing.listening import load_listener
from final_project.singing.models import ListenerConfig, NearestMean, build_model
from final_project.singing.spoken import Recording
from final_project.singing.training_data import TrainingData
from final_project.singing.vowel_dataset import VowelDataset, collate, logits_of
from final_project.singing.vowels import NAMES


@dataclass(kw_only=True)
class TrainConfig:
    """Train a listener."""

    listener: ListenerConfig = field(default_factory=ListenerConfig)
    data: Path | None = None
    """Data folder, as data.py describes it. Default: data/singing, made once in two minutes; with --preset
    quick data/singing_quick, in seconds."""
    out: Path | None = None
    """Run folder. Default: runs/singing/MODEL, with the preset if it is not default."""
    preset: Literal["quick", "default", "full"] = "default"
    """Defaults of the other options: quick takes seconds, default minutes on two cores, full is for hours of
    recorded speech."""
    vowels: int = 24
    """Vowels of a recording that are heard together in training."""
    label_smoothing: float = 0.1
    """Share of the target, 0 to 1, that is spread over all vowels."""
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        cli.at_least(1, vowels=self.vowels)
        if not 0 <= self.label_smoothing < 1:
            raise UserError(f"--label-smoothing is {self.label_smoothing}; give a value in [0, 1)")
        if self.listener.model != "network" and world_size() > 1:
            raise UserError(
                f"--model {self.listener.model} trains in one process; start it with python, not torchrun"
            )

    def out_folder(self) -> Path:
        """The run folder."""
        variant = "" if self.preset == "default" else f"_{self.preset}"
        return self.out or Path("runs/singing") / f"{self.listener.model}{variant}"


DEFAULT_TRAINING = TrainingConfig(
    epochs=24, batch_size=8, learning_rate=3e-3, warmup=0.2, weight_decay=0.05, ema=0.99, workers=0
)
PRESETS = {
    "quick": TrainConfig(
        preset="quick",
        listener=ListenerConfig(width=32),
        training=TrainingConfig(epochs=4, batch_size=2, learning_rate=3e-3, workers=0),
    ),
    "default": TrainConfig(training=DEFAULT_TRAINING),
    "full": TrainConfig(
        preset="full",
        listener=ListenerConfig(width=256),
        training=TrainingConfig(
            epochs=60, batch_size=16, learning_rate=2e-3, weight_decay=0.05, ema=0.999, workers=8, patience=15
        ),
    ),
}


def main(config: TrainConfig) -> None:
    data = shared_data(ensure_data, config.data, quick=config.preset == "quick")
    train, valid = open_training_splits(data)
    run = RunFolder.create(config.out_folder(), assignment=ASSIGNMENT, config=config)
    if is_main_process():
        TrainingData.of(data, train).save(run.path)
    if config.listener.model == "network":
        fit_network(config, train, valid, run)
    else:
        fit_nearest(config, train, run)
    if is_main_process():
        print(report(run, validate(run, valid)))
        print("next:", next_command("final_project/singing/eval.py", "--model", run.path, data=config.data))


def fit_network(
    config: TrainConfig, train: Sequence[Recording], valid: Sequence[Recording], run: RunFolder
) -> None:
    """Train, or go on training, until `run` holds the best model and its learning curve."""
    share_cores(config.training.workers)
    seed_everything(config.training.seed)
    dataset = VowelDataset(train, vowels=config.vowels)

    def step(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        return F.cross_entropy(
            logits_of(model, batch), batch["target"], label_smoothing=config.label_smoothing
        )

    best = fit(
        build_model(config.listener),
        training_loader(dataset, config.training, collate=collate),
        step=step,
        validate=Validation(valid, config.training),
        run=run,
        config=config.training,
        model_config=asdict(config.listener),
    )
    if is_main_process():
        save_learning_curve(run, best_epoch=best["epoch"])


@torch.no_grad()
def fit_nearest(config: TrainConfig, train: Sequence[Recording], run: RunFolder) -> None:
    """The mean cepstrum of every vowel of training, into `run`."""
    model = build_model(config.listener)
    assert isinstance(model, NearestMean)
    for batch in evaluation_loader(VowelDataset(train), batch_size=1, device="cpu", collate=collate):
        model.learn(batch["waveform"], batch["lengths"], batch["recordings"], batch["target"])
    save_model(run.path, assignment=ASSIGNMENT, config=asdict(config.listener), tensors=model.state_dict())


class Validation:
    """Metrics of a model on the vowels of all recordings: "score" is the accuracy."""

    def __init__(self, recordings: Sequence[Recording], config: TrainingConfig) -> None:
        self.loader = evaluation_loader(
            VowelDataset(recordings),
            batch_size=4,
            workers=config.workers,
            device=config.device,
            collate=collate,
        )

    def __call__(self, model: nn.Module) -> dict[str, float]:
        device = next(model.parameters()).device
        batches = [to_device(batch, device) for batch in self.loader]
        logits = torch.cat([logits_of(model, batch).float() for batch in batches])
        target = torch.cat([batch["target"] for batch in batches])
        accuracy = (logits.argmax(dim=1) == target).float().mean().item()
        loss = F.cross_entropy(logits, target).item()
        return {"score": accuracy, "valid_loss": loss, "valid_accuracy": accuracy}


def validate(run: RunFolder, valid: Sequence[Recording]) -> Metrics:
    """Metrics of the finished model, as its folder has it, on the validation vowels; written there too."""
    listener = load_listener(run.path)
    items = [VowelDataset(valid)[place] for place in range(len(valid))]
    logits = np.concatenate([listener.logits(sounds) for sounds, _ in items])
    targets = np.concatenate([targets for _, targets in items])
    voices = np.repeat([each.voice for each in valid], [len(targets) for _, targets in items])
    counts = TrainingData.load(run.path).counts()
    metrics = evaluate(targets, logits, labels=NAMES, train_counts=counts, groups=voices)
    write_atomically(run.path / "validation.json", json_bytes(metrics))
    return metrics


def report(run: RunFolder, metrics: Metrics) -> str:
    """What train.py says at the end."""
    record = TrainingData.load(run.path)
    kind = "synthetic voices" if record.is_mini else record.name
    title = f"validation: spoken vowels of other voices ({kind}); groups are voices"
    return "\n".join(["", title, format_report(metrics, NAMES), "", *places(run.path)])


if __name__ == "__main__":
    cli.run(main, TrainConfig, presets=PRESETS)
