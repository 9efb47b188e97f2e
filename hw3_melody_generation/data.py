"""The songs of HW3: open a split, make, prepare, describe or check a data folder.

    python hw3/data.py make                      # Bach's chorales under data/chorales, half a minute
    python hw3/data.py prepare ORIGINAL OUT      # the public corpus from its authors' files, some minutes
    python hw3/data.py info [--data DIR]         # songs, syllables, lines, rests by split
    python hw3/data.py check DIR                 # reads everything

A data folder is in the clean layout (corpus.py) or in the one of the public corpus' authors
(original_layout.py), which is cleaned each time that it is opened: `prepare` does it once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import tyro

from common import cli, mini_data
from common.cli import UserError, say
from hw3_melody_generation.cleaning import clean_songs, write_clean
from hw3_melody_generation.corpus import (
    PARTS,
    Corpus,
    is_clean_layout,
    open_corpus,
    without_remainders,
)
from hw3_melody_generation.data_check import check_corpus
from hw3_melody_generation.original_layout import (
    is_original_layout,
    original_folder,
    read_original_songs,
)
from hw3_melody_generation.songs import Song
from hw3_melody_generation.splitting import make_split
from hw3_melody_generation.training_data import is_mini

__all__ = [
    "TrainingSplits",
    "default_data",
    "ensure_data",
    "is_mini",
    "open_data",
    "open_test_split",
    "open_training_splits",
]

DEFAULT_DATA = Path(__file__).resolve().parents[1] / "data" / "chorales"
QUICK_NAME = "chorales_quick"


@dataclass(frozen=True)
class TrainingSplits:
    """All that training and the choice of a model may see.

    train_songs: whole songs (in the paper's split, windows); train_windows, valid_windows: of 20 syllables.
    """

    train_songs: list[Song]
    train_windows: list[Song]
    valid_windows: list[Song]
    quarters_per_beat: float


def open_training_splits(root: Path, *, split: str = "honest") -> TrainingSplits:
    """The training songs and the validation windows of the data folder `root`, in either layout.

    split: "honest", by pieces, or "paper", the literature's. Errors: UserError for what is missing or broken,
    also if there is nothing to train or to validate on.
    """
    corpus = open_data(root)
    songs = corpus.songs("train", split)
    train, valid = (_windows(corpus, part, split) for part in ("train", "valid"))
    return TrainingSplits(songs, train, valid, corpus.quarters_per_beat)


def open_test_split(root: Path, *, split: str = "honest") -> list[Song]:
    """The windows to evaluate on, for `eval.py` alone. Errors like `open_training_splits`."""
    return _windows(open_data(root), "test", split)


def open_data(root: Path) -> Corpus:
    """The corpus in `root`; authors' files are cleaned on the way. Errors: UserError."""
    root = Path(root)
    if not is_clean_layout(root) and is_original_layout(root):
        say(f"{root}: the authors' files, cleaned now; once and for all: hw3/data.py prepare {root} OUT")
        songs, problems = read_original_songs(root)
        problems.report(root)
        songs = clean_songs(songs)
        by_id = {song.name: without_remainders(song) for song in songs}
        return Corpus(root, by_id, make_split(songs, one_song_per_piece=True))
    return open_corpus(root)


def default_data(*, quick: bool = False) -> Path:
    """Where the chorales lie, data/chorales of the project; or a few dozens of them, beside it."""
    return DEFAULT_DATA.with_name(QUICK_NAME) if quick else DEFAULT_DATA


def ensure_data(path: Path | None, *, quick: bool = False) -> Path:
    """The data folder `path`; without one, the chorales, made now if they are not there yet.

    `quick`: a few dozens of them instead, in a folder of their own.
    """
    cost = "seconds" if quick else "half a minute"
    make, root = partial(make_data, quick=quick), default_data(quick=quick)
    name = "set of Bach's chorales" if quick else "Bach's chorales"
    return mini_data.ensure(path, root, make=make, name=name, cost=cost, quick=quick)


def make_data(root: Path, *, jobs: int = 2, quick: bool = False) -> None:
    """Make the chorales, or their `quick` variant, in `root`; beside it first, renamed when complete."""
    from hw3_melody_generation.chorales import make_chorales  # only here: it brings the readers of scores

    mini_data.make_once(root, partial(make_chorales, jobs=jobs, quick=quick))


def _windows(corpus: Corpus, part: str, split: str) -> list[Song]:
    windows = corpus.windows(part, split)
    if not windows:
        reason = f"no window of 20 syllables in {part}"
        raise UserError(f"{corpus.split_path(split)}: {reason}; give more or longer songs")
    return windows


@dataclass
class Make:
    """Make the default data: the sopranos of Bach's chorales with their text, no download."""

    data: Path = DEFAULT_DATA
    """Folder to make."""
    jobs: int = 2
    """Processes."""
    quick: bool = False
    """Only some dozens of chorales."""

    def run(self) -> int:
        if self.data.exists():
            print(f"{self.data}: is there already; delete it to make it anew")
            return 0
        make_data(self.data, jobs=self.jobs, quick=self.quick)
        return Info(self.data).run()


@dataclass
class Prepare:
    """Clean the authors' files of the public corpus: repeats, broken tracks, pieces, the honest split.

    An interrupted call goes on where it was: what was read is kept beside OUT.
    """

    original: tyro.conf.Positional[Path]
    """Folder with Syllable_Parsing/*.npy."""
    out: tyro.conf.Positional[Path]
    """Folder to make."""
    jobs: int = 2
    """Processes."""

    def run(self) -> int:
        if self.out.exists():
            raise UserError(f"{self.out}: is there already; name a new folder, or delete it")
        original_folder(self.original)  # or say now that there is none
        mini_data.make_once(self.out, self._prepare)
        return Info(self.out).run()

    def _prepare(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        songs, problems = read_original_songs(self.original, jobs=self.jobs, keep=folder / "read.partial")
        problems.report(self.original)
        write_clean(folder, clean_songs(songs))
        (folder / "read.partial").unlink(missing_ok=True)


@dataclass
class Info:
    """Songs, pieces, syllables and lines of each part of the honest split, and how they are sung."""

    data: Path = DEFAULT_DATA
    """Data folder, in the clean layout or the authors'."""

    def run(self) -> int:
        corpus = open_data(self.data)
        parts = {part: [corpus.by_id[name] for name in corpus.split_file["songs"][part]] for part in PARTS}
        windows = {part: len(corpus.windows(part)) for part in PARTS}
        print(f"{'':34}" + "".join(f"{part:>12}" for part in PARTS))
        print(f"{'windows of 20 syllables':34}" + "".join(f"{windows[part]:12,}" for part in PARTS))
        for title, form, value in ROWS:
            print(f"{title:34}" + "".join(f"{value(parts[part]):{form}}" for part in PARTS))
        return 0


Row = tuple[str, str, Callable[[list[Song]], float]]


def _mean(value: Callable[[Song], np.ndarray]) -> Callable[[list[Song]], float]:
    """The mean over all notes of the songs without a flag."""

    def mean(songs: list[Song]) -> float:
        values = [np.zeros(0), *(value(song) for song in _good(songs))]
        return float(np.concatenate(values).mean()) if sum(map(len, values)) else float("nan")

    return mean


def _good(songs: list[Song]) -> list[Song]:
    return [song for song in songs if not song.flags]


def _median_pitch(songs: list[Song]) -> float:
    pitches = [song.melody.pitch for song in _good(songs)]
    return float(np.median(np.concatenate(pitches))) if pitches else float("nan")


def _begins_line(song: Song) -> np.ndarray:
    return np.diff(song.lyrics.lines, prepend=-1) > 0


ROWS: tuple[Row, ...] = (
    ("songs", "12,", len),
    ("pieces", "12,", lambda songs: len({song.group for song in songs})),
    ("songs without a flag", "12,", lambda songs: len(_good(songs))),
    ("syllables, each with a note", "12,", lambda songs: sum(map(len, _good(songs)))),
    ("words", "12,", lambda songs: sum(song.lyrics.words[-1] + 1 for song in _good(songs))),
    ("lines", "12,", lambda songs: sum(song.lyrics.lines[-1] + 1 for song in _good(songs))),
    ("notes with a rest before", "12.3f", _mean(lambda song: song.melody.rest > 0)),
    ("  where a line begins", "12.3f", _mean(lambda song: (song.melody.rest > 0)[_begins_line(song)])),
    ("mean duration, beats", "12.3f", _mean(lambda song: song.melody.duration)),
    ("mean rest, beats", "12.3f", _mean(lambda song: song.melody.rest)),
    ("median pitch, MIDI number", "12.1f", _median_pitch),
    ("songs with bars", "12,", lambda songs: sum(song.melody.metre is not None for song in songs)),
)


@dataclass
class Check:
    """Read everything and say what is wrong; the exit code is 2 if anything is."""

    data: tyro.conf.Positional[Path]
    """Data folder, in the clean layout or the authors'."""

    def run(self) -> int:
        return 2 if check_corpus(self.data) else 0


def main(command: Make | Prepare | Info | Check) -> int:
    return command.run()


if __name__ == "__main__":
    cli.run(main, Make | Prepare | Info | Check)
