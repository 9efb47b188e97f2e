"""Evaluate separators on the test songs: SDR with intervals beside floor and ceiling, phases, kept epochs.

    python hw2/eval.py --model RUN [--data DIR]
    python hw2/eval.py --model runs/hw2/bandsplit runs/hw2/umx       # side by side
    python hw2/eval.py --model RUN --phase griffin-lim misi          # the course's task 2
    python hw2/eval.py --model RUN --songs 5                         # a quick look

Writes metrics.json, report.txt, songs.csv, figures/ and samples/ (to listen to) into each RUN; into
RUN/eval_NAME when the data are not those that the model was trained on. The epochs that training kept
(RUN/epoch_NNN) are scored, too. Without --data the test split of the training data is taken, if it is
mini-MUSDB18, which the project makes. Songs are gone through in chunks: memory does not grow with them.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from matplotlib.figure import Figure
from tqdm import tqdm

from common import cli, plots
from common.audio import AudioError
from common.cli import UserError, say
from common.commands import data_trained_on, model_names, save_results, spread
from common.metrics.separation import Metrics, evaluate, paired_differences
from common.run_folder import write_atomically
from common.training_data import folder_name
from hw2_source_separation import reports
from hw2_source_separation.data import default_data, ensure_data
from hw2_source_separation.eval_figures import Point, comparison_figure, epochs_figure, songs_figure
from hw2_source_separation.eval_systems import Candidate, load_candidate, shared_targets
from hw2_source_separation.evaluation import Evaluation, EvaluationSongs
from hw2_source_separation.reports import Row
from hw2_source_separation.scored_song import save_song, score_song, work
from hw2_source_separation.separator import Phase, RefinementOptions
from hw2_source_separation.songs import Song
from hw2_source_separation.stems import outputs
from hw2_source_separation.streaming import BATCH_SIZE, CHUNK_SECONDS, SHORTEST_CHUNK
from hw2_source_separation.training_data import TrainingData


@dataclass(kw_only=True)
class EvalConfig:
    """Evaluate one model, or several on the same songs."""

    model: tuple[Path, ...]
    """Run folders, or model folders, that train.py wrote."""
    data: Path | None = None
    """Data folder in the layout of MUSDB18-HQ or MUSDB18, or of your own stems, whose test split is taken; or
    a folder of songs. Default: what the model was trained on."""
    phase: tuple[Phase, ...] = ("model",)
    """Other phases to score beside the model's own: griffin-lim, from a random start; griffin-lim-mixture,
    from the model's; misi, from the model's, which keeps the sum. Each with the same for true magnitudes."""
    refinement: RefinementOptions = field(default_factory=RefinementOptions)
    epochs: Literal["all", "none"] = "all"
    """Score the epochs that training kept in RUN/epoch_NNN, too, or none of them."""
    songs: int = 0
    """For a quick look, only so many songs, spread over the test split. 0: all."""
    samples: int = 3
    """Songs of which an excerpt of 10 s is kept to listen to, and drawn; spread over the test split."""
    bss: bool = False
    """Also the model's ISR, SIR and SAR, as museval has them: separates each song three times."""
    per_song: bool = False
    """Show the SDR of each song, however many there are; up to 20 are always shown."""
    chunk_seconds: float = CHUNK_SECONDS
    """Seconds that are separated at a time, as in infer.py."""
    batch_size: int = BATCH_SIZE
    """Chunks that are separated at once: more than one pays on a GPU."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""

    def __post_init__(self) -> None:
        if not self.model:
            raise UserError("--model names no folder; give the run folders that train.py wrote")
        cli.at_least(0, songs=self.songs, samples=self.samples)
        cli.at_least(1, batch_size=self.batch_size)
        cli.at_least(SHORTEST_CHUNK, chunk_seconds=self.chunk_seconds)


def main(config: EvalConfig) -> None:
    songs = EvaluationSongs.open(chosen_data(config), config.songs)
    candidates = load_candidates(config, songs.taken)
    evaluations = [Evaluation(one, songs.results_folder(one.folder)) for one in candidates]
    songs, drawings = score_songs(songs, evaluations, config)
    print(show(evaluations, songs, per_song=config.per_song))
    print()
    for path in [*save(evaluations, songs), *drawings]:
        print(f"written: {path}")


def chosen_data(config: EvalConfig) -> Path:
    """`--data`, or the mini data that all models were trained on. UserError if that is not known."""
    if config.data is not None:
        return config.data
    known = map(TrainingData.load, config.model)
    return data_trained_on(config.model, known, default_data=default_data, ensure_data=ensure_data)


def load_candidates(config: EvalConfig, songs: Sequence[Song]) -> list[Candidate]:
    """The models with what is scored beside them."""
    return [
        load_candidate(
            name,
            folder,
            songs,
            phases=config.phase,
            options=config.refinement,
            epochs=config.epochs == "all",
            chunk_seconds=config.chunk_seconds,
            batch_size=config.batch_size,
            device=config.device,
        )
        for name, folder in zip(model_names(config.model), config.model, strict=True)
    ]


def score_songs(
    songs: EvaluationSongs, evaluations: Sequence[Evaluation], config: EvalConfig
) -> tuple[EvaluationSongs, list[Path]]:
    """Score all songs into `evaluations`, with a progress bar in seconds of music.

    Returns the songs that could be read, and the samples and figures that were written of some of them.
    Errors: UserError if no song can be read.
    """
    candidates = [one.candidate for one in evaluations]
    shared, written, unreadable = shared_targets(candidates), [], []
    to_draw = spread(songs.taken, config.samples)
    with progress_bar(work(songs.taken, candidates, shared)) as bar:
        for song in songs.taken:
            options = {"draw": song in to_draw, "bss": config.bss, "progress": bar.update}
            try:
                scored = score_song(song, candidates, shared, **options)
            except AudioError as error:
                say(f"skipped: {error}")
                unreadable.append(song)
                continue
            for one in evaluations:
                one.add(scored, shared)
                written += save_song(scored, one.candidate, one.folder) if scored.drawn else []
    return songs.without(unreadable), written


def progress_bar(seconds: float) -> tqdm:
    return tqdm(
        total=round(seconds, 1),
        leave=False,
        disable=None,
        desc="scored",
        bar_format="{desc}: {percentage:3.0f}%|{bar}| {n:.0f}/{total:.0f} s of music [{elapsed}<{remaining}]",
    )


def show(evaluations: Sequence[Evaluation], songs: EvaluationSongs, *, per_song: bool) -> str:
    """What the screen shows: one model in full, or several side by side."""
    lines = [reports.model_line(one.candidate.name, one.metrics(songs)) for one in evaluations]
    parts = [songs.title, "\n".join(lines)]
    if len(evaluations) == 1:
        [one] = evaluations
        tables = {"phases": one.phase_rows(), "epochs": one.epoch_rows()}
        parts.append(reports.model_report(one.metrics(songs), one.candidate.outputs, **tables))
    else:
        parts += compare(evaluations)
    if per_song or len(songs.taken) <= reports.MOST_SONGS:
        targets = shared_targets([one.candidate for one in evaluations])
        of_models = {one.candidate.name: one.songs(targets=targets) for one in evaluations}
        parts.append(reports.song_report(of_models, outputs(targets)))
    return "\n\n".join(parts)


def compare(evaluations: Sequence[Evaluation]) -> list[str]:
    """Several models side by side, in the outputs that they share; then the phases and epochs of each."""
    targets = shared_targets([one.candidate for one in evaluations])
    names, first = outputs(targets), evaluations[0].songs(targets=targets)
    rows = []
    for one in evaluations:
        songs = one.songs(targets=targets)
        less = None if one is evaluations[0] else paired_differences(first, songs, names)
        rows.append(Row(one.candidate.name, evaluate(songs, names), less))
    parts = [reports.comparison_report(rows[0].metrics, names, rows)]
    for one in evaluations:
        metrics = evaluate(one.songs(), one.candidate.outputs)
        tables = (one.phase_rows(), one.epoch_rows())
        parts += reports.details(metrics, one.candidate.outputs, *tables, name=one.candidate.name)
    return parts


def save(evaluations: Sequence[Evaluation], songs: EvaluationSongs) -> list[Path]:
    """Write the results of each model, and the comparison of several into the folder of the first."""
    written = [path for one in evaluations for path in save_one(one, songs)]
    if len(evaluations) > 1:
        folder = evaluations[0].folder
        targets = shared_targets([one.candidate for one in evaluations])
        scores = {
            one.candidate.name: evaluate(one.songs(targets=targets), outputs(targets)) for one in evaluations
        }
        figure = comparison_figure(scores, outputs(targets), title=f"test songs of {folder_name(songs.data)}")
        text = show(evaluations, songs, per_song=True)
        write_atomically(folder / "comparison.txt", f"{text}\n".encode())
        written += [folder / "comparison.txt", plots.save(figure, folder / "figures" / "comparison.png")]
    return written


def save_one(one: Evaluation, songs: EvaluationSongs) -> list[Path]:
    """metrics.json, report.txt, songs.csv and the figures of one model, but for those of single songs."""
    metrics = one.metrics(songs)
    written = save_results(one.folder, metrics, show([one], songs, per_song=True))
    write_atomically(one.folder / "songs.csv", songs_csv(one.songs()))
    figures = {"sdr_by_song": songs_figure(one.songs(), one.candidate.outputs, title=title(one, songs))}
    if one.candidate.epochs:
        figures["sdr_by_epoch"] = kept_epochs_figure(one, metrics, title=title(one, songs))
    saved = [plots.save(figure, one.folder / "figures" / f"{name}.png") for name, figure in figures.items()]
    return [*written, one.folder / "songs.csv", *saved]


def title(one: Evaluation, songs: EvaluationSongs) -> str:
    """Of a figure."""
    return f"{one.candidate.name} on {folder_name(songs.data)}, {len(songs.taken)} test songs"


def kept_epochs_figure(one: Evaluation, metrics: Metrics, *, title: str) -> Figure:
    """SDR over the epochs that were kept, and of the best if its number is known."""
    names = one.candidate.outputs
    best = one.candidate.best_epoch
    return epochs_figure(
        [
            Point.of(int(system.title), metrics, names, key=f"{system.key}_")
            for system in one.candidate.epochs
        ],
        names,
        floor=[metrics[f"mixture_{name}_sdr"] for name in names],
        best=None if best is None else Point.of(best, metrics, names),
        title=title,
    )


def songs_csv(songs: Mapping[str, Metrics]) -> bytes:
    """A line for each song with all that was measured on it; what is undefined is empty."""
    columns = ["song", *dict.fromkeys(key for metrics in songs.values() for key in metrics)]
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n")
    table.writeheader()
    table.writerows({"song": song} | metrics for song, metrics in songs.items())
    return text.getvalue().encode()


if __name__ == "__main__":
    cli.run(main, EvalConfig)
