"""Who handed in what: ids out of the names of files, and names for folders that any system can bear."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from common.handin.manifest import STUDENT_ID

IN_FILE_NAME = re.compile(  # with what browsers and course systems add to a name that they have already
    r"([A-Za-z][A-Za-z0-9]{4,19})_([A-Za-z0-9_]{1,40})(?: ?\(([0-9]{1,3})\)|-([0-9]{1,3}))?\.zip",
    re.IGNORECASE,
)


def clean_id(text: str) -> str:
    """A student id in small letters; "" if it is none."""
    return text.lower() if STUDENT_ID.fullmatch(text.lower()) else ""


def id_in_name(file: str) -> str:
    """The id that `r12345678_hw1.zip` begins with; "" for a file of another name."""
    found = IN_FILE_NAME.fullmatch(file)
    return clean_id(found[1]) if found else ""


def copy_number(file: str) -> int:
    """1 of `r12345678_hw1 (1).zip`, the second file of that name; 0 of the first."""
    found = IN_FILE_NAME.fullmatch(file)
    return int(found[3] or found[4] or 0) if found else 0


def folder_name(archive: Path, sha256: str) -> str:
    """The folder of a hand-in: readable, and of its own for each name and content."""
    both = hashlib.sha256(archive.name.encode("utf-8", "surrogateescape") + b"\0" + sha256.encode())
    return f"{_plain(archive.stem)}-{both.hexdigest()[:12]}"


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:40]


def shown(name: str) -> str:
    """A file's name for screens and tables: bytes that are no UTF-8 become ?, control characters too."""
    text = name.encode("utf-8", errors="replace").decode()
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
