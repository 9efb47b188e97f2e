"""Runs a hand-in on the inputs of a test, twice: on all of them, and on a few once more.

    record = run_hand_in(hand_in, prepared, folder)

In the folder then lie main/ and again/, each with stdout.json (what was printed), stderr.txt, and out/ (the
files that were written). The hand-in sees inputs alone: neither labels nor what it answered before.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from common.assignments import find as find_assignment
from grading.scoring.answers import OUT, STDERR, STDOUT
from grading.tasks import Prepared, find

if TYPE_CHECKING:
    from common.handin.intake import HandIn
    from common.sandbox import Limits, Outcome

ROUNDS = ("main", "again")
SEEN_INPUTS, SEEN_OUT = "/inputs", "/out"  # in the sandbox
FINISHED, NOT_RUN = "finished", "not run"


@dataclass(frozen=True)
class Round:
    """How one call of the hand-in ended. reason, returncode: as of `common.sandbox.Outcome`.

    explain: one line for the student. left_out: what it wrote and was not taken, and why. seconds and
    peak_bytes differ from call to call.
    """

    reason: str
    returncode: int | None
    explain: str
    seconds: float = 0.0
    peak_bytes: int = 0
    left_out: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether it ran to its end, and well."""
        return self.reason == FINISHED and self.returncode == 0


@dataclass(frozen=True)
class RunRecord:
    """Both rounds by name, and the folder with what they left."""

    rounds: dict[str, Round]
    outputs: Path


def run_hand_in(
    hand_in: HandIn, prepared: Prepared, outputs: Path, *, limits: Limits, unsafe: bool = False
) -> RunRecord:
    """Run the hand-in into the folder `outputs`, which is emptied first. Each call is held to `limits`.

    Nothing that the hand-in does raises; what kept it from its end is in the record. A call that does not end
    is not made again. Errors: UserError where there is no sandbox and not `unsafe`.
    """
    shutil.rmtree(outputs, ignore_errors=True)
    rounds = {}
    for name, inputs in zip(ROUNDS, (prepared.inputs, prepared.again), strict=True):
        folder = outputs / name
        (folder / OUT).mkdir(parents=True)
        if rounds and rounds[ROUNDS[0]].reason != FINISHED:
            rounds[name] = Round(NOT_RUN, None, "not asked again, as the first call did not come to its end")
            continue
        rounds[name] = _run(hand_in, prepared, inputs, folder, limits, unsafe)
    return RunRecord(rounds, outputs)


def _run(
    hand_in: HandIn, prepared: Prepared, inputs: Path, folder: Path, limits: Limits, unsafe: bool
) -> Round:
    """One round, with what it left in `folder`: one call, or several where one would write too much."""
    from common import sandbox

    def call(inputs: Path, out: Path) -> Outcome:
        words = command(hand_in, prepared.assignment)
        return sandbox.run(words, code=hand_in.root, inputs=inputs, out=out, limits=limits, unsafe=unsafe)

    outcomes: list[Outcome] = []
    parts = in_parts(inputs, find(prepared.assignment).bytes_per_input_byte, limits.out_bytes)
    for part in parts if len(parts) > 1 else []:
        with linked(part, beside=folder) as some, emptied_into(folder / OUT) as out:
            outcomes.append(call(some, out))
        if outcomes[-1].reason != FINISHED:
            break
    outcomes = outcomes or [call(inputs, folder / OUT)]
    (folder / STDOUT).write_bytes(b"".join(outcome.stdout for outcome in outcomes))
    (folder / STDERR).write_bytes(b"".join(outcome.stderr for outcome in outcomes))
    worst = next((outcome for outcome in outcomes if not outcome.ok), outcomes[0])
    return Round(
        worst.reason,
        worst.returncode,
        worst.explain(),
        sum(outcome.seconds for outcome in outcomes),
        max(outcome.peak_bytes for outcome in outcomes),
        tuple(line for outcome in outcomes for line in outcome.left_out),
    )


def in_parts(inputs: Path, bytes_per_byte: float, most_bytes: int) -> list[list[Path]]:
    """The inputs in order, parted so that no more than `most_bytes` are written for each part."""
    parts, written = [[]], 0.0
    for path in sorted(inputs.iterdir()):
        expected = bytes_per_byte * path.stat().st_size
        if parts[-1] and written + expected > most_bytes:
            parts.append([])
            written = 0.0
        parts[-1].append(path)
        written += expected
    return parts


@contextmanager
def linked(paths: Sequence[Path], *, beside: Path) -> Iterator[Path]:
    """A folder that holds these files alone, for a while."""
    with TemporaryDirectory(prefix=".inputs_", dir=beside) as folder:
        for path in paths:
            try:
                os.link(path, Path(folder) / path.name)
            except OSError:  # on another disk
                shutil.copy2(path, Path(folder) / path.name)
        yield Path(folder)


@contextmanager
def emptied_into(folder: Path) -> Iterator[Path]:
    """An empty folder, whose contents go on to `folder` where that has not their like."""
    with TemporaryDirectory(prefix=".out_", dir=folder.parent) as out:
        yield Path(out)
        for path in Path(out).iterdir():
            if not os.path.lexists(folder / path.name):
                path.replace(folder / path.name)


def command(hand_in: HandIn, assignment: str) -> list[str]:
    """The words that are run, in the folder of the hand-in: those of its README."""
    model = hand_in.model.relative_to(hand_in.root).as_posix()
    return find_assignment(assignment).infer_command(model, SEEN_INPUTS, SEEN_OUT)
