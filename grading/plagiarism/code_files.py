"""The code of hand-ins, read in memory: zips, folders and single files. Nothing is unpacked, imported or run.

All that is read is hostile: what is too large, too deep, encrypted, a link or broken is left out and told,
and all else is compared. A file that many hand-ins have is kept once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from grading.plagiarism.notebook import NotebookError, notebook_code

SUFFIXES = (".py", ".ipynb")
ARCHIVES = (".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".whl", ".egg")
PASSED_OVER = frozenset(("__MACOSX", "__pycache__", "node_modules", "site-packages"))


@dataclass(frozen=True)
class Limits:
    """What is read of one hand-in at most. This repository has 700 files of code, 3 MB in all."""

    entries: int = 5_000
    depth: int = 20
    path_length: int = 240
    directory_bytes: int = 2_000_000  # of a zip's table of contents
    file_bytes: int = 500_000  # of Python, in a notebook too
    notebook_bytes: int = 16_000_000  # with its pictures
    code_bytes: int = 4_000_000
    total_bytes: int = 100_000_000


@dataclass
class Code:
    """The code files of a hand-in: path -> key in the library; and what was left out of it, and why."""

    name: str
    files: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def note(self, path: str, what: str) -> None:
        self.problems.append(f"{path}: {what}" if path else what)


@dataclass
class Library:
    """Every text once, by its key: of equal texts the same."""

    texts: dict[str, str] = field(default_factory=dict)
    _known: dict[tuple[str, bytes], tuple[str, str]] = field(default_factory=dict)

    def add(self, suffix: str, data: bytes) -> tuple[str, str]:
        """(key, what is odd about the text or "") of a file's content. Errors: NotebookError."""
        content = (suffix, hashlib.blake2b(data, digest_size=16).digest())
        if content not in self._known:
            text, oddity = (notebook_code(data), "") if suffix == ".ipynb" else decoded(data)
            key = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
            self.texts[key] = text
            self._known[content] = key, oddity
        return self._known[content]


def decoded(data: bytes) -> tuple[str, str]:
    """The text of a Python file, its lines ended by \\n, and what is odd about its encoding."""
    oddity = ""
    try:
        text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
    except UnicodeDecodeError:
        text, oddity = data.decode("latin-1"), "not UTF-8, read as Latin-1"
    return text.replace("\r\n", "\n").replace("\r", "\n"), oddity


class CodeReader:
    """Puts the files of one hand-in into a library, within the limits."""

    def __init__(self, name: str, library: Library, limits: Limits) -> None:
        self.code, self.library, self.limits = Code(name), library, limits
        self.read_bytes = self.code_bytes = 0

    def wants(self, path: str) -> bool:
        """Whether the file at `path` (with slashes) is code to compare; an archive in a hand-in is told."""
        parts = PurePosixPath(path).parts
        if not parts or any(part in PASSED_OVER or part.startswith(".") for part in parts if part != ".."):
            return False
        suffix = PurePosixPath(path).suffix.lower()
        if suffix in ARCHIVES:
            self.code.note(path, "an archive, not looked into")
        elif suffix in SUFFIXES and (len(path) > self.limits.path_length or len(parts) > self.limits.depth):
            self.code.note(path[:80] + "...", "its path is too long or too deep")
        else:
            return suffix in SUFFIXES
        return False

    def take(self, path: str, read: Callable[[int], bytes]) -> None:
        """Add the file at `path`; `read(n)` gives its first n bytes, and may raise OSError."""
        suffix = PurePosixPath(path).suffix.lower()
        most = self.limits.notebook_bytes if suffix == ".ipynb" else self.limits.file_bytes
        if self.read_bytes >= self.limits.total_bytes or self.code_bytes >= self.limits.code_bytes:
            return self.code.note(path, "left out: the hand-in has too much code")
        try:
            data = read(most + 1)
            self.read_bytes += len(data)
            if len(data) > most:
                return self.code.note(path, f"left out: more than {most:,} bytes")
            key, oddity = self.library.add(suffix, data)
        except (NotebookError, OSError) as error:
            return self.code.note(path, f"left out: {error}")
        length = len(self.library.texts[key])
        if length > self.limits.file_bytes:
            return self.code.note(path, f"left out: more than {self.limits.file_bytes:,} characters of code")
        self.code_bytes += length
        if oddity:
            self.code.note(path, oddity)
        self.code.files[unused(path, self.code.files)] = key


def unused(path: str, names: dict[str, str]) -> str:
    """`path`, or `path (2)` and so on: a zip may hold a name twice, and both are compared."""
    return next(name for name in _numbered(path) if name not in names)


def _numbered(path: str) -> Iterator[str]:
    yield path
    for number in range(2, 1_000_000):
        yield f"{path} ({number})"
