"""The process that scores: started with limits, asked for one thing, believed only where it ends well.

A file that brings the process down must not help: then the hand-in is scored as if it had answered nothing.
"""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from grading.prepared import Prepared

ROOT = Path(__file__).resolve().parents[2]
# Isolated, python takes neither the folder it is started in nor PYTHONPATH for code: only what is named here.
START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from grading.scoring.main import main; main()"
SECONDS = 600.0  # of the wall clock
NOTHING = "nothing"  # for the folder of outputs: score as if nothing were answered
MOST_STDERR = 2000  # characters of what is told of a failure


@dataclass(frozen=True)
class Scores:
    """What a hand-in reached. metrics: NaN where something is undefined.

    answered of asked: inputs with a usable answer. repeats_differ of repeats: inputs that were asked again
    and not answered as before. problems: lines about answers that do not count.
    """

    metrics: dict[str, float]
    answered: int
    asked: int
    repeats_differ: int
    problems: tuple[str, ...]
    repeats: int = 0


class ScoringError(Exception):
    """The grader itself cannot score."""


def score(prepared: Prepared, outputs: Path, *, seconds: float = SECONDS) -> Scores:
    """Score the rounds main/ and again/ in `outputs`, of a hand-in for `prepared`.

    Never raises for what a hand-in wrote. Errors: ScoringError where not even no answer can be scored.
    """
    try:
        return _scored(prepared, str(Path(outputs).resolve()), seconds)
    except ScoringError as error:
        nothing = _scored(prepared, NOTHING, seconds)
        problem = f"the outputs cannot be scored ({error}); nothing of them counts"
        return Scores(
            nothing.metrics, 0, nothing.asked, nothing.repeats, (problem, *nothing.problems), nothing.repeats
        )


def _scored(prepared: Prepared, outputs: str, seconds: float) -> Scores:
    with tempfile.TemporaryDirectory(prefix="scoring_") as scratch:
        result = Path(scratch).resolve() / "scores.json"  # TMPDIR may be relative
        words = [str(ROOT), str(prepared.folder.resolve()), outputs, str(result), str(math.ceil(seconds))]
        _run([sys.executable, "-I", "-c", START, *words], scratch, seconds)
        record = json.loads(result.read_text())
    metrics = {name: math.nan if value is None else value for name, value in record.pop("metrics").items()}
    return Scores(metrics=metrics, **record | {"problems": tuple(record["problems"])})


def _run(command: list[str], scratch: str, seconds: float) -> None:
    """Run it to its end, or end it with all that it started. Errors: ScoringError."""
    environment = {"PATH": os.defpath, "HOME": scratch, "TMPDIR": scratch, "LANG": "C.UTF-8"}
    environment |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    process = subprocess.Popen(
        command,
        cwd=scratch,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, told = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise ScoringError(f"it takes longer than {seconds:g} s") from None
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode:
        lines = told.decode(errors="replace")[-MOST_STDERR:].strip().splitlines()
        raise ScoringError(lines[-1] if lines else f"it ended with {process.returncode}")
