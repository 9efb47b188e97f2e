"""The melody transformer: notes per second with and without its cache, in training, and beside a plain one.

    python benchmarks/hw3.py [--out FILE.json]                # some minutes, on two idle cores
    python benchmarks/hw3.py --windows 50 --repeats 1 --steps 1          # for a look
    python benchmarks/hw3.py --model RUN                      # ours is your run

Everybody makes notes for the same windows of random syllables, in batches as melody_generator.py has them;
they take turns, after one that is not counted, so that whatever else the machine does meets all. "no cache":
ours, running over all notes so far at each step. The peer is torch's nn.Transformer of the same width, heads
and layers (melody_peer.py), which has no cache. A step of training is forward pass, backward pass and
optimizer on a batch of random windows. Ratios are of the same turn, with their quartiles. Weights are random:
speed depends on neither them nor the notes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.melody_peer import PlainTransformer
from benchmarks.peer import take_turns
from common import cli
from common.training.optimization import adamw
from hw3_melody_generation.encoding import (
    CAPITAL,
    LINE,
    NUM_LYRIC_COLUMNS,
    STRESSES,
    SYLLABLE,
    WORD,
)
from hw3_melody_generation.generation import generate
from hw3_melody_generation.melody_generator import BATCH, load_generator
from hw3_melody_generation.melody_training import Objective
from hw3_melody_generation.note_context import FIRST_PREVIOUS
from hw3_melody_generation.sampling import Sampling, draw
from hw3_melody_generation.train import PRESETS
from hw3_melody_generation.transformer import MelodyTransformer

DURATIONS = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0, 16.0, 32.0)  # of the public corpus
RESTS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
NUM_SYLLABLES = 5684  # that the public corpus has at least five times
TRAINING = PRESETS["full"].training

Batch = dict[str, Tensor]
Step = Callable[[], None]


@dataclass
class BenchmarkConfig:
    windows: int = 1000
    """Windows that melodies are made for."""
    syllables: tuple[int, ...] = (20, 100)
    """Lengths of the windows."""
    threads: tuple[int, ...] = (1, 2)
    """Numbers of threads of torch."""
    repeats: int = 5
    """Turns of each."""
    steps: int = 20
    """Training steps of each that are timed, in turns."""
    model: Path | None = None
    """Run folder of ours, a transformer. Default: that of --preset full with random weights."""
    seed: int = 0
    """Of windows and weights."""
    out: Path | None = None
    """JSON file for the results."""

    def __post_init__(self) -> None:
        cli.at_least(1, windows=self.windows, repeats=self.repeats, steps=self.steps)
        cli.at_least(2, syllables=min(self.syllables))
        cli.at_least(1, threads=min(self.threads))


def main(config: BenchmarkConfig) -> None:
    torch.manual_seed(config.seed)
    ours = our_model(config.model)
    plain = PlainTransformer(
        ours.config, num_syllables=NUM_SYLLABLES, sizes=(128, len(DURATIONS), len(RESTS))
    )
    print(f"parameters: ours {count(ours):,}, plain {count(plain):,}")
    results = []
    for threads in config.threads:
        torch.set_num_threads(threads)
        for syllables in config.syllables:
            windows = config.windows if syllables == min(config.syllables) else max(1, config.windows // 10)
            times = take_turns(generating(ours, plain, windows, syllables), config.repeats)
            results.append(shown(f"generating {windows} x {syllables}", times, windows * syllables, threads))
        times = take_turns(training(ours, plain), config.steps)
        notes = TRAINING.batch_size * PRESETS["full"].windows.window
        results.append(
            shown(f"training {TRAINING.batch_size} x {notes // TRAINING.batch_size}", times, notes, threads)
        )
    if config.out:
        config.out.write_text(json.dumps(asdict(config) | {"results": results}, indent=1, default=str))


def our_model(folder: Path | None) -> MelodyTransformer:
    """The transformer in `folder`, or that of the preset for the public corpus."""
    if folder is not None:
        return load_generator(folder, device="cpu").model
    network = PRESETS["full"].network
    return MelodyTransformer(network, num_syllables=NUM_SYLLABLES, durations=DURATIONS, rests=RESTS)


def count(model: nn.Module) -> int:
    return sum(weight.numel() for weight in model.parameters())


def random_batch(windows: int, steps: int) -> Batch:
    """Windows of random notes and syllables, in words of two and lines of eight."""
    lyrics = torch.randint(0, 2, (windows, steps, NUM_LYRIC_COLUMNS))
    lyrics[..., SYLLABLE] = torch.randint(NUM_SYLLABLES, (windows, steps))
    lyrics[..., WORD], lyrics[..., LINE] = torch.arange(steps) // 2, torch.arange(steps) // 8
    lyrics[..., CAPITAL + 1 :] *= STRESSES
    sizes = (40, len(DURATIONS), len(RESTS))
    notes = torch.stack([torch.randint(size, (windows, steps)) for size in sizes], dim=-1)
    notes[..., 0] += 45
    mask = torch.ones(windows, steps, dtype=torch.bool)
    return {"lyrics": lyrics, "notes": notes, "mask": mask, "metre": torch.zeros(windows, 2)}


def generating(ours: MelodyTransformer, plain: PlainTransformer, windows: int, steps: int) -> dict[str, Step]:
    """For each contestant a function that makes melodies for all windows."""
    ours.eval()
    plain.eval()
    whole = random_batch(windows, steps)
    parts = [{k: v[first : first + BATCH] for k, v in whole.items()} for first in range(0, windows, BATCH)]
    draws = torch.Generator().manual_seed(0)
    makers = {
        "ours": lambda batch: generate(ours, batch, sampling=Sampling(), generator=draws),
        "no cache": lambda batch: without_cache(ours, batch, draws),
        "plain": lambda batch: plain.generate(batch, draws),
    }
    return {name: lambda make=make: [make(batch) for batch in parts] for name, make in makers.items()}


@torch.no_grad()
def without_cache(model: MelodyTransformer, batch: Batch, draws: torch.Generator) -> Tensor:
    """What `generate` makes, with the decoder running over all notes so far at each step."""
    sampling, head = Sampling(), model.head
    notes = torch.zeros(*batch["mask"].shape, 3, dtype=torch.long)
    syllables, mask = model.encode(batch), batch["mask"][:, None]
    for step in range(notes.shape[1]):
        seen = {name: batch[name][:, : step + 1] for name in ("lyrics", "mask")} | {"metre": batch["metre"]}
        x = model.embed(seen | {"notes": notes[:, : step + 1]}, syllables[:, : step + 1])
        for layer in model.decoder:
            x = layer(x, syllables, mask)
        x = model.decoder_norm(x)[:, -1]
        rest = draw(head.rest_logits(x), sampling, draws)
        duration = draw(head.duration_logits(x, rest), sampling, draws)
        before = F.pad(notes[..., 0], (1, 0), value=FIRST_PREVIOUS)[:, step]
        pitch = draw(head.pitch_logits(x, rest, duration, before), sampling, draws)
        notes[:, step] = torch.stack([pitch, duration, rest], dim=-1)
    return notes


def training(ours: MelodyTransformer, plain: PlainTransformer) -> dict[str, Step]:
    """For each network a function that takes a step of training."""
    batch = random_batch(TRAINING.batch_size, PRESETS["full"].windows.window)
    return {"ours": training_step(ours, batch), "plain": training_step(plain, batch)}


def training_step(model: nn.Module, batch: Batch) -> Step:
    model.train()
    optimizer, objective = adamw(model, TRAINING), Objective(hide=PRESETS["full"].network.lyrics_dropout)

    def step() -> None:
        objective(model, batch).backward()
        nn.utils.clip_grad_norm_(model.parameters(), TRAINING.gradient_clip)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step


def shown(title: str, times: dict[str, list[float]], notes: int, threads: int) -> dict:
    """Print a table of speeds; returns what it was made of."""
    print(f"\n{title}, {threads} threads     seconds   notes/s  times the plain one's speed, quartiles")
    for name, seconds in times.items():
        low, middle, high = np.percentile(np.array(times["plain"]) / seconds, [25, 50, 75])
        median = np.median(seconds)
        print(f"  {name:24}{median:12.3f}{notes / median:10,.0f}{middle:8.2f}  {low:.2f} - {high:.2f}")
    return {"title": title, "threads": threads, "notes": notes, "seconds": times}


if __name__ == "__main__":
    cli.run(main, BenchmarkConfig)
