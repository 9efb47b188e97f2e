"""What a file of a hand-in is by its contents, whatever its name says.

    content_violation("model/weights.dat", path, limits)   # Violation("pickle", ...) or None

Archives and pickles are told by how they begin; a pickle of the old protocols, which has no such mark, by
whether it can be read as one to its last byte. `pickletools` reads opcodes without running any.
"""

from __future__ import annotations

import os
import pickletools
import re
from pathlib import Path

from common.handin.manifest import NAME as MANIFEST
from common.handin.manifest import JsonError, read_json
from common.handin.rules import IntakeLimits, Violation, violation
from common.handin.tensor_header import TensorHeaderError, read_header

HEAD, TAIL = 512, 22
ARCHIVE_MAGIC = {
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"PK\x07\x08": "zip",
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\x00": "xz",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"\x04\x22\x4d\x18": "lz4",
    b"MSCF\x00\x00\x00\x00": "cab",
    b"\x1f\x9d": "compress",
    b"\x1f\xa0": "compress",
    b"!<arch>\n": "ar",
}
BZIP2 = re.compile(rb"BZh[1-9](?:1AY&SY|\x17\x72\x45\x38\x50\x90)")
TAR_MAGIC_AT, TAR_MAGIC = 257, b"ustar"
ZIP_END = b"PK\x05\x06"  # 22 bytes before the end: a zip may have anything in front
TORCH_ZIP = re.compile(rb"PK\x03\x04.{26}[\w .-]{1,200}/(?:data\.pkl|byteorder|\.format_version)", re.DOTALL)
PROTOCOLS = b"\x02\x03\x04\x05"  # of pickles that say so, after the byte 0x80
EXECUTABLE_MAGIC = (b"\x7fELF", b"MZ\x90\x00", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
OLD_PICKLE_BYTES = 1 << 20  # a longer one is not looked for: numbers as text
NPY_MAGIC = b"\x93NUMPY"
PLAIN_NPY = re.compile(
    rb"\x93NUMPY[\x01-\x03]\x00..(?:\x00\x00)?\{'descr': '[<>|=]?[biufcSU]\d{1,9}', ", re.DOTALL
)


def content_violation(name: str, path: Path, limits: IntakeLimits) -> Violation | None:
    """The rule that the file `path`, called `name` in the hand-in, breaks by what is in it."""
    with path.open("rb") as file:
        head = file.read(HEAD)
        file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
        tail = file.read(TAIL)
    if name.lower().endswith(".safetensors"):  # its first byte may be anything: it is a length
        return _header_violation(name, path, limits)
    if name.startswith("model/") and name.lower().endswith(".json") or name == MANIFEST:
        return _json_violation(name, path, limits)
    if kind := archive_kind(head, tail):
        if TORCH_ZIP.match(head):
            return violation("pickle", name, "a file of torch.save")
        return violation("nested-archive", name, f"its contents are {kind}")
    if head.startswith(EXECUTABLE_MAGIC):
        return violation("compiled-code", name)
    if head.startswith(NPY_MAGIC) and not PLAIN_NPY.match(head):
        return violation("pickle", name, "an array of objects")
    if is_pickle(head, path):
        return violation("pickle", name)
    return None


def archive_kind(head: bytes, tail: bytes = b"") -> str | None:
    """Which kind of archive or compressed file begins with `head` and ends with `tail`; None if none."""
    for magic, kind in ARCHIVE_MAGIC.items():
        if head.startswith(magic):
            return kind
    if BZIP2.match(head):
        return "bzip2"
    if head[TAR_MAGIC_AT:].startswith(TAR_MAGIC):
        return "tar"
    return "zip" if tail.startswith(ZIP_END) else None


def is_pickle(head: bytes, path: Path) -> bool:
    """Whether the file begins as a pickle does, or is one of the old protocols from first to last byte."""
    if len(head) > 2 and head[0] == 0x80 and head[1] in PROTOCOLS:
        return True
    if not 2 < path.stat().st_size <= OLD_PICKLE_BYTES:
        return False
    data = path.read_bytes().rstrip(b"\r\n")
    if not data.endswith(b"."):
        return False
    try:
        return max(place for _, _, place in pickletools.genops(data)) == len(data) - 1
    except Exception:  # noqa: BLE001 - whatever a broken pickle raises, it is none
        return False


def _header_violation(name: str, path: Path, limits: IntakeLimits) -> Violation | None:
    try:
        read_header(path, most_bytes=limits.header_bytes)
    except TensorHeaderError as error:
        return violation("tensor-header", name, str(error))
    return None


def _json_violation(name: str, path: Path, limits: IntakeLimits) -> Violation | None:
    try:
        read_json(path, limits)
    except JsonError as error:
        return violation("json", name, str(error))
    return None
