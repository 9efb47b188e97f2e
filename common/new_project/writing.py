"""Writes a new project from the files in template/: all of it, or nothing."""

from __future__ import annotations

import keyword
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

from common import assignments
from common.cli import UserError

TEMPLATE = Path(__file__).with_name("template")
PROJECTS, TESTS = Path("final_project"), Path("tests/final_project")
NAME = re.compile(r"[a-z][a-z0-9_]{2,23}")  # in full; 24 letters still fit the template's longest lines
TITLE = re.compile(r"[^\s\"\\][^\"\\\n\r]{0,59}")
TAKEN = ("hw0", "hw1", "hw2", "hw3", "project_name", "test", "tests", "model", "common", "grading")
NAME_MARK, TITLE_MARK = "project_name", "Project Title"


def check_name(name: str) -> str:
    """The name of a package that is free for a project. Errors: UserError."""
    if not NAME.fullmatch(name) or name.endswith("_"):
        raise UserError(
            f"{name}: no name for a project; give 3 to 24 small letters, digits and _, as in my_taiko"
        )
    if keyword.iskeyword(name) or name in sys.stdlib_module_names or name in TAKEN:
        raise UserError(f"{name}: the name means something else already; choose another")
    return name


def check_title(title: str) -> str:
    """A title on one line. Errors: UserError."""
    if not TITLE.fullmatch(title) or not title.isprintable():
        raise UserError('--title: give up to 60 printable characters on one line, without " and \\')
    return title.rstrip()


def write_project(name: str, *, title: str = "", root: Path | None = None) -> list[Path]:
    """Write final_project/NAME and tests/final_project/NAME below `root` (default: this project).

    title: of the README and the report; default: the name in words. Returns the files, relative to `root`.
    Errors: UserError for a name that cannot be one, or if something of that name is there already: nothing is
    ever overwritten.
    """
    root = root or assignments.ROOT
    name = check_name(name)
    title = check_title(title or name.replace("_", " ").capitalize())
    folders = {"project": PROJECTS / name, "tests": TESTS / name}
    refuse_taken(name, folders.values(), root)
    for parent in (PROJECTS, TESTS):
        (root / parent).mkdir(parents=True, exist_ok=True)
    package = root / PROJECTS / "__init__.py"
    if not package.exists():
        package.write_text('"""The final projects."""\n', encoding="utf-8")
    with tempfile.TemporaryDirectory(dir=root / PROJECTS, prefix=".new_") as scratch:
        for part in folders:
            shutil.copytree(
                TEMPLATE / part, Path(scratch) / part, ignore=shutil.ignore_patterns("__pycache__")
            )
        for path in sorted(Path(scratch).rglob("*.*")):
            path.write_text(filled(path.read_text(encoding="utf-8"), name, title), encoding="utf-8")
        for part, folder in reversed(folders.items()):  # the project last: with it, the name is taken
            os.rename(Path(scratch) / part, root / folder)
    return sorted(path.relative_to(root) for folder in folders.values() for path in (root / folder).iterdir())


def filled(text: str, name: str, title: str) -> str:
    """A file of the template with name and title in it."""
    return text.replace(TITLE_MARK, title).replace(NAME_MARK, name)


def refuse_taken(name: str, folders, root: Path) -> None:
    """Errors: UserError if a folder is there, or another assignment is called so."""
    for folder in folders:
        if (root / folder).exists():
            raise UserError(f"{folder}: is there already; choose another name, or delete it")
    known = assignments.assignments(root)
    if name in known or name in {assignment.marker for assignment in known.values()}:
        raise UserError(f"{name}: is an assignment already; choose another name")
