"""Which figures share a slide, what they are called, and how report.txt is laid out."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.cli import UserError
from common.report import listing
from common.report.build import _Images
from common.report.facts import duration, value_text
from common.report.figures import Picture, arrange, title_of


@pytest.mark.parametrize(
    ("stem", "title"),
    [
        ("confusion", "Confusion table"),
        ("sdr_by_song", "SDR by song"),
        ("f1_by_class", "F1 by class"),
        ("activity_Track01876", "Activity: Track01876"),
        ("spectrograms_Olga - Loch Vach", "Spectrograms: Olga - Loch Vach"),
        ("piano_rolls_2", "Piano rolls 2"),
        ("中文", "中文"),
    ],
)
def test_titles_come_from_file_names(stem, title):
    assert title_of(stem) == title


def test_two_flat_figures_share_a_slide_if_they_stay_readable():
    flat, square = Picture(Path("a.png"), "a", 576, 194), Picture(Path("b.png"), "b", 698, 684)
    assert arrange([flat, flat, flat, square, square, flat]) == [
        [flat, flat],
        [flat],
        [square],
        [square],
        [flat],
    ]
    assert square.is_tall and not flat.is_tall


def test_narrow_tables_stand_beside_one_another_and_wide_ones_below():
    narrow = "name  value\na     1"
    wide = "name  " + "x" * 110 + "\na     1"
    size, rows = listing.arrange(f"{narrow}\n\n{narrow}\n\n{wide}")
    assert size == 10.5 and [len(row) for row in rows] == [2, 1]


def test_a_long_table_is_cut_under_its_first_line_and_nothing_is_lost():
    lines = [f"song {i:3}  {i}" for i in range(150)]
    size, rows = listing.arrange("\n".join(["head  score", *lines]))
    pieces = [block.lines for row in rows for block in row]
    assert all(piece[0] == "head  score" for piece in pieces)
    assert [line for piece in pieces for line in piece[1:]] == lines
    assert max(map(len, pieces)) * size * listing.LINE <= listing.HEIGHT


def test_every_row_fits_its_slide():
    table = "\n".join(["a" * 40 + "  b", *(f"{i:40}  x" for i in range(8))])
    size, rows = listing.arrange("\n\n".join([table] * 9))
    for row in rows:
        letters = sum(block.width for block in row) + listing.GAP * (len(row) - 1)
        assert letters * listing.LETTER * size <= listing.WIDTH


def test_what_nobody_would_read_is_left_in_the_file():
    _, rows = listing.arrange("\n".join(f"line  {i}" for i in range(1000)))
    assert rows[-1][-1].lines == ("... and 600 more lines in report.txt",)


def test_values_and_times_are_short():
    assert [value_text(value) for value in (None, True, 1e-3, [], [1, 2], "x" * 200)] == [
        "–",
        "yes",
        "0.001",
        "none",
        "1 2",
        "x" * 117 + "...",
    ]
    assert [duration(seconds) for seconds in (7.06, 754.2, 7300)] == ["7.1 s", "12 min 34 s", "2 h 1 min"]


def test_pictures_lie_beside_the_words(words_file):
    images = _Images(words_file.parent)
    assert [images("pictures/mine.png"), images("pictures/mine.png")] == ["words/1_mine.png"] * 2
    (words_file.parent / "no.png").write_bytes(b"no image")
    for address, message in (
        ("https://x.org/a.png", "on the network"),
        ("../secret.png", "outside the folder"),
        ("/etc/passwd", "outside the folder"),
        ("report.md", "no picture there"),
        ("missing.png", "no picture there"),
        ("no.png", "no image"),
    ):
        with pytest.raises(UserError, match=message):
            images(address)
