"""Train a note classifier: the CNN (task 3), or a traditional model on extracted features (task 2).

    python hw0/train.py [--model cnn|knn|svm|forest|ridge|logistic|boosting] [--data DIR] [--out RUN]
    python hw0/train.py --preset quick                  # some seconds, on a small data set
    torchrun --nproc-per-node 2 hw0/train.py --preset full --data DIR

Each kind of model has its own options: see `--model cnn --help` and `--model svm --help`.
Without --data, mini-NSynth is made once and used. A run that was stopped goes on with the same command.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from common import cli
from common.cli import UserError
from common.commands import next_command, places, shared_data
from common.metrics.classification import Metrics, evaluate, format_report
from common.run_folder import RunFolder, is_main_process, write_atomically
from common.run_folder.files import json_bytes
from common.training import TrainingConfig
from common.training.processes import world_size
from hw0_note_classification import ASSIGNMENT
from hw0_note_classification.classifier import classify_notes, load_classifier
from hw0_note_classification.cnn_training import RegularizationConfig, fit_cnn
from hw0_note_classification.data import FAMILIES, ensure_data, open_training_splits
from hw0_note_classification.models import CNNConfig
from hw0_note_classification.note_index import NoteIndex
from hw0_note_classification.traditional import QUICK, ModelName, TraditionalConfig, fit_traditional
from hw0_note_classification.training_data import TrainingData


@dataclass(kw_only=True)
class TrainConfig:
    """What all models have in common."""

    model: Literal["cnn", "knn", "svm", "forest", "ridge", "logistic", "boosting"] = "cnn"
    """What to train; it decides which other options there are."""
    data: Path | None = None
    """Data folder in the layout of NSynth. Default: data/mini_nsynth, made once in about a minute; with
    --preset quick data/mini_nsynth_quick, in seconds."""
    out: Path | None = None
    """Run folder. Default: runs/hw0/MODEL, with _mel for --input mel and the preset if it is not default."""
    preset: Literal["quick", "default", "full"] = "default"
    """Defaults of the other options: quick takes seconds, default minutes on two cores, full is for all of
    NSynth on a GPU."""

    def out_folder(self) -> Path:
        """The run folder."""
        variant = "" if self.preset == "default" else f"_{self.preset}"
        return self.out or Path("runs/hw0") / f"{self._name()}{variant}"

    def _name(self) -> str:
        return self.model

    def check(self) -> None:
        """Errors: UserError where options do not go together; nothing is read or written before."""

    def fit(self, train: NoteIndex, valid: NoteIndex, run: RunFolder) -> None:
        """Train, or go on training, until `run` is the model folder of the best model."""
        raise NotImplementedError


@dataclass(kw_only=True)
class CNNTrainConfig(TrainConfig):
    """Train the CNN."""

    cnn: CNNConfig = field(default_factory=CNNConfig)
    regularization: RegularizationConfig = field(default_factory=RegularizationConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def _name(self) -> str:
        return "cnn" if self.cnn.input == "log-mel" else f"cnn_{self.cnn.input}"

    def fit(self, train: NoteIndex, valid: NoteIndex, run: RunFolder) -> None:
        parts = {"cnn": self.cnn, "training": self.training, "regularization": self.regularization}
        fit_cnn(train, valid, run=run, **parts)


@dataclass(kw_only=True)
class TraditionalTrainConfig(TrainConfig):
    """Train a traditional model on extracted features."""

    traditional: TraditionalConfig = field(default_factory=TraditionalConfig)

    def check(self) -> None:
        if world_size() > 1:
            raise UserError(f"--model {self.model} trains in one process; start it with python, not torchrun")
        self.traditional.check_model(self.model)

    def fit(self, train: NoteIndex, valid: NoteIndex, run: RunFolder) -> None:
        fit_traditional(self.model, train, valid, config=self.traditional, run=run)


CNN_PRESETS = {
    "quick": CNNTrainConfig(
        preset="quick",
        cnn=CNNConfig(width=8),
        training=TrainingConfig(epochs=5, batch_size=16, learning_rate=3e-3, workers=0),
    ),
    "default": CNNTrainConfig(
        training=TrainingConfig(
            epochs=14,
            learning_rate=3e-3,
            warmup=0.2,
            weight_decay=0.05,
            gradient_clip=5.0,
            workers=0,  # on two cores a reading process slows the computing by more than it saves
        )
    ),
    "full": CNNTrainConfig(
        preset="full",
        cnn=CNNConfig(width=64),
        training=TrainingConfig(
            epochs=40,
            batch_size=256,
            learning_rate=2e-3,
            warmup=0.1,
            weight_decay=0.05,
            gradient_clip=5.0,
            amp="bfloat16",
            workers=8,
            patience=8,
        ),
    ),
}
TRADITIONAL_PRESETS = {
    "quick": TraditionalTrainConfig(preset="quick", traditional=QUICK),
    "default": TraditionalTrainConfig(),
    "full": TraditionalTrainConfig(preset="full", traditional=TraditionalConfig(search="wide", jobs=8)),
}


def main(config: TrainConfig) -> None:
    config.check()
    data = shared_data(ensure_data, config.data, quick=config.preset == "quick")
    train, valid = open_training_splits(data)
    run = RunFolder.create(config.out_folder(), assignment=ASSIGNMENT, config=config)
    if is_main_process():
        TrainingData.of(data, train).save(run.path)
    config.fit(train, valid, run)
    if is_main_process():
        print(report(run, validate(run, valid)))
        print("next:", next_command("hw0/eval.py", "--model", run.path, data=config.data))


def validate(run: RunFolder, valid: NoteIndex) -> Metrics:
    """Metrics of the finished model, as its folder has it, on the validation notes; written there too."""
    readable, [probabilities] = classify_notes([load_classifier(run.path)], valid)
    metrics = evaluate(
        valid.family[readable],
        probabilities,
        labels=FAMILIES,
        train_counts=TrainingData.load(run.path).counts(),
        groups=valid.groups[readable],
    )
    write_atomically(run.path / "validation.json", json_bytes(metrics))
    return metrics


def report(run: RunFolder, metrics: Metrics) -> str:
    """What train.py says at the end."""
    data = TrainingData.load(run.path)
    kind = "mini data, not to be compared with scores on NSynth" if data.is_mini else data.name
    title = f"validation ({kind}); groups are instruments"
    return "\n".join(["", title, format_report(metrics, FAMILIES), "", *places(run.path)])


def command_line(argv: list[str]) -> tuple[type[TrainConfig], dict[str, TrainConfig]]:
    """The config class and the presets for the model that `argv` asks for."""
    if cli.chosen(argv, "--model", default="cnn") in get_args(ModelName):
        return TraditionalTrainConfig, TRADITIONAL_PRESETS
    return CNNTrainConfig, CNN_PRESETS  # and tyro refuses a name that is no model


if __name__ == "__main__":
    config_class, presets = command_line(sys.argv[1:])
    cli.run(main, config_class, presets=presets)
