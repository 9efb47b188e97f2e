"""Our separator beside openunmix and Hybrid Demucs: CPU time, real time and memory; and steps of training.

    python benchmarks/hw2.py [--out FILE.json]                # some seven minutes, on two idle cores
    python benchmarks/hw2.py --seconds 5 --threads 1 --repeats 1 --steps 1 --ours-minutes 1  # for a look
    python benchmarks/hw2.py --peers umx --model RUN          # without openunmix; ours is your run

Inference is from a wav file, 44.1 kHz, stereo, to two of 32-bit floats, vocals and accompaniment, for
everybody, reading and writing included (see separation_peers.py). For each length and number of threads each
contestant has a process of its own; they take turns, after one that is not counted, so that whatever else the
machine does meets all. CPU time is that of all threads of the process; they also burn it while one waits for
the other, so with more threads than idle cores the figures say nothing. Ratios are of the same turn. Memory
is the peak resident set of the process, "at start" that before its first song, torch included. Hybrid Demucs,
which takes long, separates only the shortest song. Ours also separates an hour. Wants 8 GB of memory for the
peers, and 3.5 GB of disk for a moment.

A step of training is forward pass, loss, backward pass and optimizer; they take turns in one process
(separation_steps.py). Songs and batches are noise and weights random: speed depends on neither. openunmix
needs `pip install -r benchmarks/requirements.txt`. How fast separation is scored, beside museval:
benchmarks/separation_metrics.py.
"""

from __future__ import annotations

import json
import multiprocessing
import signal
import tempfile
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from benchmarks.separation_peers import TITLES, openunmix_part, take_turn
from common import cli
from common.cli import UserError, say

SLOW = "hdemucs"
WARM_UP_SECONDS = 3.0

Turns = dict[str, list[dict[str, float]]]  # by contestant; see take_turn


@dataclass
class BenchmarkConfig:
    parts: tuple[Literal["inference", "long", "training"], ...] = ("inference", "long", "training")
    """What to measure; long is a song of --ours-minutes, with ours alone."""
    seconds: tuple[float, ...] = (30, 180)
    """Lengths of the songs."""
    threads: tuple[int, ...] = (1, 2)
    """Numbers of threads of torch."""
    repeats: int = 3
    """Turns of each with a song."""
    steps: int = 10
    """Training steps of each that are timed, in turns."""
    ours_minutes: float = 60
    """Length of the long song."""
    peers: tuple[Literal["umx", "openunmix", "openunmix-em", "hdemucs"], ...] = (
        "umx",
        "openunmix",
        "openunmix-em",
        "hdemucs",
    )
    """Beside whom; umx is ours, too, openunmix-em is with an iteration of its Wiener filter."""
    all: bool = False
    """Let Hybrid Demucs separate the longer songs, too."""
    model: Path | None = None
    """Run folder of ours. Default: the default network with random weights."""
    batch_size: int = 4
    """Chunks in a training step."""
    chunk_seconds: float = 6.0
    """Length of the chunks."""
    seed: int = 0
    """Of songs, batches, weights."""
    out: Path | None = None
    """JSON file for the results."""

    def __post_init__(self) -> None:
        cli.at_least(1, repeats=self.repeats, steps=self.steps, batch_size=self.batch_size)
        cli.at_least(1, seconds=min(self.seconds), threads=min(self.threads))
        cli.at_least(0.1, ours_minutes=self.ours_minutes, chunk_seconds=self.chunk_seconds)
        if "openunmix" in self.peers or "openunmix-em" in self.peers:
            openunmix_part("model")  # or an error, before anything is measured


def main(config: BenchmarkConfig) -> None:
    results: dict[str, Any] = {"torch": torch.__version__}
    if "inference" in config.parts:
        results["inference"] = measure_songs(config)
    if "long" in config.parts:
        results["long"] = measure_long_song(config)
    if "training" in config.parts:
        results["training_step_seconds"] = measure_training(config)
    if config.out:
        config.out.write_text(json.dumps(asdict(config) | results, indent=1, default=str))


# ---- inference ----


def measure_songs(config: BenchmarkConfig) -> list[dict[str, Any]]:
    """Turns of all contestants for each length and number of threads."""
    rows = []
    for seconds in config.seconds:
        slow = config.all or seconds == min(config.seconds)
        names = ["ours", *(peer for peer in config.peers if peer != SLOW or slow)]
        for threads in config.threads:
            turns = measure(names, config, seconds=seconds, threads=threads, repeats=config.repeats)
            print_song(turns, seconds=seconds, threads=threads)
            rows.append({"seconds": seconds, "threads": threads, "turns": turns})
    return rows


def measure_long_song(config: BenchmarkConfig) -> dict[str, Any]:
    """One turn of ours with a long song."""
    seconds, threads = 60 * config.ours_minutes, max(config.threads)
    turns = measure(["ours"], config, seconds=seconds, threads=threads, repeats=1)
    print_song(turns, seconds=seconds, threads=threads)
    return {"seconds": seconds, "threads": threads, "turns": turns}


def measure(
    names: list[str], config: BenchmarkConfig, *, seconds: float, threads: int, repeats: int
) -> Turns:
    """`repeats` turns of each contestant with a song of `seconds`, each in a process of its own."""
    from benchmarks.songs import write_song

    label = f"{length(seconds)}, {threads_text(threads)}"
    say(f"{label}: {', '.join(names)} ...")
    turns: Turns = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        short = write_song(Path(folder) / "short.wav", seconds=WARM_UP_SECONDS, seed=config.seed)
        song = write_song(Path(folder) / "song.wav", seconds=seconds, seed=config.seed)
        processes = {name: stack.enter_context(own_process()) for name in names}
        for name, process in processes.items():
            result_of(process, name, config.model, short, threads)
        for turn in range(1, repeats + 1):
            for name, process in processes.items():
                turns[name].append(result := result_of(process, name, config.model, song, threads))
                say(f"{label}, turn {turn} of {repeats}: {name}: {result['wall']:.1f} s")
    return turns


def own_process() -> ProcessPoolExecutor:
    """A fresh one, which Ctrl-C ends without a word."""
    return ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_DFL)
    )


def result_of(process: ProcessPoolExecutor, name: str, *arguments: Any) -> dict[str, float]:
    """One turn. Errors: UserError if the process dies."""
    try:
        return process.submit(take_turn, name, *arguments).result()
    except BrokenProcessPool as error:
        raise UserError(
            f"{name}: the process was ended, most likely for want of memory; give shorter --seconds,"
            " or other --peers"
        ) from error


# ---- training ----


def measure_training(config: BenchmarkConfig) -> dict[int, dict[str, list[float]]]:
    """Seconds of each contestant's steps, by number of threads."""
    from benchmarks.peer import take_turns
    from benchmarks.separation_steps import training_steps

    found = {}
    for threads in config.threads:
        say(f"training, {threads_text(threads)} ...")
        torch.set_num_threads(threads)
        steps = training_steps(
            config.peers,
            model=config.model,
            batch_size=config.batch_size,
            seconds=config.chunk_seconds,
            seed=config.seed,
        )
        found[threads] = take_turns(steps, config.steps)
        print_training(found[threads], config, threads=threads)
    return found


# ---- tables ----


def print_song(turns: Turns, *, seconds: float, threads: int) -> None:
    count = len(turns["ours"])
    print(f"\n{length(seconds)}, {threads_text(threads)}, {count} turn{'s' if count > 1 else ''}")
    print(f"  {'':24}CPU-s per s  times ours  quartiles        x real time  memory at peak  at start")
    for name, own in turns.items():
        cpu, wall, peak, start = (
            np.array([turn[key] for turn in own]) for key in ("cpu", "wall", "peak_mb", "start_mb")
        )
        ratio = ratio_text(cpu, np.array([turn["cpu"] for turn in turns["ours"]]))
        speed = seconds / np.median(wall)
        memory = f"{peak.max():13.0f} MB{start.max():7.0f} MB"
        print(f"  {TITLES[name]:24}{np.median(cpu) / seconds:11.4f}{ratio}{speed:13.1f}{memory}")


def print_training(times: dict[str, list[float]], config: BenchmarkConfig, *, threads: int) -> None:
    batch = f"{config.batch_size} chunks of {config.chunk_seconds:g} s"
    print(f"\ntraining steps of {batch}, {threads_text(threads)}, {config.steps} turns")
    print(f"  {'':24}    steps/s  times our time  quartiles")
    for name, seconds in times.items():
        ratio = ratio_text(np.array(seconds), np.array(times["ours"]))
        title = TITLES[name].partition(",")[0]
        print(f"  {title:24}{1 / np.median(seconds):11.2f}    {ratio}")


def ratio_text(theirs: np.ndarray, ours: np.ndarray) -> str:
    """Median and quartiles of what they take / what ours takes in the same turn."""
    low, middle, high = np.percentile(theirs / ours, [25, 50, 75])
    return f"{middle:12.2f}  {f'{low:.2f} - {high:.2f}':15}"


def length(seconds: float) -> str:
    """
    >>> length(180), length(3600)
    ('180 s', '60 min')
    """
    return f"{seconds:g} s" if seconds < 600 else f"{seconds / 60:g} min"


def threads_text(threads: int) -> str:
    return f"{threads} thread{'s' if threads > 1 else ''}"


if __name__ == "__main__":
    cli.run(main, BenchmarkConfig)
