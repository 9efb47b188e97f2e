"""The check before the upload: the rules, the empty pages, and a try in the sandbox."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest

from common import sandbox
from common.cli import UserError
from common.handin.check import PLACEHOLDER, answers_of, beginning, check, left_in, pages_without_words
from common.handin.pack import pack
from common.report import EMPTY_NOTE

UNSAFE = sandbox.missing() is not None  # macOS, some containers


@pytest.fixture
def archive(project, tmp_path):
    """Pack the project, as it is then."""

    def make() -> Path:
        order = project.order(tmp_path / "out")
        pack(order)
        return order.archive

    return make


def test_a_good_hand_in_passes_every_rule_and_leaves_nothing_behind(archive, tmp_path, monkeypatch):
    path = archive()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    checked = check(path)
    assert checked.acceptable and not checked.broken
    assert any("Final project: shouting, by r12345678; 6 parameters" in line for line in checked.lines)
    assert "report: 8 pages, none left empty" in checked.lines
    assert not any("FAILED" in line for line in checked.lines)
    assert list((tmp_path / "tmp").iterdir()) == []


def test_what_is_broken_is_told_by_the_name_of_its_rule(making, zipped):
    rejected = check(zipped({"../evil.py": b""}))
    assert not rejected.acceptable and [one.rule for one in rejected.broken] == ["parent-path"]
    assert "parent-path                REJECTED" in rejected.lines
    faulty = check(zipped(making.hand_in_files() | {"README.md": b"no command"}))
    assert {one.rule for one in faulty.broken} == {"readme-command", "manifest-differs"}
    assert "readme-command             FAILED" in faulty.lines
    assert "one-model                  passed" in faulty.lines


def test_no_file(tmp_path):
    with pytest.raises(
        UserError, match="no such file; name the zip that `python -m common.handin pack` wrote"
    ):
        check(tmp_path / "none.zip")
    with pytest.raises(UserError, match="is a folder, not a zip; name the zip"):
        check(tmp_path)


def test_pages_that_wait_for_words_are_named():
    assert PLACEHOLDER == EMPTY_NOTE
    pages = [
        "HW1\nWang",
        "Novelty\n(to be\nwritten)\n2",
        "Results\nF1 .6\n3",
        "  \nFindings\n(to be written)",
    ]
    assert pages_without_words(pages) == ["Novelty", "Findings"]


def test_the_examples_run_in_the_sandbox_on_the_code_of_the_zip(project, archive):
    checked = check(archive(), run=True, unsafe=UNSAFE)
    text = "\n".join(checked.lines)
    assert checked.acceptable, text
    assert '"text": "ONE!"' in text  # what the zip's own common made of it
    assert "in OUT: three.txt, 6 bytes" in text and "answers: 3 of 3 examples" in text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("raise SystemExit('no model')", "ended with exit code 1; it wrote last: no model"),
        ("print('[]'); raise SystemExit(0)", "answers: 0 of 3 examples"),
        ("print('nonsense\\x1b[31m'); raise SystemExit(0)", "nonsense[31m"),
    ],
)
def test_a_command_that_does_not_answer_is_shown(project, archive, line, told):
    (project.root / "final_project/tiny/infer.py").write_text(line)
    checked = check(archive(), run=True, unsafe=UNSAFE)
    assert not checked.acceptable and not checked.broken
    assert told in "\n".join(checked.lines)


def test_what_a_stranger_printed_is_read_within_bounds(tmp_path):
    assert answers_of(b"[" * 100_000) == answers_of(b"1") == answers_of(b"\xff") == []
    assert answers_of(json.dumps([{"a": 1}, 2]).encode()) == [{"a": 1}]
    shown = beginning(["x" * 1000] * 30)
    assert len(shown) == 13 and len(shown[0]) < 110 and shown[-1] == "... 18 lines more"
    for number in range(20):
        (tmp_path / f"{number:02}").write_text("x")
    assert left_in(tmp_path)[-1] == "... 8 lines more"
