"""How fast separation is scored: our SDR beside museval's on one song, and what each takes of memory.

    python benchmarks/separation_metrics.py               # some three minutes; museval takes nearly all of it
    python benchmarks/separation_metrics.py --seconds 20 --repeats 2             # for a look

The song is noise, 44.1 kHz, stereo, two sources; speed does not depend on what sounds. Each contestant works
in a process of its own with one thread; they take turns, so that whatever else the machine does meets both.
Time is CPU time of the scoring alone, which waiting for others does not count; ratios are of the same turn.
Memory is the peak resident set of the process, the imports and the song as float32 included.

museval computes SDR, ISR, SIR and SAR together and cannot leave any out: so all four are compared, too. It
needs `pip install -r benchmarks/requirements.txt`, and ffmpeg.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common import cli

SAMPLE_RATE = 44_100
MEGABYTE = 1e6
RATIOS = ("sdr", "isr", "sir", "sar")
PEER = "museval"
TITLES = {
    "ours": "ours, SDR",
    "ours_song": "ours, SDR + SI-SDR + phase-blind",
    "ours_bss": "ours, SDR + ISR + SIR + SAR",
    PEER: "museval",
}


@dataclass
class BenchmarkConfig:
    seconds: int = 180
    """Length of the song."""
    repeats: int = 2
    """Turns of each contestant."""
    seed: int = 0
    """Of the noise."""
    only: str | None = None
    """Work as this contestant and print what it took as JSON; used by the benchmark itself."""


Score = Callable[[NDArray, NDArray], NDArray]


def main(config: BenchmarkConfig) -> None:
    if config.only:
        print(json.dumps(measured(config)))
        return
    museval_or_error()
    turns = [{name: in_fresh_process(name, config) for name in TITLES} for _ in range(config.repeats)]
    print(f"\n{config.seconds} s, 2 sources, stereo, {SAMPLE_RATE} Hz; one thread; {config.repeats} turns")
    print(f"  {'':34}{'CPU-s':>8}{'times ' + PEER:>15}  {'lowest - highest':18}{'memory':>9}  difference, dB")
    for name, title in TITLES.items():
        print_row(name, title, turns)


def print_row(name: str, title: str, turns: list[dict[str, dict]]) -> None:
    own = [turn[name] for turn in turns]
    speedups = [turn[PEER]["seconds"] / turn[name]["seconds"] for turn in turns]
    seconds, memory = (np.median([each[key] for each in own]) for key in ("seconds", "megabytes"))
    spread = f"{min(speedups):.1f} - {max(speedups):.1f}"
    difference = largest_difference(own[0]["scores"], turns[0][PEER]["scores"])
    row = f"  {title:34}{seconds:8.2f}{np.median(speedups):15.1f}  {spread:18}{memory:6.0f} MB"
    print(f"{row}  {difference:.1e}")


def largest_difference(found: dict[str, list], expected: dict[str, list]) -> float:
    """In dB, over the ratios that both have; undefined windows must be the same."""
    differences = []
    for ratio, values in found.items():
        ours, theirs = (np.array(each, dtype=np.float64) for each in (values, expected[ratio]))
        if (np.isnan(ours) != np.isnan(theirs)).any():
            return np.inf
        differences.append(np.nanmax(np.abs(ours - theirs)))
    return float(max(differences))


def in_fresh_process(name: str, config: BenchmarkConfig) -> dict:
    """What one contestant took, in one turn."""
    options = [f"--only={name}", f"--seconds={config.seconds}", f"--seed={config.seed}"]
    finished = subprocess.run(
        [sys.executable, __file__, *options],
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
    )
    if finished.returncode:
        raise cli.UserError(f"{TITLES[name]}: {finished.stderr.strip().splitlines()[-1]}")
    return json.loads(finished.stdout.splitlines()[-1])


def measured(config: BenchmarkConfig) -> dict:
    """CPU seconds of scoring, peak memory in MB, and the scores, each (sources, windows)."""
    score, song = contestant(config.only), noise(config.seconds, config.seed)
    start = time.process_time()
    scores = score(*song)
    seconds = time.process_time() - start
    scores = {name: each.tolist() for name, each in zip(RATIOS, scores, strict=False)}
    return {"seconds": seconds, "megabytes": peak_megabytes(), "scores": scores}


def noise(seconds: int, seed: int) -> tuple[NDArray, NDArray]:
    """Sources and estimates, float32 (2, 2, samples); the first second of a source is silent."""
    rng, shape = np.random.default_rng(seed), (2, 2, seconds * SAMPLE_RATE)
    sources, estimates = (0.1 * rng.standard_normal(shape, dtype=np.float32) for _ in range(2))
    sources[0, :, :SAMPLE_RATE] = 0
    estimates *= 0.3
    estimates += sources
    return sources, estimates


def contestant(name: str | None) -> Score:
    """sources, estimates (2, 2, samples) -> SDR and, if it has them, ISR, SIR, SAR, (.., 2, windows)."""
    from common.metrics import separation

    if name == "ours":
        return lambda *song: separation.sdr_windows(*song, sample_rate=SAMPLE_RATE)[None]
    if name == "ours_bss":
        return lambda *song: np.stack(separation.bss_eval(*song, sample_rate=SAMPLE_RATE))
    if name == "ours_song":
        return everything_for_the_table
    if name != PEER:
        raise cli.UserError(f"--only {name}: no such contestant; choose among {', '.join(TITLES)}")
    museval = museval_or_error()
    return lambda *song: np.stack(
        museval.evaluate(*(np.moveaxis(each, 1, 2) for each in song), win=SAMPLE_RATE, hop=SAMPLE_RATE)
    )


def everything_for_the_table(sources: NDArray, estimates: NDArray) -> NDArray:
    """All that eval.py asks of a song, in blocks, as it does."""
    from common.metrics.separation import SongScorer

    scorer = SongScorer(sample_rate=SAMPLE_RATE)
    for start in range(0, sources.shape[-1], 10 * SAMPLE_RATE):
        block = slice(start, start + 10 * SAMPLE_RATE)
        scorer.add(sources[..., block], estimates[..., block])
    return scorer.scores().windows[None]


def museval_or_error():
    """The package. Errors: UserError where it, or ffmpeg, is missing."""
    try:
        museval = importlib.import_module("museval")
    except (ImportError, RuntimeError) as error:  # the latter where there is no ffmpeg
        what = str(error).splitlines()[0]
        raise cli.UserError(
            f"museval cannot be imported ({what}); pip install -r benchmarks/requirements.txt, install ffmpeg"
        ) from error
    return museval


def peak_megabytes() -> float:
    """The most that this process ever held; Linux tells it in kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE


if __name__ == "__main__":
    cli.run(main, BenchmarkConfig)
