"""Arrays of numbers in an .npz file: no pickle, and no more than what it unpacks to may have."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from grading.readers.files import OutputError, open_output

MOST_ARRAYS = 64
PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
KINDS = "biufc"  # booleans and numbers
HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_npz(path: Path, most_bytes: int) -> dict[str, NDArray]:
    """The arrays by name; packed or not, they have at most `most_bytes` together. Errors: OutputError."""
    with open_output(path, most_bytes) as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return _arrays(path.name, archive, most_bytes)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            NotImplementedError,
            RuntimeError,
            OSError,
        ) as error:
            raise OutputError(f"{path.name}: is no .npz file; write it with numpy.savez") from error


def _arrays(name: str, archive: zipfile.ZipFile, most_bytes: int) -> dict[str, NDArray]:
    entries = archive.infolist()
    if len(entries) > MOST_ARRAYS:
        raise OutputError(f"{name}: has {len(entries)} arrays; at most {MOST_ARRAYS} are read")
    if len({entry.filename for entry in entries}) < len(entries):
        raise OutputError(f"{name}: has two arrays of one name; name each differently")
    found, left = {}, most_bytes
    for entry in entries:
        if entry.compress_type not in PACKINGS or not entry.filename.endswith(".npy"):
            raise OutputError(f"{name}: holds more than arrays; write it with numpy.savez")
        with archive.open(entry) as member:  # counted while it unpacks: what the directory says may be a lie
            content = member.read(left + 1)
        if len(content) > left:
            raise OutputError(f"{name}: unpacks to more than {most_bytes:,} bytes; write less")
        left -= len(content)
        found[entry.filename.removesuffix(".npy")] = _array(name, content)
    return found


def _array(name: str, content: bytes) -> NDArray:
    """The array of an .npy file, whose header is held against its length first."""
    file = io.BytesIO(content)
    try:
        read_header = HEADERS[np.lib.format.read_magic(file)]
        shape, fortran_order, dtype = read_header(file)
    except Exception as error:  # numpy's parser meets broken headers with errors of many kinds
        raise OutputError(f"{name}: an array has no valid header; write it with numpy.savez") from error
    if dtype.kind not in KINDS:
        raise OutputError(f"{name}: an array holds {dtype.kind!r}, not numbers; write numbers")
    claimed, present = math.prod(shape) * dtype.itemsize, len(content) - file.tell()
    if claimed != present or min(shape, default=0) < 0:
        raise OutputError(f"{name}: an array claims {claimed:,} bytes, {present:,} are there; write all")
    order = "F" if fortran_order else "C"
    return np.frombuffer(content, dtype, offset=file.tell()).reshape(shape, order=order)
