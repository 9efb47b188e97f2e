"""What a command prints, read as it comes, up to a limit."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import time
from collections.abc import Callable
from typing import Any

BLOCK = 1 << 16
TICK = 0.25  # seconds between two looks at the clock


class Printed:
    """Both streams of a command, together cut after `most` bytes."""

    def __init__(self, most: int) -> None:
        self.left = most
        self.streams: tuple[list[bytes], list[bytes]] = ([], [])
        self.too_much = False

    def add(self, stream: int, block: bytes) -> None:
        self.streams[stream].append(block[: self.left])
        self.too_much |= len(block) > self.left
        self.left -= min(len(block), self.left)

    @property
    def stdout(self) -> bytes:
        return b"".join(self.streams[0])

    @property
    def stderr(self) -> bytes:
        return b"".join(self.streams[1])


def follow(
    process: subprocess.Popen[bytes],
    printed: Printed,
    *,
    too_much: Callable[[], None],
    look: Callable[[], None],
    others: dict[Any, Callable[[], bool]] | None = None,
) -> None:
    """Read what `process` prints into `printed` until all who could print have closed both streams.

    too_much: called once, at the limit. look: called a few times a second.
    others: file objects to wait for, and what to call then; False: do not wait for it any longer.
    """
    with selectors.DefaultSelector() as selector:
        for stream, file in enumerate((process.stdout, process.stderr)):
            selector.register(file, selectors.EVENT_READ, stream)
        for file, call in (others or {}).items():
            selector.register(file, selectors.EVENT_READ, call)
        open_streams, told, next_look = 2, False, time.monotonic()
        while open_streams:
            for key, _ in selector.select(TICK):
                if not isinstance(key.data, int):
                    if not key.data():
                        selector.unregister(key.fileobj)
                elif block := os.read(key.fd, BLOCK):
                    printed.add(key.data, block)
                else:
                    selector.unregister(key.fileobj)
                    open_streams -= 1
            if printed.too_much and not told:
                told = True
                too_much()
            if time.monotonic() >= next_look:
                look()
                next_look = time.monotonic() + TICK


def close(process: subprocess.Popen[bytes], *, kill: Callable[[], None]) -> None:
    """Leave nothing of `process` behind, however we got here."""
    if process.poll() is None:
        kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=10)
    if process.poll() is None:
        process.kill()
        process.wait()
    for file in (process.stdout, process.stderr):
        if file is not None:
            file.close()
