"""Where hand-ins match: the right lines, the longest first, none twice."""

from __future__ import annotations

import numpy as np
import pytest

from grading.plagiarism import spans
from grading.plagiarism.own_code import all_hashes, own_file, union
from grading.plagiarism.spans import Run, blocks, matching_runs

FIRST = """def mean(values):
    total = 0.0
    for value in values:
        if value is not None and value > 0:
            total += value * 2
    return total / max(1, len(values))
"""
SECOND = """class Table:
    def rows(self, path):
        with open(path) as file:
            lines = [line.split(",") for line in file if not line.startswith("#")]
        return {row[0]: [float(cell) for cell in row[1:]] for row in lines}
"""


def runs(first: dict[str, str], second: dict[str, str], handout: str = "") -> list[Run]:
    known = all_hashes([handout])
    sides = [[(path, own_file(text, known)) for path, text in files.items()] for files in (first, second)]
    one, other = (union(file.fingerprints for _, file in side) for side in sides)
    return matching_runs(*sides, np.intersect1d(one, other))


def test_functions_in_other_places_are_found_with_their_lines():
    copy = "import os\n\n\n" + SECOND.replace("row", "entry")
    found = runs({"a.py": FIRST + "\n\n" + SECOND}, {"b.py": copy, "c.py": FIRST.replace("value", "x")})
    assert [(run.first_path, run.first_lines, run.second_path, run.second_lines) for run in found] == [
        ("a.py", (10, 13), "b.py", (5, 8)),
        ("a.py", (1, 6), "c.py", (1, 6)),
    ]
    assert found[0].length > found[1].length > 40


def test_comments_in_between_belong_to_the_run():
    copy = FIRST.replace("    for", "    # over all\n\n    for")
    [run] = runs({"a.py": FIRST}, {"b.py": copy})
    assert (run.first_lines, run.second_lines) == ((1, 6), (1, 8))


def test_no_place_is_shown_twice():
    found = runs({"a.py": FIRST}, {"b.py": FIRST, "c.py": FIRST})
    assert [(run.first_lines, run.second_path) for run in found] == [((1, 6), "b.py")]
    assert len(runs({"a.py": FIRST, "d.py": FIRST}, {"b.py": FIRST, "c.py": FIRST})) == 2


def test_a_changed_line_parts_two_runs_and_a_block_joins_them():
    one = FIRST + "    a = b\n" + "".join(SECOND.split("\n    ", 1)[1].splitlines(keepends=True)[1:])
    other = one.replace("a = b\n", "if not a: yield b ** 2\n")
    found = runs({"a.py": one}, {"b.py": other})
    assert sorted(run.first_lines for run in found) == [(1, 6), (8, 10)]
    [block] = blocks(found)
    assert (block.first_lines, block.second_lines) == ((1, 10), (1, 10))
    assert [run.first_lines for run in block.runs] == [(1, 6), (8, 10)]


def test_the_handout_is_not_shown():
    assert runs({"a.py": FIRST}, {"b.py": FIRST}, handout=FIRST) == []
    [run] = runs({"a.py": FIRST + SECOND}, {"b.py": SECOND + FIRST}, handout=FIRST)
    assert run.second_lines == (2, 5)


def test_what_does_not_count_is_not_shown():
    side = [("a.py", own_file(FIRST))]
    assert matching_runs(side, side, np.empty(0, np.uint64)) == []


@pytest.mark.parametrize("second", [{}, {"b.py": ""}, {"b.py": "x = 1\n"}])
def test_nothing_alike(second):
    assert runs({"a.py": FIRST}, second) == []


def run_at(first: int, second: int, path: str = "a.py") -> Run:
    return Run(path, (first, first + 4), "b.py", (second, second + 4), 30)


def test_blocks_are_of_two_files_in_the_same_order_and_close():
    together = [run_at(1, 11), run_at(6, 18), run_at(14, 25)]
    assert [len(block.runs) for block in blocks(together[::-1])] == [3]
    apart = [run_at(1, 50), run_at(8, 40), run_at(30, 46), run_at(36, 52, "c.py")]
    assert [len(block.runs) for block in blocks(apart)] == [1, 1, 1, 1]


def test_the_longest_block_is_first():
    found = blocks([run_at(1, 1), run_at(50, 50), run_at(55, 55)])
    assert [block.first_lines for block in found] == [(50, 59), (1, 5)]


def test_code_that_is_alike_everywhere_takes_little(monkeypatch):
    monkeypatch.setattr(spans, "MOST_EQUAL", 3_000)
    monkeypatch.setattr(spans, "MOST_DIAGONALS", 50)
    found = runs({"a.py": FIRST * 100}, {"b.py": FIRST * 100})
    assert 0 < len(found) <= 50
