"""Opens zips and folders of code for `CodeReader`, and tells whose they are."""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import BinaryIO

from common.cli import UserError
from grading.plagiarism.code_files import ARCHIVES, SUFFIXES, Code, CodeReader, Library, Limits

LIMITS = Limits()
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # others may ask for gigabytes to unpack a byte
OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # as far as they exist
OWN_NAME = re.compile(r"(.+?)_hw\d|([a-z]+\d{5,})_", re.IGNORECASE)


def student_of(name: str) -> str:
    """Whose it is: `r12345678` of `r12345678_hw1_late.zip` and `r12345678_muse2bach.zip`; else the name."""
    found = OWN_NAME.match(name)
    stem, suffix = os.path.splitext(name)
    whole = stem if suffix.lower() in (".zip", *SUFFIXES) else name
    return ((found[1] or found[2]) if found else whole).lower()


def read_folder_of_hand_ins(folder: Path, library: Library, limits: Limits = LIMITS) -> list[Code]:
    """Each zip, folder and code file in `folder`, in the order of their names. Links are not followed.

    Errors: UserError if there is none.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder; give the folder that holds the hand-ins")
    hand_ins = []
    for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
        suffix = os.path.splitext(entry.name)[1].lower()
        if entry.name.startswith((".", "__")):
            continue
        if entry.is_dir(follow_symlinks=False) or suffix in (*SUFFIXES, *ARCHIVES):
            hand_ins.append(read_hand_in(Path(entry.path), library, limits))
    if not hand_ins:
        raise UserError(
            f"{folder}: no hand-ins; it must hold zips, or a folder or .py or .ipynb file for each"
        )
    return hand_ins


def read_hand_in(
    path: Path, library: Library, limits: Limits = LIMITS, *, but: Collection[Path] = ()
) -> Code:
    """The code of one hand-in, whatever it is: what cannot be read is in its `problems`.

    but: resolved folders to pass over.
    """
    reader = CodeReader(path.name, library, limits)
    try:
        if path.is_symlink():
            reader.code.note("", "a link, not followed")
        elif path.is_dir():
            _read_folder(path, reader, but)
        elif path.suffix.lower() in SUFFIXES:
            reader.take(path.name, lambda most: read_regular(path, most))
        else:
            with open_regular(path) as file:
                _read_zip(file, reader)
    except OSError as error:
        reader.code.note("", f"cannot be read: {error.strerror or error}")
    return reader.code


def open_regular(path: Path) -> BinaryIO:
    """Open a file that is no link, no pipe and no device. Errors: OSError."""
    file = os.fdopen(os.open(path, OPEN_FLAGS), "rb")
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError("no regular file")
    return file


def read_regular(path: Path, most: int) -> bytes:
    """The first `most` bytes. Errors: OSError."""
    with open_regular(path) as file:
        return file.read(most)


def _read_folder(root: Path, reader: CodeReader, but: Collection[Path]) -> None:
    for number, path in enumerate(_walk(root, reader, but)):
        if number == reader.limits.entries:
            return reader.code.note("", f"only the first {number:,} files were looked at")
        relative = path.relative_to(root).as_posix()
        if reader.wants(relative):
            reader.take(relative, lambda most, path=path: read_regular(path, most))


def _walk(folder: Path, reader: CodeReader, but: Collection[Path], depth: int = 1) -> Iterator[Path]:
    """The files below `folder`, sorted, without links, environments and what is deeper than the limit."""
    if depth > reader.limits.depth:
        return reader.code.note(folder.name, "folders too deep to look into")
    entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    if any(entry.name == "pyvenv.cfg" for entry in entries):
        return None
    for entry in entries:
        path = Path(entry.path)
        if entry.is_symlink():
            if path.suffix.lower() in SUFFIXES:
                reader.code.note(entry.name, "a link, not followed")
        elif not entry.is_dir():
            yield path
        elif not entry.name.startswith(".") and not (but and path.resolve() in but):
            yield from _walk(path, reader, but, depth + 1)


class _Bounded:
    """A file that reads no more than `most` bytes at once: `zipfile` reads a table of contents whole."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self.file, self.most = file, most
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        data = self.file.read(min(size, self.most + 1) if size >= 0 else self.most + 1)
        if len(data) > self.most:
            raise zipfile.BadZipFile("its table of contents is too long")
        return data


def _read_zip(file: BinaryIO, reader: CodeReader) -> None:
    bounded = _Bounded(file, reader.limits.directory_bytes)
    try:
        archive = zipfile.ZipFile(bounded)
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeError) as error:
        return reader.code.note("", f"no zip that can be read ({error})")
    bounded.most = reader.limits.notebook_bytes + 1  # from here on, pieces of members
    members = sorted(archive.infolist(), key=lambda info: (info.filename, info.header_offset))
    if len(members) > reader.limits.entries:
        reader.code.note(
            "", f"only the first {reader.limits.entries:,} of {len(members):,} entries were looked at"
        )
    for info in members[: reader.limits.entries]:
        if info.filename.endswith("/") or not reader.wants(info.filename):
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            reader.code.note(info.filename, "a link, not followed")
        elif info.flag_bits & 1 or info.compress_type not in METHODS:
            reader.code.note(info.filename, "left out: encrypted, or compressed in an unusual way")
        else:
            reader.take(info.filename, lambda most, info=info: _read_member(archive, info, most))


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    """The first `most` bytes, whatever size is claimed. Errors: OSError."""
    try:
        with archive.open(info) as member:
            return member.read(most)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, NotImplementedError) as error:
        raise OSError(f"broken in the zip ({error})") from error
