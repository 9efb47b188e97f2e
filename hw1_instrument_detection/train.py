"""Train an instrument detector: a convolutional or a recurrent one, from scratch or on a trained encoder.

    python hw1/train.py [--model cnn|crnn] [--data DIR] [--out RUN]
    python hw1/train.py --preset quick                        # some seconds, on a small data set
    python hw1/train.py --encoder runs/hw0/cnn                # on HW0's note classifier, or a pretrain.py run
    python hw1/train.py --encoder mert:FOLDER --freeze        # on a Hugging Face checkpoint on disk
    torchrun --nproc-per-node 2 hw1/train.py --preset full --data DIR

From scratch and on an encoder there are other options: see `--help` and `--encoder RUN --help`. Without
--data, mini-Slakh is made once and used. A run that was stopped goes on with the same command.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from torch import nn
from torch.utils.data import Dataset

from common import cli
from common.cli import UserError
from common.commands import next_command, places, shared_data
from common.metrics.detection import Metrics, evaluate, format_report
from common.run_folder import MAY_CHANGE, RunFolder, is_main_process, write_atomically
from common.run_folder.files import json_bytes
from common.training import TrainingConfig, layer_decay, seed_everything, share_cores
from hw1_instrument_detection import ASSIGNMENT
from hw1_instrument_detection.classes import CLASSES
from hw1_instrument_detection.clip_dataset import ClipDataset
from hw1_instrument_detection.clip_index import ClipIndex
from hw1_instrument_detection.data import ensure_data, open_tracks, open_training_splits
from hw1_instrument_detection.detector import detect_clips, load_detector
from hw1_instrument_detection.detector_training import (
    cached_features,
    fit_detector,
    labelled_share,
    remixed_clips,
)
from hw1_instrument_detection.feature_cache import CachedDetector
from hw1_instrument_detection.losses import Loss, LossConfig
from hw1_instrument_detection.models import HeadConfig, InstrumentDetector, MelEncoder, MelEncoderConfig
from hw1_instrument_detection.remix_config import RemixConfig
from hw1_instrument_detection.spectrogram_detector import SpectrogramDetector
from hw1_instrument_detection.thresholds import choose_thresholds, save_thresholds
from hw1_instrument_detection.training_data import TrainingData


@dataclass(kw_only=True)
class TrainConfig:
    """What all detectors have in common."""

    model: Literal["cnn", "crnn"] = "cnn"
    """What judges the encoder's features: a convolution over time, or a layer that sees the whole clip."""
    data: Path | None = None
    """Data folder in the layout of Slakh2100 or of the course's release. Default: data/mini_slakh, made once
    in some minutes; with --preset quick data/mini_slakh_quick, in seconds."""
    out: Path | None = None
    """Run folder. Default: runs/hw1/MODEL, with the encoder's name, the share of labels and the preset if
    they are not the default."""
    preset: Literal["quick", "default", "full"] = "default"
    """Defaults of the other options: quick takes seconds, default minutes on two cores, full is for all of
    Slakh2100 on a GPU."""
    encoder: str = "none"
    """What gives the features: none (a mel encoder, from scratch), a run of hw0/train.py or hw1/pretrain.py,
    or mert:FOLDER, a Hugging Face checkpoint on disk. It decides which other options there are."""
    labels: float = 1.0
    """Share, 0 to 1, of the training tracks whose labels are used; a smaller share is part of a larger."""
    drums_are_percussion: bool = False
    """Count drum kits as Percussion; the course's labels do not."""
    threshold_shrinkage: float = field(default=8.0, metadata=MAY_CHANGE)
    """How strongly the threshold of a class that few validation tracks have is drawn towards one common to
    all: as if that one had been seen in so many tracks. 0: not at all."""
    head: HeadConfig = field(default_factory=HeadConfig)
    remixing: RemixConfig = field(default_factory=RemixConfig)
    loss: LossConfig = field(default_factory=LossConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def __post_init__(self) -> None:
        if not 0 < self.labels <= 1:
            raise UserError(f"--labels is {self.labels}; give a share above 0, up to 1")
        if self.threshold_shrinkage < 0:
            raise UserError(
                f"--threshold-shrinkage is {self.threshold_shrinkage}; give a value of at least 0"
            )
        if self.model == "cnn" and self.head.temporal != "gru":
            raise UserError(
                f"--temporal {self.head.temporal} does not go with --model cnn; give --model crnn"
            )

    def out_folder(self) -> Path:
        """The run folder."""
        share = "" if self.labels == 1 else f"_labels{100 * self.labels:g}"
        variant = "" if self.preset == "default" else f"_{self.preset}"
        return self.out or Path("runs/hw1") / f"{self.model}{self._encoder_name()}{share}{variant}"

    def make_model(self) -> InstrumentDetector:
        """The detector, with the weights that training begins with. Errors: UserError."""
        raise NotImplementedError

    def require_fitting(self, model: InstrumentDetector) -> None:
        """Errors: UserError if `model` cannot be trained on what is asked for."""
        learns_on_mel = isinstance(model.encoder, MelEncoder) and not model.frozen
        if self.remixing.remix_domain == "spectrogram" and not learns_on_mel:
            raise UserError(
                "--remix-domain spectrogram: only for a mel encoder of this homework that learns; "
                "give --remix-domain waveform"
            )

    def _encoder_name(self) -> str:
        return ""

    def prepare(
        self, model: InstrumentDetector, train: ClipIndex, valid: ClipIndex, data: Path
    ) -> tuple[nn.Module, Dataset, Dataset]:
        """What is trained (`model`, or what shares its weights), the training and the validation clips."""
        tracks = open_tracks(data, drums_are_percussion=self.drums_are_percussion)
        remixed = remixed_clips(
            self.remixing, train, tracks, encoder=model.encoder, data=data, epochs=self.training.epochs
        )
        heard = ClipDataset(valid, sample_rate=model.config.sample_rate, replace_broken=False)
        on_spectrograms = self.remixing.remix_domain == "spectrogram"
        return SpectrogramDetector(model) if on_spectrograms else model, remixed, heard


@dataclass(kw_only=True)
class MelTrainConfig(TrainConfig):
    """Train a detector from scratch."""

    mel: MelEncoderConfig = field(default_factory=MelEncoderConfig)

    def make_model(self) -> InstrumentDetector:
        seed_everything(self.training.seed)
        return InstrumentDetector(MelEncoder(self.mel), model=self.model, head=self.head)


@dataclass(kw_only=True)
class TransferTrainConfig(TrainConfig):
    """Train a detector on an encoder that has learnt something before."""

    freeze: bool = False
    """Leave the encoder as it is and train what judges its features alone."""
    cache_features: bool = True
    """With --freeze, let the encoder hear every clip once and keep its features, for training in seconds;
    without remixing and augmentation. Else it hears remixed clips anew in each epoch."""
    feature_cache: Path | None = field(default=None, metadata=MAY_CHANGE)
    """Folder for these features. Default: .features in the data folder."""
    lora: int = 0
    """With mert:FOLDER, rank of the matrices that adapt the checkpoint, whose own weights stay. 0: none."""
    encoder_decay: float = 0.7
    """Each layer of the encoder learns at this share, above 0 up to 1, of the rate of the layer behind it."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.encoder_decay <= 1:
            raise UserError(f"--encoder-decay is {self.encoder_decay}; give a share above 0, up to 1")
        if self.freeze and self.lora:
            raise UserError(f"--freeze and --lora {self.lora} do not go together; leave one of them out")

    def make_model(self) -> InstrumentDetector:
        # Only here, because it may bring transformers.
        from hw1_instrument_detection.encoders import encoder_from_option

        seed_everything(self.training.seed)
        encoder = encoder_from_option(self.encoder, lora=self.lora)
        model = InstrumentDetector(encoder, model=self.model, head=self.head, freeze_encoder=self.freeze)
        layers = [layer.parameters() for layer in encoder.layers]
        model.learning_rate_scales = layer_decay(model, layers, self.encoder_decay)
        return model

    def _encoder_name(self) -> str:
        name = Path(self.encoder.split(":", 1)[-1]).resolve().name
        how = "_frozen" if self.freeze else f"_lora{self.lora}" if self.lora else ""
        return f"_{name}{how}"

    def prepare(
        self, model: InstrumentDetector, train: ClipIndex, valid: ClipIndex, data: Path
    ) -> tuple[nn.Module, Dataset, Dataset]:
        if not (self.freeze and self.cache_features):
            return super().prepare(model, train, valid, data)
        folder = self.feature_cache or data / ".features"
        features = cached_features(model, (train, valid), training=self.training, folder=folder)
        return CachedDetector(model), *features


PRESETS = {
    "quick": MelTrainConfig(
        preset="quick",
        mel=MelEncoderConfig(width=8),
        remixing=RemixConfig(
            remix_domain="spectrogram", remix_scratch=1.0, remix_seconds=1.25, remix_draws=4
        ),
        training=TrainingConfig(epochs=6, batch_size=8, learning_rate=3e-3, workers=0),
    ),
    "default": MelTrainConfig(
        mel=MelEncoderConfig(band_mask=0.0, time_mask=0.0),
        head=HeadConfig(dropout=0.1),
        remixing=RemixConfig(
            remix_domain="spectrogram", remix_scratch=1.0, remix_seconds=1.25, remix_draws=16
        ),
        training=TrainingConfig(
            epochs=24,
            batch_size=64,
            learning_rate=3e-3,
            warmup=0.1,
            weight_decay=0.05,
            gradient_clip=5.0,
            ema=0.995,
            workers=0,  # remixing is a quarter of the work; on two cores a process for it costs more
        ),
    ),
    "full": MelTrainConfig(
        preset="full",
        mel=MelEncoderConfig(width=48, n_mels=128),
        training=TrainingConfig(
            epochs=60,
            batch_size=256,
            learning_rate=2e-3,
            warmup=0.1,
            weight_decay=0.05,
            gradient_clip=5.0,
            amp="bfloat16",
            workers=8,
            patience=12,
        ),
    ),
}
TRANSFER_PRESETS = {  # of waveforms: each encoder hears them in its own way
    "quick": TransferTrainConfig(
        preset="quick",
        remixing=replace(PRESETS["quick"].remixing, remix_domain="waveform"),
        training=PRESETS["quick"].training,
    ),
    "default": TransferTrainConfig(
        remixing=replace(PRESETS["default"].remixing, remix_domain="waveform"),
        head=PRESETS["default"].head,
        training=replace(PRESETS["default"].training, workers=1),  # remixing waveforms is as dear as learning
    ),
    "full": TransferTrainConfig(
        preset="full", remixing=PRESETS["full"].remixing, training=PRESETS["full"].training
    ),
}


def main(config: TrainConfig) -> None:
    share_cores(config.training.workers)
    data = shared_data(ensure_data, config.data, quick=config.preset == "quick")
    train, valid = open_training_splits(data, drums_are_percussion=config.drums_are_percussion)
    train = labelled_share(train, config.labels, seed=config.training.seed)
    model = config.make_model()
    config.require_fitting(model)
    run = RunFolder.create(config.out_folder(), assignment=ASSIGNMENT, config=config)
    if is_main_process():
        TrainingData.of(data, train, drums_are_percussion=config.drums_are_percussion).save(run.path)
    learner, known, heard = config.prepare(model, train, valid, data)
    loss = Loss(config.loss, train.class_counts(), len(train))
    fit_detector(learner, known, heard, loss=loss, training=config.training, run=run)
    if isinstance(known, ClipDataset):
        known.problems().report(train.folder)
    if is_main_process():
        print(report(run, validate(run, valid, config)))
        print("next:", next_command("hw1/eval.py", "--model", run.path, data=config.data))


def validate(run: RunFolder, valid: ClipIndex, config: TrainConfig) -> Metrics:
    """Choose the thresholds of the finished model, and measure it, on the validation clips.

    Writes thresholds.json and validation.json into its folder.
    """
    detector = load_detector(run.path, device=config.training.device)
    readable, probabilities = detect_clips(detector, valid, batch_size=config.training.batch_size)
    heard = valid.subset(readable)
    thresholds = choose_thresholds(
        heard.targets, probabilities, tracks=heard.groups, shrinkage=config.threshold_shrinkage
    )
    save_thresholds(run.path, thresholds)
    metrics = evaluate(
        heard.targets,
        probabilities,
        labels=CLASSES,
        thresholds=thresholds,
        train_prevalence=TrainingData.load(run.path).prevalence(),
        groups=heard.groups,
    )
    write_atomically(run.path / "validation.json", json_bytes(metrics))
    return metrics


def report(run: RunFolder, metrics: Metrics) -> str:
    """What train.py says at the end."""
    data = TrainingData.load(run.path)
    kind = "mini data, not to be compared with scores on Slakh2100" if data.is_mini else data.name
    title = f"validation ({kind})\ngroups are tracks; the thresholds were chosen on these clips: F1 flatters"
    return "\n".join(["", title, format_report(metrics, CLASSES), "", *places(run.path)])


def command_line(argv: list[str]) -> tuple[type[TrainConfig], dict[str, TrainConfig]]:
    """The config class and the presets for the encoder that `argv` asks for."""
    if cli.chosen(argv, "--encoder", default="none") == "none":
        return MelTrainConfig, PRESETS
    return TransferTrainConfig, TRANSFER_PRESETS


if __name__ == "__main__":
    config_class, presets = command_line(sys.argv[1:])
    cli.run(main, config_class, presets=presets)
