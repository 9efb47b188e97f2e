"""JSON and CSV of a hand-in: finite numbers, no key twice, not nested beyond all measure."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grading.readers.files import OutputError, read_bytes

MOST_DIGITS = 18  # of a whole number: all of them fit 64 bits
MOST_SHOWN = 80  # characters of a reason


def read_json(path: Path, most_bytes: int) -> Any:
    """The value in a JSON file (UTF-8). Errors: OutputError, also for NaN, infinity and keys that repeat."""
    text = _decoded(path, most_bytes)
    try:
        return json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
        )
    except RecursionError as error:
        raise OutputError(f"{path.name}: is nested too deep; write what the task declares") from error
    except ValueError as error:
        reason = str(error)[:MOST_SHOWN]
        raise OutputError(
            f"{path.name}: is no JSON ({reason}); print the JSON list and nothing else"
        ) from error


def read_csv(path: Path, most_bytes: int) -> list[list[str]]:
    """The rows of a CSV file (UTF-8), cells as text. Errors: OutputError."""
    text = _decoded(path, most_bytes)
    if "\0" in text:
        raise OutputError(f"{path.name}: has zero bytes; write CSV as text")
    try:
        return list(csv.reader(text.splitlines(), strict=True))
    except csv.Error as error:
        raise OutputError(f"{path.name}: is no CSV ({str(error)[:MOST_SHOWN]}); quote its cells") from error


def _decoded(path: Path, most_bytes: int) -> str:
    try:
        return read_bytes(path, most_bytes).decode("utf-8")
    except UnicodeDecodeError as error:
        raise OutputError(f"{path.name}: is not UTF-8 text (byte {error.start + 1}); write UTF-8") from error


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _whole(text: str) -> int:
    if len(text.lstrip("-")) > MOST_DIGITS:
        raise ValueError("a whole number has too many digits")
    return int(text)
