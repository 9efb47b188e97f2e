"""The benchmark file as it is, and as a stranger might give it."""

from __future__ import annotations

import gzip
import json

import pytest

from common.cli import UserError
from final_project.muse2bach import benchmark_file
from final_project.muse2bach.benchmark_file import benchmark_path, read_benchmark

FRAMES = [[72, 67, 64, 48], [72, -1, 64, 48]]
GOOD = {"train": [FRAMES, FRAMES], "valid": [FRAMES], "test": [FRAMES * 3]}


def write(path, content):
    text = content if isinstance(content, bytes) else json.dumps(content).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.mark.parametrize("name", ["Jsb16thSeparated.json.gz", "Jsb16thSeparated.json"])
def test_the_parts_with_their_chorales(tmp_path, name):
    parts = read_benchmark(benchmark_path(write(tmp_path / name, GOOD)))
    assert {part: [len(chorale) for chorale in found] for part, found in parts.items()} == {
        "train": [2, 2],
        "valid": [2],
        "test": [6],
    }
    chorale = parts["train"][1]
    assert (chorale.name, chorale.voices.tolist(), chorale.onsets) == ("train-001", FRAMES, None)


def test_a_file_or_the_folder_that_holds_it(tmp_path):
    assert benchmark_path(tmp_path) is None and benchmark_path(tmp_path / "none.json") is None
    path = write(tmp_path / "Jsb16thSeparated.json.gz", GOOD)
    assert benchmark_path(tmp_path) == benchmark_path(path) == path
    assert benchmark_path(write(tmp_path / "other.npz", GOOD)) is None
    write(tmp_path / "Jsb16thSeparated.json", GOOD)
    with pytest.raises(UserError, match="2 files Jsb"):
        benchmark_path(tmp_path)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"test": None}, "a part is no list"),
        ({"extra": []}, "not an object of train, valid, test"),
        ({"test": [[]]}, "test-000 is no list of 1 to"),
        ({"test": [FRAMES, {}]}, "test-001 is no list of 1 to"),
        ({"test": [[[72, 67, 64]]]}, r"frame 0 of test-000 is \[72, 67, 64\], not 4 MIDI pitches in 36..81"),
        ({"test": [[FRAMES[0], [72, 67, 64, 35]]]}, "frame 1 of test-000"),
        ({"test": [[[82, 67, 64, 48]]]}, "or -1"),
        ({"test": [[[72.5, 67, 64, 48]]]}, "72.5"),
        ({"test": [[[True, 67, 64, 48]]]}, "true"),
        ({"test": [[[10**400, 67, 64, 48]]]}, r"\.\.\., not 4"),
        ({"test": [[["C5" * 99, 67, 64, 48]]]}, r"\.\.\., not 4"),
        ({"test": [["abcd"]]}, '"abcd"'),
    ],
)
def test_content_that_is_no_benchmark(tmp_path, change, reason):
    path = write(tmp_path / "Jsb.json.gz", {**GOOD, **change})
    with pytest.raises(UserError, match=reason) as caught:
        read_benchmark(path)
    said = str(caught.value)
    assert said.startswith(f"{path}: ") and "\n" not in said and len(said) < len(str(path)) + 150


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{broken", "not valid JSON"),
        (b"[" * 100_000, "not valid JSON"),
        (b"\xff\xfe{}", "not valid JSON"),
        (b"[]", "not an object of"),
        (b'{"train": ' + b"9" * 5000 + b"}", "not valid JSON"),
    ],
)
def test_text_that_is_no_benchmark(tmp_path, content, reason):
    for name in ("Jsb.json", "Jsb.json.gz"):
        with pytest.raises(UserError, match=reason):
            read_benchmark(write(tmp_path / name, content))


def test_broken_archives(tmp_path):
    path = write(tmp_path / "Jsb.json.gz", GOOD)
    whole = path.read_bytes()
    for content in (b"no gzip", whole[:-20], whole[:15] + b"\0" * 20 + whole[35:]):
        path.write_bytes(content)
        with pytest.raises(UserError, match="cannot be unpacked"):
            read_benchmark(path)


def test_limits(tmp_path, monkeypatch):
    path = write(tmp_path / "Jsb.json.gz", GOOD)
    for name, reason in (("MOST_CHORALES", "4 chorales"), ("MOST_FRAMES", "test-000 is no list of 1 to 3")):
        with monkeypatch.context() as patch, pytest.raises(UserError, match=reason):
            patch.setattr(benchmark_file, name, 3)
            read_benchmark(path)
    monkeypatch.setattr(benchmark_file, "MOST_BYTES", 2**20)
    write(path, b" " * (2**20 + 1))  # a kilobyte on disk
    with pytest.raises(UserError, match="over 1 MiB"):
        read_benchmark(path)
