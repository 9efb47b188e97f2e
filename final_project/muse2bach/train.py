"""Train a model that writes chorales: the network, its memory, or one of the baselines.

    python final_project/muse2bach/train.py                             # on music21's chorales
    python final_project/muse2bach/train.py --data Jsb16thSeparated.json.gz --out runs/muse2bach/benchmark
    python final_project/muse2bach/train.py --preset quick              # seconds, on a dozen chorales
    python final_project/muse2bach/train.py --model recall --network runs/muse2bach/network   # with a memory
    python final_project/muse2bach/train.py --model gru                 # the plain recurrent baseline
    python final_project/muse2bach/train.py --model markov              # or copy: a counted one by itself
    torchrun --nproc-per-node 2 final_project/muse2bach/train.py

The models have different options: see `--help`, `--model gru --help` and so on. Without --data, Bach's
chorales are read from music21's corpus, once, and used. A run that was stopped goes on with the same command.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from tyro import MISSING

from common import cli
from common.cli import say
from common.commands import next_command, places, shared_data
from common.run_folder import RunFolder, is_main_process, save_model, write_atomically
from common.run_folder.files import json_bytes
from common.training import TrainingConfig, seed_everything, share_cores
from final_project.muse2bach import ASSIGNMENT
from final_project.muse2bach.baselines import save_baselines
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.chorale_dataset import ChoraleDataset, CropConfig
from final_project.muse2bach.copy_baseline import fit_copy
from final_project.muse2bach.data import ensure_data, open_training_splits
from final_project.muse2bach.frame_gru import FrameGru, FrameGruConfig
from final_project.muse2bach.harmonizer import GRU, NETWORK, RECALL, load_harmonizer, save_baseline
from final_project.muse2bach.markov import fit_markov
from final_project.muse2bach.network import ChoraleNetwork, NetworkConfig
from final_project.muse2bach.network_mean import NetworkMean
from final_project.muse2bach.network_training import (
    Objective,
    Step,
    Validate,
    Validation,
    fit_network,
    gru_loss,
    gru_metrics,
)
from final_project.muse2bach.recall import MOST_NETWORKS, fit_recall
from final_project.muse2bach.training_data import TrainingData, is_mini
from final_project.muse2bach.validation import format_report, validate

Preset = Literal["quick", "default", "full"]


@dataclass(kw_only=True)
class TrainConfig:
    """What all models have in common."""

    model: Literal["network", "recall", "gru", "markov", "copy"] = "network"
    """What is trained. It decides which other options there are."""
    data: Path | None = None
    """Folder of chorales, or the JSB benchmark file. Default: data/bach_chorales, made once in seconds; with
    --preset quick the smaller data/bach_chorales_quick."""
    out: Path | None = None
    """Run folder. Default: runs/muse2bach/MODEL, with the preset if it is not the default."""
    preset: Preset = "default"
    """Defaults of the other options: quick takes seconds, default a quarter of an hour on two cores, full
    four times as long."""

    def out_folder(self) -> Path:
        """The run folder."""
        variant = "" if self.preset == "default" else f"_{self.preset}"
        return self.out or Path("runs/muse2bach") / f"{self.model}{variant}"

    def check(self, data: TrainingData) -> None:
        """Errors: UserError if the options do not go with the data; nothing has been written yet."""

    def fit(self, train: Sequence[Chorale], valid: Sequence[Chorale], run: RunFolder) -> None:
        """Train until `run` holds the model."""
        raise NotImplementedError

    def place(self) -> str:
        """The device on which the finished model is validated."""
        return "cpu"


@dataclass(kw_only=True)
class GradientTrainConfig(TrainConfig):
    """What the two networks have in common."""

    crops: CropConfig = field(default_factory=CropConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def place(self) -> str:
        return self.training.device

    def fit(self, train: Sequence[Chorale], valid: Sequence[Chorale], run: RunFolder) -> None:
        share_cores(self.training.workers)
        seed_everything(self.training.seed)
        model = self.made()
        say(f"{self.model}: {sum(weight.numel() for weight in model.parameters()):,} parameters")
        step, validate = self.lessons(valid)
        fit_network(
            model,
            ChoraleDataset(train, self.crops),
            step=step,
            validate=validate,
            training=self.training,
            run=run,
            model_config={"model": self.model, **asdict(model.config)},
        )

    def made(self) -> ChoraleNetwork | FrameGru:
        """The model with its first, random weights."""
        raise NotImplementedError

    def lessons(self, valid: Sequence[Chorale]) -> tuple[Step, Validate]:
        """The loss of a batch, and the validation."""
        raise NotImplementedError


@dataclass(kw_only=True)
class NetworkTrainConfig(GradientTrainConfig):
    """Train the network."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    given_share: float = 0.5
    """Share of the items, 0 to 1, that are also trained with a random part given, as for harmonizing."""

    def __post_init__(self) -> None:
        if not 0 <= self.given_share <= 1:
            raise cli.UserError(f"--given-share is {self.given_share}; give a share from 0 to 1")

    def made(self) -> ChoraleNetwork:
        return ChoraleNetwork(self.network)

    def lessons(self, valid: Sequence[Chorale]) -> tuple[Step, Validate]:
        return Objective(given_share=self.given_share), Validation(valid)


@dataclass(kw_only=True)
class GruTrainConfig(GradientTrainConfig):
    """Train the plain GRU. It never knows bars, fermatas and keys: --forget is without effect."""

    gru: FrameGruConfig = field(default_factory=FrameGruConfig)

    def made(self) -> FrameGru:
        return FrameGru(self.gru)

    def lessons(self, valid: Sequence[Chorale]) -> tuple[Step, Validate]:
        return gru_loss, partial(gru_metrics, valid=valid)


@dataclass(kw_only=True)
class RecallTrainConfig(TrainConfig):
    """Give trained networks a memory of their training chorales (seconds)."""

    network: tuple[Path, ...]
    """Run folder of the network, trained on the same data; or of several, whose mean is taken."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""

    def place(self) -> str:
        return self.device

    def check(self, data: TrainingData) -> None:
        if not 1 <= len(self.network) <= MOST_NETWORKS:
            raise cli.UserError(f"{len(self.network)} networks; give 1 to {MOST_NETWORKS}")
        sizes = []
        for run in self.network:
            found = load_harmonizer(run, device="cpu")
            if found.name != NETWORK:
                raise cli.UserError(f"{run}: a model of kind {found.name!r}; give a {NETWORK}'s run")
            if TrainingData.load(run) != data:
                raise cli.UserError(f"{run}: was trained on other chorales; give the same --data")
            sizes.append(replace(found.model.config, dropout=0, field_dropout=0))
            if sizes[-1] != sizes[0]:
                raise cli.UserError(f"{run}: a network of another size than the first; give networks of one")

    def fit(self, train: Sequence[Chorale], valid: Sequence[Chorale], run: RunFolder) -> None:
        if not is_main_process():
            return
        networks = NetworkMean([load_harmonizer(run, device=self.device).model for run in self.network])
        model, nats = fit_recall(networks, train, valid)
        say(f"nats per token of each half of the validation chorales, trust fitted on the other: {nats:.4f}")
        save_model(
            run.path,
            assignment=ASSIGNMENT,
            config={"model": RECALL, **model.config()},
            tensors=model.tensors(),
        )
        run.log({"epoch": 1, "score": -nats, "valid_nll": nats})


@dataclass(kw_only=True)
class BaselineTrainConfig(TrainConfig):
    """Count a baseline."""

    def fit(self, train: Sequence[Chorale], valid: Sequence[Chorale], run: RunFolder) -> None:
        if is_main_process():
            save_baseline(run.path, fit_copy(train) if self.model == "copy" else fit_markov(train, valid))


NETWORK_PRESETS = {
    "quick": NetworkTrainConfig(
        preset="quick",
        network=NetworkConfig(trunk=32, outlook=16, head=32, dropout=0.1, field_dropout=0.1),
        crops=CropConfig(crop=64),
        training=TrainingConfig(epochs=3, batch_size=4, learning_rate=1e-2, ema=0.9, workers=0),
    ),
    "default": NetworkTrainConfig(
        training=TrainingConfig(
            epochs=6, batch_size=8, learning_rate=2e-3, weight_decay=0.3, ema=0.99, workers=0
        ),
    ),
    "full": NetworkTrainConfig(
        preset="full",
        network=NetworkConfig(dropout=0.5),  # the longer, the sooner it learns by heart
        training=TrainingConfig(
            epochs=24, batch_size=8, learning_rate=2e-3, weight_decay=0.3, ema=0.99, workers=0
        ),
    ),
}
GRU_PRESETS = {
    "quick": GruTrainConfig(
        model=GRU,
        preset="quick",
        gru=FrameGruConfig(width=32, embedding=16, dropout=0.1),
        crops=CropConfig(crop=64),
        training=TrainingConfig(epochs=3, batch_size=4, learning_rate=1e-2, ema=0.9, workers=0),
    ),
    "default": GruTrainConfig(
        model=GRU,
        training=TrainingConfig(epochs=10, batch_size=8, learning_rate=2e-3, ema=0.99, workers=0),
    ),
}
GRU_PRESETS["full"] = replace(GRU_PRESETS["default"], preset="full")  # it only learns by heart what it has
BASELINE_PRESETS = ("quick", "default", "full")


def main(config: TrainConfig) -> None:
    data = shared_data(ensure_data, config.data, quick=config.preset == "quick")
    train, valid = open_training_splits(data)
    trained_on = TrainingData.of(data, train, valid)
    config.check(trained_on)
    run = RunFolder.create(config.out_folder(), assignment=ASSIGNMENT, config=config)
    if is_main_process():
        trained_on.save(run.path)
        save_baselines(run.path, train, valid)
    config.fit(train, valid, run)
    if is_main_process():
        print(report(run, valid, data=data, config=config))
        print("next:", next_command("final_project/muse2bach/eval.py", "--model", run.path, data=config.data))


def report(run: RunFolder, valid: Sequence[Chorale], *, data: Path, config: TrainConfig) -> str:
    """What train.py says at the end; it measures the finished model, and writes validation.json."""
    systems = validate(run.path, valid, device=config.place())
    write_atomically(run.path / "validation.json", json_bytes(systems))
    kind = "music21's chorales, not the benchmark" if is_mini(data) else TrainingData.load(run.path).name
    title = f"validation, nats per token ({kind}); epoch, back-off and trust were chosen on these chorales"
    return "\n".join(["", title, format_report(systems), "", *places(run.path)])


def command_line(argv: Sequence[str]) -> tuple[type[TrainConfig], dict[str, TrainConfig]]:
    """The config class and the presets for the model that `argv` asks for."""
    name = cli.chosen(argv, "--model", default="network")
    if name in ("markov", "copy"):
        return BaselineTrainConfig, {
            preset: BaselineTrainConfig(model=name, preset=preset) for preset in BASELINE_PRESETS
        }
    if name == GRU:
        return GruTrainConfig, GRU_PRESETS
    if name == RECALL:
        return RecallTrainConfig, {
            preset: RecallTrainConfig(model=RECALL, preset=preset, network=MISSING)
            for preset in BASELINE_PRESETS
        }
    return NetworkTrainConfig, NETWORK_PRESETS


if __name__ == "__main__":
    config_class, presets = command_line(sys.argv[1:])
    cli.run(main, config_class, presets=presets)
