"""report.txt on slides: tables of plain text, beside one another where they are narrow, none torn apart."""

from __future__ import annotations

import math
import re
import textwrap
import unicodedata
from dataclasses import dataclass
from functools import cached_property

WIDTH, HEIGHT = 758.0, 350.0  # points, of a slide below its title
LETTER = 0.602  # width over size of the monospaced font
LINE = 1.3  # its line spacing in sizes; in slides.typ too
SIZES = (10.5, 10.0, 9.5, 9.0)  # points; what does not fit in the smallest is broken between words
GAP = 4  # letters between tables beside one another
MOST_LINES = 400  # what a reader of slides would not read is left in the file
NOTE_WIDTH = 64  # letters, at least, of the notes below a table


@dataclass(frozen=True)
class Block:
    """Lines that belong together."""

    lines: tuple[str, ...]

    @cached_property
    def width(self) -> int:
        """In letters; Chinese ones count two."""
        return max(map(_letters, self.lines))

    @property
    def is_table(self) -> bool:
        return any(map(_is_row, self.lines))


Row = tuple[Block, ...]  # from left to right


def arrange(report: str) -> tuple[float, list[Row]]:
    """The size of the letters in points, and the rows of blocks. The largest size that adds no slide."""
    plans = {size: _rows(_blocks(report, size), size) for size in SIZES}
    fewest = min(_slides(rows, size) for size, rows in plans.items())
    return next((size, rows) for size, rows in plans.items() if _slides(rows, size) == fewest)


def _blocks(report: str, size: float) -> list[Block]:
    """The parts between empty lines, in pieces that fit on a slide."""
    lines = [line.rstrip() for line in report.strip("\n").split("\n")]
    if len(lines) > MOST_LINES:
        lines = [*lines[:MOST_LINES], "", f"... and {len(lines) - MOST_LINES} more lines in report.txt"]
    most = int(HEIGHT / (size * LINE))
    parts = [part.split("\n") for part in re.split(r"\n{2,}", "\n".join(lines))]
    return [Block(tuple(piece)) for part in _with_headings(parts) for piece in _pieces(_narrow(part), most)]


def _with_headings(parts: list[list[str]]) -> list[list[str]]:
    """A short line on its own, such as "phases", stays with the part that follows."""
    result: list[list[str]] = []
    heading: list[str] = []
    for part in parts:
        if len(part) == 1 and len(part[0]) < 30 and " " not in part[0]:
            heading += [part[0], ""]
        else:
            result.append(heading + part)
            heading = []
    return result + ([heading] if heading else [])


def _narrow(part: list[str]) -> list[str]:
    """Notes below a table are wrapped to its width."""
    rows = [index for index, line in enumerate(part) if _is_row(line)]
    if not rows:
        return part
    table, notes = part[: rows[-1] + 1], part[rows[-1] + 1 :]
    return table + textwrap.wrap(" ".join(notes), max(NOTE_WIDTH, *map(_letters, table)))


def _pieces(part: list[str], most: int) -> list[list[str]]:
    """A part in pieces of at most `most` lines, each under the first line."""
    starts = range(most, len(part), most - 1)
    return [part[:most], *([part[0], *part[start : start + most - 1]] for start in starts)]


def _rows(blocks: list[Block], size: float) -> list[Row]:
    """Each table beside the one before if both fit."""
    letters = WIDTH / (LETTER * size)
    rows: list[Row] = []
    for block in blocks:
        beside = rows[-1] if rows else ()
        tables = bool(beside) and all(one.is_table for one in (*beside, block))
        if tables and sum(one.width + GAP for one in beside) + block.width <= letters:
            rows[-1] = (*beside, block)
        else:
            rows.append((block,))
    return rows


def _slides(rows: list[Row], size: float) -> int:
    """How many slides the rows take; a row is not torn."""
    slides, filled = 1, 0.0
    for row in rows:
        height = (max(_height(block, size) for block in row) + 1) * size * LINE
        if filled and filled + height > HEIGHT + size * LINE:
            slides, filled = slides + 1, 0.0
        filled += height
    return slides


def _height(block: Block, size: float) -> int:
    """In lines, with those that are broken."""
    return sum(max(1, math.ceil(_letters(line) * LETTER * size / WIDTH)) for line in block.lines)


def _is_row(line: str) -> bool:
    """Whether a line belongs to a table: columns are two spaces apart."""
    return "  " in line.strip()


def _letters(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in line)
