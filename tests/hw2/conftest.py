"""Fixtures that the tests of HW2 share."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def musdb_maker():
    """The module tiny_musdb.py: `make_tiny_musdb(root)`, `stems_of(song)`, `write_song`, `write_stem_mp4`."""
    spec = importlib.util.spec_from_file_location("tiny_musdb", Path(__file__).with_name("tiny_musdb.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["tiny_musdb"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def tiny_musdb(musdb_maker, tmp_path_factory) -> Path:
    """A data folder in MUSDB18-HQ's layout, 3 + 1 + 2 songs of 4 to 8 s. Read it, do not change it."""
    return musdb_maker.make_tiny_musdb(tmp_path_factory.mktemp("tiny_musdb"))


@pytest.fixture
def musdb_copy(tiny_musdb, tmp_path) -> Path:
    """An own copy of `tiny_musdb`, to spoil."""
    return shutil.copytree(tiny_musdb, tmp_path / "musdb18hq")


@pytest.fixture(scope="session")
def command(command_of):
    """Run a command of HW2 in this process: `command("train", "--epochs", 1)` -> exit code."""
    return command_of("hw2_source_separation")
