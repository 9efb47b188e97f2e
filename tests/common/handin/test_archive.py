"""The zip reader: sound archives of all makers are read, crooked ones refused by the right rule."""

from __future__ import annotations

import io
import os
import struct
import zipfile
import zlib

import pytest

from common.handin.archive import CENTRAL, END, Rejected, chunks, read_entries
from common.handin.rules import IntakeLimits

TEXT = b"some words, some more words, the same words once more" * 3
TWO = {"a.txt": TEXT, "b/c.txt": b"short"}


def read(data: bytes, **limits) -> dict[str, bytes]:
    """Name -> contents, by the reader that is tested."""
    file = io.BytesIO(data)
    return {entry.name: b"".join(chunks(file, entry)) for entry in read_entries(file, IntakeLimits(**limits))}


def rule(data: bytes, **limits) -> str:
    """The rule that the archive breaks."""
    with pytest.raises(Rejected) as caught:
        read(data, **limits)
    return caught.value.violations[0].rule


def table(data: bytes) -> tuple[int, int]:
    """Where the table of contents and the record at the end begin."""
    return END.unpack_from(data, len(data) - END.size)[6], len(data) - END.size


def patched(data: bytes, offset: int, form: str, value: int) -> bytes:
    """`data` with one number changed. offset: in the first line of the table of contents."""
    changed = bytearray(data)
    struct.pack_into(form, changed, table(data)[0] + offset, value)
    return bytes(changed)


def with_end(data: bytes, **changes: int) -> bytes:
    """`data` with another record at the end."""
    names = ("magic", "disk", "table_disk", "on_disk", "count", "size", "at", "comment")
    record = dict(zip(names, END.unpack_from(data, table(data)[1]), strict=True)) | changes
    return data[: -END.size] + END.pack(*record.values())


# ---- sound archives ----


class Pipe(io.BytesIO):
    """A file that cannot go back: zipfile then writes sizes and checksum behind the data."""

    def seekable(self) -> bool:
        return False

    def tell(self) -> int:
        raise OSError

    def seek(self, *_):
        raise OSError


def streamed() -> bytes:
    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in TWO.items():
            archive.writestr(name, data)
    return pipe.getvalue()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_stored_and_deflated_files_folders_and_comments_are_read(method):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("empty/", b"")
        archive.writestr("nothing.txt", b"")
        archive.writestr("noise", noise := os.urandom(200_000))
        archive.writestr("zeros", bytes(300_000))
        archive.writestr("音.txt", TEXT)
        archive.comment = b"made by a test"
    expected = {"empty/": b"", "nothing.txt": b"", "noise": noise, "zeros": bytes(300_000), "音.txt": TEXT}
    assert read(file.getvalue()) == expected


def test_sizes_behind_the_data_are_read(making):
    assert read(streamed()) == TWO
    assert read(making.zip_bytes({})) == {}


# ---- crooked ones ----


def test_what_is_no_zip_or_cut_off_is_told_apart(making):
    data = making.zip_bytes(TWO)
    assert rule(b"") == rule(b"hello") == rule(b"%PDF-1.7" + bytes(99)) == "not-a-zip"
    assert {rule(data[:length]) for length in range(4, len(data))} == {"broken-zip"}


def test_no_byte_of_a_zip_can_change_unnoticed(making):
    """Whatever byte is damaged, the archive is refused, or reads as before (dates, versions, permissions)."""
    data = making.zip_bytes(TWO)
    for place in range(len(data)):
        damaged = data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :]
        try:
            found = read(damaged)
        except Rejected:
            continue
        assert found == TWO


def test_bytes_in_front_between_and_behind_are_refused(making):
    data = making.zip_bytes(TWO)
    at, _ = table(data)
    assert rule(b"MZ" + data) == "extra-data"
    assert rule(data + b"\n") == "extra-data"
    assert rule(with_end(data[:at] + b"hidden" + data[at:], at=at + 6)) == "extra-data"
    assert rule(with_end(data[: -END.size] + b"x" + data[-END.size :])) == "extra-data"


def test_a_second_archive_in_the_comment_is_refused(making):
    data = making.zip_bytes(TWO)
    inner = making.zip_bytes({"other": b""})
    assert rule(with_end(data, comment=len(inner)) + inner) == "extra-data"


def test_a_prefix_is_refused_even_if_the_table_counts_it(making):
    file = io.BytesIO()
    file.write(b"#!/bin/sh\n")
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("a.txt", TEXT)
    assert rule(file.getvalue()) == "extra-data"


def test_two_files_of_the_same_bytes_are_refused(making):
    """The flat bomb: many lines of the table point at one block of data."""
    data = making.zip_bytes({"a.txt": TEXT})
    at, end = table(data)
    twice = data[:end] + data[at:end] + data[end:]
    twice = with_end(twice, count=2, on_disk=2, size=2 * (end - at))
    assert rule(twice) == "overlapping-entries"


def test_a_file_that_begins_within_another_is_refused(making):
    inner = making.zip_bytes({"inner": b"x"})[:36]
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("outer", inner)
        archive.writestr("inner", b"x")
    data = bytearray(file.getvalue())
    at, _ = table(bytes(data))
    struct.pack_into("<L", data, at + 51 + 42, 35)  # the second line: 51 = length of the first
    assert rule(bytes(data)) in ("overlapping-entries", "broken-zip")


def test_too_many_entries_are_refused_before_they_are_read(making):
    data = making.zip_bytes({f"{number}": b"" for number in range(6)})
    assert len(read(data, entries=6)) == 6
    assert rule(data, entries=5) == "too-many-entries"
    assert rule(with_end(data, count=5, on_disk=5), entries=5) == "extra-data"
    assert rule(with_end(data, count=7, on_disk=7)) == "broken-zip"
    assert rule(with_end(data, count=0xFFFE, on_disk=0xFFFE)) == "too-many-entries"


def test_a_table_that_is_longer_than_its_entries_need_is_refused(making):
    info = zipfile.ZipInfo("a")
    info.comment = b"x" * 3000
    assert rule(making.zip_bytes([(info, b"")])) == "broken-zip"


def test_more_bytes_than_allowed_are_refused_as_claimed_and_as_unpacked(making):
    data = making.zip_bytes({"zeros": bytes(100_000)})
    assert rule(data, total_bytes=99_999) == "too-large"
    assert read(data, total_bytes=100_000) == {"zeros": bytes(100_000)}


def lying(making, claimed: int) -> bytes:
    """100 kB of zeros that claim to be fewer, in both headers, with the checksum of what they claim."""
    data = bytearray(making.zip_bytes({"zeros": bytes(100_000)}))
    at, _ = table(bytes(data))
    crc = zlib.crc32(bytes(claimed))
    for place, offset in ((0, 14), (at, 16)):
        struct.pack_into("<L", data, place + offset, crc)
        struct.pack_into("<L", data, place + offset + 8, claimed)
    return bytes(data)


def test_unpacking_stops_where_a_file_is_longer_than_it_claims(making):
    assert zipfile.ZipFile(io.BytesIO(lying(making, 10))).read("zeros") == bytes(10)  # others do not notice
    file, unpacked = io.BytesIO(lying(making, 70_000)), 0
    (entry,) = read_entries(file, IntakeLimits(total_bytes=70_000))
    with pytest.raises(Rejected) as caught:
        for chunk in chunks(file, entry):
            unpacked += len(chunk)
    assert caught.value.violations[0].rule == "zip-bomb" and unpacked <= 70_000
    assert rule(lying(making, 200_000)) == "broken-zip"


def test_no_more_than_a_chunk_is_unpacked_at_once(making):
    file = io.BytesIO(making.zip_bytes({"zeros": bytes(3_000_000)}))
    (entry,) = read_entries(file, IntakeLimits())
    assert max(map(len, chunks(file, entry))) <= 1 << 16


def test_a_wrong_checksum_is_refused(making):
    data = bytearray(making.zip_bytes([(zipfile.ZipInfo("a.txt"), TEXT)]))
    data[40] ^= 1
    assert rule(bytes(data)) == "broken-zip"


def test_deflate_that_ends_early_or_late_is_refused(making):
    packed = zlib.compress(TEXT, wbits=-15)
    for tail in (b"x", b"x" * 70_000):
        data = bytearray(making.zip_bytes([(zipfile.ZipInfo("a"), packed + tail)]))
        at, _ = table(bytes(data))
        for place, offset in ((0, 8), (at, 10)):  # stored bytes that call themselves deflated
            struct.pack_into("<H", data, place + offset, 8)
            struct.pack_into("<L", data, place + offset + 6, zlib.crc32(TEXT))
            struct.pack_into("<L", data, place + offset + 14, len(TEXT))
        assert rule(bytes(data)) == "broken-zip"


@pytest.mark.parametrize("flag", [0x1, 0x41, 0x2000])
def test_encrypted_files_are_refused(flag, making):
    assert rule(patched(making.zip_bytes(TWO), 8, "<H", flag)) == "encrypted"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_is_refused(method):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("a.txt", TEXT)
    assert rule(file.getvalue()) == "compression"


def test_patches_are_refused(making):
    assert rule(patched(making.zip_bytes(TWO), 8, "<H", 0x20)) == "compression"


def test_archives_for_more_than_4_gb_are_refused(making):
    data = making.zip_bytes(TWO)
    assert rule(patched(data, 24, "<L", 0xFFFFFFFF)) == "zip64"
    assert rule(with_end(data, at=0xFFFFFFFF)) == "zip64"
    locator = b"PK\x06\x07" + bytes(16)
    assert rule(data[: -END.size] + locator + data[-END.size :]) == "zip64"


def test_a_header_that_differs_from_the_table_is_refused(making):
    data = making.zip_bytes(TWO)
    other_name = data.replace(b"a.txt", b"x.txt", 1)
    assert zipfile.ZipFile(io.BytesIO(data)).namelist() == zipfile.ZipFile(io.BytesIO(other_name)).namelist()
    assert rule(other_name) == "broken-zip"
    assert rule(patched(data, 24, "<L", 7)) == "broken-zip"
    assert rule(patched(data, 10, "<H", 0)) == "broken-zip"


def test_names_that_are_not_marked_as_utf_8_are_refused(making):
    data = making.zip_bytes({"name": b""})
    assert rule(data.replace(b"name", "音\xa0"[:1].encode() + b"x")) == "name-encoding"  # UTF-8, unmarked
    assert rule(data.replace(b"name", b"\xb5\xb8\xae\xd7")) == "name-encoding"  # Big5
    marked = making.zip_bytes({"音x": b""}).replace("音".encode(), b"\xff\xfe\xfd")
    assert rule(marked) == "name-encoding"


def test_a_second_name_in_the_extra_field_is_refused(making):
    info = zipfile.ZipInfo("a.txt")
    other = b"\x01" + struct.pack("<L", zlib.crc32(b"a.txt")) + b"../../evil"
    info.extra = struct.pack("<2H", 0x7075, len(other)) + other
    assert rule(making.zip_bytes([(info, b"")])) == "name-encoding"


def test_a_name_ends_with_its_length_not_with_a_zero(making):
    data = making.zip_bytes({"a.txt_b": b""}).replace(b"a.txt_b", b"a.txt\0b")
    (entry,) = read_entries(io.BytesIO(data), IntakeLimits())
    assert entry.name == "a.txt\0b"


def test_a_folder_with_contents_is_refused(making):
    assert rule(making.zip_bytes({"folder/": b"x"})) == "broken-zip"


def test_the_line_of_the_table_is_as_long_as_it_says(making):
    assert CENTRAL.size == 46
    data = making.zip_bytes({"a": b""})
    assert rule(patched(data, 28, "<H", 60_000)) == "broken-zip"
