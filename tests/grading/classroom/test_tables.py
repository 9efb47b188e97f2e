"""CSV files: what spreadsheets write is read, and what a student chose is no formula in them."""

from __future__ import annotations

import csv
import io

import pytest

from common.cli import UserError
from grading.classroom.tables import read_table, safe_cell, table_bytes


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1+1", "\t=1", "\r=1", "\n@x", "＝1+1", '"=1', "'=1"]
)
def test_what_begins_like_a_formula_gets_an_apostrophe(cell):
    assert safe_cell(cell).startswith("'") and safe_cell(cell)[1:].strip(" \"'") in cell


@pytest.mark.parametrize("cell", ["r12345678", "late; =1+1", "a\n=1+1", "王小明", "1 day late: -20 %"])
def test_other_text_stays_on_one_line_without_semicolons(cell):
    assert safe_cell(cell) == cell.replace(";", ",").replace("\n", " ")


def test_numbers_stay_numbers_even_below_zero():
    assert safe_cell(-1.5) == -1.5
    assert table_bytes(["a"], [[None], [-1.5]]).decode("utf-8-sig") == '"a"\n""\n-1.5\n'


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_no_spreadsheet_finds_a_formula_wherever_it_splits(delimiter):
    text = table_bytes(["file", "comment"], [["x;=1+1,=2\t=3\n=4", "=5"]]).decode("utf-8-sig")
    for row in csv.reader(io.StringIO(text), delimiter=delimiter):
        assert not any(cell.lstrip(" \"'").startswith(("=", "+", "-", "@")) for cell in row if cell[0] != "'")


def test_long_text_is_cut():
    assert len(safe_cell("x" * 10_000)) < 600


@pytest.mark.parametrize(
    "text",
    [
        "student_id,points\nr1,2\n",
        "\ufeffStudent_ID; points\n\n r1 ;2\n",
        "points,student_id,more\r\n2,r1\r\n",
    ],
)
def test_reads_what_spreadsheets_write(tmp_path, text):
    (tmp_path / "t.csv").write_text(text)
    [(_, row)] = read_table(tmp_path / "t.csv", ["student_id", "points"])
    assert (row["student_id"], row["points"]) == ("r1", "2")


def test_what_is_no_table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("a,b\n")
    with pytest.raises(UserError, match="has no column points"):
        read_table(path, ["a", "points"])
    path.write_bytes("größe".encode("latin-1"))
    with pytest.raises(UserError, match="is not UTF-8"):
        read_table(path, ["a"])
    path.write_text("")
    with pytest.raises(UserError, match="has no column a"):
        read_table(path, ["a"])
