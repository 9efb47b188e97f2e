"""The intake as a whole: one adversarial hand-in for every rule, and what is left on the disk afterwards."""

from __future__ import annotations

import io
import os
import pickle
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest

from common.cli import UserError
from common.handin import REJECTIONS, IntakeLimits, take_in

LIMITS = IntakeLimits(entries=30, total_bytes=5_000_000, ratio_from=100_000)
REPORT = "r12345678_report.pdf"


def entry(name: str, data: bytes = b"", mode: int = stat.S_IFREG | 0o644, **attributes):
    """A ZipInfo with the mode of Unix, and its contents."""
    info = zipfile.ZipInfo(name)
    info.external_attr, info.compress_type = mode << 16, zipfile.ZIP_DEFLATED
    for key, value in attributes.items():
        setattr(info, key, value)
    return info, data


def array(value) -> bytes:
    file = io.BytesIO()
    np.save(file, value, allow_pickle=True)
    return file.getvalue()


def flagged(data: bytes, flag: int) -> bytes:
    """A zip whose first line of the table has this flag set."""
    at = data.index(b"PK\x01\x02")
    return data[: at + 8] + struct.pack("<H", flag) + data[at + 10 :]


def twice(data: bytes) -> bytes:
    """A zip whose table names its only file two times."""
    at, end = data.index(b"PK\x01\x02"), data.index(b"PK\x05\x06")
    record = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 2, 2, 2 * (end - at), at, 0)
    return data[:end] + data[at:end] + record


def bzipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("README.md", b"hello")
    return file.getvalue()


class Hostile:
    def __reduce__(self):
        return os.mkdir, ("made_by_a_pickle",)


def rejected(making) -> dict[str, object]:
    """For each rule, hand-ins that break it: bytes of a zip, or entries added to a good one."""
    good = making.zip_bytes(making.hand_in_files())
    lie = making.tensor_file({"w": {"dtype": "F32", "shape": [10**6, 10**6], "data_offsets": [0, 24]}})
    shared = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
    deep = b"[" * 40_000 + b"]" * 40_000
    return {
        "not-a-zip": [b"", b"hello", making.slides(1)],
        "broken-zip": [good[:-30], good[:1000]],
        "zip64": [good[:-22] + b"PK\x06\x07" + bytes(16) + good[-22:]],
        "extra-data": [b"#!/bin/sh\n" + good, good + good],
        "overlapping-entries": [twice(making.zip_bytes({"README.md": b"hello"}))],
        "too-many-entries": [[entry(f"common/{number}") for number in range(30)]],
        "too-large": [[entry("common/a", os.urandom(5_000_001))]],
        "zip-bomb": [[entry("common/a", bytes(4_000_000))]],
        "encrypted": [flagged(good, 1)],
        "compression": [bzipped()],
        "name-encoding": [good.replace(b"common/audio.py", b"common/\xb5\xb8\xae\xd7x.py"[:15])],
        "absolute-path": [[entry("/tmp/evil")]],
        "parent-path": [[entry("../evil")], [entry("common/../../evil")]],
        "backslash": [[entry("..\\evil")]],
        "drive-letter": [[entry("C:/evil")]],
        "control-character": [[entry("common/\x1b[2Kevil")], [entry("common/\u202eyp.exe")]],
        "odd-path": [[entry("common//evil")], [entry("common/nul")]],
        "path-length": [[entry("common/" + "x" * 300)]],
        "link": [[entry("model/w", b"/etc/passwd", stat.S_IFLNK | 0o777)], [entry("a", external_attr=0x400)]],
        "special-file": [
            [entry("common/fifo", mode=stat.S_IFIFO | 0o644)],
            [entry("common/disk", mode=stat.S_IFBLK | 0o644)],
            [entry("common/folder", mode=stat.S_IFDIR | 0o755)],
        ],
        "duplicate-name": [[entry("README.md", b"another")]],
        "clashing-name": [[entry("readme.md", b"another")], [entry("Common/b.py")]],
        "file-as-folder": [[entry("common/audio.py/evil.py")]],
        "nested-archive": [
            [entry("a.zip", making.zip_bytes({}))],
            [entry("model/history.jsonl2", making.zip_bytes({"a": b""}))],
            [entry("common/table.csv", zlib.compress(b"hello", wbits=31))],
            [entry("common/picture.png", b"\x89PNG" + bytes(600) + making.zip_bytes({}))],
            [entry("common/a.dat", bytes(257) + b"ustar\x0000" + bytes(300))],
            *([entry("a", magic)] for magic in (b"\xfd7zXZ\0", b"7z\xbc\xaf'\x1c", b"Rar!\x1a\x07")),
            [entry("a", b"BZh91AY&SY")],
        ],
        "pickle": [
            [entry("model/model.pt")],
            [entry("model/weights.dat", pickle.dumps(Hostile()))],
            [entry("model/weights.txt", pickle.dumps(Hostile(), protocol=0))],
            [entry("model/weights.dat", making.zip_bytes({"archive/data.pkl": b""}))],
            [entry("common/table.npy", array(np.array([{}, 1], dtype=object)))],
            [entry("common/table.npy", array(np.zeros(2, [("a", object)])))],
        ],
        "test-settings": [[entry("conftest.py")], [entry("common/pytest.ini")]],
        "startup-file": [[entry("sitecustomize.py")], [entry("x.pth", b"import os")]],
        "compiled-code": [[entry("common/fast.so")], [entry("common/notes.txt", b"\x7fELF" + bytes(60))]],
        "shadows-standard-library": [[entry("random.py")], [entry("json/__init__.py")]],
        "shadows-package": [[entry("numpy/__init__.py")], [entry("torch.py")]],
        "tensor-header": [
            [entry("common/a.safetensors", lie)],
            [entry("common/a.safetensors", making.tensor_file({"a": shared, "b": shared}))],
            [entry("common/a.safetensors", b"\x80\x04N.")],
        ],
        "json": [[entry("model/a.json", deep)], [entry("model/a.json", b'{"a": 1, "a": 2}')]],
        "manifest-missing": [making.zip_bytes({name: b""}) for name in ("README.md", "a/MANIFEST.json")],
        "manifest-unreadable": [making.zip_bytes({"MANIFEST.json": b"[]"})],
        "student-id": [
            making.zip_bytes(making.hand_in_files(student_id=student))
            for student in ("../../x", "R12345678", "", None, 5, "r12345678\n")
        ],
        "unknown-assignment": [making.zip_bytes(making.hand_in_files(assignment="hw9\n"))],
        "wrong-assignment": [making.zip_bytes(making.hand_in_files("hw2"))],
    }  # fmt: skip


def test_every_rule_has_its_adversary(making):
    assert rejected(making).keys() == REJECTIONS.keys()


@pytest.mark.parametrize("rule", REJECTIONS)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_hostile_hand_in_is_rejected_by_its_rule_and_leaves_nothing(rule, zipped, making, tmp_path):
    good = list(making.hand_in_files().items())
    for number, contents in enumerate(rejected(making)[rule]):
        archive = zipped(contents if isinstance(contents, bytes) else making.zip_bytes([*good, *contents]))
        before = everything(tmp_path)
        folder = tmp_path / "unpacked"
        intake = take_in(archive, folder, assignment="hw0", limits=LIMITS)
        assert rule in {found.rule for found in intake.violations}, (number, intake.violations)
        assert intake.hand_in is None and intake.faults == ()
        assert all("\n" not in str(found) and str(found).isprintable() for found in intake.violations)
        assert everything(tmp_path) == before | {folder}
        folder.rmdir()
    assert not Path("made_by_a_pickle").exists()


def everything(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@pytest.mark.parametrize("short", ["hw0", "hw1", "hw2", "hw3"])
def test_a_good_hand_in_is_unpacked_whole_and_without_a_fault(short, zipped, making, tmp_path):
    files = making.hand_in_files(short)
    intake = take_in(zipped(files, f"r12345678_{short}.zip"), tmp_path / "unpacked")
    hand_in = intake.hand_in
    assert (intake.violations, intake.faults) == ((), ())
    assert (hand_in.assignment.short, hand_in.student_id, hand_in.parameters) == (short, making.STUDENT, 6)
    assert hand_in.report == hand_in.root / REPORT and hand_in.report_facts.pages == 8
    assert hand_in.model == hand_in.root / "model" and hand_in.manifest["assignment"] == short
    found = {path for path in everything(hand_in.root) if path.is_file()}
    assert found == set(map(hand_in.root.joinpath, files))
    assert all((hand_in.root / name).read_bytes() == data for name, data in files.items())
    assert all(stat.S_IMODE(path.stat().st_mode) & 0o7133 == 0 for path in map(hand_in.root.joinpath, files))


def test_a_wrapped_hand_in_is_told_where_its_manifest_lies(zipped, making, tmp_path):
    wrapped = {f"r12345678_hw0/{name}": data for name, data in making.hand_in_files().items()}
    (found,) = take_in(zipped(wrapped), tmp_path / "unpacked").violations
    assert "it lies in r12345678_hw0/, zip what is in that folder" in str(found)


def test_plain_arrays_and_words_that_end_with_a_point_pass(zipped, making, tmp_path):
    more = {
        "common/a.npy": array(np.zeros((2, 3))),
        "common/names.npy": array(np.array(["ab", "c"])),
        "common/N.txt": b"N is a number.",
        "common/a.txt": b"(I see it.",
        "model/a.json": b"{}",
    }
    assert take_in(zipped(making.hand_in_files() | more), tmp_path / "unpacked").violations == ()


def test_only_an_empty_folder_is_taken_and_others_keep_their_files(zipped, making, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")
    archive = zipped(making.hand_in_files())
    for folder in (tmp_path / "full", archive):
        with pytest.raises(UserError, match="is not an empty folder"):
            take_in(archive, folder)
    (tmp_path / "link").symlink_to(tmp_path / "full")
    with pytest.raises(UserError, match="is not an empty folder"):
        take_in(archive, tmp_path / "link")
    assert (tmp_path / "full" / "mine.txt").read_text() == "mine"
    with pytest.raises(UserError, match="no such file"):
        take_in(tmp_path / "nothing.zip", tmp_path / "a")
    with pytest.raises(UserError, match="hw9: is no assignment"):
        take_in(archive, tmp_path / "a", assignment="hw9")


def test_a_fault_of_the_disk_leaves_the_folder_empty(zipped, making, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("common.handin.intake.content_violation", full)
    with pytest.raises(OSError, match="No space"):
        take_in(zipped(making.hand_in_files()), tmp_path / "unpacked")
    assert list((tmp_path / "unpacked").iterdir()) == []


def test_many_violations_are_not_all_told(zipped, making, tmp_path):
    intake = take_in(zipped({f"../{number}": b"" for number in range(99)}), tmp_path / "unpacked")
    assert len(intake.violations) == 50
