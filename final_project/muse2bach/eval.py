"""Evaluate a chorale model on the test split: does it know what Bach writes, and does it keep his rules?

    python final_project/muse2bach/eval.py --model RUN
    python final_project/muse2bach/eval.py --model RUN --data Jsb16thSeparated.json.gz     # the benchmark
    python final_project/muse2bach/eval.py --model RUN --pieces 8                          # a quick look

First likelihoods: how well each voice in each sixteenth is told from those before, beside a Markov chain and
copying, which were counted in the model's training data. Then rules: sopranos of the test chorales are
harmonized, by the model with and without avoiding parallels, by the Markov chain and by chance, and what
comes out is counted beside Bach's own. Every number has a 95 % interval over chorales.

Writes metrics.json, report.txt and figures/ into RUN; into RUN/eval_... when the data are not those of the
training, or when sampling or the number of pieces are not the ordinary ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tqdm import tqdm

from common import cli, commands, plots
from common.commands import data_trained_on, save_results
from common.run_folder import write_atomically
from common.training_data import folder_name
from final_project.muse2bach import eval_figures, eval_report
from final_project.muse2bach.baselines import load_baselines
from final_project.muse2bach.candidates import Sampling
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.data import default_data, ensure_data
from final_project.muse2bach.eval_score import comparison_picture
from final_project.muse2bach.evaluation import BACH, MARKOV, MODEL, Evaluation, evaluate
from final_project.muse2bach.evaluation_split import open_test_split
from final_project.muse2bach.harmonizer import Harmonizer, load_harmonizer
from final_project.muse2bach.training_data import TrainingData, is_mini

PIECES = 40
SETTINGS = ("temperature", "top_p", "spacing", "gibbs")  # of the harmonizations
SCORE = Path("figures", "harmonization.png")


@dataclass(kw_only=True)
class EvalConfig:
    """Evaluate a model."""

    model: Path
    """Run folder that train.py wrote."""
    data: Path | None = None
    """Folder of chorales or JSB benchmark file, whose test split is taken. Default: what the model was
    trained on, if these are the chorales of music21."""
    beside: tuple[Path, ...] = ()
    """Run folders of other models, whose likelihoods stand beside the model's."""
    pieces: int = PIECES
    """Test chorales to harmonize, spread over the split; 0: all. Likelihoods are of all."""
    temperature: float = Sampling.temperature
    """Of the harmonizations: below 1 the likeliest notes are preferred."""
    top_p: float = Sampling.top_p
    """Draw among the likeliest notes that together have this share, 0 to 1, of the probability."""
    spacing: bool = Sampling.spacing
    """Let the model avoid crossed voices and wide gaps, too."""
    gibbs: int = Sampling.gibbs
    """Sweeps of revision after the first draft of each harmonization."""
    seed: int = 0
    """Of the harmonizations."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        cli.at_least(0, pieces=self.pieces, seed=self.seed)
        _ = self.sampling  # it refuses what cannot be sampled

    @property
    def sampling(self) -> Sampling:
        """Of the model when it avoids parallels."""
        return Sampling(**{name: getattr(self, name) for name in SETTINGS})


def main(config: EvalConfig) -> None:
    model = load_harmonizer(config.model, device=config.device)
    data = chosen_data(config)
    chorales = open_test_split(data)
    evaluation = evaluate(
        model,
        load_baselines(config.model) | models_beside(config),
        chorales,
        pieces=config.pieces,
        sampling=config.sampling,
        seed=config.seed,
        watched=watched,
    )
    name = folder_name(config.model)
    title = f"{name} on {len(chorales)} test chorales of {data}, temperature {config.temperature:g}"
    text = eval_report.report(evaluation, name=name, title=title, remarks=remarks(config, data))
    print(text)
    print()
    folder = results_folder(config, data, chorales)
    for path in save(folder, evaluation, config, data, text):
        print(f"written: {path}")


def models_beside(config: EvalConfig) -> dict[str, Harmonizer]:
    """The models of `--beside` by the names of their folders. Errors: UserError for a name that is taken."""
    found: dict[str, Harmonizer] = {}
    taken = set(eval_report.row_names(folder_name(config.model)).values())
    for path in config.beside:
        name = folder_name(path)
        row = eval_report.shortened(name)
        if row in taken:
            raise cli.UserError(f"--beside {path}: another row is called {row}; rename the folder")
        taken.add(row)
        found[name] = load_harmonizer(path, device=config.device)
    return found


def chosen_data(config: EvalConfig) -> Path:
    """`--data`, or the chorales of music21 if the model was trained on them. Errors: UserError."""
    if config.data is not None:
        return config.data
    known = [TrainingData.load(config.model)]
    return data_trained_on([config.model], known, default_data=default_data, ensure_data=ensure_data)


def remarks(config: EvalConfig, data: Path) -> tuple[str, ...]:
    """What keeps the numbers from meaning what they seem to."""
    trained_on = TrainingData.load(config.model)
    found = [eval_report.NOT_THE_BENCHMARK] if is_mini(data) else []
    if trained_on is not None and trained_on.name != folder_name(data):
        found.append(f"The model was trained on other data: {trained_on.name}.")
    for path in config.beside:
        other = TrainingData.load(path)
        if other != trained_on:
            found.append(f"{folder_name(path)} was not trained on the model's chorales.")
    return tuple(found)


def results_folder(config: EvalConfig, data: Path, chorales: list[Chorale]) -> Path:
    """The model's folder if nothing is out of the ordinary, else one below that says what is."""
    folder = commands.results_folder(config.model, TrainingData.load(config.model), data)
    pieces = min(config.pieces or len(chorales), len(chorales))
    unusual = [f"{pieces}_pieces"] * (pieces < min(PIECES, len(chorales)))
    for name in SETTINGS:
        value = getattr(config, name)
        unusual += [f"{name}_{value:g}"] * (value != getattr(EvalConfig, name))
    if not unusual:
        return folder
    return config.model / "_".join(["eval", folder_name(data), *unusual])


def save(folder: Path, evaluation: Evaluation, config: EvalConfig, data: Path, text: str) -> list[Path]:
    """metrics.json, report.txt, the figures and the score."""
    about = {
        "data": folder_name(data),
        "is_mini_data": is_mini(data),
        **{name: getattr(config, name) for name in SETTINGS},
        "seed": config.seed,
        "seconds_per_piece": round(seconds_per_piece(evaluation), 3),
    }
    written = save_results(folder, about | evaluation.metrics(), text)
    name, of = folder_name(config.model), f"{folder_name(data)}, test split"
    called = eval_report.row_names(name)
    told = {
        called[key]: evaluation.told[key].log_likelihoods for key in (MODEL, MARKOV) if key in evaluation.told
    }
    rules = {called[key]: metrics for key, metrics in evaluation.rules.items()}
    drawn = {
        "nll_by_beat": eval_figures.beat_figure(evaluation.chorales, told, title=f"{name} on {of}"),
        "rules": eval_figures.rules_figure(rules, title=f"harmonizations of sopranos of {of}"),
    }
    written += [plots.save(figure, folder / "figures" / f"{key}.png") for key, figure in drawn.items()]
    return [*written, save_score(folder / SCORE, evaluation, name)]


def save_score(path: Path, evaluation: Evaluation, name: str) -> Path:
    """One chorale, from the middle of those that were harmonized: Bach's above the model's."""
    middle = len(evaluation.pieces) // 2
    bach, model = (evaluation.harmonized[key].chorales[middle] for key in (BACH, MODEL))
    write_atomically(path, comparison_picture(bach, model, name=name))
    return path


def seconds_per_piece(evaluation: Evaluation) -> float:
    """That a harmonization of the model took."""
    return evaluation.harmonized[MODEL].seconds / len(evaluation.pieces)


def watched(items: Sequence[Chorale], what: str) -> Iterable[Chorale]:
    """The items behind a progress bar; without one where nobody looks."""
    return tqdm(items, desc=what, unit="chorale", leave=False, disable=None)


if __name__ == "__main__":
    cli.run(main, EvalConfig)
