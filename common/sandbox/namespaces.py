"""The sandbox of Linux namespaces, seen from outside: start it, read from it, fetch what it leaves.

we ── launcher ── process 1 of the sandbox ── the command
       new namespaces   builds the world         a plain user without rights
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path

from common.sandbox.identities import host_identity, map_identities, other_processes
from common.sandbox.limits import Limits, Outcome
from common.sandbox.outbox import collect
from common.sandbox.places import (
    OUT,
    SUBMISSION,
    binds_and_links,
    environment,
    full_command,
    let_others_read,
)
from common.sandbox.printed import Printed, close, follow

INSIDE = Path(__file__).with_name("inside")
PLACES = {"submission": SUBMISSION, "home": "/home/student", "tmp": "/tmp", "out": OUT}
GRACE_SECONDS = 60.0  # beyond the wall time, to build the world and to end everything
MESSAGE_BYTES = 1 << 16


@cache
def missing() -> str | None:
    """None if namespaces work here (a command was run in them); else why not, in one line."""
    if sys.platform != "linux":
        return f"namespaces exist on Linux only, this is {sys.platform}"
    with tempfile.TemporaryDirectory() as empty:
        folder = Path(empty)
        small = Limits(wall_seconds=30, out_bytes=1 << 20, tmp_bytes=1 << 20)
        outcome = run_in_namespaces(
            ["python", "-S", "-c", ""], code=folder, inputs=folder, out=None, limits=small
        )
    return None if outcome.ok else f"namespaces do not work here ({outcome.explain()})"


def run_in_namespaces(
    command: Sequence[str],
    *,
    code: Path,
    inputs: Path,
    out: Path | None,
    limits: Limits,
    extra_env: Mapping[str, str] | None = None,
    user_namespace: bool = True,
) -> Outcome:
    """Run `command` as `common.sandbox.run` describes. out: an empty folder; None fetches nothing.

    user_namespace: False does without, which root can, and does by itself when need be.
    """
    binds, links = binds_and_links(code, inputs)
    if os.geteuid() == 0:
        let_others_read((code, inputs))
    order = {
        "command": full_command(command),
        "environment": environment(PLACES, extra_env),
        "folder": SUBMISSION,
        "binds": binds,
        "links": links,
        "limits": asdict(limits),
        "other_processes": other_processes(),
        "user_namespace": user_namespace,
    }
    outcome = Session(order, limits).run(out)
    if outcome.reason == "could not start" and user_namespace and os.geteuid() == 0:
        # Root of a user namespace may not enter closed folders of other people, which root itself may.
        return Session(order | {"user_namespace": False}, limits).run(out)
    return outcome


class Session:
    """One run. Messages from inside are trusted: no process of the command's can reach the socket."""

    def __init__(self, order: dict, limits: Limits) -> None:
        self.limits = limits
        self.printed = Printed(limits.printed_bytes)
        self.result: dict = {}
        self.out: int | None = None
        self.deadline = time.monotonic() + limits.wall_seconds + GRACE_SECONDS
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, tempfile.TemporaryFile() as spec:
            spec.write(json.dumps(order).encode())
            spec.seek(0)
            self.process = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    "-B",
                    INSIDE,
                    *map(str, (theirs.fileno(), spec.fileno(), os.getpid())),
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd="/",
                start_new_session=True,  # Ctrl-C reaches us, and we end it
                env={},
                pass_fds=(theirs.fileno(), spec.fileno()),
            )

    def run(self, out: Path | None) -> Outcome:
        try:
            follow(
                self.process,
                self.printed,
                too_much=self.stop,
                look=self.look,
                others={self.control: self.hear},
            )
            while self.hear():  # what was said last
                pass
            self.process.wait()  # the launcher ends after process 1, and that after all others
            left_out = collect(self.out, out, self.limits) if self.out is not None and out is not None else ()
            return self.outcome(left_out)
        finally:
            close(self.process, kill=self.process.terminate)
            self.control.close()
            if self.out is not None:
                os.close(self.out)

    def hear(self) -> bool:
        """Take one message from inside. False: there will be no more."""
        try:
            text, descriptors, _, _ = socket.recv_fds(self.control, MESSAGE_BYTES, 1)
        except ConnectionError:
            return False
        if not text:
            return False
        message = json.loads(text)
        if message["say"] == "namespaces":
            self.answer(message["own_user"])
        elif message["say"] == "ready":
            self.out = descriptors[0]
        else:
            self.result = message
        return True

    def answer(self, own_user: bool) -> None:
        """Tell the launcher who the command is to be, having made the mapping of user ids if it needs one."""
        identity = host_identity(self.process.pid)
        user = map_identities(self.process.pid, identity) if own_user else identity
        self.control.send(json.dumps({"user": user, "group": user}).encode())

    def stop(self) -> None:
        try:
            self.control.send(b"stop")
        except OSError:
            self.process.terminate()

    def look(self) -> None:
        if time.monotonic() > self.deadline:  # process 1 should have ended it
            self.process.terminate()

    def outcome(self, left_out: tuple[str, ...]) -> Outcome:
        result, stderr = self.result, self.printed.stderr
        reason = result.get("reason", "could not start")
        if self.printed.too_much:
            reason = "output"
        elif reason == "stopped" or not result and time.monotonic() > self.deadline:
            reason = "wall time"
        elif reason == "could not start":
            stderr += f"\n{result.get('error', 'the sandbox ended early')}".encode()
        return Outcome(
            reason=reason,
            returncode=result.get("returncode") if reason == "finished" else None,
            stdout=self.printed.stdout,
            stderr=stderr,
            seconds=result.get("seconds", 0.0),
            peak_bytes=result.get("peak_bytes", 0),
            limits=self.limits,
            left_out=left_out,
        )
