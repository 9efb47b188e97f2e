"""Train a model that sings lyrics: a transformer, an LSTM-GAN, or one of the baselines.

    python hw3/train.py [--model transformer|lstm-gan|random|markov|retrieval] [--data DIR] [--out RUN]
    python hw3/train.py --preset quick                        # seconds, on a few chorales
    python hw3/train.py --preset full --data CORPUS           # the public corpus, half an hour of one core
    torchrun --nproc-per-node 2 hw3/train.py --preset full --data CORPUS

The models have different options: see `--help` and `--model lstm-gan --help`. Without --data, Bach's chorales
are read from music21's corpus, once, and used. A run that was stopped goes on with the same command.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch

from common import cli
from common.cli import say
from common.commands import next_command, places, shared_data
from common.metrics.melody import format_report
from common.run_folder import RunFolder, is_main_process, save_model, write_atomically
from common.run_folder.files import json_bytes
from common.training import TrainingConfig, seed_everything, share_cores
from hw3_melody_generation import ASSIGNMENT
from hw3_melody_generation.baselines import fit_baselines, save_baselines
from hw3_melody_generation.data import TrainingSplits, ensure_data, open_training_splits
from hw3_melody_generation.encoding import LyricEncoder, Vocabulary
from hw3_melody_generation.gan_training import fit_gan
from hw3_melody_generation.gan_turns import GanTrainingConfig
from hw3_melody_generation.lstm_gan import LstmGanConfig
from hw3_melody_generation.melody_model import (
    BaselineConfig,
    BaselineName,
    MelodyModelConfig,
    Network,
    build_model,
)
from hw3_melody_generation.melody_training import fit_transformer
from hw3_melody_generation.training_data import TrainingData
from hw3_melody_generation.transformer import TransformerConfig
from hw3_melody_generation.validation import validate
from hw3_melody_generation.window_dataset import WindowConfig, WindowDataset

ModelName = Literal["transformer", "lstm-gan", "random", "markov", "retrieval"]
Preset = Literal["quick", "default", "full"]


@dataclass(kw_only=True)
class TrainConfig:
    """What all models have in common."""

    model: ModelName = "transformer"
    """What is trained. It decides which other options there are."""
    data: Path | None = None
    """Folder with the lyrics-melody corpus, in its clean or its authors' layout. Default: data/chorales, made
    once in seconds; with --preset quick the smaller data/chorales_quick."""
    split: Literal["honest", "paper"] = "honest"
    """Who trains and who tests: by song, or as the literature has it, which leaves songs on both sides."""
    out: Path | None = None
    """Run folder. Default: runs/hw3/MODEL, with split and preset if they are not the default."""
    preset: Preset = "default"
    """Defaults of the other options: quick takes seconds, default minutes on two cores with the chorales,
    full is for the public corpus."""
    min_count: int = 5
    """Syllables that occur less often in the training songs have no place of their own; letters remain."""
    windows: WindowConfig = field(default_factory=WindowConfig)

    def __post_init__(self) -> None:
        cli.at_least(1, min_count=self.min_count)

    def out_folder(self) -> Path:
        """The run folder."""
        split = "" if self.split == "honest" else f"_{self.split}"
        variant = "" if self.preset == "default" else f"_{self.preset}"
        return self.out or Path("runs/hw3") / f"{self.model}{split}{variant}"

    def network_config(self) -> Network:
        """What the network is made of."""
        raise NotImplementedError

    def model_config(self, splits: TrainingSplits) -> MelodyModelConfig:
        """What rebuilds the model."""
        vocabulary = Vocabulary.of(splits.train_songs)
        return MelodyModelConfig(
            network=self.network_config(),
            durations=vocabulary.durations,
            rests=vocabulary.rests,
            syllables=LyricEncoder.of(splits.train_songs, min_count=self.min_count).syllables,
            quarters_per_beat=splits.quarters_per_beat,
            window=self.windows.window,
        )

    def fit(self, config: MelodyModelConfig, splits: TrainingSplits, run: RunFolder) -> None:
        """Train until `run` holds the model."""
        raise NotImplementedError

    def device(self) -> str:
        """Where the finished model is validated."""
        return "cpu"


@dataclass(kw_only=True)
class TransformerTrainConfig(TrainConfig):
    """Train the melody transformer."""

    network: TransformerConfig = field(default_factory=TransformerConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def network_config(self) -> TransformerConfig:
        return self.network

    def device(self) -> str:
        return self.training.device

    def fit(self, config: MelodyModelConfig, splits: TrainingSplits, run: RunFolder) -> None:
        share_cores(self.training.workers)
        seed_everything(self.training.seed)
        model = build_model(config)
        count = sum(weight.numel() for weight in model.parameters())
        say(f"{self.model}: {count:,} parameters")
        songs = WindowDataset(splits.train_songs, config.vocabulary, config.lyric_encoder, self.windows)
        fit_transformer(model, songs, splits.valid_windows, config=config, training=self.training, run=run)


@dataclass(kw_only=True)
class GanTrainConfig(TrainConfig):
    """Train the conditional LSTM-GAN."""

    gan: LstmGanConfig = field(default_factory=LstmGanConfig)
    windows: WindowConfig = field(default_factory=lambda: WindowConfig(transpose=0))
    training: GanTrainingConfig = field(default_factory=GanTrainingConfig)

    def network_config(self) -> LstmGanConfig:
        return self.gan

    def device(self) -> str:
        return self.training.device

    def fit(self, config: MelodyModelConfig, splits: TrainingSplits, run: RunFolder) -> None:
        share_cores(self.training.workers)
        seed_everything(self.training.seed)
        songs = WindowDataset(splits.train_songs, config.vocabulary, config.lyric_encoder, self.windows)
        fit_gan(
            build_model(config), songs, splits.valid_windows, config=config, training=self.training, run=run
        )


@dataclass(kw_only=True)
class BaselineTrainConfig(TrainConfig):
    """Count a baseline."""

    def network_config(self) -> BaselineConfig:
        return BaselineConfig(baseline=self.model)

    def fit(self, config: MelodyModelConfig, splits: TrainingSplits, run: RunFolder) -> None:
        model = fit_baselines(training_notes(config, splits), config.vocabulary)[self.model]
        save_model(run.path, assignment=ASSIGNMENT, config=asdict(config), tensors=model.state_dict())


def training_notes(config: MelodyModelConfig, splits: TrainingSplits) -> torch.Tensor:
    """The codes of the training windows, int64 (N, T, 3), from which baselines are counted."""
    return torch.from_numpy(
        np.stack([config.vocabulary.codes(window.melody) for window in splits.train_windows])
    )


PRESETS = {
    "quick": TransformerTrainConfig(
        preset="quick",
        min_count=2,
        network=TransformerConfig(width=32, heads=2, encoder_layers=1, decoder_layers=1),
        training=TrainingConfig(epochs=3, batch_size=16, learning_rate=5e-3, workers=0),
    ),
    "default": TransformerTrainConfig(
        min_count=30,
        network=TransformerConfig(width=128, heads=4, encoder_layers=2, decoder_layers=2, dropout=0.5),
        windows=WindowConfig(window=40),
        training=TrainingConfig(
            epochs=35, batch_size=16, learning_rate=2e-3, weight_decay=0.5, ema=0.98, workers=0
        ),
    ),
    "full": TransformerTrainConfig(
        preset="full",
        network=TransformerConfig(width=128, heads=4, encoder_layers=2, decoder_layers=3, dropout=0.2),
        training=TrainingConfig(
            epochs=8, batch_size=64, learning_rate=2e-3, weight_decay=0.05, ema=0.999, workers=0
        ),
    ),
}
GAN_PRESETS = {
    "quick": GanTrainConfig(
        model="lstm-gan",
        preset="quick",
        min_count=2,
        gan=LstmGanConfig(hidden=16),
        training=GanTrainingConfig(epochs=2, batch_size=16, skip_gram_steps=50, workers=0),
    ),
    "default": GanTrainConfig(
        model="lstm-gan",
        min_count=3,
        training=GanTrainingConfig(epochs=40, batch_size=32, workers=0),
    ),
    "full": GanTrainConfig(model="lstm-gan", preset="full", training=GanTrainingConfig(workers=0)),
}


def main(config: TrainConfig) -> None:
    data = shared_data(ensure_data, config.data, quick=config.preset == "quick")
    splits = open_training_splits(data, split=config.split)
    model_config = config.model_config(splits)
    run = RunFolder.create(config.out_folder(), assignment=ASSIGNMENT, config=config)
    if is_main_process():
        TrainingData.of(data, splits, split=config.split).save(run.path)
        notes = training_notes(model_config, splits)
        save_baselines(run.path, fit_baselines(notes, model_config.vocabulary))
    config.fit(model_config, splits, run)
    if is_main_process():
        print(report(run, splits, data=data, config=config))
        print("next:", next_command("hw3/eval.py", "--model", run.path, data=config.data))


def report(run: RunFolder, splits: TrainingSplits, *, data: Path, config: TrainConfig) -> str:
    """What train.py says at the end; it measures the finished model, and writes validation.json."""
    systems = validate(run.path, splits, data=data, split=config.split, device=config.device())
    write_atomically(run.path / "validation.json", json_bytes(systems))
    known = TrainingData.load(run.path)
    kind = "mini data, not to be compared with scores on the public corpus" if known.is_mini else known.name
    title = f"validation ({kind}); the best epoch was chosen on these windows"
    return "\n".join(["", title, format_report(systems), "", *places(run.path)])


def command_line(argv: Sequence[str]) -> tuple[type[TrainConfig], dict[str, TrainConfig]]:
    """The config class and the presets for the model that `argv` asks for."""
    name = cli.chosen(argv, "--model", default="transformer")
    if name == "lstm-gan":
        return GanTrainConfig, GAN_PRESETS
    if name in get_args(BaselineName):
        return BaselineTrainConfig, {
            preset: BaselineTrainConfig(model=name, preset=preset) for preset in PRESETS
        }
    return TransformerTrainConfig, PRESETS


if __name__ == "__main__":
    config_class, presets = command_line(sys.argv[1:])
    cli.run(main, config_class, presets=presets)
