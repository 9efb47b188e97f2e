"""Grade many hand-ins, each in its own process, several at a time.

A process that crashes, is killed or takes too long costs its own hand-in and no other.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from grading.classroom import store
from grading.classroom.processes import descendants
from grading.classroom.store import Graded, Job
from grading.classroom.worker import GradeFunction, work

PRELOADED = [__name__, "grading.__main__"]  # which every process imports anew, as the main module


@dataclass
class Running:
    """One process at work."""

    job: Job
    process: BaseProcess
    folder: Path
    until: float
    """When it is ended, on the clock of time.monotonic."""


def grade_all(
    jobs: Sequence[Job],
    grade: GradeFunction,
    options: dict[str, Any],
    *,
    at_once: int,
    longest: float,
    work_folder: Path,
    tell: Callable[[list[str]], None] = lambda names: None,
) -> Iterator[Graded]:
    """Grade the jobs, `at_once` at a time, in their order; yields what came of each as it ends.

    longest: seconds after which the process itself is taken to hang; the limits of what it runs are shorter.
    tell: is called with the names of the archives at work. Closing the iterator ends the processes.
    """
    waiting, running = deque(jobs), []
    server = multiprocessing.get_context("forkserver")  # forks of it know neither our threads nor our files
    server.set_forkserver_preload([grade.__module__, *PRELOADED])
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                with interrupts_later():  # a process that is begun is known, and will be ended
                    running.append(start(server, waiting.popleft(), grade, options, longest, work_folder))
            tell([one.job.archive.name for one in running])
            connection.wait([one.process.sentinel for one in running], timeout=1.0)
            for one in [one for one in running if ended(one)]:
                running.remove(one)
                yield finish(one)
    finally:
        for one in running:
            end(one)


@contextmanager
def interrupts_later() -> Iterator[None]:
    """Let Ctrl-C wait until the block is done."""
    pending = []
    before = signal.signal(signal.SIGINT, lambda *_: pending.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pending:
        raise KeyboardInterrupt


def start(
    server: Any, job: Job, grade: GradeFunction, options: dict[str, Any], longest: float, work_folder: Path
) -> Running:
    folder = Path(tempfile.mkdtemp(prefix="hand-in-", dir=work_folder)).resolve()  # it holds TMPDIR
    process = server.Process(target=work, args=(grade, job.archive.resolve(), folder, options), daemon=True)
    process.start()
    return Running(job, process, folder, time.monotonic() + longest)


def ended(one: Running) -> bool:
    return not one.process.is_alive() or time.monotonic() > one.until


def finish(one: Running) -> Graded:
    """Keep what a process left; what it may have left running is ended."""
    if one.process.is_alive():
        failure = "grading it took too long and was ended"
    else:
        failure = explain(one.process.exitcode, one.folder)
    end(one)
    return store.keep(one.job, one.folder, failure=failure)


def explain(exitcode: int | None, folder: Path) -> str:
    """Why a process ended badly; "" if it ended well."""
    if exitcode == 0:
        return ""
    said = folder / "error.txt"
    if said.is_file():
        return store.one_line(said.read_text(errors="replace"))
    if exitcode is not None and exitcode < 0:
        return f"the grading process was ended by {signal.Signals(-exitcode).name}"
    return f"the grading process ended with exit code {exitcode}"


def end(one: Running) -> None:
    """End a process and all that it started, at once."""
    below = descendants(one.process.pid) if one.process.is_alive() else []
    for pid in below:
        _kill(os.kill, pid)
    _kill(os.killpg, one.process.pid)  # it leads a group of its own
    if one.process.is_alive():
        one.process.kill()
    one.process.join()


def _kill(how: Callable[[int, int], None], number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        how(number, signal.SIGKILL)
