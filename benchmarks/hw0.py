"""Our NoteCNN beside a plain short-chunk CNN: training clips/s, and accuracy after the same time.

    python benchmarks/hw0.py [--data DIR] [--out FILE.json]      # about seven minutes, on an idle machine
    python benchmarks/hw0.py --seconds 10 --repeats 3            # two minutes, for a look

Same notes, batches, loss, optimizer and threads, those of train.py's default preset, in one run. Each learns
in its turn for the same time, with warm-up and cosine planned over that time; validation is not counted, nor
is reading: all waveforms lie in memory, as int16 (0.9 GB for mini-NSynth, twice that while they are read).
The peer is that of Won et al. 2020, "Evaluation of CNN-based automatic music tagging models", with 128
channels in each of its seven layers, and without augmentation.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.peer import ShortChunkCNN, print_speed, take_turns
from common import cli
from common.metrics.classification import top_k_accuracy
from common.training import TrainingConfig, seed_everything
from common.training.optimization import adamw, learning_rate
from hw0_note_classification.cnn_training import Objective
from hw0_note_classification.data import ensure_data, note_batches, open_training_splits
from hw0_note_classification.models import NoteCNN
from hw0_note_classification.note_index import FAMILIES, SAMPLE_RATE, NoteIndex
from hw0_note_classification.train import CNN_PRESETS

PRESET = CNN_PRESETS["default"]
SHARES = (0.25, 0.5, 0.75, 1.0)  # of the time, after which is validated
PARTS = 1_000_000  # steps of a schedule that knows the share of the time that is over, not the steps to come
INT16 = 32768


@dataclass
class BenchmarkConfig:
    data: Path | None = None
    """Data folder in the layout of NSynth. Default: data/mini_nsynth, made if it is not there."""
    seconds: float = 120.0
    """Time for each to learn in."""
    repeats: int = 15
    """Training steps of each that are timed, in turns."""
    threads: int = torch.get_num_threads()
    """Threads of torch."""
    peer_channels: tuple[int, ...] = (128,) * 7
    """Of the peer. The code of Won et al. has more, 128 128 256 256 256 256 512, which costs more."""
    learning_rate: float = PRESET.training.learning_rate
    """Highest learning rate, of both. The default is what suits ours."""
    seed: int = PRESET.training.seed
    """Of weights, batches and augmentation."""
    out: Path | None = None
    """JSON file for the results."""


@dataclass
class Notes:
    """A split in memory: waveforms int16 (notes, samples), families int64 (notes,)."""

    waveform: Tensor
    target: Tensor

    @classmethod
    def read(cls, index: NoteIndex) -> Notes:
        batches = [
            ((batch["waveform"] * INT16).round().clamp(max=INT16 - 1).short(), batch["target"])
            for batch in note_batches(index)
        ]
        return cls(*map(torch.cat, zip(*batches, strict=True)))

    def batch(self, chosen: Tensor) -> dict[str, Tensor]:
        return {"waveform": self.waveform[chosen].float() / INT16, "target": self.target[chosen]}

    def shuffled(self, size: int, seed: int) -> Iterator[dict[str, Tensor]]:
        """Batches without end; what fills no batch is left out of its epoch."""
        generator, notes = torch.Generator().manual_seed(seed), len(self.target)
        size = min(size, notes)
        while True:
            order = torch.randperm(notes, generator=generator)[: notes - notes % size]
            yield from map(self.batch, order.split(size))


class Trainer:
    """One network that learns step by step."""

    def __init__(self, make: Callable[[], nn.Module], train: Notes, config: TrainingConfig) -> None:
        seed_everything(config.seed)
        self.model, self.config = make(), config
        self.optimizer = adamw(self.model, config)
        self.batches = train.shuffled(config.batch_size, config.seed)
        counts = np.bincount(train.target, minlength=len(FAMILIES))
        self.objective = Objective(PRESET.regularization, counts)

    def step(self, progress: float = 0.5) -> None:
        """One step, at `progress`, 0 to 1, of the time."""
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(int(progress * PARTS), PARTS, self.config)
        self.model.train()
        self.objective(self.model, next(self.batches)).backward()
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.gradient_clip)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    @torch.inference_mode()
    def accuracy(self, valid: Notes) -> float:
        """Top-1 on all of `valid`."""
        self.model.eval()
        parts = torch.arange(len(valid.target)).split(self.config.batch_size)
        logits = torch.cat([self.model(valid.batch(part)["waveform"]) for part in parts])  # (notes, 11)
        return top_k_accuracy(valid.target, logits, 1)


def train_for(trainer: Trainer, valid: Notes, seconds: float, clock=time.perf_counter) -> list[dict]:
    """Take steps until `seconds` are spent in them; validate at SHARES. -> seconds, steps, top-1 at each."""
    rows, spent, steps = [], 0.0, 0
    for share in SHARES:
        while spent < share * seconds:
            start = clock()
            trainer.step(spent / seconds)
            spent, steps = spent + clock() - start, steps + 1
        rows.append({"seconds": spent, "steps": steps, "top1": trainer.accuracy(valid)})
    return rows


def main(config: BenchmarkConfig) -> None:
    torch.set_num_threads(config.threads)
    train, valid = map(Notes.read, open_training_splits(ensure_data(config.data)))
    training = replace(PRESET.training, learning_rate=config.learning_rate, seed=config.seed)
    peer = partial(ShortChunkCNN, config.peer_channels, classes=len(FAMILIES), sample_rate=SAMPLE_RATE)
    networks = {"ours": partial(NoteCNN, PRESET.cnn), "peer": peer}
    print(f"{len(train.target)} notes, {config.threads} threads, batches of {training.batch_size}")
    trainer = partial(Trainer, train=train, config=training)  # of a network that is made anew
    times = take_turns({name: trainer(make).step for name, make in networks.items()}, config.repeats)
    print_speed("training", times, training.batch_size)
    curves = {name: train_for(trainer(make), valid, config.seconds) for name, make in networks.items()}
    print_accuracy(curves, config.seconds)
    if config.out:
        results = {"torch": torch.__version__, "step_seconds": times, "curves": curves}
        config.out.write_text(json.dumps(asdict(config) | results, indent=1, default=str))


def print_accuracy(curves: dict[str, list[dict]], seconds: float) -> None:
    print("\ntop-1 (valid) " + "".join(f"{share * seconds:8g} s" for share in SHARES) + "     steps")
    for name, rows in curves.items():
        print(f"{name:14}" + "".join(f"{row['top1']:10.3f}" for row in rows) + f"{rows[-1]['steps']:10}")


if __name__ == "__main__":
    cli.run(main, BenchmarkConfig)
