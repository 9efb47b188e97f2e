"""The clean layout of a lyrics-melody corpus on disk: songs, splits, and windows of 20 syllables.

    corpus/
        lmd_full_syllables.jsonl.gz   any *.jsonl.gz: one song a line, as columns with one entry per syllable
        split.json.gz                 {"rule", "songs": {part: [id]}, "windows": {part: [[id, first]]}}
        paper_split.json.gz           optional: {"windows": {part: [[id, [places]]]}}, the literature's split

Columns: s syllable, w number of its word (-1: unknown), p pitch, d duration, r rest before; optional: line,
stress, tone, punctuation. Besides: id, title, cluster (songs of one piece), flags (what is wrong with it),
language, metre [beats per bar, position of the beginning, beat type]. Songs, never windows, are split.
A window has the place for 20 syllables: what all measures of the literature are taken on.

The public corpus has 12 allowed durations (.25 .5 .75 1 1.5 2 3 4 6 8 16 32) and 7 rests (0 1 2 4 8 16 32).
Half a beat that was left over in parsing stands in some values (durations 2.5, 3.5, ..., rests .5); it is
taken away in reading, as it was for the published figures. Data that say what their beat is are read as they
are.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from common.cli import UserError
from common.run_folder import write_atomically
from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song

WINDOW = 20  # syllables: Yu et al. 2021
PARTS = ("train", "valid", "test")
SPLITS = ("honest", "paper")
SPLIT_FILES = {"honest": "split.json.gz", "paper": "paper_split.json.gz"}
CORPUS_BEAT = 0.5  # quarter notes in a beat of the public corpus, whose files do not say so
SHORTEST_WITH_REMAINDER = 2.0  # beats: from here on no allowed duration has a half
_OPTIONAL = {"stress": "stress", "tone": "tones", "punctuation": "punctuation"}  # column: field of Lyrics


@dataclass(frozen=True)
class Corpus:
    """An opened data folder. songs: all of it, by id. split_file: the contents of split.json.gz."""

    folder: Path
    by_id: Mapping[str, Song]
    split_file: Mapping[str, Any]

    @property
    def quarters_per_beat(self) -> float:
        """How many quarter notes a beat of durations and rests lasts."""
        return float(self.split_file.get("quarters_per_beat", CORPUS_BEAT))

    def songs(self, part: str, split: str = "honest") -> list[Song]:
        """The whole songs of `part` that are without a flag; in the paper's split there are only windows."""
        if split == "paper":
            return self.windows(part, split)
        songs = (self._song(name, self.split_path(split)) for name in self.split_file["songs"][part])
        return [song for song in songs if not song.flags]

    def windows(self, part: str, split: str = "honest") -> list[Song]:
        """The windows of 20 syllables of `part`, each a Song of its own, named ID:FIRST."""
        path = self.split_path(split)
        entries = (self.split_file if split == "honest" else self._paper)["windows"][part]
        windows = []
        for name, first in entries:
            places = range(first, first + WINDOW) if isinstance(first, int) else first
            windows.append(_window(self._song(name, path), places, path))
        return windows

    def split_path(self, split: str) -> Path:
        """The file that says who is in which part. Errors: UserError for an unknown split."""
        if split not in SPLITS:
            raise UserError(f"--split {split} is not known; give {' or '.join(SPLITS)}")
        return self.folder / SPLIT_FILES[split]

    @cached_property
    def _paper(self) -> Mapping[str, Any]:
        return read_split(self.split_path("paper"))

    def _song(self, name: str, path: Path) -> Song:
        if name not in self.by_id:
            raise UserError(f"{path}: the song {name} is not in {self.folder}; get files of one version")
        return self.by_id[name]


def open_corpus(folder: Path) -> Corpus:
    """The corpus in `folder`. Errors: UserError for what is missing or broken, with the file's name."""
    songs, split = read_songs(folder), read_split(folder / SPLIT_FILES["honest"])
    if "quarters_per_beat" not in split:
        songs = {name: without_remainders(song) for name, song in songs.items()}
    return Corpus(folder, songs, split)


def without_remainders(song: Song) -> Song:
    """`song` with the allowed durations and rests of the public corpus: see above."""
    duration, rest = song.melody.duration, song.melody.rest
    duration = np.where(duration > SHORTEST_WITH_REMAINDER, np.floor(duration), duration)
    return replace(song, melody=replace(song.melody, duration=duration, rest=np.floor(rest)))


def is_clean_layout(folder: Path) -> bool:
    """Whether `folder` holds a corpus in this layout."""
    return (folder / SPLIT_FILES["honest"]).is_file() and bool(sorted(folder.glob("*.jsonl.gz")))


def read_songs(folder: Path) -> dict[str, Song]:
    """All songs of the one *.jsonl.gz in `folder`, by id. Errors: UserError."""
    files = sorted(folder.glob("*.jsonl.gz")) if folder.is_dir() else []
    if len(files) != 1:
        found = f"{len(files)} files *.jsonl.gz" if folder.is_dir() else "no such folder"
        raise UserError(f"{folder}: {found}; give a folder with the one file that holds the songs")
    return {song.name: song for song in _parse(files[0])}


def read_split(path: Path) -> dict[str, Any]:
    """The contents of a split file. Errors: UserError if it is missing, broken, or not of this form."""
    try:
        split = json.loads(gzip.decompress(path.read_bytes()))
        for part in PARTS:
            for entry in split["windows"][part]:
                name, first = entry
                if not (isinstance(name, str) and isinstance(first, (int, list))):
                    raise ValueError(f"{entry!r} is no window")
    except FileNotFoundError:
        raise UserError(f"{path}: not there; it says which songs train, validate and test") from None
    except (OSError, EOFError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise UserError(f"{path}: no split of songs ({_reason(error)}); get the file anew") from None
    return split


def write_songs(path: Path, songs: Iterable[Song]) -> None:
    """Write `songs` to `path`, NAME.jsonl.gz, the same bytes for the same songs."""
    lines = (json.dumps(_to_columns(song), ensure_ascii=False, separators=(",", ":")) for song in songs)
    _write_gzip(path, "".join(f"{line}\n" for line in lines))


def write_split(path: Path, split: Mapping[str, Any]) -> None:
    """Write a split file, the same bytes for the same split."""
    _write_gzip(path, json.dumps(split, ensure_ascii=False, separators=(",", ":")))


def _write_gzip(path: Path, text: str) -> None:
    write_atomically(path, gzip.compress(text.encode(), mtime=0))


def _parse(path: Path) -> Iterator[Song]:
    number = 0
    try:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):  # noqa: B007 (named in the error)
                yield _from_columns(json.loads(line))
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read ({_reason(error)}); get the file anew") from None
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise UserError(f"{path}: line {number} is no song ({_reason(error)}); get the file anew") from None


def _from_columns(columns: dict[str, Any]) -> Song:
    syllables = tuple(columns["s"])
    if not syllables or not all(isinstance(syllable, str) and syllable for syllable in syllables):
        raise ValueError(f"{columns.get('id')}: a song without lyrics, or an empty syllable")
    lyrics = Lyrics(
        syllables=syllables,
        words=_words(columns["w"]),
        lines=tuple(columns["line"]) if "line" in columns else _lines_by_capitals(syllables),
        language=columns.get("language", "en"),
        **{field: tuple(columns[name]) for name, field in _OPTIONAL.items() if name in columns},
    )
    metre = columns.get("metre")
    melody = Melody(columns["p"], columns["d"], columns["r"], metre and Metre(*metre))
    return Song(
        name=columns["id"],
        lyrics=lyrics,
        melody=melody,
        group=columns.get("cluster", ""),
        title=columns.get("title", ""),
        flags=tuple(columns.get("flags", ())),
    )


def _to_columns(song: Song) -> dict[str, Any]:
    lyrics, melody = song.lyrics, song.melody
    columns = {
        "id": song.name,
        "title": song.title,
        "cluster": song.group,
        "flags": song.flags,
        "language": lyrics.language,
        "s": lyrics.syllables,
        "w": lyrics.words,
        "line": lyrics.lines,
        **{name: getattr(lyrics, field) for name, field in _OPTIONAL.items()},
        "p": melody.pitch.tolist(),
        "d": melody.duration.tolist(),
        "r": melody.rest.tolist(),
    }
    if metre := melody.metre:
        columns["metre"] = [metre.beats_per_bar, metre.position, metre.beat_type]
    return columns


def _words(numbers: Sequence[int]) -> tuple[int, ...]:
    """Running numbers of the words; each syllable of an unknown word (-1) counts as a word of its own."""
    words, word, before = [], -1, None
    for number in numbers:
        word += number == -1 or number != before
        words.append(word)
        before = number
    return tuple(words)


def _lines_by_capitals(syllables: Sequence[str]) -> tuple[int, ...]:
    """Lines of songs whose files do not mark them: a capital begins one, but in the English word I."""
    lines, line = [], 0
    for index, syllable in enumerate(syllables):
        line += index > 0 and syllable[0].isupper() and not (syllable == "I" or syllable.startswith("I'"))
        lines.append(line)
    return tuple(lines)


def _window(song: Song, places: Sequence[int], path: Path) -> Song:
    try:
        return replace(song.excerpt(places), name=f"{song.name}:{places[0]}")
    except IndexError:
        reason = f"a window at {places[0]} of {song.name}, which has {len(song)} syllables"
        raise UserError(f"{path}: {reason}; get files of one version") from None


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if not isinstance(error, ValueError) else str(error)
