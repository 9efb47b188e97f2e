"""Without namespaces: a plain process with limits, for code that is trusted."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from common.sandbox.limits import Limits, Outcome
from common.sandbox.outbox import collect
from common.sandbox.places import INPUTS, OUT, SUBMISSION, environment, full_command, remove
from common.sandbox.printed import TICK, Printed, close, follow

LIMITED = Path(__file__).with_name("inside") / "limited.py"


def run_plainly(
    command: Sequence[str],
    *,
    code: Path,
    inputs: Path,
    out: Path,
    limits: Limits,
    extra_env: Mapping[str, str] | None = None,
) -> Outcome:
    """Run `command` as `common.sandbox.run` describes, but without namespaces.

    It works on copies in a temporary folder, which stand for /submission, /inputs and /out in its words. It
    finds a scrubbed environment, is held to the limits on wall time, on what is printed and, per process, on
    processor time, memory (not on macOS) and file size, and its process group is killed afterwards.

    This stops accidents, not attacks. The command runs as the user who called: it can read and change all
    that this user can (labels, grades, other hand-ins, keys), reach the network, start processes that outlive
    it, and use more memory, processes and disk than the limits say.
    """
    folder = Path(tempfile.mkdtemp(prefix="unsafe_run_"))
    try:
        places = {name: folder / name for name in ("submission", "inputs", "out", "tmp", "home")}
        shutil.copytree(code, places["submission"], symlinks=True)
        shutil.copytree(inputs, places["inputs"], symlinks=True)
        for name in ("out", "tmp", "home"):
            places[name].mkdir()
        order = {
            "command": [moved(word, places) for word in full_command(command)],
            "environment": environment({name: str(path) for name, path in places.items()}, extra_env),
            "folder": str(places["submission"]),
            "limits": asdict(limits),
        }
        return attend(order, limits, places["out"], out)
    finally:
        remove(folder)


def moved(word: str, places: Mapping[str, Path]) -> str:
    """The word with our folder in place of one of the sandbox."""
    for inside, name in ((SUBMISSION, "submission"), (INPUTS, "inputs"), (OUT, "out")):
        if word == inside or word.startswith(f"{inside}/"):
            return str(places[name]) + word.removeprefix(inside)
    return word


def attend(order: dict, limits: Limits, written: Path, out: Path) -> Outcome:
    """Start the command, wait for it, kill its process group, fetch what it wrote."""
    begun, printed, reasons = time.monotonic(), Printed(limits.printed_bytes), []
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-B", LIMITED, json.dumps(order)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={},
        start_new_session=True,
    )

    def end(reason: str) -> None:
        reasons.append(reason)
        end_group(process.pid)

    def look() -> None:
        if process.poll() is not None or reasons:
            end_group(process.pid)  # whom it left, and who might hold its streams open
        elif time.monotonic() - begun > limits.wall_seconds:
            end("wall time")

    try:
        follow(process, printed, too_much=lambda: end("output"), look=look)
        while process.poll() is None:  # it closed its streams and goes on
            look()
            time.sleep(TICK)
        returncode = process.wait()
    finally:
        end_group(process.pid)
        close(process, kill=lambda: None)
    seconds = time.monotonic() - begun
    reason = (reasons or ["processor time" if returncode == -signal.SIGXCPU else "finished"])[0]
    source = os.open(written, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        left_out = collect(source, out, limits)
    finally:
        os.close(source)
    returncode = returncode if reason == "finished" else None
    return Outcome(reason, returncode, printed.stdout, printed.stderr, seconds, 0, limits, left_out)


def end_group(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
