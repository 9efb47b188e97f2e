"""Fixtures that the tests of all homeworks share."""

from __future__ import annotations

import base64
import importlib
import io
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

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


class Page(HTMLParser):
    """A parsed page: its elements with attributes and text; `open` are those that were not closed."""

    VOID = {"meta", "link", "br", "hr", "img", "input"}

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements, self.open = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append({"tag": tag, "text": "", **dict(attributes)})
        if tag not in self.VOID:
            self.open.append(self.elements[-1])

    def handle_startendtag(self, tag, attributes):
        self.elements.append({"tag": tag, "text": "", **dict(attributes)})

    def handle_endtag(self, tag):
        assert self.open.pop()["tag"] == tag

    def handle_data(self, data):
        if self.open:
            self.open[-1]["text"] += data

    @property
    def tags(self) -> list[str]:
        return [element["tag"] for element in self.elements]

    def of(self, tag: str = "", class_: str = "", **attributes: str) -> list[dict[str, str]]:
        """The elements with a tag, with a class among theirs, and with these attributes."""
        return [
            element
            for element in self.elements
            if tag in ("", element["tag"])
            and (not class_ or class_ in element.get("class", "").split())
            and attributes.items() <= element.items()
        ]

    def texts(self, tag: str) -> list[str]:
        return [element["text"] for element in self.of(tag)]

    @property
    def addresses(self) -> list[str]:
        """What the page shows, plays, or links to."""
        return [
            v for element in self.elements for name, v in element.items() if name.endswith(("src", "href"))
        ]

    @property
    def data(self) -> Any:
        """What its script gets."""
        [element] = self.of("script", id="data")
        return json.loads(element["text"])


@pytest.fixture(scope="session")
def parsed():
    """Parse a page: `parsed(text)` -> Page."""
    return Page


@pytest.fixture(scope="session")
def content_of():
    """What a data: address holds: `content_of(address, "audio/mpeg")` -> a file."""

    def read(address: str, kind: str) -> io.BytesIO:
        head, _, text = address.partition(",")
        assert head == f"data:{kind};base64"
        return io.BytesIO(base64.b64decode(text))

    return read
