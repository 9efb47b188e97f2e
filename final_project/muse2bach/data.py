"""The chorales of muse2bach: open the training splits, make, describe or check a data folder.

    python final_project/muse2bach/data.py make [--quick]     # 374 chorales in data/bach_chorales, 15 seconds
    python final_project/muse2bach/data.py info [--data DIR]    # chorales, frames, ranges, keys by split
    python final_project/muse2bach/data.py check DIR            # reads everything

A data folder has the layout of data_folder.py, or is the JSB benchmark: Jsb16thSeparated.json.gz, or a folder
that holds it. The test split is opened elsewhere, for eval.py alone (evaluation_split.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tyro

from common import cli, mini_data
from final_project.muse2bach.benchmark_file import PARTS
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, SILENT, VOICES, Chorale
from final_project.muse2bach.data_check import check_data
from final_project.muse2bach.data_folder import read_parts
from final_project.muse2bach.training_data import is_mini

__all__ = ["default_data", "ensure_data", "is_mini", "open_training_splits"]

DEFAULT_DATA = Path(__file__).resolve().parents[2] / "data" / "bach_chorales"
QUICK_NAME = "bach_chorales_quick"
TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
KEYS_SHOWN = 5


def open_training_splits(root: Path) -> tuple[list[Chorale], list[Chorale]]:
    """The training and the validation chorales of the data folder, or benchmark file, `root`.

    Errors: UserError for what is missing or broken, also for a part without a chorale.
    """
    train, valid = read_parts(root, ["train", "valid"])
    return train, valid


def default_data(*, quick: bool = False) -> Path:
    """Where the chorales lie, data/bach_chorales of the project; or a dozen of them, beside it."""
    return DEFAULT_DATA.with_name(QUICK_NAME) if quick else DEFAULT_DATA


def ensure_data(path: Path | None, *, quick: bool = False) -> Path:
    """The data folder, or benchmark file, `path`; without one, the chorales, made now if need be.

    `quick`: a dozen of them instead, in a folder of their own.
    """
    make, root = partial(make_data, quick=quick), default_data(quick=quick)
    name = "set of Bach's chorales" if quick else "Bach's chorales"
    cost = "seconds" if quick else "some 15 seconds"
    return mini_data.ensure(path, root, make=make, name=name, cost=cost, quick=quick)


def make_data(root: Path, *, jobs: int = 2, quick: bool = False) -> None:
    """Make the chorales, or their `quick` variant, in `root`; beside it first, renamed when complete."""
    from final_project.muse2bach.chorales import make_chorales  # only here: it brings the readers of scores

    mini_data.make_once(root, partial(make_chorales, jobs=jobs, quick=quick))


@dataclass
class Make:
    """Make the default data: Bach's chorales of music21's corpus on the benchmark's split, no download."""

    data: Path | None = None
    """Folder to make; without it, data/bach_chorales, or data/bach_chorales_quick."""
    jobs: int = 2
    """Processes."""
    quick: bool = False
    """Only a dozen chorales."""

    def run(self) -> int:
        root = self.data or default_data(quick=self.quick)
        if root.exists():
            print(f"{root}: is there already; delete it to make it anew")
            return 0
        make_data(root, jobs=self.jobs, quick=self.quick)
        return Info(root).run()


@dataclass
class Info:
    """Chorales, frames, notes, fermatas, ranges and keys of each part of the split."""

    data: Path = DEFAULT_DATA
    """Data folder, or the benchmark file."""

    def run(self) -> int:
        parts = read_parts(self.data, PARTS)
        print(f"{'':38}" + "".join(f"{part:>12}" for part in PARTS))
        for title, value in ROWS:
            print(f"{title:38}" + "".join(f"{value(chorales):>12}" for chorales in parts))
        for number in range(KEYS_SHOWN):
            title = "commonest keys" if number == 0 else ""
            print(f"{title:38}" + "".join(f"{_key(chorales, number):>12}" for chorales in parts))
        return 0


@dataclass
class Check:
    """Read everything and say what is wrong; the exit code is 2 if anything is."""

    data: tyro.conf.Positional[Path]
    """Data folder, or the benchmark file."""

    def run(self) -> int:
        return 2 if check_data(self.data) else 0


Count = Callable[[Sequence[Chorale]], str]


def _range(voice: int) -> Count:
    def of(chorales: Sequence[Chorale]) -> str:
        pitches = np.concatenate([chorale.voices[:, voice] for chorale in chorales])
        sung = pitches[pitches != SILENT]
        return f"{sung.min()}-{sung.max()}" if len(sung) else "-"

    return of


def _silent_share(chorales: Sequence[Chorale]) -> str:
    return f"{np.mean(np.concatenate([chorale.voices for chorale in chorales]) == SILENT):.4f}"


def _notes(chorales: Sequence[Chorale]) -> str:
    return f"{sum(chorale.note_count(voice) for chorale in chorales for voice in range(len(VOICES))):,}"


def _fermatas(chorales: Sequence[Chorale]) -> str:
    """Runs of frames under a fermata."""
    marked = [chorale.fermata for chorale in chorales if chorale.fermata is not None]
    return f"{sum(int((np.diff(frames.astype(int), prepend=0) > 0).sum()) for frames in marked):,}"


def _with(name: str, has: Callable[[Chorale], bool]) -> tuple[str, Count]:
    return f"  with {name}", lambda chorales: f"{sum(map(has, chorales)):,}"


def _key(chorales: Sequence[Chorale], number: int) -> str:
    """The number-th commonest key and how many chorales have it, "" where there are not so many."""
    keys = Counter(chorale.key for chorale in chorales if chorale.key is not None).most_common(number + 1)
    if len(keys) <= number:
        return ""
    (tonic, mode), count = keys[number]
    return f"{TONICS[tonic]}{'m' if mode == 'minor' else ''} {count}"


ROWS: tuple[tuple[str, Count], ...] = (
    ("chorales", lambda chorales: f"{len(chorales):,}"),
    _with("onsets", lambda chorale: chorale.onsets is not None),
    _with("bars", lambda chorale: chorale.position is not None),
    _with("an upbeat", lambda chorale: chorale.position is not None and chorale.position[0] != 0),
    _with("fermatas", lambda chorale: chorale.fermata is not None and bool(chorale.fermata.any())),
    _with("text", lambda chorale: chorale.text is not None),
    ("frames, sixteenths", lambda chorales: f"{sum(map(len, chorales)):,}"),
    ("longest, quarters", lambda chorales: f"{max(map(len, chorales)) / FRAMES_PER_QUARTER:g}"),
    ("silent share of the cells", _silent_share),
    ("notes", _notes),
    ("fermatas of the soprano", _fermatas),
    *((f"range of the {name}, MIDI pitches", _range(voice)) for voice, name in enumerate(VOICES)),
)


def main(command: Make | Info | Check) -> int:
    return command.run()


if __name__ == "__main__":
    cli.run(main, Make | Info | Check)
