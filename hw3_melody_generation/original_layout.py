"""Reads the lyrics-melody corpus as its authors ship it: one file a song, a pickled array of objects.

    lmd-full_MIDI_dataset/Syllable_Parsing/<song id>.npy      the folder itself, or one of the two above it

A file holds three rows of equal length, an entry for every note, which has one syllable:
    continuous   [seconds since the previous note's start, seconds that it sounds, Hz, velocity]
    discrete     [pitch (MIDI number), duration, rest before], in beats of about an eighth note
    syllables    text
Pickles are read by `inert_pickle`, which runs nothing. Source: Yu, Srivastava, Canales, "Conditional LSTM-GAN
for Melody Generation from Lyrics", ACM TOMM 17 (1), 2021.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from tqdm import tqdm

from common.cli import UserError
from common.problems import Problems
from common.run_folder import write_atomically
from hw3_melody_generation.inert_pickle import HostilePickle, object_array
from hw3_melody_generation.songs import PITCHES

FOLDERS = ("", "Syllable_Parsing", "lmd-full_MIDI_dataset/Syllable_Parsing")
MAX_BYTES = 4 * 2**20  # the longest song of the corpus has 0.2 MB
LENGTHS = {b"\x93NUMPY\x01\x00": 2, b"\x93NUMPY\x02\x00": 4}  # begin of a file: bytes of its header's length
MAX_HEADER = 1000  # bytes; it is looked at, and not evaluated as numpy would
BATCH = 100  # files that are read, and kept, at a time


@dataclass(frozen=True)
class OriginalSong:
    """A song as in its file: one entry per note. gap: seconds since the previous note's start."""

    name: str
    syllables: tuple[str, ...]
    pitch: tuple[int, ...]
    duration: tuple[float, ...]
    rest: tuple[float, ...]
    gap: tuple[float, ...]


def is_original_layout(root: Path) -> bool:
    """Whether `root` holds songs in the authors' layout."""
    return _song_folder(root) is not None


def original_folder(root: Path) -> Path:
    """The folder with the songs of `root`. Errors: UserError if there is none."""
    folder = _song_folder(root)
    if folder is None:
        raise UserError(
            f"{root}: no .npy files in it or in Syllable_Parsing/; give the folder with the songs"
        )
    return folder


def read_original_songs(
    root: Path, *, jobs: int = 1, keep: Path | None = None
) -> tuple[list[OriginalSong], Problems]:
    """All songs below `root` that can be read, by name, and what is wrong with the others.

    keep: a file in which the songs that were read are kept: another call with it goes on where this one was
    interrupted. Errors: UserError if there is none.
    """
    folder = _song_folder(root)
    if folder is None:
        raise UserError(
            f"{root}: no .npy files in it or in Syllable_Parsing/; give the folder with the songs"
        )
    done = _kept(keep)
    files = [path for path in sorted(folder.glob("*.npy")) if path.stem not in done]
    tasks = (joblib.delayed(_read_batch)(files[i : i + BATCH]) for i in range(0, len(files), BATCH))
    with tqdm(desc=folder.name, total=len(files), unit="song", disable=None) as bar:
        for batch in joblib.Parallel(n_jobs=jobs, return_as="generator")(tasks):
            done.update(batch)
            _keep_more(keep, batch)
            bar.update(len(batch))
    problems = Problems()
    for name in sorted(done):
        if isinstance(done[name], str):
            problems.add("song that cannot be read", f"{name}.npy: {done[name]}")
    songs = [song for _, song in sorted(done.items()) if isinstance(song, OriginalSong)]
    if not songs:
        found = f"; {problems.lines()[0]}" if problems.counts else ""
        raise UserError(f"{folder}: no song can be read{found}; get the files anew")
    return songs, problems


def read_original_song(path: Path) -> OriginalSong:
    """One song. Errors: UserError, with the file's name, if it is broken, hostile, or not such a song."""
    try:
        return _song(path.stem, _contents(path))
    except (HostilePickle, ValueError) as error:
        raise UserError(f"{path}: {error}; get the file anew from its authors") from None


def _song_folder(root: Path) -> Path | None:
    folders = (root / name for name in FOLDERS)
    return next((folder for folder in folders if next(folder.glob("*.npy"), None)), None)


def _contents(path: Path) -> list[Any]:
    """The entries of a file's array. ValueError or HostilePickle for what is no array of objects."""
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise ValueError(f"has {size:,} bytes, more than the {MAX_BYTES:,} of any song")
    data = path.read_bytes()
    prefix = LENGTHS.get(data[:8])
    if prefix is None:
        raise ValueError("is no npy file of version 1 or 2")
    begin = 8 + prefix
    end = begin + int.from_bytes(data[8:begin], "little")
    kind = re.search(rb"'descr': *'([^']{1,20})'", data[begin : min(end, begin + MAX_HEADER)])
    if kind is None or kind[1] not in (b"O", b"|O"):
        found = ascii(kind[1].decode("latin-1")) if kind else "unknown type"
        raise ValueError(f"holds an array of {found}, not of objects")
    return object_array(data[end:])


def _song(name: str, rows: list[Any]) -> OriginalSong:
    """The song in the rows of a file. ValueError for what is no song."""
    if len(rows) == 1 and isinstance(rows[0], list):
        rows = rows[0]
    if len(rows) != 3 or not all(isinstance(row, list) for row in rows):
        raise ValueError("holds something else than the three lists continuous, discrete, syllables")
    continuous, discrete, syllables = rows
    lengths = [len(row) for row in rows]
    if len(set(lengths)) > 1:
        raise ValueError(f"lists of {', '.join(map(str, lengths))} entries, which must be of one length")
    if not syllables:
        raise ValueError("a song without lyrics")
    timing, notes = _numbers(continuous, 4, "continuous"), _numbers(discrete, 3, "discrete")
    _check_notes(notes)
    pitch, duration, rest = notes.T
    return OriginalSong(
        name=name,
        syllables=tuple(map(_text, syllables)),
        pitch=tuple(pitch.astype(int).tolist()),
        duration=tuple(duration.tolist()),
        rest=tuple(rest.tolist()),
        gap=tuple(timing[:, 0].tolist()),
    )


def _numbers(rows: list[Any], columns: int, title: str) -> np.ndarray:
    """The rows as an array (notes, columns)."""
    for index, row in enumerate(rows):
        good = isinstance(row, (list, tuple)) and len(row) == columns and all(map(_is_number, row))
        if not good:
            raise ValueError(f"note {index + 1}: {title} must be {columns} finite numbers")
    return np.array(rows, dtype=np.float64)


def _is_number(value: Any) -> bool:
    """Whether it is a finite number of reasonable size; whole numbers of any length can be in a pickle."""
    return type(value) in (int, float) and abs(value) < 1e9 and math.isfinite(value)


def _check_notes(notes: np.ndarray) -> None:
    rules = (
        ("pitch", 0, f"a whole number from 0 to {PITCHES - 1}", _is_pitch),
        ("duration", 1, "more than 0 beats", lambda value: value > 0),
        ("rest", 2, "at least 0 beats", lambda value: value >= 0),
    )
    for name, column, rule, holds in rules:
        bad = np.flatnonzero(~holds(notes[:, column]))
        if len(bad):
            raise ValueError(f"note {bad[0] + 1}: {name} is {notes[bad[0], column]:g}, it must be {rule}")


def _is_pitch(values: np.ndarray) -> np.ndarray:
    return (values >= 0) & (values < PITCHES) & (values == np.round(values))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"an empty syllable, or one that is no text ({value!r:.40})")
    return value


# What was read is kept, one song a line, so that an interrupted call goes on


def _read_batch(files: Sequence[Path]) -> dict[str, OriginalSong | str]:
    """The songs of some files by name; for one that cannot be read, the reason."""
    read: dict[str, OriginalSong | str] = {}
    for path in files:
        try:
            read[path.stem] = read_original_song(path)
        except UserError as error:
            read[path.stem] = str(error).removeprefix(f"{path}: ").split("; get the file")[0]
        except OSError as error:
            read[path.stem] = error.strerror or str(error)
    return read


def _keep_more(keep: Path | None, batch: dict[str, OriginalSong | str]) -> None:
    if keep is not None:
        with keep.open("a", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(asdict(song))}\n" for song in _songs(batch.values()))


def _kept(keep: Path | None) -> dict[str, OriginalSong | str]:
    """The songs that were kept. A last line that is half written is taken out of the file."""
    songs: dict[str, OriginalSong | str] = {}
    if keep is not None and keep.is_file():
        whole = keep.read_bytes().rpartition(b"\n")[0]
        for line in whole.splitlines():
            columns = json.loads(line)
            values = {
                key: tuple(value) if isinstance(value, list) else value for key, value in columns.items()
            }
            songs[values["name"]] = OriginalSong(**values)
        write_atomically(keep, whole + b"\n" * bool(whole))
    return songs


def _songs(values: Iterable[OriginalSong | str]) -> Iterable[OriginalSong]:
    return (value for value in values if isinstance(value, OriginalSong))
