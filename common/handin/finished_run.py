"""Is a run fit to be handed in? Told before anything slow is begun."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import assignments
from common.assignments import Assignment
from common.cli import UserError, say
from common.handin.formal import is_pretrained
from common.handin.manifest import JsonError, read_json
from common.handin.tensor_header import TensorHeaderError, count_parameters, read_header


@dataclass(frozen=True)
class FinishedRun:
    """A run whose training is done. record: its run.json. parameters: what its model has learned."""

    path: Path
    record: dict[str, Any]
    parameters: int

    @property
    def commands(self) -> list[str]:
        """How it was trained, as it was typed: once, and again for each time that it went on."""
        return [session["command"] for session in self.record["sessions"]]

    @property
    def last_session(self) -> dict[str, Any]:
        return self.record["sessions"][-1]


def open_run(assignment: Assignment, path: Path) -> FinishedRun:
    """The run in the folder `path`, if the assignment allows its model.

    Errors: UserError if it is no finished run of `assignment`, or its model has too many parameters.
    """
    if not path.is_dir():
        raise UserError(f"{path}: no such folder; give the folder that {assignment.script('train.py')} wrote")
    for name, message in {
        "run.json": "not a run folder (no run.json); give the folder that train.py wrote",
        "config.json": "has no model yet (no config.json); train it to the end",
        "model.safetensors": "has no model yet (no model.safetensors); train it to the end",
    }.items():
        if not (path / name).is_file():
            raise UserError(f"{path}: {message}")
    record = _object(path / "run.json")
    if record.get("assignment") != assignment.marker or not record.get("sessions"):
        other = record.get("assignment")
        raise UserError(f"{path}: a run of {other}, not of {assignment.marker}; choose another with --run")
    if not (path / "validation.json").is_file():
        again = record["sessions"][-1]["command"]
        raise UserError(f"{path}: the training is not finished; go on with it: {again}")
    if not assignment.pretrained_allowed and is_pretrained(_object(path / "config.json")):
        raise UserError(
            f"{path}: holds a pretrained encoder, {assignment.short} allows none; train from scratch"
        )
    return FinishedRun(path, record, _parameters(assignment, path / "model.safetensors"))


def ensure_evaluated(assignment: Assignment, run: FinishedRun) -> None:
    """Evaluate the run's model if that was not done. Errors: UserError if it fails."""
    if (run.path / "metrics.json").is_file():
        return
    say(f"{run.path}: no metrics.json yet; running: {evaluate_line(assignment, run)}")
    script = assignments.ROOT / assignment.folder / "eval.py"
    path = os.pathsep.join([str(assignments.ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = os.environ | {"PYTHONPATH": path}  # our own code, whichever checkout is installed
    command = [sys.executable, str(script), *evaluate_options(run)]
    if subprocess.run(command, env=environment, check=False).returncode:
        raise UserError(f"{run.path}: the evaluation failed, see above; mend that, then pack again")
    if not (run.path / "metrics.json").is_file():
        raise UserError(
            f"{run.path}: was evaluated on other data than it was trained on; give"
            f" {assignment.script('eval.py')} the folder of its training with --data"
        )


def evaluate_line(assignment: Assignment, run: FinishedRun) -> str:
    """The command that evaluates the run, on the data of its training."""
    return shlex.join(["python", assignment.script("eval.py"), *evaluate_options(run)])


def evaluate_options(run: FinishedRun) -> list[str]:
    data = run.record["config"].get("data")
    return ["--model", str(run.path), *(["--data", data] if data else [])]


def _parameters(assignment: Assignment, path: Path) -> int:
    """Those of the model. Errors: UserError for a broken file, or more of them than the assignment allows."""
    try:
        count = count_parameters(read_header(path))
    except TensorHeaderError as error:
        raise UserError(f"{path}: broken ({error}); copy it again or train again") from error
    if assignment.most_parameters is not None and count > assignment.most_parameters:
        raise UserError(
            f"{path}: {count:,} parameters, {assignment.short} allows {assignment.most_parameters:,};"
            " train a smaller model"
        )
    return count


def _object(path: Path) -> dict[str, Any]:
    try:
        record = read_json(path)
    except JsonError as error:
        raise UserError(f"{path}: {error}; restore it or train again") from error
    if not isinstance(record, dict):
        raise UserError(f"{path}: not a JSON object; restore it or train again")
    return record
