"""Reads a zip as strictly as one can, and unpacks it with every byte counted.

    with archive.open("rb") as file:
        entries = read_entries(file, limits)      # the table of contents, checked against the file itself
        for chunk in chunks(file, entry): ...     # the contents of one entry

Zip readers differ in what they make of a crooked archive; this one refuses it. The files must fill the
archive from its first byte to the table of contents, without overlap or gap, and the
header before each file must agree with the table. Only "stored" and "deflate", no zip64, no encryption.

Source: PKWARE's APPNOTE.TXT 6.3, sections 4.3 and 4.4. Not `zipfile`, which reads a table of any length into
memory and takes prefixes, gaps and overlaps for granted.
"""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import BinaryIO

from common.handin.rules import IntakeLimits, Violation, violation

END = struct.Struct("<4s4H2LH")  # end of central directory
CENTRAL = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
END_MAGIC, CENTRAL_MAGIC, LOCAL_MAGIC = b"PK\x05\x06", b"PK\x01\x02", b"PK\x03\x04"
ZIP64_MAGIC, ZIP64_LOCATOR_SIZE = b"PK\x06\x07", 20
LONGEST_COMMENT = 0xFFFF
ENCRYPTED, DESCRIPTOR, PATCHED, STRONG, UTF8, MASKED = 0x1, 0x8, 0x20, 0x40, 0x800, 0x2000
DESCRIPTOR_SIZES = (12, 16, 20, 24)  # crc and sizes once more, behind the data: with a magic, with 64 bits
STORED, DEFLATED = 0, 8
UNICODE_PATH = 0x7075  # extra field: another name, which some programs prefer
REPARSE_POINT = 0x400  # Windows' links, in the DOS attributes
TABLE_BYTES_PER_ENTRY = 1024
CHUNK = 1 << 16


class Rejected(Exception):
    """The archive breaks a rule, so that there is no sense in reading on."""

    def __init__(self, *violations: Violation) -> None:
        super().__init__("; ".join(map(str, violations)))
        self.violations = violations


@dataclass(frozen=True)
class Entry:
    """One line of the table of contents. name: ends with "/" for a folder."""

    name: str
    mode: int  # of Unix, 0 if unknown
    dos_attributes: int
    flags: int
    method: int
    crc: int
    packed: int
    size: int  # as the table claims
    header_at: int
    raw_name: bytes
    extra: bytes
    data_at: int = -1

    @property
    def is_folder(self) -> bool:
        return self.name.endswith("/")

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode) or bool(self.dos_attributes & REPARSE_POINT)

    @property
    def is_special(self) -> bool:
        """Neither a file nor a folder, or a folder by its name and a file by its mode."""
        expected = (0, stat.S_IFDIR if self.is_folder else stat.S_IFREG)
        return stat.S_IFMT(self.mode) not in expected


def read_entries(file: BinaryIO, limits: IntakeLimits) -> list[Entry]:
    """The table of contents, in its order, each entry's place verified. Errors: Rejected."""
    length = file.seek(0, os.SEEK_END)
    if length > limits.total_bytes + (64 << 20):
        raise Rejected(violation("too-large", "the zip", f"{length:,} bytes"))
    count, table_size, table_at = _read_end(file, length, limits)
    file.seek(table_at)
    entries = _parse_table(file.read(table_size), count)
    if broken := [rule for entry in entries if (rule := _broken_rule(entry))]:
        raise Rejected(*broken)
    if (claimed := sum(entry.size for entry in entries)) > limits.total_bytes:
        raise Rejected(violation("too-large", "the zip", f"{claimed:,} bytes unpacked"))
    return _placed(file, entries, table_at)


def chunks(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """The contents of `entry`, at most 64 kB at a time. Errors: Rejected if they are not as announced."""
    crc, size = 0, 0
    for chunk in _packed(file, entry) if entry.method == STORED else _inflated(file, entry):
        crc, size = zlib.crc32(chunk, crc), size + len(chunk)
        if size > entry.size:  # so that no more is ever unpacked than was claimed, and allowed, at first
            raise Rejected(violation("zip-bomb", entry.name, "it unpacks to more than it claims"))
        yield chunk
    if (crc, size) != (entry.crc, entry.size):
        raise Rejected(violation("broken-zip", entry.name, "its length or checksum is wrong"))


def _read_end(file: BinaryIO, length: int, limits: IntakeLimits) -> tuple[int, int, int]:
    """Number of entries, size and place of the table, from the record at the end of the file."""
    tail_at = max(0, length - END.size - LONGEST_COMMENT)
    file.seek(tail_at)
    tail = file.read()
    found = tail.rfind(END_MAGIC)
    if found < 0:
        file.seek(0)
        raise Rejected(violation("broken-zip" if file.read(4) == LOCAL_MAGIC else "not-a-zip", "the zip"))
    if found + END.size > len(tail):
        raise Rejected(violation("broken-zip", "the zip"))
    _, disk, table_disk, on_disk, count, table_size, table_at, comment = END.unpack_from(tail, found)
    end_at = tail_at + found
    if tail[max(0, found - ZIP64_LOCATOR_SIZE) :].startswith(ZIP64_MAGIC) or 0xFFFFFFFF in (
        table_size,
        table_at,
    ):
        raise Rejected(violation("zip64", "the zip"))
    if count > limits.entries:
        raise Rejected(violation("too-many-entries", "the zip", f"{count} entries, at most {limits.entries}"))
    if disk or table_disk or on_disk != count or table_size > count * TABLE_BYTES_PER_ENTRY:
        raise Rejected(violation("broken-zip", "the zip"))
    if table_at + table_size != end_at or end_at + END.size + comment != length:
        raise Rejected(violation("extra-data", "the zip"))
    return count, table_size, table_at


def _parse_table(table: bytes, count: int) -> list[Entry]:
    entries, at = [], 0
    for _ in range(count):
        if at + CENTRAL.size > len(table):
            raise Rejected(violation("broken-zip", "the zip"))
        (magic, _, _, flags, method, _, _, crc, packed, size, *lengths, disk, _, attributes, header_at) = (
            CENTRAL.unpack_from(table, at)
        )
        name_at, extra_at = at + CENTRAL.size, at + CENTRAL.size + lengths[0]
        at = extra_at + lengths[1] + lengths[2]
        if magic != CENTRAL_MAGIC or disk or at > len(table):
            raise Rejected(violation("broken-zip", "the zip"))
        raw, extra = table[name_at:extra_at], table[extra_at : extra_at + lengths[1]]
        name = _decoded(raw, flags, extra)
        mode, dos = attributes >> 16, attributes & 0xFFFF
        entries.append(Entry(name, mode, dos, flags, method, crc, packed, size, header_at, raw, extra))
    if at != len(table):
        raise Rejected(violation("extra-data", "the zip"))
    return entries


def _decoded(raw: bytes, flags: int, extra: bytes) -> str:
    """The name: ASCII, or UTF-8 that says so."""
    try:
        name = raw.decode("utf-8" if flags & UTF8 else "ascii")
    except UnicodeDecodeError:
        raise Rejected(violation("name-encoding", raw.decode("utf-8", "backslashreplace"))) from None
    if UNICODE_PATH in _extra_fields(extra):
        raise Rejected(violation("name-encoding", name, "it has a second name"))
    return name


def _extra_fields(extra: bytes) -> set[int]:
    found, at = set(), 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<2H", extra, at)
        found.add(kind)
        at += 4 + length
    return found


def _broken_rule(entry: Entry) -> Violation | None:
    """What the table alone says against an entry's contents."""
    if entry.flags & (ENCRYPTED | STRONG | MASKED):
        return violation("encrypted", entry.name)
    if entry.method not in (STORED, DEFLATED) or entry.flags & PATCHED:
        return violation("compression", entry.name, f"method {entry.method}")
    if 0xFFFFFFFF in (entry.packed, entry.size, entry.header_at):
        return violation("zip64", entry.name)
    if (entry.method == STORED and entry.packed != entry.size) or (entry.is_folder and entry.size):
        return violation("broken-zip", entry.name)
    return None


def _placed(file: BinaryIO, entries: list[Entry], table_at: int) -> list[Entry]:
    """The entries with `data_at`, once it is sure that they fill the file up to the table."""
    placed, position, gaps = {}, 0, (0,)
    for entry in sorted(entries, key=lambda entry: entry.header_at):
        _check_gap(entry.name, entry.header_at - position, gaps)
        data_at = _data_at(file, entry)
        placed[id(entry)] = replace(entry, data_at=data_at)
        position = data_at + entry.packed
        gaps = (0, *DESCRIPTOR_SIZES) if entry.flags & DESCRIPTOR else (0,)
    _check_gap("the zip", table_at - position, gaps)
    return [placed[id(entry)] for entry in entries]


def _check_gap(where: str, gap: int, allowed: tuple[int, ...]) -> None:
    if gap < 0:
        raise Rejected(violation("overlapping-entries", where))
    if gap not in allowed:
        raise Rejected(violation("extra-data", where))


def _data_at(file: BinaryIO, entry: Entry) -> int:
    """Where the contents begin, behind a header that agrees with the table."""
    file.seek(entry.header_at)
    header = file.read(LOCAL.size)
    if len(header) < LOCAL.size:
        raise Rejected(violation("broken-zip", entry.name))
    magic, _, flags, method, _, _, crc, packed, size, name_length, extra_length = LOCAL.unpack(header)
    sizes = (crc, packed, size)
    true_sizes = sizes == (entry.crc, entry.packed, entry.size) or (
        entry.flags & DESCRIPTOR and not any(sizes)
    )
    same = (flags, method, file.read(name_length)) == (entry.flags, entry.method, entry.raw_name)
    if magic != LOCAL_MAGIC or not same or not true_sizes:
        raise Rejected(violation("broken-zip", entry.name, "its header and the table of contents differ"))
    return entry.header_at + LOCAL.size + name_length + extra_length


def _packed(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """The bytes of `entry` as they stand in the archive."""
    file.seek(entry.data_at)
    left = entry.packed
    while left:
        chunk = file.read(min(CHUNK, left))
        if not chunk:
            raise Rejected(violation("broken-zip", entry.name))
        left -= len(chunk)
        yield chunk


def _inflated(file: BinaryIO, entry: Entry) -> Iterator[bytes]:
    """The unpacked contents, never more than CHUNK bytes in memory, however well they are packed."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for packed in _packed(file, entry):
            if inflate.eof:
                raise Rejected(violation("broken-zip", entry.name))
            while packed:
                if chunk := inflate.decompress(packed, CHUNK):
                    yield chunk
                packed = inflate.unconsumed_tail
        while not inflate.eof and (chunk := inflate.decompress(b"", CHUNK)):
            yield chunk
    except zlib.error:
        raise Rejected(violation("broken-zip", entry.name)) from None
    if not inflate.eof or inflate.unused_data:
        raise Rejected(violation("broken-zip", entry.name))
