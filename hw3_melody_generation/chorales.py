"""The default data: Bach's chorales, their sopranos with text, from the corpus that comes with music21.

    make_chorales(Path("data/chorales"))     # 337 chorales in half a minute on two cores

In the clean layout (corpus.py), in quarter notes. Chorales on the same tune, or under the same title, are one
piece and stay on one side of the split; tunes are compared by their intervals, so in whatever key. The rule
of the split is the public corpus'; all windows of all chorales validate or test, for they are few. What is
under the notes, and how melismas, ties, repeats and lines are treated, soprano.py says. Stress is unknown.
Sources: J. S. Bach; encodings of music21's corpus (M. Greentree and others), titles from its table of
Riemenschneider's edition.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
from tqdm import tqdm

from common.band.tunes.sources import catalog, corpus_folder, normalized_title
from common.cli import UserError
from common.commands import spread
from common.run_folder import write_atomically
from hw3_melody_generation.corpus import SPLIT_FILES, write_songs, write_split
from hw3_melody_generation.song_clusters import join, shared_shingles, shingles
from hw3_melody_generation.songs import Melody, Song
from hw3_melody_generation.soprano import Soprano, read_soprano
from hw3_melody_generation.splitting import make_split
from hw3_melody_generation.training_data import MINI_MARK

COLLECTION = "bach"  # folder of music21's corpus
QUICK_FILES = 80  # of the 408, from the first to the last: 64 have text
RUN_OF_INTERVALS = 6  # notes: what two melodies must have in common, and which share of such runs, ...
SAME_TUNE = (
    0.25  # ... to be one tune: joins 90 % of the pairs under one title, and wrongly hardly any (LOG.md)
)
VERSION = 1  # raised when the same corpus would give other data


def make_chorales(root: Path, *, jobs: int = 2, quick: bool = False) -> None:
    """Make the data set in `root`; `quick`: some dozens of chorales, in seconds.

    Errors: UserError without music21 or its corpus.
    """
    files = sorted((corpus_folder() / COLLECTION).glob("*.mxl"))
    if quick:
        files = spread(files, QUICK_FILES)
    titles = {source.path: source.title for source in catalog()}
    songs, melismas = [], 0
    for path, soprano in _read_all(files, jobs=jobs):
        songs.append(_song(path, soprano, titles.get(f"{COLLECTION}/{path.name}", path.stem)))
        melismas += soprano.melismas
    if not songs:
        raise UserError(
            f"{corpus_folder() / COLLECTION}: no chorale has text; install music21 from PyPI anew"
        )
    songs = in_pieces(songs)
    root.mkdir(parents=True, exist_ok=True)
    write_songs(root / "chorales.jsonl.gz", songs)
    write_split(root / SPLIT_FILES["honest"], {**make_split(songs), "quarters_per_beat": 1.0})
    origin = {
        "version": VERSION,
        "quick": quick,
        "chorales": len(songs),
        "pieces": len({song.group for song in songs}),
        "syllables": sum(map(len, songs)),
        "melismas": melismas,
    }
    write_atomically(root / MINI_MARK, json.dumps(origin, indent=2).encode())


def in_pieces(songs: Sequence[Song]) -> list[Song]:
    """The songs with the piece each belongs to as `group`: by their melodies, and by their titles."""
    runs = [shingles(intervals(song.melody), RUN_OF_INTERVALS) for song in songs]
    pairs = [pair for pair, share in shared_shingles(runs).items() if share >= SAME_TUNE]
    first_of_title: dict[str, int] = {}
    for index, song in enumerate(songs):
        pairs.append((first_of_title.setdefault(normalized_title(song.title), index), index))
    pieces = join([song.name for song in songs], pairs)
    return [replace(song, group=piece) for song, piece in zip(songs, pieces, strict=True)]


def intervals(melody: Melody) -> list[int]:
    """The steps from note to note in semitones: what a melody has in every key."""
    return np.diff(melody.pitch).tolist()


def _read_all(files: Sequence[Path], *, jobs: int) -> Iterable[tuple[Path, Soprano]]:
    """The files whose soprano has text, in order, with it."""
    tasks = (joblib.delayed(read_soprano)(path) for path in files)
    read = joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks)
    for path, soprano in zip(files, tqdm(read, "chorales", len(files), disable=None), strict=True):
        if soprano is not None:
            yield path, soprano


def _song(path: Path, soprano: Soprano, title: str) -> Song:
    return Song(path.stem, soprano.lyrics, soprano.melody, title=title)
