"""Evaluate instrument detectors on the test split: scores with intervals, classes, tracks, figures.

    python hw1/eval.py --model RUN [--data DIR]
    python hw1/eval.py --model runs/hw1/cnn runs/hw1/crnn        # side by side
    python hw1/eval.py --model RUN --data FOLDER        # any folder of either layout with a test split

Writes metrics.json, report.txt and figures/ into each RUN; into RUN/eval_NAME when the data are not those
that the model was trained on. figures/activity_TRACK.png shows prediction above truth for whole tracks.
Without --data the test split of the training data is taken, if it is mini-Slakh, which the project makes.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from common import cli, plots
from common.audio import AudioError
from common.cli import UserError
from common.commands import data_trained_on, model_names, results_folder, save_results, spread
from common.metrics.detection import (
    Difference,
    Metrics,
    average_scores,
    evaluate,
    paired_differences,
    predict,
)
from common.training_data import folder_name
from hw1_instrument_detection import reports
from hw1_instrument_detection.activity_figure import activity_figure
from hw1_instrument_detection.classes import CLASSES
from hw1_instrument_detection.clip_index import ClipIndex
from hw1_instrument_detection.data import default_data, ensure_data, open_split, open_whole_tracks
from hw1_instrument_detection.detector import Detector, detect_clips, load_detector
from hw1_instrument_detection.eval_figures import comparison_figure, model_figures
from hw1_instrument_detection.streaming import detect_activity
from hw1_instrument_detection.tracks import WholeTrack
from hw1_instrument_detection.training_data import TrainingData, is_mini


@dataclass(kw_only=True)
class EvalConfig:
    """Evaluate one model, or several on the same clips."""

    model: tuple[Path, ...]
    """Run folders, or model folders, that train.py wrote."""
    data: Path | None = None
    """Data folder in the layout of Slakh2100 or of the course's release, whose test split is taken; or a
    folder of tracks. Default: what the model was trained on."""
    tracks: int = 5
    """Whole tracks to draw, prediction above truth; spread over the test split."""
    per_track: bool = False
    """Show the F1 on each track, however many there are; up to 20 are always shown."""
    batch_size: int = 64
    """Clips per step."""
    workers: int = 1
    """Processes that read ahead while the model computes. 0: read between the steps."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        if not self.model:
            raise UserError("--model names no folder; give the run folders that train.py wrote")
        cli.at_least(1, batch_size=self.batch_size)
        cli.at_least(0, tracks=self.tracks, workers=self.workers)


@dataclass(frozen=True)
class Evaluation:
    """One model's answers and scores on the clips of a data folder."""

    name: str  # how the tables call it
    folder: Path  # where its results go
    probabilities: NDArray  # (clips, 9)
    thresholds: NDArray  # (9,)
    metrics: Metrics

    @property
    def predictions(self) -> NDArray[np.bool_]:
        """What is on at the thresholds, (clips, 9)."""
        return predict(self.probabilities, self.thresholds)


def main(config: EvalConfig) -> None:
    detectors = [load_detector(folder, device=config.device) for folder in config.model]
    data, drums = chosen_data(config), drums_are_percussion(config.model)
    clips, problems = open_split(data, "test", drums_are_percussion=drums)
    problems.report(clips.folder)
    readable, probabilities = hear_clips(detectors, clips, config)
    skipped = problems.skipped + len(clips) - len(readable)
    clips = clips.subset(readable)
    evaluations = [
        evaluate_model(folder, name, data, clips, scores, detector.thresholds, skipped)
        for folder, name, scores, detector in zip(
            config.model, model_names(config.model), probabilities, detectors, strict=True
        )
    ]
    heading = title(data, clips, skipped)
    print(show(evaluations, heading, clips, per_track=config.per_track))
    print()
    for path in save(evaluations, heading, clips):
        print(f"written: {path}", flush=True)
    tracks = spread(open_whole_tracks(data, drums_are_percussion=drums), config.tracks)
    for one, detector in zip(evaluations, detectors, strict=True):
        for path in save_tracks(one, detector, tracks):
            print(f"written: {path}", flush=True)


def chosen_data(config: EvalConfig) -> Path:
    """`--data`, or the mini data that all models were trained on. UserError if that is not known."""
    if config.data is not None:
        return config.data
    known = map(TrainingData.load, config.model)
    return data_trained_on(config.model, known, default_data=default_data, ensure_data=ensure_data)


def drums_are_percussion(models: Sequence[Path]) -> bool:
    """Whether the models were taught that drum kits are Percussion; the truth must say the same."""
    known = [trained_on for folder in models if (trained_on := TrainingData.load(folder))]
    taught = {trained_on.drums_are_percussion for trained_on in known}
    if len(taught) > 1:
        raise UserError("--model: some count drums as Percussion, others do not; evaluate them one by one")
    return taught == {True}


def hear_clips(
    detectors: Sequence[Detector], clips: ClipIndex, config: EvalConfig
) -> tuple[NDArray[np.int64], list[NDArray]]:
    """Positions of the clips that could be read, and of each detector their probabilities (readable, 9)."""
    heard = [
        detect_clips(detector, clips, batch_size=config.batch_size, workers=config.workers)
        for detector in detectors
    ]
    readable = reduce(np.intersect1d, (positions for positions, _ in heard))
    return readable, [found[np.isin(positions, readable)] for positions, found in heard]


def evaluate_model(
    model: Path,
    name: str,
    data: Path,
    clips: ClipIndex,
    probabilities: NDArray,
    thresholds: NDArray,
    skipped: int,
) -> Evaluation:
    """Score the probabilities (clips, 9) that the model folder `model` gave for the test clips of `data`.

    The guesses by training shares are among the metrics if the folder says what the model was trained on.
    Results on other data go into a folder of their own.
    """
    trained_on = TrainingData.load(model)
    metrics = evaluate(
        clips.targets,
        probabilities,
        labels=CLASSES,
        thresholds=thresholds,
        train_prevalence=trained_on.prevalence() if trained_on else None,
        groups=clips.groups,
    )
    about = {"data": folder_name(data), "is_mini_data": is_mini(data), "num_skipped": skipped}
    folder = results_folder(model, trained_on, data)
    return Evaluation(name, folder, probabilities, thresholds, about | metrics)


def title(data: Path, clips: ClipIndex, skipped: int) -> str:
    """What was evaluated on."""
    mini = " (mini data, not to be compared with scores on Slakh2100)" if is_mini(data) else ""
    lost = f", {skipped} skipped" if skipped else ""
    return f"test clips of {clips.folder}{mini}{lost}; groups are tracks"


def show(evaluations: Sequence[Evaluation], heading: str, clips: ClipIndex, *, per_track: bool) -> str:
    """What the screen shows: one model in full, or several side by side."""
    if len(evaluations) == 1:
        parts = [heading, reports.model_report(evaluations[0].metrics)]
    else:
        metrics = {one.name: one.metrics for one in evaluations}
        parts = [heading, reports.comparison_report(metrics, differences(evaluations, clips))]
    if per_track or len(np.unique(clips.track)) <= reports.MOST_TRACKS:
        parts.append(reports.track_report(clips, {one.name: one.predictions for one in evaluations}))
    return "\n\n".join(parts)


def differences(evaluations: Sequence[Evaluation], clips: ClipIndex) -> dict[str, dict[str, Difference]]:
    """The scores of each model less those of the first, and their 95 % intervals over tracks."""
    first, *others = ((one.probabilities, one.thresholds) for one in evaluations)
    return {
        one.name: paired_differences(clips.targets, first, other, groups=clips.groups)
        for one, other in zip(evaluations[1:], others, strict=True)
    }


def save(evaluations: Sequence[Evaluation], heading: str, clips: ClipIndex) -> list[Path]:
    """Write the results of each model, and the comparison of several into the folder of the first."""
    written = [path for one in evaluations for path in save_one(one, heading, clips)]
    if len(evaluations) > 1:
        figure = comparison_figure({one.name: one.metrics for one in evaluations})
        written.append(plots.save(figure, evaluations[0].folder / "figures" / "comparison.png"))
    return written


def save_one(one: Evaluation, heading: str, clips: ClipIndex) -> list[Path]:
    """metrics.json, report.txt and the figures of one model, but for its whole tracks."""
    text = show([one], heading, clips, per_track=True)
    written = save_results(one.folder, one.metrics, text)
    figures = model_figures(one.name, one.metrics, clips.targets, one.probabilities)
    return written + [
        plots.save(figure, one.folder / "figures" / f"{name}.png") for name, figure in figures.items()
    ]


def save_tracks(one: Evaluation, detector: Detector, tracks: Sequence[WholeTrack]) -> Iterator[Path]:
    """figures/activity_TRACK.png of each track, as soon as it is heard; an unreadable one is told."""
    for track in tracks:
        try:
            figure = track_figure(one.name, detector, track)
        except AudioError as error:
            print(f"skipped: {error}", file=sys.stderr)
            continue
        yield plots.save(figure, one.folder / "figures" / f"activity_{track.name}.png")


def track_figure(name: str, detector: Detector, track: WholeTrack) -> Figure:
    """What the model called `name` hears in a whole track, above what sounds in it."""
    activity = detect_activity(detector, track.path)
    # A rest of some milliseconds at the end is a step to one of them only.
    steps = min(len(activity.probabilities), len(track.targets))
    truth, active = track.targets[:steps], activity.active[:steps]
    return activity_figure(
        activity.probabilities[:steps],
        activity.thresholds,
        step_seconds=activity.step_seconds,
        title=f"{track.name} as {name} hears it, micro F1 {average_scores(truth, active, 'micro')[2]:.3f}",
        truth=truth,
        frame_probabilities=activity.frame_probabilities,
        frames_per_second=activity.frames_per_second,
    )


if __name__ == "__main__":
    cli.run(main, EvalConfig)
