"""Fixtures that the tests of HW1 share."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def slakh_maker():
    """The module tiny_slakh.py: `make_tiny_slakh(root)`, `make_tiny_release(root)`, `plan()`, `truth`."""
    spec = importlib.util.spec_from_file_location("tiny_slakh", Path(__file__).with_name("tiny_slakh.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["tiny_slakh"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiny_slakh(slakh_maker, tmp_path_factory) -> Path:
    """A data folder in Slakh2100's layout, 4 + 2 + 2 tracks, 12 + 5 + 7 clips. Read it, do not change it."""
    return slakh_maker.make_tiny_slakh(tmp_path_factory.mktemp("tiny_slakh"))


@pytest.fixture(scope="session")
def tiny_release(slakh_maker, tmp_path_factory) -> Path:
    """The same music in the layout of the course's release. Read it, do not change it."""
    return slakh_maker.make_tiny_release(tmp_path_factory.mktemp("tiny_release"))


@pytest.fixture
def slakh_copy(tiny_slakh, tmp_path) -> Path:
    """An own copy of `tiny_slakh`, to spoil."""
    return shutil.copytree(tiny_slakh, tmp_path / "slakh2100")


@pytest.fixture
def release_copy(tiny_release, tmp_path) -> Path:
    """An own copy of `tiny_release`, to spoil."""
    return shutil.copytree(tiny_release, tmp_path / "release")


@pytest.fixture(scope="session")
def command(command_of):
    """Run a command of HW1 in this process: `command("train", "--epochs", 1)` -> exit code."""
    return command_of("hw1_instrument_detection")


@pytest.fixture(scope="session")
def cnn_run(command, tiny_slakh, tmp_path_factory) -> Path:
    """The run folder of a small CNN trained on the tiny data. Read it, do not change it."""
    out = tmp_path_factory.mktemp("runs") / "cnn"
    assert command("train", "--preset", "quick", "--data", tiny_slakh, "--out", out) == 0
    return out


@pytest.fixture
def linked(tmp_path):
    """A data folder with some splits of another one: `linked(tiny_slakh, "train", "validation")`."""

    def link(root: Path, *splits: str, name: str = "data") -> Path:
        folder = tmp_path / name
        folder.mkdir()
        for split in splits:
            (folder / split).symlink_to(root / split)
        return folder

    return link
