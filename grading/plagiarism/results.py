"""Writes a comparison: the pages of the first pairs, pairs.csv, and index.html, which links to them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from common.run_folder import write_atomically
from grading.plagiarism import pages
from grading.plagiarism.code_files import Code
from grading.plagiarism.own_code import OwnCode, among
from grading.plagiarism.similarity import Comparison, Owned, Pair
from grading.plagiarism.spans import blocks, matching_runs

COLUMNS = ("rank", "score", "first", "second", "reference", "shared", "own_first", "own_second", "page")


@dataclass(frozen=True)
class Results:
    """A comparison, with all that its pages show."""

    about: str
    hand_ins: Sequence[Code]
    class_: Sequence[Owned]
    references: Sequence[Code]
    own_code: OwnCode
    comparison: Comparison


def write(results: Results, out: Path, *, with_page: int) -> None:
    """Write everything into the folder `out`, the list last; pages of an earlier list go.

    with_page: how many of the first pairs get a page.
    """
    out.mkdir(parents=True, exist_ok=True)
    first_pairs = results.comparison.pairs[:with_page]
    for rank, pair in enumerate(first_pairs, start=1):
        _write_text(out / pages.pair_name(rank), pair_page(results, pair, rank))
    _write_text(out / "pairs.csv", table(results.comparison, len(first_pairs)))
    hand_ins = list(zip(results.hand_ins, results.class_, strict=True))
    index = pages.index_page(
        results.comparison, hand_ins, results.references, pages=len(first_pairs), about=results.about
    )
    _write_text(out / "index.html", index)
    written = {pages.pair_name(rank) for rank in range(1, len(first_pairs) + 1)}
    for old in out.glob("pair_[0-9]*.html"):
        if old.name not in written:
            old.unlink()


def _write_text(path: Path, text: str) -> None:
    write_atomically(path, text.encode("utf-8", errors="replace"))  # a name may be no UTF-8


def pair_page(results: Results, pair: Pair, rank: int) -> str:
    """The page of one pair."""
    first = next(code for code in results.hand_ins if code.name == pair.first)
    others = results.references if pair.reference else results.hand_ins
    second = next(code for code in others if code.name == pair.second)
    own_code, frequent = results.own_code, results.comparison.frequent
    counted = np.intersect1d(own_code.fingerprints(first), own_code.fingerprints(second), assume_unique=True)
    if not pair.reference:
        counted = counted[~among(counted, frequent)]
    runs = matching_runs(own_code.files_with(first, counted), own_code.files_with(second, counted), counted)
    texts = own_code.library.texts
    sides = tuple({path: texts[key] for path, key in code.files.items()} for code in (first, second))
    return pages.pair_page(pair, rank, blocks(runs), sides)


def table(comparison: Comparison, with_page: int) -> str:
    """pairs.csv: every pair that shares something."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for rank, pair in enumerate(comparison.pairs, start=1):
        page = pages.pair_name(rank) if rank <= with_page else ""
        names = inert(pair.first), inert(pair.second)
        numbers = pair.shared, pair.own_first, pair.own_second
        writer.writerow((rank, f"{pair.score:.4f}", *names, int(pair.reference), *numbers, page))
    return text.getvalue()


def inert(name: str) -> str:
    """A name that no spreadsheet takes for a formula."""
    return ("'" if name.startswith(("=", "+", "-", "@", "\t", "\r")) else "") + pages.visible(name)
