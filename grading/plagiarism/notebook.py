"""The code of a Jupyter notebook, as one Python text. Nothing but JSON is read, nothing is run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from common.cli import UserError

MOST_PARTS = 2_000_000  # of JSON: a small file must not become a large tree
PYTHON_MAGICS = frozenset(
    ("capture", "file", "prun", "px", "python", "python3", "time", "timeit", "writefile")
)


class NotebookError(UserError):
    """A notebook whose code cannot be found."""


def notebook_code(data: bytes) -> str:
    """The code cells one after the other, each below a comment with its number; magics become empty lines.

    Errors: NotebookError for what is no notebook.
    """
    if sum(data.count(mark) for mark in (b"[", b"{", b",")) > MOST_PARTS:
        raise NotebookError("a notebook of too many parts")
    try:
        notebook = json.loads(data.decode("utf-8-sig", errors="replace"))
    except (ValueError, RecursionError) as error:
        raise NotebookError("no notebook: its JSON cannot be read") from error
    cells = [source for cell in _cells(notebook) if (source := _source(cell)) is not None]
    return "".join(f"# cell {number}\n{python_of(cell)}\n" for number, cell in enumerate(cells, start=1))


def _cells(notebook: Any) -> Iterator[dict[str, Any]]:
    """The cells of format 4, or of the sheets of format 3."""
    if not isinstance(notebook, dict):
        raise NotebookError("no notebook: its JSON is no object")
    sheets = notebook.get("worksheets")
    for holder in [notebook, *(sheets if isinstance(sheets, list) else [])]:
        cells = holder.get("cells") if isinstance(holder, dict) else None
        yield from (cell for cell in cells if isinstance(cell, dict)) if isinstance(cells, list) else ()


def _source(cell: dict[str, Any]) -> str | None:
    """The text of a code cell, None for another cell."""
    source = cell.get("source", cell.get("input"))
    if cell.get("cell_type") != "code" or not isinstance(source, (str, list)):
        return None
    parts = [source] if isinstance(source, str) else [part for part in source if isinstance(part, str)]
    return "".join(parts).replace("\r\n", "\n").replace("\r", "\n")


def python_of(cell: str) -> str:
    """A cell without IPython's own lines, which become empty; nothing of a cell in another language."""
    lines = cell.split("\n")
    first = next((line.strip() for line in lines if line.strip()), "")
    if first.startswith("%%") and first[2:].split(" ", 1)[0] not in PYTHON_MAGICS:
        return ""
    return "\n".join("" if _is_magic(line.strip()) else line for line in lines)


def _is_magic(line: str) -> bool:
    return line.startswith(("%", "!", "?")) or (line.endswith("?") and "#" not in line)
