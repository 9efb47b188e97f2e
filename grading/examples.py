"""Runs a hand-in on public examples: all that can be run of a final project, which has no test data."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from common import assignments, sandbox
from grading.running import SEEN_INPUTS, SEEN_OUT, Round, RunRecord
from grading.scoring.answers import OUT, STDERR, STDOUT

if TYPE_CHECKING:
    from common.handin.intake import HandIn


def run_on_examples(
    hand_in: HandIn, outputs: Path, *, limits: sandbox.Limits, unsafe: bool = False
) -> RunRecord:
    """One call on the three examples, into the new folder `outputs`; as `grading.running.run_hand_in`."""
    inputs, folder = outputs / "examples", outputs / "main"
    names = [path.name for path in assignments.write_examples(hand_in.assignment, inputs)]
    (folder / OUT).mkdir(parents=True)
    model = hand_in.model.relative_to(hand_in.root).as_posix()
    command = hand_in.assignment.infer_command(model, [f"{SEEN_INPUTS}/{name}" for name in names], SEEN_OUT)
    outcome = sandbox.run(
        command, code=hand_in.root, inputs=inputs, out=folder / OUT, limits=limits, unsafe=unsafe
    )
    (folder / STDOUT).write_bytes(outcome.stdout)
    (folder / STDERR).write_bytes(outcome.stderr)
    ended = Round(outcome.reason, outcome.returncode, outcome.explain(), outcome.seconds, outcome.peak_bytes)
    return RunRecord({"main": ended}, outputs)
