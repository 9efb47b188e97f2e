"""A new project from its first minute to its grade, in a copy of this one, by commands as they are typed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from common import sandbox
from common.new_project import write_project

ROOT = Path(__file__).parents[3]
COPIED = ("common", "grading", "tests/conftest.py", "pyproject.toml", "requirements.txt", "LICENSE")
UNSAFE = ["--unsafe"] if sandbox.missing() is not None else []  # macOS, some containers
ARCHIVE = "handin/r12345678_taiko.zip"
WORDS = "Name: Somebody\n" + "".join(
    f"\n# {heading}\n\nA sentence that is long enough to count as words of the student.\n"
    for heading in ("Novelty", "Methodology", "Results", "Findings", "Details", "Analysis and discussion")
)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A checkout with the shared code, the grader and one new project."""
    folder = tmp_path_factory.mktemp("checkout")
    for name in COPIED:
        (folder / name).parent.mkdir(exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, folder / name)
    write_project("taiko", title="A drum game that maps itself", root=folder)
    return folder


@pytest.fixture(scope="module")
def typed(root):
    """Run `python WORDS...` there -> what it printed."""

    def run(*words: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
        done = subprocess.run(
            [sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, f"{words}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
        return done.stdout

    return run


@pytest.mark.slow
def test_from_the_first_minute_to_the_grade(root, typed):
    # The project's own tests pass as they were written.
    typed("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/final_project/taiko")
    # Trained, evaluated by pack, packed with words for the report, checked, graded.
    typed("final_project/taiko/train.py", "--preset", "quick")
    (root / "final_project/taiko/report.md").write_text(WORDS)
    packed = typed("-m", "common.handin", "pack", "taiko", "--student-id", "r12345678")
    assert "none left empty" in packed and "accepted, no faults" in packed
    metrics = json.loads((root / "runs/taiko/network_quick/metrics.json").read_text())
    assert metrics["top1"] > metrics["baseline_majority_top1"]
    checked = typed("-m", "common.handin", "check", ARCHIVE, "--run", *UNSAFE)
    assert "answers: 3 of 3 examples" in checked and checked.endswith(f"{ARCHIVE}: acceptable\n")
    graded = typed("-m", "grading", "grade", ARCHIVE, *UNSAFE)
    assert graded.splitlines()[-1].split() == ["score", "100.00", "of", "100.00"], graded
