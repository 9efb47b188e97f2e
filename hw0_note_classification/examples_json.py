"""NSynth's `examples.json` -> NoteIndex: read as a stream, each entry checked, large files cached.

The file of NSynth's training split has over 200 MB; as Python objects it would take 600 MB and seconds at
every start. So one entry at a time is decoded, and the columns are kept in `.examples-index.npz` beside
the file (or in the user's cache folder), until size or time of `examples.json` change.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from common.cli import UserError
from common.problems import Problems
from hw0_note_classification.note_index import COLUMNS, FAMILIES, SAMPLE_RATE, SOURCES, NoteIndex

CHUNK = 1 << 20  # characters read at a time; far longer than any entry
CACHE_FROM_BYTES = (
    16 << 20
)  # smaller files are parsed in a fraction of a second: no cache, the folder stays as it is
CACHE_FORMAT = 1
NAME = re.compile(  # pitch and velocity stand in the name too; the match also keeps paths like ../x out
    r"(?P<family>[a-z_]{1,20})_(?P<source>acoustic|electronic|synthetic)_\d{3,9}-(?P<pitch>\d{3})-(?P<velocity>\d{3})",
    re.ASCII,
)
NUMBERS = ("instrument_family", "instrument", "pitch", "velocity", "sample_rate")


class BadEntry(Exception):
    """An entry that cannot be used; its text is the kind of problem."""


def load_index(folder: Path) -> tuple[NoteIndex, Problems]:
    """All usable entries of `folder`/examples.json, from the cache where that is still valid.

    Raises UserError for a file that is missing or not JSON.
    """
    source = folder / "examples.json"
    if not source.is_file():
        raise UserError(f"{folder}: holds no examples.json; give a folder in the layout of NSynth")
    stat = source.stat()
    if stat.st_size < CACHE_FROM_BYTES:
        return parse_index(source)
    stamp = np.array([CACHE_FORMAT, stat.st_size, stat.st_mtime_ns])
    for place in cache_places(folder):
        if (cached := _read_cache(place, folder, stamp)) is not None:
            return cached
    index, problems = parse_index(source)
    _write_cache(folder, index, problems, stamp)
    return index, problems


def parse_index(source: Path) -> tuple[NoteIndex, Problems]:
    """Every usable entry of the file `source`, and what is wrong with the others."""
    problems, rows, seen = Problems(), [], set()
    for name, entry in stream_object(source):
        try:
            if name in seen:  # the first entry counts
                raise BadEntry("duplicate entry")
            rows.append(parse_entry(name, entry))
            seen.add(name)
        except BadEntry as bad:
            problems.add(str(bad), name[:80])
    return NoteIndex.from_rows(source.parent, rows), problems


def parse_entry(name: str, entry: object) -> tuple[str, int, int, int, int, int]:
    """(name, family, instrument, pitch, velocity, source) of an entry; BadEntry says what is wrong."""
    parts = NAME.fullmatch(name)
    if parts is None:
        raise BadEntry("name is not <family>_<source>_<instrument>-<pitch>-<velocity>")
    if not isinstance(entry, dict) or any(type(entry.get(key)) is not int for key in NUMBERS):
        raise BadEntry(f"entry lacks one of the numbers {', '.join(NUMBERS)}")
    family, instrument, pitch, velocity, sample_rate = (entry[key] for key in NUMBERS)
    if sample_rate != SAMPLE_RATE:
        raise BadEntry(f"sample rate is not {SAMPLE_RATE} Hz")
    if parts["family"] not in FAMILIES or not 0 <= family < len(FAMILIES):
        raise BadEntry("unknown family")
    if not FAMILIES[family] == parts["family"] == entry.get("instrument_family_str", parts["family"]):
        raise BadEntry("family disagrees with the name")
    if (pitch, velocity) != (int(parts["pitch"]), int(parts["velocity"])) or max(pitch, velocity) > 127:
        raise BadEntry("pitch or velocity disagrees with the name")
    if not 0 <= instrument <= np.iinfo(COLUMNS["instrument"]).max:
        raise BadEntry("instrument number out of range")
    return name, family, instrument, pitch, velocity, SOURCES.index(parts["source"])


def stream_object(path: Path) -> Iterator[tuple[str, object]]:
    """The (key, value) pairs of the one object in a JSON file, in order and with duplicates, one at a time.

    Raises UserError where the file is not such an object.
    """
    buffer, delimiter, line = "", "{", 1
    try:
        with path.open(encoding="utf-8-sig") as file:
            while len(buffer) < 4 * CHUNK and (chunk := file.read(CHUNK)):
                buffer, position = buffer + chunk, 0
                while (pair := _next_pair(buffer, position, delimiter)) is not None:
                    key, value, position = pair
                    delimiter = ","
                    yield key, value
                line += buffer.count("\n", 0, position)
                buffer = buffer[position:]
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8 text; copy or unpack the file again") from error
    if buffer.strip() != "}" and not (delimiter == "{" and re.fullmatch(r"\s*{\s*}\s*", buffer)):
        raise UserError(
            f"{path}: is not a JSON object of notes from line {line} on; copy or unpack the file again"
        )


_DECODE = json.JSONDecoder().raw_decode
_SPACE = re.compile(r"\s*")


def _next_pair(buffer: str, position: int, delimiter: str) -> tuple[str, object, int] | None:
    """`<delimiter> "key": value` at `position` and where it ends; None if it is not wholly in the buffer."""
    try:
        position = _expect(delimiter, buffer, position)
        key, position = _DECODE(buffer, position)
        position = _expect(":", buffer, position)
        value, position = _DECODE(buffer, position)
        end = _SPACE.match(buffer, position).end()
        # What follows must be seen: `12` at the end of the buffer may go on as `123`.
        complete = isinstance(key, str) and buffer[end] in ",}"
    except (ValueError, IndexError, RecursionError):
        return None
    return (key, value, position) if complete else None


def _expect(character: str, buffer: str, position: int) -> int:
    position = _SPACE.match(buffer, position).end()
    if buffer[position] != character:
        raise ValueError(character)
    return _SPACE.match(buffer, position + 1).end()


def cache_places(folder: Path) -> list[Path]:
    """Where the index of `folder` may be kept: beside the data, else in the user's cache folder."""
    user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    return [folder / ".examples-index.npz", user_cache / "nsynth-index" / f"{digest}.npz"]


def _read_cache(place: Path, folder: Path, stamp: np.ndarray) -> tuple[NoteIndex, Problems] | None:
    try:
        with np.load(place, allow_pickle=False) as cache:
            if not np.array_equal(cache["stamp"], stamp):
                return None
            columns = {column: cache[column] for column in ("names", *COLUMNS)}
            problems = Problems.from_json(str(cache["problems"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None  # a cache that is missing, half-written or broken is made anew
    return NoteIndex(folder, **columns), problems


def _write_cache(folder: Path, index: NoteIndex, problems: Problems, stamp: np.ndarray) -> None:
    columns = {column: getattr(index, column) for column in ("names", *COLUMNS)}
    for place in cache_places(folder):
        partial = place.with_name(f"{place.name}.{os.getpid()}.partial")
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as file:
                np.savez(file, stamp=stamp, problems=np.array(problems.to_json()), **columns)
            os.replace(partial, place)
            return
        except OSError:  # a read-only data folder or a full disk: the next place, or no cache
            partial.unlink(missing_ok=True)
