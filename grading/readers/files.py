"""Opens a file of a hand-in: a regular one, of bounded size, at the place where it was looked for."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from common.cli import UserError

# Neither the file nor its folder may be a link; a pipe must not keep us waiting.
FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class OutputError(UserError):
    """A file of a hand-in that cannot be used. Its text is one line: FILE: what is wrong; what to do."""


@contextmanager
def open_output(path: Path, most_bytes: int) -> Iterator[BinaryIO]:
    """The file at `path`, to be read from its beginning.

    Errors: OutputError where it is missing, a link, no regular file, one that has further names, or larger
    than `most_bytes`. The folders above its own must be the grader's.
    """
    try:
        folder = os.open(path.parent, FOLDER_FLAGS)
        try:
            descriptor = os.open(path.name, FILE_FLAGS, dir_fd=folder)
        finally:
            os.close(folder)
    except FileNotFoundError as error:
        raise OutputError(f"{path.name}: is missing; write it") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no file name"
        raise OutputError(f"{path.name}: cannot be opened ({reason}); write a regular file") from error
    try:
        check(path.name, os.fstat(descriptor), most_bytes)
    except OutputError:
        os.close(descriptor)
        raise
    with os.fdopen(descriptor, "rb") as file:
        yield file


def check(name: str, status: os.stat_result, most_bytes: int) -> None:
    """Errors: OutputError, as `open_output`."""
    if not stat.S_ISREG(status.st_mode):
        raise OutputError(f"{name}: is no regular file; write one")
    if status.st_nlink > 1:
        raise OutputError(f"{name}: is a hard link; write a file of its own")
    if status.st_size > most_bytes:
        raise OutputError(f"{name}: has {status.st_size:,} bytes; at most {most_bytes:,} are read")


def read_bytes(path: Path, most_bytes: int) -> bytes:
    """All of a file. Errors: OutputError."""
    with open_output(path, most_bytes) as file:
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:  # it has grown since
        raise OutputError(f"{path.name}: is larger than {most_bytes:,} bytes; write less")
    return content
