"""Train a source separator: the band-split network, or Open-Unmix, to find vocals or all four stems in a mix.

    python hw2/train.py [--model bandsplit|umx] [--data DIR] [--out RUN]
    python hw2/train.py --preset quick                        # seconds, on a small data set
    python hw2/train.py --targets vocals drums bass other     # all four stems
    torchrun --nproc-per-node 2 hw2/train.py --preset full --data DIR

The two models have other options: see `--help` and `--model umx --help`. Without --data, mini-MUSDB18 is
made once and used. A run that was stopped goes on with the same command.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from common import cli
from common.cli import say
from common.commands import next_command, places, shared_data
from common.metrics.separation import format_report
from common.run_folder import MAY_CHANGE, RunFolder, is_main_process, write_atomically
from common.run_folder.files import json_bytes
from common.training import TrainingConfig, seed_everything, share_cores
from hw2_source_separation import ASSIGNMENT
from hw2_source_separation.bandsplit import BandSplitConfig
from hw2_source_separation.chunk_dataset import ChunkDataset, ExcerptDataset, validation_excerpts
from hw2_source_separation.data import ensure_data, open_training_splits
from hw2_source_separation.losses import LossName
from hw2_source_separation.models import (
    SeparationModel,
    SeparationModelConfig,
    count_parameters,
    require_small,
)
from hw2_source_separation.remix import MixConfig
from hw2_source_separation.separator import load_separator
from hw2_source_separation.separator_training import fit_separator, validate
from hw2_source_separation.songs import Song
from hw2_source_separation.stems import require_targets
from hw2_source_separation.training_data import TrainingData
from hw2_source_separation.umx import UmxConfig


@dataclass(kw_only=True)
class TrainConfig:
    """What both models have in common."""

    model: Literal["bandsplit", "umx"] = "bandsplit"
    """Band-split network, or Open-Unmix. It decides which other options there are."""
    data: Path | None = None
    """Data folder in the layout of MUSDB18-HQ or MUSDB18, or of songs of your own with vocals.wav and
    accompaniment.wav, or the four stems. Default: data/mini_musdb, made once in some minutes; with --preset
    quick data/mini_musdb_quick, in seconds."""
    out: Path | None = None
    """Run folder. Default: runs/hw2/MODEL, with the targets and the preset if they are not the default."""
    preset: Literal["quick", "default", "full"] = "default"
    """Defaults of the other options: quick takes seconds, default minutes on two cores, full is for
    MUSDB18-HQ on a GPU."""
    targets: tuple[str, ...] = ("vocals",)
    """Stems to estimate, of vocals, drums, bass and other; what is left over makes up the rest."""
    cap: bool = True
    """Refuse 10 million parameters and more, as the homework does; --no-cap is for comparisons beyond it."""
    chunk_seconds: float = 3.0
    """Length of what training hears at a time, in seconds."""
    chunks: int = 440
    """Chunks that make an epoch."""
    valid_seconds: float = field(default=30.0, metadata=MAY_CHANGE)
    """Of each validation song, how much is separated after each epoch, in seconds."""
    loss: LossName = "decibels"
    """What is minimized: see losses.py."""
    compile: bool = field(default=False, metadata=MAY_CHANGE)
    """Let torch.compile make the network faster: pays on a GPU, after a minute; needs a C++ compiler."""
    mix: MixConfig = field(default_factory=MixConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        require_targets(self.targets)
        cli.at_least(1, chunks=self.chunks)
        cli.at_least(0.1, chunk_seconds=self.chunk_seconds)
        cli.at_least(1.0, valid_seconds=self.valid_seconds)

    def out_folder(self) -> Path:
        """The run folder."""
        targets = "" if self.targets == ("vocals",) else f"_{'_'.join(self.targets)}"
        variant = "" if self.preset == "default" else f"_{self.preset}"
        return self.out or Path("runs/hw2") / f"{self.model}{targets}{variant}"

    def network_config(self) -> BandSplitConfig | UmxConfig:
        """What the network is made of."""
        raise NotImplementedError

    def make_model(self) -> SeparationModel:
        """The model, with the weights that training begins with. Errors: UserError if it is too large."""
        seed_everything(self.training.seed)
        model = SeparationModel(SeparationModelConfig(network=self.network_config(), targets=self.targets))
        if self.cap:
            require_small(model)
        return model

    def training_chunks(self, songs: list[Song]) -> ChunkDataset:
        """What an epoch hears."""
        return ChunkDataset(
            songs,
            targets=self.targets,
            chunk_seconds=self.chunk_seconds,
            draws=self.chunks,
            config=self.mix,
        )


@dataclass(kw_only=True)
class BandSplitTrainConfig(TrainConfig):
    """Train a band-split network."""

    network: BandSplitConfig = field(default_factory=BandSplitConfig)

    def network_config(self) -> BandSplitConfig:
        return self.network


@dataclass(kw_only=True)
class UmxTrainConfig(TrainConfig):
    """Train an Open-Unmix network for each target."""

    umx: UmxConfig = field(default_factory=UmxConfig)
    loss: LossName = "magnitude"
    """What is minimized: see losses.py. Default: the original's."""
    chunks: int = 320
    """Chunks that make an epoch. Default: as many as take the time of the band-split network's."""

    def network_config(self) -> UmxConfig:
        return self.umx


PRESETS = {
    "quick": BandSplitTrainConfig(
        preset="quick",
        network=BandSplitConfig(bands=12, width=16, blocks=2),
        chunk_seconds=1.0,
        chunks=32,
        training=TrainingConfig(epochs=3, batch_size=8, learning_rate=5e-3, workers=0),
    ),
    "default": BandSplitTrainConfig(
        training=TrainingConfig(
            epochs=30,
            batch_size=4,
            learning_rate=3e-3,
            gradient_clip=5.0,
            ema=0.995,
            workers=0,
            keep_epochs=(5, 10, 30),
        ),
    ),
    "full": BandSplitTrainConfig(
        preset="full",
        network=BandSplitConfig(hop_length=512, bands=48, width=112, blocks=8, mask="complex"),
        chunk_seconds=6.0,
        chunks=8000,
        training=TrainingConfig(
            epochs=150,
            batch_size=16,
            learning_rate=1e-3,
            gradient_clip=5.0,
            ema=0.999,
            amp="bfloat16",
            workers=8,
            keep_epochs=(25, 50, 150),
        ),
    ),
}
UMX_PRESETS = {
    "quick": UmxTrainConfig(
        model="umx",
        preset="quick",
        umx=UmxConfig(n_fft=2048, hidden_size=32),
        chunk_seconds=1.0,
        chunks=32,
        training=PRESETS["quick"].training,
    ),
    "default": UmxTrainConfig(model="umx", training=replace(PRESETS["default"].training, learning_rate=1e-3)),
    "full": UmxTrainConfig(
        model="umx",
        preset="full",
        chunk_seconds=6.0,
        chunks=8000,
        training=replace(PRESETS["full"].training, amp="off", weight_decay=1e-5),
    ),
}


def main(config: TrainConfig) -> None:
    share_cores(config.training.workers)
    model = config.make_model()
    data = shared_data(ensure_data, config.data, quick=config.preset == "quick")
    train, valid = open_training_splits(data)
    chunks = config.training_chunks(train)
    excerpts = validation_excerpts(valid, targets=config.targets, seconds=config.valid_seconds)
    run = RunFolder.create(config.out_folder(), assignment=ASSIGNMENT, config=config)
    if is_main_process():
        say(f"{config.model}: {count_parameters(model):,} parameters")
        TrainingData.of(data, train, valid).save(run.path)
    fit_separator(
        model,
        chunks,
        excerpts,
        loss=config.loss,
        training=config.training,
        run=run,
        compile_network=config.compile,
    )
    chunks.problems().report(data)
    if is_main_process():
        print(report(run, excerpts, config))
        print("next:", next_command("hw2/eval.py", "--model", run.path, data=config.data))


def report(run: RunFolder, excerpts: ExcerptDataset, config: TrainConfig) -> str:
    """What train.py says at the end; it measures the finished model, and writes validation.json."""
    separator = load_separator(run.path, device=config.training.device)
    metrics = validate(separator, excerpts)
    write_atomically(run.path / "validation.json", json_bytes(metrics))
    data = TrainingData.load(run.path)
    kind = "mini data, not to be compared with scores on MUSDB18" if data.is_mini else data.name
    title = f"validation ({kind}), the best epoch was chosen on these excerpts"
    return "\n".join(["", title, format_report(metrics, separator.outputs), "", *places(run.path)])


def command_line(argv: list[str]) -> tuple[type[TrainConfig], dict[str, TrainConfig]]:
    """The config class and the presets for the model that `argv` asks for."""
    if cli.chosen(argv, "--model", default="bandsplit") == "umx":
        return UmxTrainConfig, UMX_PRESETS
    return BandSplitTrainConfig, PRESETS


if __name__ == "__main__":
    config_class, presets = command_line(sys.argv[1:])
    cli.run(main, config_class, presets=presets)
