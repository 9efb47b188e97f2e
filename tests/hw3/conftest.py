"""Fixtures that the tests of HW3 share."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from hw3_melody_generation.corpus import SPLIT_FILES, write_songs, write_split
from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song
from hw3_melody_generation.splitting import make_split

# written_songs.py, for `from written_songs import ...`: pytest imports tests by their paths.
_spec = importlib.util.spec_from_file_location("written_songs", Path(__file__).with_name("written_songs.py"))
sys.modules["written_songs"] = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(sys.modules["written_songs"])


def made_up_song(name: str, *, seed: int, count: int = 47, metre: Metre | None = None) -> Song:
    """A song of `count` syllables in lines of seven, sung in C major with a rest before most lines."""
    rng = np.random.default_rng(seed)
    syllables = rng.choice(["la", "sing", "you", "riv", "er", "to", "day", "the", "a", "me"], count)
    lines = np.arange(count) // 7
    scale = np.array([60, 62, 64, 65, 67, 69, 71, 72])
    steps = abs(np.cumsum(rng.integers(-2, 3, count)) % 14 - 7)  # up and down the scale
    ends = np.arange(count) % 7 == 6
    starts = np.arange(count) % 7 == 0
    return Song(
        name=name,
        lyrics=Lyrics(
            syllables=tuple(syllables.tolist()),
            words=tuple((np.arange(count) // 2).tolist()),
            lines=tuple(lines.tolist()),
            punctuation=tuple("," if end else "" for end in ends),
            language="en",
        ),
        melody=Melody(
            scale[steps],
            np.where(ends, 2.0, rng.choice([0.5, 1.0, 1.0], count)),
            np.where(starts & (rng.random(count) < 0.8), 1.0, 0.0),
            metre,
        ),
        title=f"Song of {name}",
    )


def made_up_songs() -> list[Song]:
    """Songs whose names put them into all three parts of the split, every other one in three-four time."""
    metres = (None, Metre(3.0, 1.0, 4))
    return [made_up_song(f"song-{number}", seed=number, metre=metres[number % 2]) for number in range(40)]


def write_corpus(folder: Path, songs: list[Song]) -> Path:
    """A data folder in the clean layout, in quarter notes."""
    folder.mkdir(parents=True, exist_ok=True)
    write_songs(folder / "songs.jsonl.gz", songs)
    write_split(folder / SPLIT_FILES["honest"], {**make_split(songs), "quarters_per_beat": 1.0})
    return folder


@pytest.fixture(scope="session")
def tiny_corpus(tmp_path_factory) -> Path:
    """A data folder in the clean layout: made-up songs, some with bars. Read it, do not change it."""
    return write_corpus(tmp_path_factory.mktemp("data") / "tiny_corpus", made_up_songs())


def original_rows(song: Song) -> list[list]:
    """The three rows of a song's file in the authors' layout, at half a second per beat."""
    melody = song.melody
    gaps = np.diff(melody.onset, prepend=0.0) / 2
    continuous = [
        [float(gap), float(duration) / 2, 440.0, 80.0]
        for gap, duration in zip(gaps, melody.duration, strict=True)
    ]
    discrete = np.stack([melody.pitch, melody.duration, melody.rest], axis=1).astype(float).tolist()
    return [continuous, discrete, list(song.lyrics.syllables)]


def write_original(path: Path, rows: list[list]) -> Path:
    """A file in the authors' layout: an array of objects (1, 3) that holds lists."""
    array = np.empty((1, 3), dtype=object)
    for column, row in enumerate(rows):
        array[0, column] = row
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, array, allow_pickle=True)
    return path


@pytest.fixture
def originals(tmp_path) -> Path:
    """A folder in the authors' layout with the songs of `tiny_corpus`, which no flag keeps from training."""
    root = tmp_path / "original"
    for song in made_up_songs():
        write_original(root / "Syllable_Parsing" / f"{song.name}.npy", original_rows(song))
    return root


@pytest.fixture(scope="session")
def original_files():
    """The functions `rows(song)`, `write(path, rows)` and `song(name, seed=...)` for files of the authors."""
    return SimpleNamespace(rows=original_rows, write=write_original, song=made_up_song)


@pytest.fixture
def corpus_copy(tiny_corpus, tmp_path) -> Path:
    """An own copy of `tiny_corpus`, to spoil."""
    return shutil.copytree(tiny_corpus, tmp_path / "corpus")


@pytest.fixture(scope="session")
def command(command_of):
    """Run a command of HW3 in this process: `command("train", "--epochs", 1)` -> exit code."""
    return command_of("hw3_melody_generation")
