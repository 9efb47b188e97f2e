"""What of /out is fetched: regular files with plain names, counted, and nothing that leads elsewhere."""

from __future__ import annotations

import os
import socket

import pytest

from common.sandbox import Limits
from common.sandbox.outbox import TOLD, collect

SMALL = Limits(out_files=20, out_bytes=1000, file_bytes=600)


@pytest.fixture
def fetch(tmp_path):
    """A folder to fill, and a function that fetches what lies there."""
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    out.mkdir()

    def fetch_it(limits: Limits = SMALL) -> tuple[list[str], str]:
        descriptor = os.open(source, os.O_RDONLY)
        try:
            left_out = collect(descriptor, out, limits)
        finally:
            os.close(descriptor)
        return sorted(str(path.relative_to(out)) for path in out.rglob("*")), " | ".join(left_out)

    return source, fetch_it


def test_files_and_folders_come_with_their_content(fetch, tmp_path):
    source, fetch_it = fetch
    (source / "song" / "stems").mkdir(parents=True)
    (source / "song" / "stems" / "vocals.wav").write_bytes(b"RIFF")
    (source / "ü 中文.json").write_bytes(b"{}")
    assert fetch_it() == (["song", "song/stems", "song/stems/vocals.wav", "ü 中文.json"], "")
    assert (tmp_path / "out" / "song" / "stems" / "vocals.wav").read_bytes() == b"RIFF"


def test_links_fifos_and_sockets_stay(fetch, tmp_path, monkeypatch):
    source, fetch_it = fetch
    (tmp_path / "secret").write_text("labels", encoding="utf-8")
    (source / "link").symlink_to(tmp_path / "secret")
    (source / "folder").symlink_to(tmp_path)
    os.mkfifo(source / "fifo")
    monkeypatch.chdir(source)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        names, left_out = fetch_it()
    assert names == [] and left_out.count("|") == 3
    assert "'fifo': not a regular file" in left_out and "'link': not a file that can be read" in left_out


def test_number_and_lengths_are_counted(fetch):
    source, fetch_it = fetch
    for number in range(30):
        (source / f"{number:02}").write_bytes(b"x")
    names, left_out = fetch_it()
    assert names == [f"{number:02}" for number in range(20)] and "more than 20 files" in left_out


def test_files_of_holes_count_with_their_full_length(fetch):
    source, fetch_it = fetch
    for name, length in (("a", 500), ("b", 601), ("c", 501), ("d", 500)):
        os.truncate(source / name, length) if (source / name).exists() else (source / name).touch()
        os.truncate(source / name, length)
    names, left_out = fetch_it()
    assert names == ["a", "d"] and left_out == "'b': too long (601 bytes) | 'c': too long (501 bytes)"


@pytest.mark.parametrize("name", ["a\nb", "a\\b", b"\xff", "\u202egpj.exe", "x" * 201, "\x1b[2J"])
def test_names_that_are_not_plain_stay(fetch, name):
    source, fetch_it = fetch
    with open(os.path.join(os.fsencode(source), os.fsencode(name)), "wb"):
        pass
    names, left_out = fetch_it()
    assert names == [] and left_out.endswith("its name is not plain") and left_out.isprintable()


def test_folders_end_somewhere_and_so_does_the_list(fetch):
    source, fetch_it = fetch
    (source / "/".join("abcdefghijkl")).mkdir(parents=True)
    names, left_out = fetch_it()
    assert len(names) == 8 and "more than 8 folders" in left_out
    for number in range(50):
        (source / f"\n{number}").touch()
    assert "..." in fetch_again(source) and fetch_again(source).count("|") == TOLD


def fetch_again(source) -> str:
    empty = source.parent / f"again{len(list(source.parent.iterdir()))}"
    empty.mkdir()
    descriptor = os.open(source, os.O_RDONLY)
    left_out = collect(descriptor, empty, SMALL)
    os.close(descriptor)
    return " | ".join(left_out)


def test_a_command_cannot_fill_the_disk_with_files(inside):
    outcome = inside.run(
        """
        import os
        os.symlink("/etc/passwd", "/out/link"); os.mkfifo("/out/fifo"); os.mkdir("/out/closed", 0)
        made = 0
        try:
            for number in range(100_000):
                open(f"/out/{number}", "w").close()
                made += 1
        except OSError as error:
            print(error.strerror, made)
        """
    )
    assert outcome.stdout == b"No space left on device 47\n" and len(list(inside.out.iterdir())) >= 47
    assert all(path.is_file() or path.name == "closed" for path in inside.out.iterdir())
    assert not (inside.out / "link").exists() and not (inside.out / "fifo").exists()
