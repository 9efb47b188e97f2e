"""A class of fake hand-ins, graded by fake_grader.py in real processes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from grading.classroom.class_run import RunConfig, run_class
from grading.classroom.tools import Tools

HERE = Path(__file__).parent


@pytest.fixture
def fake(monkeypatch):
    """The module fake_grader, where the grading processes find it, too."""
    monkeypatch.setattr(sys, "path", [str(HERE), *sys.path])
    import fake_grader

    return fake_grader


@pytest.fixture
def zips(tmp_path):
    """`zips(r12345678_hw0={"points": 7})` writes files and returns their folder."""

    def write(folder: str = "zips", **wishes) -> Path:
        (tmp_path / folder).mkdir(exist_ok=True)
        for name, wish in wishes.items():
            (tmp_path / folder / f"{name}.zip").write_text(json.dumps(wish))
        return tmp_path / folder

    return write


@pytest.fixture
def run(fake, tmp_path):
    """Grade a folder into `run.out`: `run(folder, jobs=1, version="2", received="file,time\\n...")`."""

    def of(folder: Path, *, version: str = "1", data: str = "d1", slow: float = 0.0, **options) -> int:
        for name in ("received", "overrides"):
            if name in options:
                path = tmp_path / f"{name}.csv"
                path.write_text(options[name])
                options[name] = path
        graded = {"slow": slow, "log": str(of.log)}
        tools = Tools(fake.grade, graded, version, data, "tiny data")
        config = RunConfig(folder=folder, out=of.out, assignment="hw0", **options)
        return run_class(config, lambda config, assignment: tools)

    of.out = tmp_path / "out"
    of.log = tmp_path / "graded.txt"
    return of


@pytest.fixture
def record(run):
    """class.json: `record()["students"]` by id."""

    def read() -> dict:
        found = json.loads((run.out / "class.json").read_text())
        return found | {"students": {one["student_id"]: one for one in found["students"]}}

    return read
