"""Lyrics as arguments: texts, files, standard input; and names that stay in their folder."""

from __future__ import annotations

import io
import itertools
import os
from types import SimpleNamespace

import pytest

from common import lyric_sources
from common.cli import UserError
from common.lyric_sources import ENDINGS, name_of, read_text, sources

TWINKLE = "Twinkle, twinkle, little star,\nHow I wonder what you are!"


def test_a_file_is_read_and_anything_else_is_the_lyrics(tmp_path):
    path = tmp_path / "star.txt"
    path.write_bytes(b"\xef\xbb\xbf" + TWINKLE.encode())  # with the mark that Windows' editor writes
    [from_file, itself] = sources([str(path), TWINKLE])
    assert from_file.read() == itself.read() == TWINKLE
    assert (from_file.name, itself.name) == ("star", "twinkle_twinkle_little_star_how")
    assert (from_file.label, itself.label) == (str(path), "Twinkle, twinkle, little star, How I wonder w...")
    assert from_file.path == path and itself.path is None


def test_a_folder_stands_for_the_text_files_in_it(tmp_path):
    for name in ("b.txt", "a.md", "deeper/c.txt", "picture.png", ".hidden.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(TWINKLE)
    found = sources([str(tmp_path), TWINKLE])
    assert [each.name for each in found] == ["a", "b", "c", "twinkle_twinkle_little_star_how"]


def test_a_song_is_called_as_its_file_or_by_its_first_line(tmp_path):
    path = tmp_path / "Evening_star, no. 2.txt"
    path.write_text(TWINKLE)
    [from_file, itself] = sources([str(path), TWINKLE])
    assert from_file.title(TWINKLE) == "Evening star, no. 2"
    assert itself.title(f"\n 🎁 \n{TWINKLE}") == "Twinkle, twinkle, little star"
    assert itself.title("gold 🎁 rings ♥") == "gold rings"
    assert itself.title("la " * 50) == ("la " * 19).strip() + "..." and itself.title("♥") == ""


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO("Grüß dich".encode())))
    [source] = sources(["-"])
    assert (source.read(), source.name, source.label) == ("Grüß dich", "lyrics", "-")


@pytest.mark.parametrize(
    ("argument", "name"),
    [
        ("../../etc/passwd and more", "etc_passwd_and_more"),
        ("...", "melody"),
        ("🎵 🎶", "melody"),
        ("", "melody"),
        ("-rf *", "rf"),
        ("月亮 代表 我的心", "月亮_代表_我的心"),
        ("Cafe\u0301", "café"),
        ("a\nb\tc", "a_b_c"),
        ("Egg roll sung take2", "egg"),
        ("egg rolls", "egg_rolls"),
        ("x" * 5000, "x" * 100),
        ("語" * 100, "語" * 33),
        ("caf\udce9", "caf"),
    ],
)
def test_names_are_letters_and_digits(argument, name):
    assert name_of(argument) == name
    assert len(name.encode()) <= 100 and not set(name) & set("/\\.\0 ")


def test_inputs_of_one_name_get_different_ones(tmp_path):
    paths = []
    for folder in "abc":
        (tmp_path / folder).mkdir()
        paths.append(tmp_path / folder / ("Song.txt" if folder == "b" else "song.txt"))
        paths[-1].write_text("La la")
    assert [source.name for source in sources([*map(str, paths), "song"])] == [
        "song",
        "Song_2",
        "song_3",
        "song_4",
    ]


def test_no_file_of_one_input_is_a_file_of_another():
    texts = ["song", "song roll", "song_roll", "song take2", "song take2 sung", "song-1", "song 2"]
    names = [source.name.casefold() for source in sources(texts)]
    endings = ["", "_roll", "_sung", "_take2", "_take2_roll", "_take2_sung", "-1", "_take2-2"]
    assert all(ENDINGS.fullmatch(ending) for ending in endings[1:])
    written = [f"{name}{ending}" for name, ending in itertools.product(names, endings)]
    assert len(set(written)) == len(written)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bytes(range(256)), r"not UTF-8 text \(byte 129 is 0x80\)"),
        ("Grüß dich".encode("latin-1"), r"not UTF-8 text \(byte 3 is 0xfc\)"),
        (TWINKLE.encode("utf-16"), "not UTF-8 text"),
        (b"la\0la", "zero bytes"),
        (b"la " * 400_000, "larger than 1 MB"),
    ],
)
def test_files_that_are_no_lyrics_are_refused(tmp_path, content, message):
    path = tmp_path / "song.txt"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_text(str(path))


def test_an_endless_file_is_not_read_to_its_end():
    if not os.path.exists("/dev/zero"):
        pytest.skip("this system has no /dev/zero")
    with pytest.raises(UserError, match="larger than 1 MB"):
        read_text("/dev/zero")


def test_folders_missing_files_and_bytes_are_refused(tmp_path):
    for argument, message in (
        (str(tmp_path), "is a folder"),
        ("missing.txt", "no such file"),
        (str(tmp_path / "no where.TXT"), "no such file"),
        ("caf\udce9", r"not UTF-8 text \(byte 4 is 0xe9\)"),
    ):
        with pytest.raises(UserError, match=message):
            read_text(argument)


def test_very_long_lyrics_are_no_path():
    assert lyric_sources.is_file("la " * 5000) is False
    assert lyric_sources.is_file("la\0la") is False
