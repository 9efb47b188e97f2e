"""The songs that models are evaluated on, and the scores of a model on them: song by song, and over all.

metrics.json has flat keys: those of `common.metrics.separation.evaluate`, and for whatever is scored beside
the model the same with its own key before, such as "epoch_025_vocals_sdr"; see `eval_systems`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from common.cli import UserError
from common.commands import results_folder, spread
from common.metrics.separation import Metrics, evaluate, paired_differences
from common.training_data import folder_name
from hw2_source_separation.eval_systems import MAIN, Candidate, System
from hw2_source_separation.musdb import open_split, split_folder
from hw2_source_separation.reports import Row
from hw2_source_separation.scored_song import ScoredSong
from hw2_source_separation.song_scoring import Targets, merged
from hw2_source_separation.songs import Song
from hw2_source_separation.training_data import TrainingData, is_mini


@dataclass(frozen=True)
class EvaluationSongs:
    """The songs to evaluate on: `found` could be opened, of which `taken` are evaluated."""

    data: Path
    taken: list[Song]
    found: int
    skipped: int

    @classmethod
    def open(cls, data: Path, count: int) -> EvaluationSongs:
        """`count` songs of the test split of `data`, 0 for all. Errors: UserError."""
        songs, problems = open_split(data, "test")
        problems.report(split_folder(data, "test"))
        return cls(data, spread(songs, count or len(songs)), len(songs), problems.skipped)

    def without(self, unreadable: Sequence[Song]) -> EvaluationSongs:
        """The same without songs that turned out to be broken. Errors: UserError if none is left."""
        taken = [song for song in self.taken if song not in unreadable]
        if not taken:
            raise UserError(f"{split_folder(self.data, 'test')}: no song could be read; mend or replace them")
        return replace(
            self, taken=taken, found=self.found - len(unreadable), skipped=self.skipped + len(unreadable)
        )

    @property
    def title(self) -> str:
        """What was evaluated on."""
        mini = " (mini data, never to be set beside scores on MUSDB18)" if is_mini(self.data) else ""
        lost = f", {self.skipped} skipped" if self.skipped else ""
        part = f"; a quick look: {len(self.taken)} of {self.found} songs" if self.is_part else ""
        return f"test songs of {split_folder(self.data, 'test')}{mini}{lost}{part}"

    @property
    def is_part(self) -> bool:
        """Whether songs were left out for a quick look."""
        return len(self.taken) < self.found

    def results_folder(self, model: Path) -> Path:
        """Where the results of a model go: those of a quick look beside the others."""
        if self.is_part:
            return model / f"eval_{folder_name(self.data)}_{len(self.taken)}_songs"
        return results_folder(model, TrainingData.load(model), self.data)


class Evaluation:
    """The scores of one model and of what is scored beside it, song by song."""

    def __init__(self, candidate: Candidate, folder: Path) -> None:
        self.candidate, self.folder = candidate, folder
        self.seconds = self.audio_seconds = 0.0  # that the model took, and of the music
        self._songs: dict[str, dict[str, dict[Targets, Metrics]]] = {}  # by system, then by song

    def add(self, scored: ScoredSong, shared: Targets) -> None:
        """Take over what was scored on a song."""
        groups = dict.fromkeys([*self.candidate.groups, shared])
        for system in self.candidate.systems:
            is_main = system.key == MAIN
            self._songs.setdefault(system.key, {})[scored.song.name] = {
                targets: scored.metrics(system, targets, with_bounds=is_main) for targets in groups
            }
        self.seconds += scored.outcomes[self.candidate.main.identity].seconds
        self.audio_seconds += scored.song.duration

    def songs(self, key: str = MAIN, *, targets: Targets | None = None) -> dict[str, Metrics]:
        """Each song's scores of a system: of all its outputs, or as it is scored as `targets`."""
        wanted = (targets,) if targets else self.candidate.groups
        return {song: merged(groups[each] for each in wanted) for song, groups in self._songs[key].items()}

    def row(self, system: System, title: str = "") -> Row:
        """A line in the tables of phases and epochs: a system, and what it changes of the model as it is."""
        songs, names = self.songs(system.key), self.candidate.outputs
        other = system.key == MAIN or system in self.candidate.controls
        less = None if other else paired_differences(self.songs(), songs, names)
        return Row(title or system.title, evaluate(songs, names), less)

    def phase_rows(self) -> list[Row]:
        """The model as it is, and with other phases; nothing if there are none."""
        rows = [self.row(system) for system in (*self.candidate.phases, *self.candidate.controls)]
        return [self.row(self.candidate.main, "model"), *rows] if rows else []

    def epoch_rows(self) -> list[Row]:
        """The epochs that were kept, and the best; nothing if none were kept."""
        best = "best" if self.candidate.best_epoch is None else f"best ({self.candidate.best_epoch})"
        rows = [self.row(system) for system in self.candidate.epochs]
        return [*rows, self.row(self.candidate.main, best)] if rows else []

    def metrics(self, songs: EvaluationSongs) -> Metrics:
        """All scores under flat keys: what is scored beside the model with its key before."""
        metrics = {
            "data": folder_name(songs.data),
            "is_mini_data": is_mini(songs.data),
            "num_skipped": songs.skipped,
            "is_quick_look": songs.is_part,
            "parameters": self.candidate.parameters,
            "best_epoch": self.candidate.best_epoch,
            "seconds": round(self.seconds, 3),
            "audio_seconds": round(self.audio_seconds, 3),
        } | evaluate(self.songs(), self.candidate.outputs)
        for system in self.candidate.systems[1:]:
            metrics |= prefixed(self.row(system), system.key, self.candidate.outputs)
        return metrics


def prefixed(row: Row, key: str, names: Sequence[str]) -> Metrics:
    """The scores of `names` in a row, and their SDR less the model's, under keys that begin with `key`."""
    metrics = {f"{key}_{name}": value for name, value in row.metrics.items() if name.startswith(tuple(names))}
    for name in names:
        for end, value in (row.differences[f"{name}_sdr"]._asdict() if row.differences else {}).items():
            ending = "" if end == "value" else f"_{end}"
            metrics[f"{key}_{name}_sdr_over_model{ending}"] = value if np.isfinite(value) else None
    return metrics
