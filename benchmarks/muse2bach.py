"""Harmonizing: seconds for a chorale, and for the best of sixteen, beside the time that it sounds.

    python benchmarks/muse2bach.py [--model RUN] [--out FILE.json]     # minutes, on two idle cores
    python benchmarks/muse2bach.py --bars 2 --repeats 1 --takes 1 2    # for a look

Everybody fills in alto, tenor and bass under the same melody, with the same model; they take turns, after one
that is not counted, so that whatever else the machine does meets all:

    plain        what one would write first: one version after another, token by token
    ours         all versions at once, drawn from the same distribution
    with rules   ours as infer.py does it: several particles for each version, no parallels
    ranked       the same with everything that --takes does: onsets, likelihoods, rules, ranking

Ratios are of the same turn, with their quartiles. Without --model the network has its default size and random
weights: speed depends on neither them nor the notes. A chorale sounds at 80 quarter notes a minute.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.peer import take_turns
from common import cli
from common.notes_in.lines import Metre
from final_project.muse2bach.candidates import candidates, finished
from final_project.muse2bach.chorale import VOICES
from final_project.muse2bach.hand_in import TWINKLE, melody
from final_project.muse2bach.harmonizer import Harmonizer, load_harmonizer
from final_project.muse2bach.network import ChoraleNetwork, NetworkConfig
from final_project.muse2bach.performance import LEAD_IN, frame_times
from final_project.muse2bach.step_model import Context, StepModel
from final_project.muse2bach.task import UNKNOWN, USUAL_TEMPO, Task
from final_project.muse2bach.tokens import to_voices

BAR = Metre().frames


@dataclass
class BenchmarkConfig:
    takes: tuple[int, ...] = (1, 16)
    """How many versions are made."""
    bars: int = 8
    """Length of the melody, at most 8."""
    threads: tuple[int, ...] = (1, 2)
    """Numbers of threads of torch."""
    repeats: int = 5
    """Turns of each."""
    model: Path | None = None
    """Run folder. Default: a network of the default size with random weights."""
    seed: int = 0
    """Of weights and versions."""
    out: Path | None = None
    """JSON file for the results."""

    def __post_init__(self) -> None:
        cli.at_least(
            1, takes=min(self.takes), threads=min(self.threads), repeats=self.repeats, bars=self.bars
        )


def main(config: BenchmarkConfig) -> None:
    torch.manual_seed(config.seed)
    harmonizer, task = our_model(config.model), soprano_task(config.bars)
    seconds = sounding(task)
    print(f"{harmonizer.name}, {len(task)} sixteenths under a given soprano, which sound {seconds:.1f} s")
    results = []
    for threads in config.threads:
        torch.set_num_threads(threads)
        for takes in config.takes:
            times = take_turns(contestants(harmonizer, task, takes, config.seed), config.repeats)
            results.append(shown(takes, threads, times, seconds))
    if config.out:
        config.out.write_text(json.dumps(asdict(config) | {"results": results}, indent=1, default=str))


def our_model(run: Path | None) -> Harmonizer:
    """The model in the folder `run`, or the network with random weights."""
    if run is not None:
        return load_harmonizer(run, device="cpu")
    return Harmonizer("network with random weights", ChoraleNetwork(NetworkConfig()).eval())


def soprano_task(bars: int) -> Task:
    """The melody that is harmonized, `bars` of it."""
    tune = melody("Twinkle, twinkle, little star", TWINKLE)
    tune = tune.excerpt(0, min(bars * BAR, len(tune)))
    given = np.full((len(tune), len(VOICES)), UNKNOWN, dtype=np.int16)
    given[:, 0] = tune.voices[:, 0]
    return Task("melody", given, tune.onsets, tune.position, tune.fermata, tune.key, tempo=USUAL_TEMPO)


def sounding(task: Task) -> float:
    """Seconds from the first note to the end of the last, fermatas included."""
    chorale = finished(task, np.where(task.given == UNKNOWN, 60, task.given).astype(np.int16))
    return float(frame_times(chorale, task.tempo)[-1]) - LEAD_IN


def contestants(harmonizer: Harmonizer, task: Task, takes: int, seed: int) -> dict[str, Callable[[], object]]:
    """For each a function that makes the versions."""
    facts = {"position": task.position, "fermata": task.fermata, "key": task.key, "seed": seed}
    context = Context(task.position, task.fermata, task.key)
    free = {"avoid_parallels": False, "spacing": False}
    return {
        "plain": lambda: plain(harmonizer.model, task.given, context, takes=takes, seed=seed),
        "ours": lambda: harmonizer.complete(task.given, **facts, count=takes, **free),
        "with rules": lambda: harmonizer.complete(task.given, **facts, count=takes),
        "ranked": lambda: candidates(harmonizer, task, count=takes, seed=seed),
    }


def plain(
    model: StepModel, given: NDArray[np.int16], context: Context, *, takes: int, seed: int
) -> list[NDArray[np.int16]]:
    """`takes` versions of `given` (frames, 4), one after another, without any rule."""
    generator = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(takes):
        voices = given.copy()
        state = model.start(given[None], context)
        for frame in range(len(voices)):
            known = tuple(np.flatnonzero(voices[frame] != UNKNOWN).tolist())
            for voice in model.order(known):
                log_probs = model.log_probs(state, voices[None, frame], voice)[0].cpu().double()
                token = torch.multinomial(log_probs.softmax(dim=-1), 1, generator=generator)
                voices[frame, voice] = to_voices(token.numpy())[0]
            state = model.advance(state, voices[None, frame])
        found.append(voices)
    return found


def shown(takes: int, threads: int, times: dict[str, list[float]], sounding: float) -> dict:
    """Print a table of speeds; returns what it was made of."""
    print(
        f"\n{takes} takes, {threads} threads   seconds  of sounding  times the plain one's speed, quartiles"
    )
    for name, seconds in times.items():
        low, middle, high = np.percentile(np.array(times["plain"]) / seconds, [25, 50, 75])
        median = np.median(seconds)
        print(f"  {name:20}{median:12.3f}{median / sounding:13.3f}{middle:8.2f}  {low:.2f} - {high:.2f}")
    return {"takes": takes, "threads": threads, "sounding": sounding, "seconds": times}


if __name__ == "__main__":
    cli.run(main, BenchmarkConfig)
