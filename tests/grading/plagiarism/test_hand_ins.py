"""Reading hand-ins: zips, folders and files, and what is hostile about them."""

from __future__ import annotations

import io
import os
import random
import struct
import zipfile
from dataclasses import replace

import pytest

from common.cli import UserError
from grading.plagiarism.code_files import Library, Limits, decoded
from grading.plagiarism.hand_ins import LIMITS, read_folder_of_hand_ins, read_hand_in, student_of

CODE = "value = 1\n"


def zip_bytes(files: dict[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return written.getvalue()


@pytest.fixture
def read(tmp_path):
    """Read the zip with these bytes: `read(data, **limits)` -> (path -> text, problems)."""

    def of(data: bytes, **limits) -> tuple[dict[str, str], list[str]]:
        path = tmp_path / "r12345678_hw1.zip"
        path.write_bytes(data)
        library = Library()
        code = read_hand_in(path, library, replace(LIMITS, **limits))
        assert [entry.name for entry in tmp_path.iterdir()] == [path.name]  # nothing is unpacked
        return {name: library.texts[key] for name, key in code.files.items()}, code.problems

    return of


@pytest.mark.parametrize(
    ("name", "student"),
    [
        ("r12345678_hw1.zip", "r12345678"),
        ("R12345678_hw1_late (2).zip", "r12345678"),
        ("Ann Lee_123_hw2", "ann lee_123"),
        ("r12345678_muse2bach.zip", "r12345678"),
        ("student_01.zip", "student_01"),
        ("homework1_ann.zip", "homework1_ann"),
        ("solution.v2", "solution.v2"),
        ("alone.ipynb", "alone"),
    ],
)
def test_whose_hand_in_it_is(name, student):
    assert student_of(name) == student


def test_code_of_a_zip_is_read_and_the_rest_is_not(read):
    files = {
        "hw1/a.py": CODE,
        "b.ipynb": '{"cells": [{"cell_type": "code", "source": "x"}]}',
        "model/model.safetensors": b"\0" * 1000,
        "__pycache__/a.py": CODE,
        ".hidden/a.py": CODE,
        "__MACOSX/._a.py": CODE,
    }
    assert read(zip_bytes(files)) == ({"hw1/a.py": CODE, "b.ipynb": "# cell 1\nx\n"}, [])


def test_equal_files_are_kept_once(tmp_path):
    library = Library()
    for number in range(3):
        (tmp_path / f"{number}.zip").write_bytes(zip_bytes({"a.py": CODE, f"b{number}.py": "b = 2\r\n"}))
    hand_ins = read_folder_of_hand_ins(tmp_path, library)
    assert sorted(library.texts.values()) == ["b = 2\n", CODE]
    assert hand_ins[0].files["b0.py"] == hand_ins[2].files["b2.py"]


def test_a_zip_a_folder_and_a_file_are_hand_ins(tmp_path):
    (tmp_path / "c.zip").write_bytes(zip_bytes({"a.py": CODE}))
    (tmp_path / "b" / "deep").mkdir(parents=True)
    (tmp_path / "b" / "deep" / "a.py").write_text(CODE)
    (tmp_path / "b" / "env" / "lib").mkdir(parents=True)
    (tmp_path / "b" / "env" / "pyvenv.cfg").touch()
    (tmp_path / "b" / "env" / "lib" / "other.py").write_text(CODE)
    (tmp_path / "a.py").write_text(CODE)
    (tmp_path / "d.rar").write_bytes(b"Rar!")
    (tmp_path / "times.csv").write_text("")
    hand_ins = read_folder_of_hand_ins(tmp_path, Library())
    assert [(code.name, list(code.files)) for code in hand_ins] == [
        ("a.py", ["a.py"]),
        ("b", ["deep/a.py"]),
        ("c.zip", ["a.py"]),
        ("d.rar", []),
    ]
    assert "no zip" in hand_ins[3].problems[0]


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(UserError, match="no hand-ins"):
        read_folder_of_hand_ins(tmp_path, Library())
    with pytest.raises(UserError, match="no such folder"):
        read_folder_of_hand_ins(tmp_path / "none", Library())


def test_links_pipes_and_unreadable_files_are_not_followed(tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_text("secret = 1\n")
    hand_in = tmp_path / "class" / "a"
    hand_in.mkdir(parents=True)
    (hand_in / "own.py").write_text(CODE)
    (hand_in / "link.py").symlink_to(secret)
    (hand_in / "folder").symlink_to(tmp_path)
    os.mkfifo(hand_in / "pipe.py")
    (tmp_path / "class" / "b.py").symlink_to(secret)
    library = Library()
    first, second = read_folder_of_hand_ins(tmp_path / "class", library)
    assert list(first.files) == ["own.py"] and not second.files
    assert list(library.texts.values()) == [CODE]
    assert sorted(first.problems) == ["link.py: a link, not followed", "pipe.py: left out: no regular file"]


def test_folders_to_pass_over(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{name}.py").write_text(CODE)
    assert list(read_hand_in(tmp_path, Library(), but=[tmp_path / "b"]).files) == ["a/a.py"]


def test_a_link_in_a_zip_is_not_followed(read):
    info = zipfile.ZipInfo("a.py")
    info.external_attr = 0o120777 << 16
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert read(written.getvalue()) == ({}, ["a.py: a link, not followed"])


def test_names_outside_are_only_names(read):
    files, problems = read(zip_bytes({"../../up.py": CODE, "/root.py": CODE, "c:\\x.py": CODE}))
    assert sorted(files) == ["../../up.py", "/root.py", "c:\\x.py"] and not problems
    assert read(zip_bytes({"a.py": CODE}).replace(b"a.py", b"\0.py")) == ({}, [])  # an empty name


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_read_twice(read):
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr("a.py", "first = 1\n")
        archive.writestr("a.py", "second = 1\n")
    assert read(written.getvalue())[0] == {"a.py": "first = 1\n", "a.py (2)": "second = 1\n"}


def test_archives_within_are_told(read):
    assert read(zip_bytes({"more.zip": zip_bytes({"a.py": CODE})})) == (
        {},
        ["more.zip: an archive, not looked into"],
    )


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_unusual_compression_is_left_out(read, method):
    files, problems = read(zip_bytes({"a.py": CODE}, method))
    assert not files and "unusual" in problems[0]


def test_encrypted_members_are_left_out(read):
    data = bytearray(zip_bytes({"a.py": CODE}))
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(signature) + offset] |= 1
    files, problems = read(bytes(data))
    assert not files and "encrypted" in problems[0]


def test_limits_hold_for_what_is_read_not_for_what_is_claimed(read):
    bomb = bytearray(zip_bytes({"a.py": b"#" * 50_000_000}))
    start = bomb.index(b"PK\1\2")
    bomb[start + 24 : start + 28] = struct.pack("<I", 10)  # the size that is claimed
    files, problems = read(bytes(bomb))
    assert not files and problems[0].startswith("a.py: left out: broken")
    files, problems = read(zip_bytes({"a.py": b"#" * 50_000_000, "b.py": CODE}))
    assert files == {"b.py": CODE} and problems == ["a.py: left out: more than 500,000 bytes"]


@pytest.mark.parametrize(
    ("limits", "problem"),
    [
        ({"entries": 2}, "only the first 2 of 3 entries were looked at"),
        ({"path_length": 8}, "a/b/c/d/e.py...: its path is too long or too deep"),
        ({"depth": 4}, "a/b/c/d/e.py...: its path is too long or too deep"),
        ({"directory_bytes": 50}, "no zip that can be read (its table of contents is too long)"),
        ({"code_bytes": 15}, "c.py: left out: the hand-in has too much code"),
        ({"total_bytes": 15}, "c.py: left out: the hand-in has too much code"),
        ({"file_bytes": 5}, "b.py: left out: more than 5 bytes"),
    ],
)
def test_each_limit_is_told(read, limits, problem):
    files, problems = read(zip_bytes({"a/b/c/d/e.py": CODE, "b.py": CODE, "c.py": CODE}), **limits)
    assert problem in problems and len(files) < 3


def test_folders_too_deep_are_told(tmp_path):
    (tmp_path / "/".join("abcdef")).mkdir(parents=True)
    assert read_hand_in(tmp_path, Library(), Limits(depth=4)).problems == ["d: folders too deep to look into"]


@pytest.mark.parametrize(
    ("data", "text", "oddity"),
    [
        ("é = 1\r\n".encode(), "é = 1\n", ""),
        ("\ufeffa = 1\r".encode(), "a = 1\n", ""),
        ("é = 1\n".encode("utf-16"), "é = 1\n", ""),
        ("é = 1\n".encode("latin-1"), "é = 1\n", "not UTF-8, read as Latin-1"),
        (b"\xff\xfea", "ÿþa", "not UTF-8, read as Latin-1"),
    ],
)
def test_encodings(data, text, oddity):
    assert decoded(data) == (text, oddity)


def test_broken_notebooks_are_told(read):
    assert read(zip_bytes({"a.ipynb": b"[" * 90_000, "b.py": CODE})) == (
        {"b.py": CODE},
        ["a.ipynb: left out: no notebook: its JSON cannot be read"],
    )


def test_a_damaged_zip_never_raises(read):
    whole = zip_bytes({f"{number}.py": CODE * number for number in range(5)})
    rng = random.Random(0)
    for _ in range(300):
        damaged = bytearray(whole[: rng.choice((len(whole), rng.randrange(len(whole))))])
        for _ in range(rng.randrange(4)):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        read(bytes(damaged))
