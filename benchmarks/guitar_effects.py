"""Removing effects from a minute and from half an hour: CPU time and memory, beside two peers.

    python benchmarks/guitar_effects.py [--model RUN] [--out FILE.json]     # some minutes, on an idle core
    python benchmarks/guitar_effects.py --minutes 0.2 --repeats 1           # for a look

From a wav file, 44.1 kHz, one channel, to one of 32-bit floats, reading and writing included:

    ours         final_project/guitar_effect_removal/cleaning.py: in chunks, after a pass for the level
    whole        what one would write first: the same model on the recording at once; only the shortest one,
                 since its memory grows with the length
    umx          HW2's Open-Unmix network, as HW2 streams it (benchmarks/separation_peers.py): a network that
                 many know; it hears two channels, on which it gets the guitar twice

Each has a process of its own for each length; they take turns, after a short recording that is not counted,
so that whatever else the machine does meets all. CPU time is that of all threads of the process. Ratios are
of the same turn, with quartiles. Memory is the peak resident set of the process; "at start" is that before
the first recording, torch included. Recordings are noise and, without --model, weights random: speed depends
on neither.
"""

from __future__ import annotations

import functools
import json
import multiprocessing
import resource
import signal
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import soundfile as sf

from benchmarks.memory import peak_megabytes
from common import cli
from common.cli import say

if TYPE_CHECKING:
    from final_project.guitar_effect_removal.remover import Remover

RATE = 44_100  # Hz
LOOP_SECONDS = 10  # of the recordings; they repeat it
WARM_UP_SECONDS = 3.0

Clean = Callable[[Path, Path], object]  # recording, folder
Turns = dict[str, list[dict[str, float]]]  # by contestant; see take_turn


@dataclass
class BenchmarkConfig:
    minutes: tuple[float, ...] = (1, 30)
    """Lengths of the recordings."""
    peers: tuple[Literal["whole", "umx"], ...] = ("whole", "umx")
    """Beside whom."""
    threads: int = 1
    """Threads of torch."""
    repeats: int = 3
    """Turns of each with a recording."""
    model: Path | None = None
    """Run folder of a remover. Default: the default network with random weights."""
    out: Path | None = None
    """JSON file for the results."""

    def __post_init__(self) -> None:
        cli.at_least(1, threads=self.threads, repeats=self.repeats)
        cli.at_least(0.01, minutes=min(self.minutes))


def main(config: BenchmarkConfig) -> None:
    results = []
    for minutes in config.minutes:
        names = [name for name in config.peers if name != "whole" or minutes == min(config.minutes)]
        turns = measure(["ours", *names], config, seconds=60 * minutes)
        show(turns, config, minutes=minutes)
        results.append({"minutes": minutes, "turns": turns})
    if config.out:
        config.out.write_text(json.dumps(asdict(config) | {"results": results}, indent=1, default=str))


def measure(names: list[str], config: BenchmarkConfig, *, seconds: float) -> Turns:
    """The turns of each contestant with a recording of `seconds`, each in a process of its own."""
    turns: Turns = {name: [] for name in names}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        short = write_noise(Path(folder) / "short.wav", seconds=WARM_UP_SECONDS)
        long = write_noise(Path(folder) / "long.wav", seconds=seconds)
        processes = {name: stack.enter_context(own_process()) for name in names}
        for name, process in processes.items():
            process.submit(take_turn, name, config.model, short, config.threads).result()
        for turn in range(1, config.repeats + 1):
            for name, process in processes.items():
                result = process.submit(take_turn, name, config.model, long, config.threads).result()
                turns[name].append(result)
                say(f"{seconds:g} s, turn {turn} of {config.repeats}: {name}: {result['wall']:.1f} s")
    return turns


def own_process() -> ProcessPoolExecutor:
    """A fresh one, which Ctrl-C ends without a word."""
    return ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_DFL)
    )


def write_noise(path: Path, *, seconds: float) -> Path:
    """A recording of one channel, written piece by piece."""
    loop = 0.1 * np.random.default_rng(0).standard_normal(LOOP_SECONDS * RATE)
    missing = round(seconds * RATE)
    with sf.SoundFile(path, "w", RATE, channels=1) as file:
        while missing > 0:
            file.write(loop[:missing])
            missing -= len(loop)
    return path


# ---- contestants; imports are within, since what one imports is part of its memory and of nobody else's


def take_turn(name: str, model: Path | None, recording: Path, threads: int) -> dict[str, float]:
    """Clean `recording` once, from file to file, in this process.

    -> cpu and wall, in seconds; start_mb, this process's largest memory before its first recording, and
    peak_mb, its largest so far.
    """
    import torch

    torch.set_num_threads(threads)
    clean, start_mb = prepared(name, model)
    with tempfile.TemporaryDirectory(dir=recording.parent) as folder:
        cpu, wall = time.process_time(), time.perf_counter()
        clean(recording, Path(folder))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {"cpu": cpu, "wall": wall, "start_mb": start_mb, "peak_mb": peak_megabytes(resource.RUSAGE_SELF)}


@functools.cache
def prepared(name: str, model: Path | None) -> tuple[Clean, float]:
    """A contestant, with all its imports, and the memory that it takes, in MB."""
    clean = CONTESTANTS[name](model)
    return clean, peak_megabytes(resource.RUSAGE_SELF)


def ours(model: Path | None) -> Clean:
    from final_project.guitar_effect_removal.cleaning import clean_file

    return partial(clean_file, our_remover(model), name="dry")


def whole(model: Path | None) -> Clean:
    return partial(clean_whole, our_remover(model))


def umx(model: Path | None) -> Clean:
    from benchmarks import separation_peers

    return separation_peers.ours(None, network="umx")


CONTESTANTS: dict[str, Callable[[Path | None], Clean]] = {"ours": ours, "whole": whole, "umx": umx}


def our_remover(model: Path | None) -> Remover:
    """That of a run folder, or the default one with random weights."""
    import torch

    from final_project.guitar_effect_removal.models import load
    from final_project.guitar_effect_removal.remover import RemoverConfig, SpectralRemover

    torch.manual_seed(0)
    return load(model, device="cpu")[0] if model else SpectralRemover(RemoverConfig()).eval()


def clean_whole(remover: Remover, recording: Path, folder: Path) -> None:
    """The recording at once -> FOLDER/dry.wav."""
    import torch

    from common import audio

    wet, rate = audio.read(recording)
    with torch.inference_mode():
        dry = remover(torch.from_numpy(wet)).numpy()
    audio.write(folder / "dry.wav", dry, sample_rate=rate, subtype="FLOAT")


# ---- table


def show(turns: Turns, config: BenchmarkConfig, *, minutes: float) -> None:
    """A row for each contestant; more than 1 times ours is slower than ours."""
    print(f"\n{minutes:g} min, threads: {config.threads}, turns: {config.repeats}")
    print("          CPU-s per s  times ours  quartiles        x real time   peak MB   at start")
    ours = np.array([turn["cpu"] for turn in turns["ours"]])
    for name, own in turns.items():
        cpu, wall, peak, start = (
            np.array([turn[key] for turn in own]) for key in ("cpu", "wall", "peak_mb", "start_mb")
        )
        low, middle, high = np.percentile(cpu / ours, [25, 50, 75])
        speed = 60 * minutes / np.median(wall)
        row = f"{name:8}{np.median(cpu) / (60 * minutes):13.4f}{middle:12.2f}  {f'{low:.2f} - {high:.2f}':15}"
        print(f"{row}{speed:13.1f}{peak.max():10.0f}{start.max():11.0f}")


if __name__ == "__main__":
    cli.run(main, BenchmarkConfig)
