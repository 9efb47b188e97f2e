"""Evaluate melody models on the test windows: are the lyrics used, and are the melodies like true ones?

    python hw3/eval.py --model RUN [--data DIR] [--split honest|paper]
    python hw3/eval.py --model runs/hw3/transformer runs/hw3/lstm-gan      # side by side
    python hw3/eval.py --model RUN --guidance 1 1.5 2                      # guidance on the lyrics, measured
    python hw3/eval.py --model RUN --samples 100                           # a quick look

Beside every model stand the truth and random, Markov and retrieved melodies, which do not see the lyrics.
Writes metrics.json, report.txt and figures/ into each RUN; into RUN/eval_... when data or split are not those
of the training, or when sampling or the number of samples are not the ordinary ones. Without --data the test
split of the training data is taken, if these are the chorales, which need no download.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from matplotlib.figure import Figure
from tqdm import tqdm

from common import cli, plots
from common.cli import UserError
from common.commands import data_trained_on, model_names, save_results, spread
from common.run_folder import write_atomically
from common.training_data import folder_name
from hw3_melody_generation import eval_figures
from hw3_melody_generation.data import default_data, ensure_data
from hw3_melody_generation.eval_results import Results, all_scores, show
from hw3_melody_generation.eval_systems import Candidate, alignment, load_candidate
from hw3_melody_generation.eval_windows import EvaluationWindows
from hw3_melody_generation.evaluation import Evaluation, Score, Variation, describe_truth, score_candidate
from hw3_melody_generation.evaluation_split import open_test_windows
from hw3_melody_generation.piano_roll import piano_roll_figure
from hw3_melody_generation.reports import TRUTH
from hw3_melody_generation.sampling import Sampling
from hw3_melody_generation.training_data import TrainingData

DRAWN_WINDOWS = 3  # of mini data; of others one: their lyrics belong to somebody


@dataclass(kw_only=True)
class EvalConfig:
    """Evaluate one model, or several on the same windows."""

    model: tuple[Path, ...]
    """Run folders that train.py wrote."""
    data: Path | None = None
    """Folder with the lyrics-melody corpus, in its clean or its authors' layout, whose test split is taken.
    Default: what the model was trained on."""
    split: Literal["honest", "paper"] = "honest"
    """honest: no test song is in training. paper: the literature's, to compare with it, for models that were
    trained with --split paper."""
    samples: int = 0
    """Test windows that melodies are made for, spread over the split; 0: all. Likelihoods are of all."""
    temperature: tuple[float, ...] = (1.0,)
    """The measures of the literature are taken at 1. Of several values the first makes the tables, the others
    are measured beside it."""
    guidance: tuple[float, ...] = (1.0,)
    """Classifier-free guidance on the lyrics: 1 is none, above 1 exaggerates them. Several: likewise."""
    seed: int = 0
    """Of the melodies and of the shuffled lyrics."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        if not self.model:
            raise UserError("--model names no folder; give the run folders that train.py wrote")
        for name in ("temperature", "guidance"):
            if not getattr(self, name):
                raise UserError(f"--{name} has no value; give one, or leave it out")
        cli.at_least(0, samples=self.samples, seed=self.seed)
        _ = self.sampling, self.variations()  # they refuse what cannot be sampled

    @property
    def sampling(self) -> Sampling:
        """What makes the tables."""
        return Sampling(temperature=self.temperature[0], guidance=self.guidance[0])

    def variations(self) -> list[Variation]:
        """What is measured beside it."""
        others = [(name, value) for name in ("temperature", "guidance") for value in getattr(self, name)[1:]]
        return [
            Variation(f"{name} {value:g}", replace(self.sampling, **{name: value})) for name, value in others
        ]


def main(config: EvalConfig) -> None:
    names = model_names(config.model)
    candidates = [
        load_candidate(name, folder, device=config.device)
        for name, folder in zip(names, config.model, strict=True)
    ]
    windows = open_test_windows(
        chosen_data(config), split=config.split, samples=config.samples, seed=config.seed
    )
    evaluations = tuple(score_all(candidates, windows, config))
    results = Results(windows, config.sampling, describe_truth(windows), evaluations)
    print(show(results, results.evaluations))
    print()
    for path in save(results):
        print(f"written: {path}")


def chosen_data(config: EvalConfig) -> Path:
    """`--data`, or the chorales if all models were trained on them. UserError if that is not known."""
    if config.data is not None:
        return config.data
    known = map(TrainingData.load, config.model)
    return data_trained_on(config.model, known, default_data=default_data, ensure_data=ensure_data)


def score_all(
    candidates: Sequence[Candidate], windows: EvaluationWindows, config: EvalConfig
) -> Iterator[Evaluation]:
    """Score the models one after another; baselines that several have in common, once."""
    known: dict[str, dict[str, Score]] = {}
    options = {"sampling": config.sampling, "variations": config.variations(), "seed": config.seed}
    systems = sum(len(each.baselines) + 1 + len(config.variations()) for each in candidates)
    with tqdm(total=systems, leave=False, disable=None, desc="scored", unit="system") as bar:
        for candidate in candidates:
            one = score_candidate(candidate, windows, known=known, progress=bar.update, **options)
            known[candidate.identity] = one.baselines
            yield one


def save(results: Results) -> list[Path]:
    """Write the results of each model, and the comparison of several into the folder of the first."""
    written = [path for one in results.evaluations for path in save_one(one, results)]
    if len(results.evaluations) > 1:
        folder = results.folder(results.evaluations[0])
        path = folder / "comparison.txt"
        write_atomically(path, f"{show(results, results.evaluations)}\n".encode())
        written += [path, *save_figures(folder, figures(results, results.evaluations, prefix="comparison_"))]
    return written


def save_one(one: Evaluation, results: Results) -> list[Path]:
    """metrics.json, report.txt and the figures of one model."""
    folder = results.folder(one)
    written = save_results(folder, results.metrics(one), show(results, [one]))
    drawn = figures(results, [one]) | window_figures(one, results.windows)
    return written + save_figures(folder, drawn)


def save_figures(folder: Path, drawn: Mapping[str, Figure]) -> list[Path]:
    """Each as figures/NAME.png."""
    return [plots.save(figure, folder / "figures" / f"{name}.png") for name, figure in drawn.items()]


def figures(results: Results, evaluations: Sequence[Evaluation], *, prefix: str = "") -> dict[str, Figure]:
    """What all windows together show, by name."""
    scores, windows = all_scores(evaluations), results.windows
    told = {name: score.likelihoods for name, score in scores.items() if score.likelihoods}
    gains = {name: score.metrics for name, score in scores.items() if "lyrics_gain" in score.metrics}
    mini = ", mini data" if windows.is_mini else ""
    of = f"{folder_name(windows.data)}, {windows.split} split{mini}"
    made = {name: score.windows for name, score in scores.items()}
    found = {
        "distributions": eval_figures.distributions_figure(
            windows.sampled_truth, made, title=f"notes of {len(windows.sampled)} test windows of {of}"
        )
    }
    if told:
        found["likelihood"] = eval_figures.likelihood_figure(told, title=f"test windows of {of}")
    if gains:
        found["lyrics_gain"] = eval_figures.gain_figure(gains, title=f"what the lyrics tell, {of}")
    return {f"{prefix}{name}": figure for name, figure in found.items()}


def window_figures(one: Evaluation, windows: EvaluationWindows) -> dict[str, Figure]:
    """Single windows: what was sung and what the model makes of it, and where it looks."""
    drawn = drawn_windows(windows)
    found = {}
    for number, place in enumerate(drawn, start=1):
        truth = windows.sampled_songs[place]
        rolls = {TRUTH: truth, one.candidate.name: replace(truth, melody=one.main.melodies[place])}
        in_quarters = {
            name: replace(song, melody=song.melody.scaled(windows.quarters_per_beat))
            for name, song in rolls.items()
        }
        found[f"piano_rolls_{number}"], _ = piano_roll_figure(in_quarters, title=truth.title or truth.name)
    song = windows.sampled_songs[drawn[0]]
    weights = alignment(one.candidate.generator, windows, song)
    if weights is None:
        return found
    title = f"{one.candidate.name}: where each note looks, beyond its own syllable"
    return found | {"alignment": eval_figures.alignment_figure(weights, song.lyrics, title=title)}


def drawn_windows(windows: EvaluationWindows) -> list[int]:
    """Which of the sampled windows are drawn: of lyrics that belong to somebody only one, in the middle."""
    count = DRAWN_WINDOWS if windows.is_mini else 1
    places = range(len(windows.sampled))
    return spread(places, count + 2)[1:-1] or list(places[:1])


if __name__ == "__main__":
    cli.run(main, EvalConfig)
