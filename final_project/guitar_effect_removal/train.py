"""Train a remover, which makes a wet guitar dry, or the detector, which says which effects are on.

    python final_project/guitar_effect_removal/train.py [--data DIR] [--out RUN]
    python final_project/guitar_effect_removal/train.py --model detector
    python final_project/guitar_effect_removal/train.py --model waveform            # another remover
    python final_project/guitar_effect_removal/train.py --preset quick              # seconds
    python final_project/guitar_effect_removal/train.py --effects distortion        # a remover of one effect
    torchrun --nproc-per-node 2 final_project/guitar_effect_removal/train.py --preset full --data DIR

Each model has options of its own: see `--help`, `--model detector --help`, `--model waveform --help`.
Without --data, guitars are synthesized, once, and used. A run that was stopped goes on with the same command.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from common import cli
from common.cli import UserError, say
from common.commands import next_command, places, shared_data
from common.run_folder import RunFolder, is_main_process, write_atomically
from common.run_folder.files import json_bytes
from common.training import TrainingConfig, seed_everything, share_cores
from final_project.guitar_effect_removal import ASSIGNMENT
from final_project.guitar_effect_removal.amps import amps_of
from final_project.guitar_effect_removal.data import ensure_data, open_training_splits
from final_project.guitar_effect_removal.detection import calibrate
from final_project.guitar_effect_removal.detector import EffectDetectorConfig
from final_project.guitar_effect_removal.effects import CLIPPING, EFFECTS
from final_project.guitar_effect_removal.guitar_training import train_model
from final_project.guitar_effect_removal.models import Kind, ModelConfig, build, count_parameters
from final_project.guitar_effect_removal.pairs import Pair
from final_project.guitar_effect_removal.remover import RemoverConfig, default_network
from final_project.guitar_effect_removal.training_data import TrainingData
from final_project.guitar_effect_removal.waveform import UNetConfig, WaveformConfig
from final_project.guitar_effect_removal.wet_dataset import PairDataset, WetDataset
from hw1_instrument_detection.models import HeadConfig, MelEncoderConfig
from hw2_source_separation.bandsplit import BandSplitConfig


@dataclass(kw_only=True)
class TrainConfig:
    """What all models have in common."""

    model: Kind = "remover"
    """What is trained. It decides which other options there are. remover: gains on a spectrum; waveform: a
    U-Net on the waveform, the option for a GPU; detector: which effects are on."""
    data: Path | None = None
    """Folder of guitars, see pairs.py. Default: data/guitars, made once in a minute; with --preset quick
    data/guitars_quick, in seconds."""
    out: Path | None = None
    """Run folder. Default: runs/guitar_effect_removal/MODEL, with effects and preset if they are not the
    default."""
    preset: Literal["quick", "default", "full"] = "default"
    """Defaults of the other options: quick takes seconds, default minutes on two cores, full is for a GPU."""
    effects: tuple[str, ...] = EFFECTS
    """Effects that training puts on guitars: all, in chains of up to five, or a single one."""
    recolour: float = 0.0
    """Share of the excerpts, 0 to 1, of which training makes another guitar: another colour, pitch and noise
    floor."""
    clipping: int = 1
    """How many times as often as any other effect one that clips (distortion, overdrive, amp) is alone."""
    seconds: float = 3.0
    """Length of what training hears at a time."""
    excerpts: int = 800
    """Excerpts that make an epoch."""
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        cli.at_least(1, excerpts=self.excerpts, clipping=self.clipping)
        cli.at_least(0.5, seconds=self.seconds)
        if not 0 <= self.recolour <= 1:
            raise UserError(f"--recolour is {self.recolour:g}; give a share, 0 to 1")
        for name in self.effects:
            if name not in EFFECTS:
                raise UserError(f"--effects {name}: no such effect; choose of {', '.join(EFFECTS)}")
        if self.effects != EFFECTS and len(self.effects) != 1:
            raise UserError("--effects takes a single effect; leave it out for all of them")

    def out_folder(self) -> Path:
        """The run folder."""
        effect = "" if self.effects == EFFECTS else f"_{self.effects[0]}"
        variant = "" if self.preset == "default" else f"_{self.preset}"
        return self.out or Path("runs/guitar_effect_removal") / f"{self.model}{effect}{variant}"

    def drawn_effects(self) -> tuple[str, ...]:
        """The effects that training draws from, each as often as it is named."""
        again = [name for name in CLIPPING if name in self.effects]
        return (*self.effects, *(self.clipping - 1) * again)

    def model_config(self) -> ModelConfig:
        """What rebuilds the model."""
        raise NotImplementedError


@dataclass(kw_only=True)
class RemoverTrainConfig(TrainConfig):
    """Train the remover."""

    network: BandSplitConfig = field(default_factory=default_network)

    def model_config(self) -> ModelConfig:
        return ModelConfig(model="remover", remover=RemoverConfig(network=self.network), effects=self.effects)


@dataclass(kw_only=True)
class WaveformTrainConfig(TrainConfig):
    """Train the remover on the waveform."""

    model: Kind = "waveform"
    network: UNetConfig = field(default_factory=UNetConfig)

    def model_config(self) -> ModelConfig:
        waveform = WaveformConfig(network=self.network)
        return ModelConfig(model="waveform", waveform=waveform, effects=self.effects)


@dataclass(kw_only=True)
class DetectorTrainConfig(TrainConfig):
    """Train the detector."""

    model: Kind = "detector"
    encoder: MelEncoderConfig = field(default_factory=lambda: EffectDetectorConfig().encoder)
    head: HeadConfig = field(default_factory=HeadConfig)
    context: Literal["cnn", "crnn"] = "crnn"
    """What looks over time: a second of neighbours, or all."""

    def model_config(self) -> ModelConfig:
        detector = EffectDetectorConfig(encoder=self.encoder, head=self.head, context=self.context)
        return ModelConfig(model="detector", detector=detector, effects=self.effects)


PRESETS = {
    "quick": RemoverTrainConfig(
        preset="quick",
        network=BandSplitConfig(bands=12, width=16, blocks=2, mask="gain"),
        seconds=1.0,
        excerpts=16,
        training=TrainingConfig(epochs=3, batch_size=4, learning_rate=5e-3, workers=0),
    ),
    "default": RemoverTrainConfig(
        recolour=0.2,
        clipping=3,
        excerpts=1000,
        training=TrainingConfig(
            epochs=13, batch_size=4, learning_rate=3e-3, gradient_clip=1.0, ema=0.99, workers=0
        ),
    ),
    "full": RemoverTrainConfig(
        preset="full",
        recolour=0.2,
        clipping=3,
        network=BandSplitConfig(hop_length=512, bands=48, width=112, blocks=8, mask="gain"),
        seconds=5.0,
        excerpts=8000,
        training=TrainingConfig(
            epochs=100,
            batch_size=16,
            learning_rate=1e-3,
            gradient_clip=1.0,
            ema=0.999,
            amp="bfloat16",
            workers=8,
        ),
    ),
}
WAVEFORM_PRESETS = {
    "quick": WaveformTrainConfig(
        preset="quick",
        network=UNetConfig(channels=4, depth=3, blocks=2),
        seconds=1.0,
        excerpts=16,
        training=TrainingConfig(epochs=3, batch_size=4, learning_rate=2e-3, workers=0),
    ),
    "default": WaveformTrainConfig(
        recolour=0.2,
        clipping=3,
        excerpts=600,
        training=TrainingConfig(epochs=10, batch_size=4, learning_rate=2e-3, ema=0.99, workers=0),
    ),
    "full": WaveformTrainConfig(
        preset="full",
        recolour=0.2,
        clipping=3,
        network=UNetConfig(channels=48),
        seconds=5.0,
        excerpts=8000,
        training=TrainingConfig(
            # Not in half precision: what is rounded in the correction would be heard in the result.
            epochs=100,
            batch_size=16,
            learning_rate=3e-4,
            ema=0.999,
            workers=8,
        ),
    ),
}
DETECTOR_PRESETS = {
    "quick": DetectorTrainConfig(
        preset="quick",
        encoder=MelEncoderConfig(
            sample_rate=44_100, hop_length=1024, n_mels=32, width=4, equalizer_db=0.0, band_mask=0.0
        ),
        recolour=1.0,
        seconds=1.0,
        excerpts=64,
        training=TrainingConfig(epochs=3, batch_size=16, learning_rate=3e-3, workers=0),
    ),
    "default": DetectorTrainConfig(
        recolour=1.0,
        seconds=4.0,
        excerpts=1000,
        training=TrainingConfig(epochs=12, batch_size=16, learning_rate=2e-3, ema=0.99, workers=1),
    ),
    "full": DetectorTrainConfig(
        preset="full",
        recolour=1.0,
        seconds=6.0,
        excerpts=16_000,
        training=TrainingConfig(epochs=60, batch_size=64, amp="bfloat16", ema=0.999, workers=8),
    ),
}
COMMAND_LINES: dict[str, tuple[type[TrainConfig], dict[str, TrainConfig]]] = {
    "remover": (RemoverTrainConfig, PRESETS),
    "waveform": (WaveformTrainConfig, WAVEFORM_PRESETS),
    "detector": (DetectorTrainConfig, DETECTOR_PRESETS),
}


def main(config: TrainConfig) -> None:
    share_cores(config.training.workers)
    seed_everything(config.training.seed)
    model_config = config.model_config()
    model = build(model_config)
    data = shared_data(ensure_data, config.data, quick=config.preset == "quick")
    guitars, pairs = open_training_splits(data)
    train = WetDataset(
        guitars,
        amps=amps_of("train"),
        seconds=config.seconds,
        draws=config.excerpts,
        effects=config.drawn_effects(),
        recolour=config.recolour,
    )
    run = RunFolder.create(config.out_folder(), assignment=ASSIGNMENT, config=config)
    if is_main_process():
        say(f"{config.model}: {count_parameters(model):,} parameters")
        TrainingData.of(data, len(guitars), len(pairs)).save(run.path)
    valid = PairDataset([pair for pair in pairs if suits(pair, config.effects)], seconds=config.seconds)
    best = train_model(model, train, valid, config=model_config, training=config.training, run=run)
    if is_main_process():
        if config.model == "detector":
            best |= calibrated(run, pairs, device=config.training.device)
        write_atomically(run.path / "validation.json", json_bytes(best))
        print(report(best, run))
        script = "final_project/guitar_effect_removal/eval.py"
        print("next:", next_command(script, "--model", run.path, data=config.data))


def calibrated(run: RunFolder, pairs: list[Pair], *, device: str) -> dict[str, float]:
    """Choose the thresholds of the finished detector; its F1 with them, if it is known what is on."""
    metrics = calibrate(run.path, pairs, device=device)
    return {"valid_macro_f1": metrics["macro_f1"]} if metrics else {}


def suits(pair: Pair, effects: tuple[str, ...]) -> bool:
    """Whether a validation pair is what a model of these effects is for: their own, or a dry guitar."""
    names = None if pair.chain is None else {effect.name for effect in pair.chain}
    return effects == EFFECTS or names is None or names <= set(effects)


def report(best: dict[str, float], run: RunFolder) -> str:
    """What train.py says at the end."""
    data = TrainingData.load(run.path)
    kind = "synthesized guitars, not to be compared with published scores" if data.is_mini else data.name
    lines = ["", f"validation ({kind}), the best epoch, {best['epoch']:.0f}, was chosen on these pairs"]
    names = {
        "valid_mr_stft": "MR-STFT distance to the dry guitar",
        "valid_input_mr_stft": "  of the wet guitar as it is",
        "valid_mean_average_precision": "mean average precision",
        "valid_macro_f1": "macro F1, at thresholds chosen here",
        "valid_loss": "binary cross-entropy",
    }
    lines += [f"  {title:38}{best[name]:8.3f}" for name, title in names.items() if name in best]
    return "\n".join([*lines, "", *places(run.path)])


def command_line(argv: list[str]) -> tuple[type[TrainConfig], dict[str, TrainConfig]]:
    """The config class and the presets for the model that `argv` asks for."""
    model = cli.chosen(argv, "--model", default="remover")
    return COMMAND_LINES.get(model, COMMAND_LINES["remover"])


if __name__ == "__main__":
    config_class, presets = command_line(sys.argv[1:])
    cli.run(main, config_class, presets=presets)
