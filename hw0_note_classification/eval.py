"""Evaluate note classifiers on the test split: scores with intervals, families, confusions, figures.

    python hw0/eval.py --model RUN [--data DIR]
    python hw0/eval.py --model runs/hw0/cnn runs/hw0/cnn_mel runs/hw0/svm      # side by side
    python hw0/eval.py --model RUN --data FOLDER        # any folder with examples.json and audio/

Writes metrics.json, report.txt and figures/ into each RUN; into RUN/eval_NAME when the data are not those
that the model was trained on. Without --data the test split of the training data is taken, if it is
mini-NSynth, which the project makes. Half a minute for mini-NSynth on two cores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from common import cli, plots
from common.cli import UserError
from common.commands import data_trained_on, model_names, results_folder, save_results
from common.metrics.classification import (
    Metrics,
    bootstrap_interval,
    confusion_table,
    evaluate,
    top_k_hits,
)
from common.training_data import folder_name
from hw0_note_classification import reports
from hw0_note_classification.classifier import classify_notes, load_classifier
from hw0_note_classification.data import FAMILIES, default_data, ensure_data, open_split
from hw0_note_classification.note_index import NoteIndex
from hw0_note_classification.training_data import TrainingData, is_mini


@dataclass(kw_only=True)
class EvalConfig:
    """Evaluate one model, or several on the same notes."""

    model: tuple[Path, ...]
    """Run folders, or model folders, that train.py wrote."""
    data: Path | None = None
    """Data folder in the layout of NSynth, whose nsynth-test is taken; or a folder with examples.json and
    audio/. Default: what the model was trained on."""
    per_instrument: bool = False
    """Show the accuracy on each instrument, however many there are; up to 20 are always shown."""
    batch_size: int = 64
    """Notes per step."""
    workers: int = 1
    """Processes that read ahead while the model computes. 0: read between the steps."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        if not self.model:
            raise UserError("--model names no folder; give the run folders that train.py wrote")
        cli.at_least(1, batch_size=self.batch_size)
        cli.at_least(0, workers=self.workers)


@dataclass(frozen=True)
class Evaluation:
    """One model's answers and scores on the notes of a data folder."""

    name: str  # how the tables call it
    folder: Path  # where its results go
    probabilities: NDArray  # (notes, 11)
    metrics: Metrics


def main(config: EvalConfig) -> None:
    classifiers = [load_classifier(folder, device=config.device) for folder in config.model]
    data = chosen_data(config)
    notes, problems = open_split(data, "test")
    problems.report(notes.folder)
    readable, probabilities = classify_notes(
        classifiers, notes, batch_size=config.batch_size, workers=config.workers
    )
    skipped = problems.skipped + len(notes) - len(readable)
    notes = notes.subset(readable)
    evaluations = [
        evaluate_model(folder, name, data, notes, scores, skipped)
        for folder, name, scores in zip(config.model, model_names(config.model), probabilities, strict=True)
    ]
    print(show(evaluations, title(data, notes, skipped), notes, per_instrument=config.per_instrument))
    print()
    for path in save(evaluations, title(data, notes, skipped), notes):
        print(f"written: {path}")


def chosen_data(config: EvalConfig) -> Path:
    """`--data`, or the mini data that all models were trained on. UserError if that is not known."""
    if config.data is not None:
        return config.data
    known = map(TrainingData.load, config.model)
    return data_trained_on(config.model, known, default_data=default_data, ensure_data=ensure_data)


def evaluate_model(
    model: Path, name: str, data: Path, notes: NoteIndex, probabilities: NDArray, skipped: int
) -> Evaluation:
    """Score the probabilities (notes, 11) that the model folder `model` gave for the test notes of `data`.

    The baselines are among the metrics if the folder says what the model was trained on. Results on other
    data go into a folder of their own.
    """
    trained_on = TrainingData.load(model)
    metrics = evaluate(
        notes.family,
        probabilities,
        labels=FAMILIES,
        train_counts=trained_on.counts() if trained_on else None,
        groups=notes.groups,
    )
    about = {"data": folder_name(data), "is_mini_data": is_mini(data), "num_skipped": skipped}
    return Evaluation(name, results_folder(model, trained_on, data), probabilities, about | metrics)


def title(data: Path, notes: NoteIndex, skipped: int) -> str:
    """What was evaluated on."""
    mini = " (mini data, not to be compared with scores on NSynth)" if is_mini(data) else ""
    lost = f", {skipped} skipped" if skipped else ""
    return f"test notes of {notes.folder}{mini}{lost}; groups are instruments"


def show(evaluations: Sequence[Evaluation], heading: str, notes: NoteIndex, *, per_instrument: bool) -> str:
    """What the screen shows: one model in full, or several side by side."""
    if len(evaluations) == 1:
        parts = [heading, reports.model_report(evaluations[0].metrics, notes, evaluations[0].probabilities)]
    else:
        metrics = {one.name: one.metrics for one in evaluations}
        parts = [heading, reports.comparison_report(metrics, differences(evaluations, notes))]
    if per_instrument or len(np.unique(notes.instrument)) <= reports.MOST_INSTRUMENTS:
        parts.append(reports.instrument_report(notes, {one.name: one.probabilities for one in evaluations}))
    return "\n\n".join(parts)


def differences(evaluations: Sequence[Evaluation], notes: NoteIndex) -> dict[str, tuple[float, float, float]]:
    """Top-1 accuracy of each model less that of the first, and the 95 % interval over instruments.

    The same notes decide for both, so this is surer than what the two intervals would tell.
    """
    first, *others = (top_k_hits(notes.family, one.probabilities, 1).astype(float) for one in evaluations)
    return {
        one.name: ((hits - first).mean(), *bootstrap_interval(hits - first, groups=notes.groups))
        for one, hits in zip(evaluations[1:], others, strict=True)
    }


def save(evaluations: Sequence[Evaluation], heading: str, notes: NoteIndex) -> list[Path]:
    """Write the results of each model, and the comparison of several into the folder of the first."""
    written = [path for one in evaluations for path in save_one(one, heading, notes)]
    if len(evaluations) > 1:
        figure = comparison_figure(evaluations)
        written.append(plots.save(figure, evaluations[0].folder / "figures" / "comparison.png"))
    return written


def save_one(one: Evaluation, heading: str, notes: NoteIndex) -> list[Path]:
    """metrics.json, report.txt and figures/confusion.png of one model."""
    text = show([one], heading, notes, per_instrument=True)
    predictions = one.probabilities.argmax(axis=1)
    table = confusion_table(notes.family, predictions, num_classes=len(FAMILIES))
    figure = plots.confusion_figure(
        table, FAMILIES, title=f"{one.name} on {one.metrics['data']}, top-1 {one.metrics['top1']:.3f}"
    )
    written = save_results(one.folder, one.metrics, text)
    return [*written, plots.save(figure, one.folder / "figures" / "confusion.png")]


def comparison_figure(evaluations: Sequence[Evaluation]) -> Figure:
    """Top-1 of each model with its interval over instruments, and the commonest class as a line."""
    bars = [
        plots.Bar(one.name, *(one.metrics[key] for key in ("top1", "top1_group_low", "top1_group_high")))
        for one in evaluations
    ]
    majority = evaluations[0].metrics.get("baseline_majority_top1")
    return plots.bar_figure(
        bars,
        value_label=f"top-1 accuracy on {evaluations[0].metrics['data']}, 95 % over instruments",
        baselines=None if majority is None else {"commonest training family": majority},
    )


if __name__ == "__main__":
    cli.run(main, EvalConfig)
