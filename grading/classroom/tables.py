"""The CSV files of a teacher: read as spreadsheets write them, written so that a spreadsheet runs nothing.

A cell that begins with = + - or @ is a formula to a spreadsheet, and a name of a file is a student's choice.
Such a cell gets an apostrophe in front. Where the list separator is the semicolon, a spreadsheet splits at
those as well, so that a formula could hide inside a cell: no cell holds one, nor a tab or a line break.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from common.cli import UserError

FORMULA = re.compile(r"[\s'\"]*[=+\-@＝＋－＠]")  # the wide ones too: some spreadsheets read them alike
LONGEST_CELL = 500  # characters

Row = dict[str, str]


def read_table(path: Path, columns: Sequence[str]) -> list[tuple[int, Row]]:
    """The rows of a CSV file with their line numbers: names of columns and values without spaces around.

    A byte order mark and semicolons between the columns, as some spreadsheets write them, are understood;
    empty rows are left out and columns that a row lacks are "". Errors: UserError for what is no such table
    and for a column of `columns` that is not there.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: is not UTF-8; save it as CSV UTF-8") from error
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text), delimiter=";" if head.count(";") > head.count(",") else ",")
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        rows = [(reader.line_num, _row(names, cells)) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        raise UserError(f"{path}: is no CSV file ({error}); save it as CSV UTF-8") from error
    missing = [column for column in columns if column not in names]
    if missing:
        raise UserError(f"{path}: has no column {' or '.join(missing)}; the first line names the columns")
    return rows


def _row(names: Sequence[str], cells: Sequence[str]) -> Row:
    filled = [*cells, *[""] * len(names)]
    return {name: cell.strip() for name, cell in zip(names, filled, strict=False)}


def table_bytes(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A CSV file for spreadsheets, UTF-8 with a byte order mark; None is an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow(["" if cell is None else safe_cell(cell) for cell in row])
    return text.getvalue().encode("utf-8-sig", errors="replace")


def safe_cell(cell: object) -> object:
    """A number as it is; text that is no formula, on one line, without semicolons."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return cell
    text = "".join(letter if letter.isprintable() else " " for letter in str(cell)).replace(";", ",")
    text = text if len(text) <= LONGEST_CELL else f"{text[:LONGEST_CELL]} ..."
    return f"'{text}" if FORMULA.match(text) else text
