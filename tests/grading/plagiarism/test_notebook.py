"""Notebooks: their code cells become one text."""

from __future__ import annotations

import json

import pytest

from grading.plagiarism import notebook
from grading.plagiarism.notebook import NotebookError, notebook_code


def cell(source, kind: str = "code") -> dict:
    return {"cell_type": kind, "source": source, "metadata": {}, "outputs": [{"text": "x = 1"}]}


def written(*cells) -> bytes:
    return json.dumps({"cells": cells, "nbformat": 4}).encode()


def test_code_cells_follow_each_other():
    data = written(cell(["a = 1\n", "b = 2"]), cell("# title", "markdown"), cell("c = 3\r\n"))
    assert notebook_code(data) == "# cell 1\na = 1\nb = 2\n# cell 2\nc = 3\n\n"


@pytest.mark.parametrize(
    "magic", ["%matplotlib inline", "!pip install x", "?print", "print?", "  %time f(x)"]
)
def test_lines_of_ipython_become_empty(magic):
    assert notebook_code(written(cell(f"a = 1\n{magic}\nb = 2"))) == "# cell 1\na = 1\n\nb = 2\n"


@pytest.mark.parametrize(
    ("source", "code"),
    [("%%time\na = 1", "\na = 1"), ("\n%%bash\nls -l", ""), ("%%writefile x.py\na = 1", "\na = 1")],
)
def test_cells_of_other_languages_are_left_out(source, code):
    assert notebook_code(written(cell(source))) == f"# cell 1\n{code}\n"


def test_the_old_format_is_read():
    data = json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": ["a = 1"]}]}]}).encode()
    assert notebook_code(data) == "# cell 1\na = 1\n"


@pytest.mark.parametrize(
    "data",
    [b"", b"[1]", b"{", b"\xff\xfe\0", b"[" * 100_000, b'{"cells":' * 5_000, b"1" * 5_000],
)
def test_what_is_no_notebook_is_an_error(data):
    with pytest.raises(NotebookError, match="no notebook"):
        notebook_code(data)


@pytest.mark.parametrize("cells", [None, 3, {"a": 1}, [1, None, [], {"cell_type": "code", "source": 5}]])
def test_odd_cells_are_passed_over(cells):
    assert notebook_code(json.dumps({"cells": cells}).encode()) == ""


def test_a_tree_too_large_is_not_built(monkeypatch):
    monkeypatch.setattr(notebook, "MOST_PARTS", 10)
    with pytest.raises(NotebookError, match="too many parts"):
        notebook_code(b"[" + b"1," * 10 + b"1]")
