"""Let the mel encoder learn from mixes alone, without a label: what train.py --encoder can then begin with.

    python hw1/pretrain.py [--data DIR] [--out RUN]
    python hw1/pretrain.py --preset quick                 # some seconds, on a small data set
    python hw1/train.py --encoder runs/hw1/pretrain       # fine-tune it, or add --freeze to probe it

The pretext is told in pretext.py. Only the training split is learnt from, and its labels are blanked before
anything is read. Without --data, mini-Slakh is made once and used. A run that was stopped goes on with the
same command.
"""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import nn

from common import cli
from common.commands import next_command, places, shared_data
from common.run_folder import RunFolder, is_main_process
from common.training import (
    TrainingConfig,
    evaluation_loader,
    fit,
    seed_everything,
    to_device,
    training_loader,
)
from common.training.learning_curve import save_learning_curve
from hw1_instrument_detection import ASSIGNMENT
from hw1_instrument_detection.clip_dataset import ClipDataset
from hw1_instrument_detection.clip_index import ClipIndex
from hw1_instrument_detection.data import ensure_data, open_training_splits
from hw1_instrument_detection.decoded_clips import DecodedClips
from hw1_instrument_detection.models import MelEncoder, MelEncoderConfig
from hw1_instrument_detection.pretext import (
    Objective,
    PretextConfig,
    PretextModel,
    WindowPairs,
    contrastive_loss,
)


@dataclass(kw_only=True)
class PretrainConfig:
    """Train the mel encoder without labels."""

    data: Path | None = None
    """Data folder in the layout of Slakh2100 or of the course's release. Default: data/mini_slakh, made once
    in some minutes; with --preset quick data/mini_slakh_quick, in seconds."""
    out: Path | None = None
    """Run folder. Default: runs/hw1/pretrain, with the preset if it is not default."""
    preset: Literal["quick", "default", "full"] = "default"
    """Defaults of the other options: quick takes seconds, default minutes on two cores, full is for all of
    Slakh2100 on a GPU."""
    mel: MelEncoderConfig = field(default_factory=MelEncoderConfig)
    pretext: PretextConfig = field(default_factory=PretextConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)

    def out_folder(self) -> Path:
        """The run folder."""
        variant = "" if self.preset == "default" else f"_{self.preset}"
        return self.out or Path(f"runs/hw1/pretrain{variant}")


PRESETS = {
    "quick": PretrainConfig(
        preset="quick",
        mel=MelEncoderConfig(width=8),
        training=TrainingConfig(epochs=3, batch_size=8, learning_rate=2e-3, workers=0),
    ),
    "default": PretrainConfig(
        training=TrainingConfig(
            epochs=40,
            batch_size=32,
            learning_rate=3e-3,
            warmup=0.1,
            weight_decay=0.05,
            gradient_clip=5.0,
            workers=0,  # on two cores a reading process slows the computing by more than it saves
        )
    ),
    "full": PretrainConfig(
        preset="full",
        mel=MelEncoderConfig(width=48, n_mels=128),
        training=TrainingConfig(
            epochs=60,
            batch_size=512,
            learning_rate=3e-3,
            warmup=0.1,
            weight_decay=0.05,
            gradient_clip=5.0,
            amp="bfloat16",
            workers=8,
        ),
    ),
}


def main(config: PretrainConfig) -> None:
    data = shared_data(ensure_data, config.data, quick=config.preset == "quick")
    train, valid = (without_labels(clips) for clips in open_training_splits(data))
    run = RunFolder.create(config.out_folder(), assignment=ASSIGNMENT, config=config)
    rate = config.mel.sample_rate
    folder = data / f".cache_{rate}" / "clips"
    clips, heldout = (DecodedClips(split, sample_rate=rate, folder=folder) for split in (train, valid))
    best = pretrain(clips, heldout, config=config, run=run)
    clips.problems().report(train.folder)
    if is_main_process():
        save_learning_curve(run, best_epoch=best["epoch"])
        print(report(run, best, len(valid), config))


def without_labels(clips: ClipIndex) -> ClipIndex:
    """The same clips, none of whose labels can be learnt from."""
    return replace(clips, targets=np.zeros_like(clips.targets))


def pretrain(
    clips: ClipDataset, heldout: ClipDataset, *, config: PretrainConfig, run: RunFolder
) -> dict[str, float]:
    """Train, or go on training, until `run` holds the best encoder. Returns the metrics of its epoch.

    Under torchrun a process finds the mixes among its own share of the batch: with N of them the pretext is
    that of a batch so much smaller.
    """
    seed_everything(config.training.seed)
    encoder = MelEncoder(config.mel)
    encoder_config = dict(encoder.config)
    return fit(
        PretextModel(encoder, config.pretext),
        training_loader(WindowPairs(clips, config.pretext), config.training),
        step=Objective(config.pretext),
        validate=Validation(WindowPairs(heldout, config.pretext), config),
        run=run,
        config=config.training,
        model_config={"model": "pretext", "encoder": encoder_config, "pretext": asdict(config.pretext)},
    )


class Validation:
    """How well second windows of validation clips, unmixed and not augmented, find their first ones.

    "score" is the negative loss; "valid_top1" the share whose nearest key, among those of their batch, is the
    right one. Batches are of clips from everywhere in the split, the same ones in every epoch.
    """

    def __init__(self, pairs: WindowPairs, config: PretrainConfig) -> None:
        self.temperature = config.pretext.temperature
        order = np.random.default_rng(0).permutation(len(pairs)).tolist()
        self.loader = evaluation_loader(
            torch.utils.data.Subset(pairs, order),
            batch_size=config.training.batch_size,
            workers=config.training.workers,
            device=config.training.device,
        )

    def __call__(self, model: nn.Module) -> dict[str, float]:
        device = next(model.parameters()).device
        loss = right = items = 0.0
        for batch in self.loader:
            batch = to_device(batch, device)
            keys, queries = model(batch["first"]), model(batch["second"])  # (B, E) each
            own = torch.eye(len(keys), device=device)
            loss += len(keys) * contrastive_loss(queries, keys, own, temperature=self.temperature).item()
            right += ((queries @ keys.mT).argmax(dim=1).cpu() == torch.arange(len(keys))).sum().item()
            items += len(keys)
        return {"score": -loss / items, "valid_loss": loss / items, "valid_top1": right / items}


def report(run: RunFolder, best: dict[str, float], clips: int, config: PretrainConfig) -> str:
    """What pretrain.py says at the end."""
    among = min(config.training.batch_size, clips)
    return "\n".join(
        [
            "",
            f"validation: the right window first among {among} for {best['valid_top1']:.1%} (chance:"
            f" {1 / among:.1%})",
            "",
            *places(run.path),
            f"next: {next_command('hw1/train.py', '--encoder', run.path, data=config.data)}",
        ]
    )


if __name__ == "__main__":
    cli.run(main, PretrainConfig, sys.argv[1:], presets=PRESETS)
