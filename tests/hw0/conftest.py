"""Fixtures that the tests of HW0 share."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def nsynth_maker():
    """The module tiny_nsynth.py: `make_tiny_nsynth(root)` and its parts, for tests that spoil their copy."""
    spec = importlib.util.spec_from_file_location("tiny_nsynth", Path(__file__).with_name("tiny_nsynth.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiny_nsynth(nsynth_maker, tmp_path_factory) -> Path:
    """A data folder with nsynth-train, -valid and -test (88, 44 and 40 notes). Read it, do not change it."""
    return nsynth_maker.make_tiny_nsynth(tmp_path_factory.mktemp("tiny_nsynth"))


@pytest.fixture(scope="session")
def _clean_folder(nsynth_maker, tmp_path_factory) -> Path:
    root = nsynth_maker.make_tiny_nsynth(tmp_path_factory.mktemp("clean"), instruments={"train": 1})
    return root / "nsynth-train"


@pytest.fixture
def folder(_clean_folder, tmp_path) -> Path:
    """A split folder nsynth-train of 44 notes, 4 of each family, to spoil."""
    return shutil.copytree(_clean_folder, tmp_path / "nsynth-train")


@pytest.fixture(scope="session")
def command(command_of):
    """Run a command of HW0 in this process: `command("train", "--epochs", 1)` -> exit code."""
    return command_of("hw0_note_classification")


@pytest.fixture(scope="session")
def cnn_run(command, tiny_nsynth, tmp_path_factory) -> Path:
    """The run folder of a small CNN trained on the tiny data. Read it, do not change it."""
    out = tmp_path_factory.mktemp("runs") / "cnn"
    assert command("train", "--preset", "quick", "--epochs", 9, "--data", tiny_nsynth, "--out", out) == 0
    return out


@pytest.fixture(scope="session")
def knn_run(command, tiny_nsynth, tmp_path_factory) -> Path:
    """The run folder of k nearest neighbours trained on the tiny data. Read it, do not change it."""
    out = tmp_path_factory.mktemp("runs") / "knn"
    assert command("train", "--preset", "quick", "--model", "knn", "--data", tiny_nsynth, "--out", out) == 0
    return out


@pytest.fixture
def linked(tmp_path):
    """A data folder with some splits of another one: `linked(tiny_nsynth, "train", "valid")`."""

    def link(root: Path, *splits: str, name: str = "data") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for split in splits:
            (folder / f"nsynth-{split}").symlink_to(root / f"nsynth-{split}")
        return folder

    return link
