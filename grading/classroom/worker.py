"""What happens in the process that grades one hand-in: whatever befalls it, the class goes on.

It is forked off a server that has imported the grader once. It ends with its parent, and cannot be reached by
Ctrl-C in the parent's terminal, so that the parent alone decides.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from multiprocessing import connection, parent_process
from pathlib import Path
from typing import Any

from common.cli import UserError
from grading.records import Grade

GradeFunction = Callable[..., Grade]
"""grade(archive, prepared=..., out=..., limits=..., unsafe=...), as grading.grade has it."""


def work(grade: GradeFunction, archive: Path, folder: Path, options: dict[str, Any]) -> None:
    """Grade `archive` into `folder`, which is empty; exit code 1 and error.txt if the grader fails."""
    os.setsid()
    end_with_parent()
    speak_into(folder / "grader.txt")
    scratch(folder / "tmp")
    start = time.perf_counter()
    try:
        grade(archive, out=folder, **options)
    except Exception as error:
        traceback.print_exc()
        said = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        (folder / "error.txt").write_text(said, errors="replace")
        sys.exit(1)
    seconds = round(time.perf_counter() - start, 3)
    measured = {"seconds": seconds, "peak_bytes": max(peak_bytes(), sandbox_bytes(folder / "timing.json"))}
    (folder / "measured.json").write_text(json.dumps(measured))


def end_with_parent() -> None:
    """Kill this process and its group as soon as the parent is gone, even by SIGKILL."""
    sentinel = parent_process().sentinel
    if connection.wait([sentinel], timeout=0):
        os._exit(1)  # before anything is begun

    def wait() -> None:
        connection.wait([sentinel])
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=wait, daemon=True).start()


def speak_into(path: Path) -> None:
    """Let all output of this process and its children go to a file: the screen has a progress bar."""
    with path.open("wb") as file, open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)


def scratch(folder: Path) -> None:
    """Let temporary files be made in `folder`: whoever kills this process can remove them."""
    folder.mkdir()
    os.environ["TMPDIR"] = str(folder)
    tempfile.tempdir = str(folder)


def peak_bytes() -> int:
    """The largest resident set of this process or of any process that it started and waited for."""
    unit = 1 if sys.platform == "darwin" else 1024
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit
    status = Path("/proc/self/status")
    if status.exists():  # ru_maxrss would start with the server's
        [line] = [line for line in status.read_text().splitlines() if line.startswith("VmHWM:")]
        return max(most, int(line.split()[1]) * 1024)
    return max(most, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def sandbox_bytes(timing: Path) -> int:
    """The most memory that a run took in the sandbox, whose processes are nobody's children; 0 if unknown."""
    rounds = json.loads(timing.read_text()) if timing.is_file() else {}
    return max((outcome.get("peak_bytes", 0) for outcome in rounds.values()), default=0)
