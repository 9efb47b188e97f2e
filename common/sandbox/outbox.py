"""From /out of a sandbox to a folder of the host: regular files with plain names, nothing else."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass, field
from pathlib import Path

from common.sandbox.limits import Limits, size

DEEPEST = 8  # folders within each other
LONGEST_NAME = 200  # bytes
TOLD = 20  # of what is left out
OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # no links; a FIFO does not block


@dataclass
class Outbox:
    """What was taken so far."""

    limits: Limits
    files: int = 0
    bytes: int = 0
    left_out: list[str] = field(default_factory=list)

    def leave_out(self, name: str, reason: str) -> None:
        if len(self.left_out) == TOLD:
            self.left_out.append("...")
        if len(self.left_out) < TOLD:
            self.left_out.append(f"{name!a}: {reason}")


def collect(source: int, out: Path, limits: Limits) -> tuple[str, ...]:
    """Copy the regular files below the folder that descriptor `source` has open into `out`, an empty folder.

    All processes that could change them must be dead. Returns what was left out, and why: links, devices,
    FIFOs, sockets, names that are not plain, and what exceeds `out_files`, `out_bytes` or `file_bytes`.
    A file of holes counts with its full length.
    """
    outbox = Outbox(limits)
    take_folder(source, out, "", 0, outbox)
    return tuple(outbox.left_out)


def take_folder(source: int, out: Path, place: str, depth: int, outbox: Outbox) -> None:
    with os.scandir(source) as entries:
        names = sorted(entry.name for entry in entries)
    for name in names:
        path = f"{place}{name}"
        if not is_plain(name):
            outbox.leave_out(path, "its name is not plain")
        elif outbox.files >= outbox.limits.out_files:
            outbox.leave_out(path, f"more than {outbox.limits.out_files} files and folders")
            return
        else:
            outbox.files += 1
            take(source, name, out / name, path, depth, outbox)


def take(source: int, name: str, target: Path, path: str, depth: int, outbox: Outbox) -> None:
    """Copy one entry of the folder `source`."""
    try:
        found = os.open(name, OPEN, dir_fd=source)
    except OSError as error:  # a link (ELOOP), a socket (ENXIO), no permission
        outbox.leave_out(path, f"not a file that can be read ({error.strerror})")
        return
    try:
        mode = os.fstat(found).st_mode
        if stat.S_ISREG(mode):
            take_file(found, target, path, outbox)
        elif not stat.S_ISDIR(mode):
            outbox.leave_out(path, "not a regular file")
        elif depth == DEEPEST:
            outbox.leave_out(path, f"more than {DEEPEST} folders within each other")
        else:
            target.mkdir()
            take_folder(found, target, f"{path}/", depth + 1, outbox)
    finally:
        os.close(found)


def take_file(found: int, target: Path, path: str, outbox: Outbox) -> None:
    length, limits = os.fstat(found).st_size, outbox.limits
    if length > limits.file_bytes or outbox.bytes + length > limits.out_bytes:
        outbox.leave_out(path, f"too long ({size(length)})")
        return
    outbox.bytes += length
    with os.fdopen(os.dup(found), "rb") as file, target.open("xb") as copy:
        shutil.copyfileobj(file, copy, 1 << 20)


def is_plain(name: str) -> bool:
    """Whether the name is text that a screen shows, without backslashes."""
    return name.isprintable() and "\\" not in name and len(os.fsencode(name)) <= LONGEST_NAME
