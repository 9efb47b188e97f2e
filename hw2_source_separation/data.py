"""The music of HW2: open a split, make, describe or check a data folder.

    python hw2/data.py make                      # mini-MUSDB18 under data/mini_musdb, some minutes
    python hw2/data.py info [--data DIR]         # songs, minutes, levels of the stems by split
    python hw2/data.py check DIR                 # reads everything

A data folder holds {train,test}/<Artist - Title>/ with vocals.wav, drums.wav, bass.wav and other.wav, or
vocals.wav and accompaniment.wav; or MUSDB18's .stem.mp4 files. musdb.py says which training songs validate.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tyro

from common import cli, mini_data
from common.audio import AudioError
from common.audio_checks import examine_all
from common.cli import UserError, say
from common.problems import Problems
from hw2_source_separation.data_check import check_songs
from hw2_source_separation.musdb import SPLITS, find_songs, holds, open_split, song_paths, split_folder
from hw2_source_separation.song_levels import SongLevels, measure_levels
from hw2_source_separation.songs import Song
from hw2_source_separation.stems import ACCOMPANIMENT, STEMS
from hw2_source_separation.training_data import total_minutes

DEFAULT_DATA = Path(__file__).resolve().parents[1] / "data" / "mini_musdb"
QUICK_NAME = "mini_musdb_quick"


def open_training_splits(root: Path) -> tuple[list[Song], list[Song]]:
    """The training and the validation songs of the data folder `root`; problems are told on standard error.

    All that training and the choice of a model may see. Raises UserError like `open_split`.
    """
    train, valid = (_open_and_report(root, split) for split in ("train", "validation"))
    if (root / "validation").is_dir():
        say(f"{root}/validation: is not read; move its songs into train/ and name them in validation.txt")
    return train, valid


def open_test_split(root: Path) -> list[Song]:
    """The songs to evaluate on: the test split of `root`, or `root` itself if it holds songs.

    For `eval.py` alone. Raises UserError like `open_split`.
    """
    return _open_and_report(root, "test")


def default_data(*, quick: bool = False) -> Path:
    """Where mini-MUSDB18 lies, data/mini_musdb of the project; or its `quick` variant, beside it."""
    return DEFAULT_DATA.with_name(QUICK_NAME) if quick else DEFAULT_DATA


def ensure_data(path: Path | None, *, quick: bool = False) -> Path:
    """The data folder `path`; without one, mini-MUSDB18, made now if it is not there yet.

    `quick`: a mini-MUSDB18 of a few short songs instead, in a folder of its own.
    """
    cost = "seconds" if quick else "about six minutes"
    make, root = partial(make_data, quick=quick), default_data(quick=quick)
    return mini_data.ensure(path, root, make=make, name="mini-MUSDB18", cost=cost, quick=quick)


def make_data(
    root: Path, *, seed: int = 0, soundfonts: tuple[Path, ...] = (), jobs: int = 2, quick: bool = False
) -> None:
    """Make mini-MUSDB18, or its `quick` variant, in `root`; beside it first, renamed when it is complete.

    What an interrupted call made is kept beside `root`. Of several processes one makes, the others wait.
    """
    # Only here, because it brings the synthesizer and the singers.
    from hw2_source_separation.mini_musdb import make_mini_musdb

    make = partial(make_mini_musdb, seed=seed, soundfonts=soundfonts, jobs=jobs, quick=quick)
    mini_data.make_once(root, make)


def _open_and_report(root: Path, split: str) -> list[Song]:
    songs, problems = open_split(root, split)
    problems.report(split_folder(root, split))
    return songs


@dataclass
class Make:
    """Make mini-MUSDB18: real tunes arranged for a small band and sung, all synthesized, no download."""

    data: Path = DEFAULT_DATA
    """Folder to make."""
    seed: int = 0
    """The same seed gives the same music."""
    soundfont: tuple[Path, ...] = ()
    """More .sf2 or .sf3 files to play from."""
    jobs: int = 2
    """Processes."""
    quick: bool = False
    """Only a few short songs."""

    def run(self) -> int:
        if self.data.exists():
            print(f"{self.data}: is there already; delete it to make it anew")
            return 0
        make_data(self.data, seed=self.seed, soundfonts=self.soundfont, jobs=self.jobs, quick=self.quick)
        return Info(self.data).run()


@dataclass
class Info:
    """Songs, minutes and share of the time with vocals of each split, and how loud the stems are.

    Levels are the root mean squares of whole songs, in dB below full scale; the median over the songs.
    """

    data: Path = DEFAULT_DATA
    """Data folder in the layout of MUSDB18-HQ or MUSDB18."""
    jobs: int = os.cpu_count() or 1
    """Threads."""

    def run(self) -> int:
        splits = _present_splits(self.data)
        opened = [_open_and_report(self.data, split) for split in splits]
        measured = [
            _measure_all(songs, jobs=self.jobs, title=split)
            for songs, split in zip(opened, splits, strict=True)
        ]
        print(f"{'':26}" + "".join(f"{split:>12}" for split in splits))
        print(f"{'songs':26}" + "".join(f"{len(songs):12,}" for songs in opened))
        print(f"{'minutes':26}" + "".join(f"{total_minutes(songs):12.1f}" for songs in opened))
        for title, value in _rows():
            print(f"{title:26}" + "".join(f"{value(levels):12.2f}" for levels in measured))
        return 0


@dataclass
class Check:
    """Read everything and say what is wrong: stems that are missing, broken, silent, mono or not alike.

    Also songs that are too short, mixtures that are not the sum of their stems, songs that are in train and
    in test. The exit code is 2 if anything is wrong.
    """

    data: tyro.conf.Positional[Path]
    """Data folder in the layout of MUSDB18-HQ or MUSDB18."""
    jobs: int = os.cpu_count() or 1
    """Threads."""

    def run(self) -> int:
        return 2 if sum([self._check(split) for split in _present_splits(self.data)]) else 0

    def _check(self, split: str) -> int:
        """Print what is wrong with a split; returns how much that is."""
        songs, problems = find_songs(self.data, split)
        found, notes = check_songs(songs, jobs=self.jobs, title=split)
        problems.merge(found)
        if split == "test":
            problems.merge(_shared_songs(self.data))
        if not songs:
            problems.add("split without a usable song", split)
        print(f"{self.data}: {split}, {len(songs):,} songs, {total_minutes(songs):.1f} minutes")
        for line in problems.lines("found") + notes.lines("noted"):
            print(f"  {line}")
        return sum(problems.counts.values())


def _present_splits(root: Path) -> list[str]:
    """The splits that `root` holds; a folder that holds none is opened, and refused, like a test split."""
    present = [split for split in SPLITS if holds(root, split)]
    if not present:
        split_folder(root, "test")
    return present


def _measure_all(songs: Sequence[Song], *, jobs: int, title: str) -> list[SongLevels]:
    """The levels of all songs that can be read; the others are told."""

    def measure(song: Song) -> SongLevels | AudioError:
        try:
            return measure_levels(song)
        except AudioError as error:
            return error

    measured = [levels for _, levels in examine_all(songs, measure, jobs=jobs, title=title)]
    for error in measured:
        if isinstance(error, AudioError):
            say(f"skipped: {error}")
    readable = [levels for levels in measured if isinstance(levels, SongLevels)]
    if not readable:
        raise UserError(f"{songs[0].path.parent}: no song of {title} can be read; check the data")
    return readable


def _rows() -> list[tuple[str, Callable[[list[SongLevels]], float]]]:
    """The title of each row of figures, and how it follows from the levels of a split's songs."""
    rows = [("share of time with vocals", lambda songs: float(np.mean([song.sung for song in songs])))]
    rows += [(f"{stem}, dB", partial(_median_level, stem=stem)) for stem in (*STEMS, ACCOMPANIMENT)]
    ratio = ("vocals / accompaniment, dB", lambda songs: _median([s.vocals_to_accompaniment for s in songs]))
    return [*rows, ratio]


def _median_level(songs: list[SongLevels], *, stem: str) -> float:
    return _median([song.levels[stem] for song in songs if stem in song.levels])


def _median(values: list[float]) -> float:
    return float(np.median(values)) if values else float("nan")


def _shared_songs(root: Path) -> Problems:
    """The names of test songs that train/ has, too."""
    problems = Problems()
    if holds(root, "train"):
        shared = set(song_paths(split_folder(root, "train"))) & set(song_paths(split_folder(root, "test")))
        for name in sorted(shared):
            problems.add("song of the test split that is in train/, too", name)
    return problems


def main(command: Make | Info | Check) -> int:
    return command.run()


if __name__ == "__main__":
    cli.run(main, Make | Info | Check)
