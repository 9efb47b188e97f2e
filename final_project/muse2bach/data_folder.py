"""A data folder on disk: chorales with all that their scores say, and which of them train, validate and test.

    bach_chorales/
        chorales.jsonl.gz   a chorale a line, named columns; per frame: voices (4 lists of MIDI pitches, -1 is
                            silence), position; lists of frames: onsets (4), fermata; name, title, key, text
        split.json          {"rule": ..., "chorales": {"train": [names], "valid": [...], "test": [...]}}
        origin.json         only in what data.py makes itself: from what, and how many

Or the benchmark, which has the pitches alone (benchmark_file.py). Whatever is optional in a Chorale may be
missing or null. Written the same bytes for the same chorales.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from common.cli import UserError
from common.run_folder import write_atomically
from common.run_folder.files import json_bytes, read_json
from final_project.muse2bach.benchmark_file import (
    MOST_BYTES,
    MOST_CHORALES,
    MOST_FRAMES,
    PARTS,
    benchmark_path,
    read_benchmark,
)
from final_project.muse2bach.chorale import Chorale

CHORALES_FILE = "chorales.jsonl.gz"
SPLIT_FILE = "split.json"


def read_parts(root: Path, parts: Sequence[str]) -> list[list[Chorale]]:
    """The chorales of each of `parts` in the data folder, or benchmark file, `root`.

    Errors: UserError for what is missing or broken, also for a part without a chorale.
    """
    root = Path(root)
    if is_chorales_folder(root):
        by_name, split = read_chorales(root / CHORALES_FILE), read_split(root / SPLIT_FILE)
        found = [_named(by_name, split[part], root) for part in parts]
        source = root / SPLIT_FILE
    else:
        source = benchmark_path(root)
        if source is None:
            missing = "no chorales in it" if root.exists() else "no such file or folder"
            hint = f"give a folder with {CHORALES_FILE} and {SPLIT_FILE}, or Jsb16thSeparated.json.gz"
            raise UserError(f"{root}: {missing}; {hint}")
        benchmark = read_benchmark(source)
        found = [benchmark[part] for part in parts]
    for part, chorales in zip(parts, found, strict=True):
        if not chorales:
            raise UserError(f"{source}: no chorale in {part}; give data with some in all three parts")
    return found


def is_chorales_folder(root: Path) -> bool:
    """Whether `root` is a folder in this layout, not the benchmark."""
    return (root / CHORALES_FILE).is_file()


def read_chorales(path: Path) -> dict[str, Chorale]:
    """All chorales of the file, by name, in its order. Errors: UserError that names the line."""
    chorales: dict[str, Chorale] = {}
    for number, line in enumerate(_lines(path), start=1):
        try:
            chorale = _from_columns(json.loads(line))
            if chorale.name in chorales:
                raise ValueError(f"{chorale.name} is there twice")
            if reason := chorale.outside():
                raise ValueError(reason)
        except (ValueError, KeyError, TypeError, OverflowError, IndexError, RecursionError) as error:
            reason = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            raise UserError(f"{path}: line {number} is no chorale ({reason}); get the file anew") from None
        chorales[chorale.name] = chorale
    return chorales


def read_split(path: Path) -> dict[str, list[str]]:
    """The names of the chorales of each part. Errors: UserError if it is missing or not of this form."""
    if not path.is_file():
        raise UserError(f"{path}: not there; it says which chorales train, validate and test")
    parts = read_json(path).get("chorales")
    if not isinstance(parts, dict) or set(parts) != set(PARTS):
        raise UserError(f"{path}: no split of chorales in {', '.join(PARTS)}; get the file anew")
    for part, names in parts.items():
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise UserError(f"{path}: {part} is no list of names; get the file anew")
    return parts


def write_chorales(path: Path, chorales: Iterable[Chorale]) -> None:
    """Write the chorales, one a line."""
    lines = (
        json.dumps(_to_columns(chorale), ensure_ascii=False, separators=(",", ":")) for chorale in chorales
    )
    write_atomically(path, gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=0))


def write_split(path: Path, parts: Mapping[str, Sequence[str]], *, rule: str) -> None:
    """Write who trains, validates and tests. rule: in words, by what it was decided."""
    write_atomically(path, json_bytes({"rule": rule, "chorales": parts}))


def _named(by_name: Mapping[str, Chorale], names: Sequence[str], root: Path) -> list[Chorale]:
    for name in names:
        if name not in by_name:
            raise UserError(
                f"{root / SPLIT_FILE}: {name} is not in {CHORALES_FILE}; get files of one version"
            )
    return [by_name[name] for name in names]


def _lines(path: Path) -> Iterator[bytes]:
    try:
        with gzip.open(path) as file:
            content = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise UserError(f"{path}: cannot be read ({error}); get the file anew") from None
    if len(content) > MOST_BYTES:
        raise UserError(f"{path}: over {MOST_BYTES // 2**20} MiB; give fewer chorales")
    lines = content.splitlines()
    if len(lines) > MOST_CHORALES:
        raise UserError(f"{path}: {len(lines):,} chorales; at most {MOST_CHORALES:,} are read")
    yield from lines


def _from_columns(columns: dict[str, Any]) -> Chorale:
    if not isinstance(columns, dict):
        raise ValueError("not an object of columns")
    voices = np.array(columns["voices"]).T
    if len(voices) > MOST_FRAMES:
        raise ValueError(f"{len(voices):,} frames, more than {MOST_FRAMES:,}")
    onsets, fermata, key, text = (columns.get(name) for name in ("onsets", "fermata", "key", "text"))
    if not all(
        isinstance(value, str) for value in (columns["name"], columns.get("title", ""), *(text or ()))
    ):
        raise ValueError("name, title or text is no text")
    return Chorale(
        name=columns["name"],
        voices=voices,
        onsets=None if onsets is None else np.stack([_mask(each, len(voices)) for each in onsets], axis=1),
        position=columns.get("position"),
        fermata=None if fermata is None else _mask(fermata, len(voices)),
        key=None if key is None else (key[0], key[1]),
        title=columns.get("title", ""),
        text=None if text is None else tuple(text),
    )


def _to_columns(chorale: Chorale) -> dict[str, Any]:
    onsets, position, fermata = chorale.onsets, chorale.position, chorale.fermata
    columns = {
        "name": chorale.name,
        "title": chorale.title,
        "key": chorale.key,
        "voices": chorale.voices.T.tolist(),
        "onsets": None if onsets is None else [np.flatnonzero(voice).tolist() for voice in onsets.T],
        "position": None if position is None else position.tolist(),
        "fermata": None if fermata is None else np.flatnonzero(fermata).tolist(),
        "text": chorale.text,
    }
    return {name: value for name, value in columns.items() if value is not None}


def _mask(places: Sequence[int], frames: int) -> np.ndarray:
    """True at `places`, (frames,). Errors: ValueError, IndexError."""
    places = np.array(places, dtype=np.int64) if len(places) else np.zeros(0, dtype=np.int64)
    if (places < 0).any():
        raise ValueError("a frame below 0")
    mask = np.zeros(frames, dtype=bool)
    mask[places] = True
    return mask
