"""Fixtures that the tests of all homeworks share."""

from __future__ import annotations

import importlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from common import cli

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def command_of():
    """Run the commands of a homework's package in this process.

    `command_of("hw0_note_classification")("train", "--epochs", 1)` -> exit code.
    """

    def of(package: str) -> Callable[..., int]:
        def run(name: str, *arguments) -> int:
            argv = [str(argument) for argument in arguments]
            module = importlib.import_module(f"{package}.{name}")
            if hasattr(module, "command_line"):
                config_class, presets = module.command_line(argv)
            else:
                config_class = getattr(module, f"{name.capitalize()}Config")
                presets = getattr(module, "PRESETS", None)
            with pytest.raises(SystemExit) as caught:
                cli.run(module.main, config_class, argv, presets=presets)
            return caught.value.code or 0

        return run

    return of


@pytest.fixture
def own_copy(tmp_path):
    """Copy a run folder into this test's own folder: `own_copy(cnn_run)`, which keeps its name."""
    return lambda folder: shutil.copytree(folder, tmp_path / "copies" / folder.name)


@pytest.fixture(scope="session")
def error_of():
    """The one line that a failed command says: `error_of(capsys)`."""

    def read(capsys) -> str:
        line = capsys.readouterr().err
        assert line.startswith("error: ") and line.count("\n") == 1, line
        return line

    return read


@pytest.fixture(scope="session")
def torchrun():
    """Run a script in two processes: `torchrun("hw0/train.py", "--epochs", 1)` -> the finished process."""

    def run(script: str, *options) -> subprocess.CompletedProcess:
        two = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
        return subprocess.run(
            [sys.executable, *two, str(ROOT / script), *map(str, options)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run
