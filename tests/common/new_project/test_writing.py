"""A new project: what is written, what is refused, and that the house's style holds whatever the name."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from common import assignments
from common.cli import UserError
from common.new_project import __main__ as command
from common.new_project import check_name, write_project
from common.new_project.writing import TEMPLATE
from common.report import template

ROOT = Path(__file__).parents[3]
PROJECT_FILES = {
    *("README.md", "data.py", "models.py", "train.py", "eval.py", "infer.py"),
    *("__init__.py", "hand_in.py", "LOG.md", "report.md"),
}
LONGEST = "a_name_of_24_letters_abc"
FIRST_PARTY = 'lint.isort.known-first-party = ["final_project", "common"]'


def test_all_files_are_there_with_name_and_title_in_them(tmp_path):
    written = write_project("taiko", title="Drums, mapped", root=tmp_path)
    folder = tmp_path / "final_project" / "taiko"
    assert {path.name for path in folder.iterdir()} == PROJECT_FILES
    tests = [path for path in written if path.parts[0] == "tests"]
    assert {path.parent.as_posix() for path in tests} == {"tests/final_project/taiko"} and len(tests) == 3
    assert sorted(written) == sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("taiko/*"))
    for path in written:
        text = (tmp_path / path).read_text(encoding="utf-8")
        assert "project_name" not in text and "Project Title" not in text
        if path.suffix == ".py":
            ast.parse(text)
    assert (folder / "README.md").read_text().startswith("# Drums, mapped\n")
    assert (tmp_path / "final_project" / "__init__.py").is_file()
    assert [path.name for path in (tmp_path / "final_project").iterdir() if path.name[0] == "."] == []


def test_the_hand_in_is_found(tmp_path):
    write_project("my_taiko", root=tmp_path)
    assignment = assignments.find("final_project/my_taiko/", tmp_path)
    assert (assignment.short, assignment.title) == ("my_taiko", "My taiko")
    assert assignment.script("train.py") == "final_project/my_taiko/train.py"
    examples = assignments.write_examples(assignment, tmp_path / "examples", tmp_path)
    assert len(examples) == 3 and all(path.stat().st_size > 1000 for path in examples)


def test_the_report_to_fill_in_is_the_one_of_every_assignment(tmp_path):
    write_project("taiko", title="Drums", root=tmp_path)
    words = (tmp_path / "final_project" / "taiko" / "report.md").read_text(encoding="utf-8")
    assert words == template(assignments.find("taiko", tmp_path))


@pytest.mark.parametrize(
    "name",
    ["", "ab", "Taiko", "tai-ko", "2taiko", "tai ko", "taiko_", "../taiko", "täiko", "a" * 25]
    + ["import", "json", "hw1", "common", "project_name"],
)
def test_names_that_cannot_be_are_refused(name, tmp_path):
    with pytest.raises(UserError, match="choose another|give 3 to 24"):
        write_project(name, root=tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("title", ['a "b"', "a\\b", "a\nb", "\x1b[1m", "x" * 61])
def test_titles_that_would_break_the_code_are_refused(title, tmp_path):
    with pytest.raises(UserError, match="--title: give up to 60 printable characters"):
        write_project("taiko", title=title, root=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path):
    write_project("taiko", root=tmp_path)
    own = tmp_path / "final_project" / "taiko" / "models.py"
    own.write_text("mine")
    with pytest.raises(UserError, match="^final_project/taiko: is there already"):
        write_project("taiko", root=tmp_path)
    own.unlink()
    for path in sorted((tmp_path / "final_project" / "taiko").iterdir()):
        path.unlink()
    own.parent.rmdir()
    with pytest.raises(UserError, match="^tests/final_project/taiko: is there already"):
        write_project("taiko", root=tmp_path)
    assert not own.parent.exists()


def test_a_short_name_of_another_folder_is_taken(tmp_path):
    write_project("taiko", root=tmp_path)
    other = tmp_path / "final_project" / "taiko"
    text = (other / "hand_in.py").read_text().replace('short="taiko"', 'short="drums"')
    (other / "hand_in.py").write_text(text)
    with pytest.raises(UserError, match="drums: is an assignment already"):
        write_project("drums", root=tmp_path)


def test_the_command_tells_what_to_type_next(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(assignments, "ROOT", tmp_path)
    command.main(command.NewProjectConfig(name="taiko"))
    told = capsys.readouterr().out.splitlines()
    assert "final_project/taiko/train.py" in told
    assert told[-1] == "next: python final_project/taiko/train.py --preset quick"


@pytest.mark.parametrize("name", ["abd", LONGEST])
def test_the_written_code_keeps_the_style_of_the_house(name, tmp_path):
    assert check_name(name) == name
    write_project(name, title="T" * 60, root=tmp_path)
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    for words in (["check", "--config", FIRST_PARTY], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--no-cache", "."],
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout


def test_the_template_can_be_packed_with_every_hand_in():
    from common.handin.names import name_violations
    from common.handin.rules import IntakeLimits

    names = [str(path.relative_to(ROOT)) for path in TEMPLATE.rglob("*.*") if "__pycache__" not in path.parts]
    assert name_violations(names, IntakeLimits()) == []
