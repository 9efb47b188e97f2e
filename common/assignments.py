"""What there is to hand in: the homeworks, and the final projects that are finished.

    find("hw1").infer_command()   # python -m hw1_instrument_detection.infer --model model INPUTS --json
    for short, assignment in assignments().items(): ...

Each assignment describes itself in its own folder, in hand_in.py: `HAND_IN`, an `Assignment`, and
`examples(folder)`, which writes three inputs that everybody may see. hand_in.py is imported for its facts
alone, so it imports what is heavy within `examples`.
"""

from __future__ import annotations

import importlib.util
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from common.cli import UserError

ROOT = Path(__file__).resolve().parents[1]
FILE = "hand_in.py"
PLACES = ("hw?_*", "final_project/*")
INPUTS, OUT = "{inputs}", "{out}"  # in `inference`


@dataclass(frozen=True)
class Headline:
    """A score of metrics.json that stands for the whole; its interval is key + "_group_low" or "_low"."""

    key: str
    label: str
    baseline_key: str | None = None
    unit: str = ""


@dataclass(frozen=True)
class Assignment:
    """What is handed in for an assignment, and how it is run.

    inference: the words after `python -m PACKAGE.infer --model MODEL`, with "{inputs}" and "{out}" in them.
    takes: what INPUTS stands for. output: what the command leaves. most_parameters: of the model, itself
    still allowed. evaluates_alone: whether eval.py needs nothing of a run but config.json, model.safetensors
    and what JSON lies beside them. builds_on: packages of homeworks that a final project imports; their code
    is handed in with it.
    """

    short: str
    package: str
    title: str
    inference: tuple[str, ...]
    takes: str
    output: str
    headlines: tuple[Headline, ...]
    most_parameters: int | None = None
    pretrained_allowed: bool = True
    evaluates_alone: bool = True
    builds_on: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        """The assignment's folder, relative to the root."""
        return Path(*self.package.split("."))

    @property
    def runs(self) -> Path:
        """Where its runs are, relative to the root."""
        return Path("runs") / self.short

    @property
    def marker(self) -> str:
        """What its run and model folders are marked with."""
        return self.folder.name

    def script(self, name: str) -> str:
        """A script as it is typed: `hw1/train.py`, `final_project/muse2bach/train.py`."""
        folder = self.short if self.folder.parent == Path() else self.folder.as_posix()
        return f"{folder}/{name}"

    def infer_command(
        self, model: str = "model", inputs: str | Sequence[str] = "INPUTS", out: str = "OUT"
    ) -> list[str]:
        """The words of the inference command, typed in the root; `inputs`: one file or several."""
        several = [inputs] if isinstance(inputs, str) else list(inputs)
        words = ["python", "-m", f"{self.package}.infer", "--model", model]
        for word in self.inference:
            words += several if word == INPUTS else [out if word == OUT else word]
        return words

    def infer_line(self) -> str:
        """The inference command as the README of a hand-in has it, INPUTS and OUT to be filled in."""
        return shlex.join(self.infer_command())


def assignments(root: Path | None = None) -> dict[str, Assignment]:
    """All assignments below `root` (default: ours) that say how they are handed in, by short name, sorted."""
    root, found = root or ROOT, {}
    for path in sorted(path for place in PLACES for path in root.glob(f"{place}/{FILE}")):
        assignment = getattr(_module(path), "HAND_IN", None)
        if not isinstance(assignment, Assignment) or root / assignment.folder != path.parent:
            raise UserError(f"{path}: defines no HAND_IN of this folder; copy the one of another assignment")
        found[assignment.short] = assignment
    return dict(sorted(found.items()))


def find(name: str, root: Path | None = None) -> Assignment:
    """The assignment of that short name or folder: "hw1", "hw1/", "hw1_instrument_detection".

    Errors: UserError, which names those that are known.
    """
    known = assignments(root)
    wanted = name.replace("\\", "/").rstrip("/").removeprefix("./").casefold()
    for short, assignment in known.items():
        if wanted in (short.casefold(), assignment.marker.casefold(), str(assignment.folder).casefold()):
            return assignment
    raise UserError(f"{name}: is no assignment; choose among {', '.join(known) or 'none (no hand_in.py)'}")


def write_examples(assignment: Assignment, folder: Path, root: Path | None = None) -> list[Path]:
    """Three inputs that everybody may see, written into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    return _module((root or ROOT) / assignment.folder / FILE).examples(folder)


@cache
def _module(path: Path) -> ModuleType:
    """The module in a file, by its place: a project elsewhere must not be taken for this one."""
    spec = importlib.util.spec_from_file_location(str(path), path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[str(path)] = module  # where dataclasses look their module up
    spec.loader.exec_module(module)
    return module
