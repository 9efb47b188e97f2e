"""Evaluate singing on the test songs: is it in tune, in time, and understood? And the beautifier.

    python final_project/singing/eval.py --model RUN [--data DIR]
    python final_project/singing/eval.py --model RUN --songs 4 --takes 0      # a quick look

What is tested is the synthesis of common.singing; RUN is the listener that train.py trained, who says which
vowels it hears. Two trackers measure the pitch, and the onsets are looked for in the sound; measures.py says
how. Writes metrics.json, report.txt and figures/ into RUN; into RUN/eval_NAME when the data are not those of
the training, or when some songs are left out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from joblib import Parallel, delayed
from tqdm import tqdm

from common import cli, plots
from common.commands import data_trained_on, results_folder, save_results, spread
from common.training_data import folder_name
from final_project.singing import eval_figures, eval_report
from final_project.singing.data import QUICK_NAME, default_data, ensure_data
from final_project.singing.evaluation import Metrics, all_metrics
from final_project.singing.evaluation_split import open_test_songs
from final_project.singing.listening import load_listener
from final_project.singing.song_measures import SongMeasures, Take, measure, take_of
from final_project.singing.sung_songs import SungSong
from final_project.singing.training_data import TrainingData, is_mini

TAKES = 4  # with known errors, for the beautifier


@dataclass(kw_only=True)
class EvalConfig:
    """Evaluate the singing with one listener."""

    model: Path
    """Run folder, or model folder, that train.py wrote."""
    data: Path | None = None
    """Data folder, whose songs/test.jsonl is sung. Default: what the listener was trained on."""
    songs: int = 0
    """Songs, spread over the split; 0: all."""
    takes: int | None = None
    """Takes with known errors that the beautifier mends; 0: none. Default: 4, or 1 with the quick data."""
    jobs: int = 2
    """Processes that sing."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where the listener computes; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        cli.at_least(0, songs=self.songs, takes=self.takes or 0)
        cli.at_least(1, jobs=self.jobs)


def main(config: EvalConfig) -> None:
    listener, trained_on = load_listener(config.model, device=config.device), TrainingData.load(config.model)
    data = config.data or data_trained_on(
        [config.model], [trained_on], default_data=default_data, ensure_data=ensure_data
    )
    chosen = open_test_songs(data)
    if config.songs:
        chosen = spread(chosen, config.songs)
    count = usual_takes(data) if config.takes is None else config.takes
    of_beautifier, takes = perform(chosen, beautifier_takes=count, jobs=config.jobs)
    songs = [measure(take, listener) for take in takes]
    metrics: Metrics = {"data": folder_name(data), "is_mini_data": is_mini(data)}
    metrics |= all_metrics(songs, trained_on.counts() if trained_on else None)
    metrics |= of_beautifier
    text = report(data, songs, metrics)
    print(text)
    print()
    folder = results_folder(config.model, trained_on, data)
    if config.songs and folder == config.model:
        folder = config.model / f"eval_{len(songs)}_songs"
    for path in [*save_results(folder, metrics, text), *figures(songs, folder / "figures")]:
        print(f"written: {path}")


def usual_takes(data: Path) -> int:
    """How many takes the beautifier mends: one takes as long as two songs, too long for a quick look."""
    return 1 if folder_name(data) == QUICK_NAME else TAKES


def perform(songs: Sequence[SungSong], *, beautifier_takes: int, jobs: int) -> tuple[Metrics, list[Take]]:
    """Sing and track all songs, and let the beautifier mend its takes, in `jobs` processes."""
    work = [delayed(beautifier_metrics)(beautifier_takes), *(delayed(take_of)(song) for song in songs)]
    done = Parallel(n_jobs=jobs, return_as="generator")(work)
    of_beautifier, *takes = tqdm(
        done, total=len(work), unit="song", dynamic_ncols=True, leave=False, disable=None
    )
    return of_beautifier, takes


def beautifier_metrics(takes: int) -> Metrics:
    """What the beautifier does to `takes` of test voices with known errors; {} for none."""
    if not takes:
        return {}
    from final_project.singing.beautifier_evaluation import evaluate_beautifier
    from final_project.singing.injected_errors import make_takes

    found = evaluate_beautifier(make_takes(takes, split="test"))
    return {
        f"beautifier_{name}": float(value) if math.isfinite(value) else None for name, value in found.items()
    }


def report(data: Path, songs: Sequence[SongMeasures], metrics: Metrics) -> str:
    """What the screen shows."""
    kind = " (synthetic data of the project)" if metrics["is_mini_data"] else ""
    title = f"{metrics['num_songs']} test songs of {data}{kind}, {metrics['num_voices']} voices"
    parts = [title, eval_report.full_report(metrics, songs), eval_report.beautifier(metrics)]
    return "\n\n".join(part for part in parts if part)


def figures(songs: Sequence[SongMeasures], folder: Path) -> list[Path]:
    """Draw the figures into `folder`."""
    drawn = {
        "pitch": eval_figures.pitch_figure(songs[0]),
        "onsets": eval_figures.onset_figure(songs),
        "confusion_sung": eval_figures.confusion_figure(songs, "heard_sung"),
        "confusion_spoken": eval_figures.confusion_figure(songs, "heard_spoken"),
    }
    return [plots.save(figure, folder / f"{name}.png") for name, figure in drawn.items()]


if __name__ == "__main__":
    cli.run(main, EvalConfig)
