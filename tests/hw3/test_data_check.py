"""The full check finds each kind of bad data, and tells notes from faults."""

from __future__ import annotations

import gzip
import json

import pytest

from common.cli import UserError
from hw3_melody_generation import data


@pytest.fixture
def check(corpus_copy, capsys):
    """Check the copy: `check()` -> exit code and what is printed."""
    return lambda: (data.Check(corpus_copy).run(), capsys.readouterr().out)


@pytest.fixture
def change_song(corpus_copy):
    """Write a song's line anew: `change_song(2, lambda columns: columns.update(p=[]))`."""
    path = corpus_copy / "songs.jsonl.gz"

    def write(number: int, change) -> None:
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        columns = json.loads(lines[number])
        change(columns)
        lines[number] = json.dumps(columns)
        path.write_bytes(gzip.compress("\n".join(lines).encode()))

    return write


@pytest.fixture
def change_split(corpus_copy):
    """Write the split anew: `change_split(lambda split: split.pop("rule"))`."""
    path = corpus_copy / "split.json.gz"

    def write(change) -> None:
        split = json.loads(gzip.decompress(path.read_bytes()))
        change(split)
        path.write_bytes(gzip.compress(json.dumps(split).encode()))

    return write


def test_good_data_are_good(tiny_corpus, originals, capsys):
    assert data.Check(tiny_corpus).run() == 0
    assert capsys.readouterr().out == f"{tiny_corpus}: 40 songs, 1,880 syllables\n"
    assert data.Check(originals).run() == 0


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda song: song.update(s=[]), "a song without lyrics"),
        (lambda song: song["p"].pop(), "46 pitches, 47 durations, 47 rests"),
        (lambda song: song["w"].pop(), "47 syllables, but 46 entries in words"),
        (lambda song: song["p"].__setitem__(3, 128), "pitch must be 0..127, got"),
        (lambda song: song["d"].__setitem__(3, 0), "duration must be > 0"),
        (lambda song: song.pop("r"), "'r'"),
    ],
)
def test_songs_that_cannot_be_read_are_named_with_their_line(change_song, corpus_copy, change, reason):
    change_song(2, change)
    with pytest.raises(UserError) as caught:
        data.Check(corpus_copy).run()
    said = str(caught.value)
    assert said.startswith(f"{corpus_copy / 'songs.jsonl.gz'}: line 3 is no song (") and reason in said


@pytest.mark.parametrize("name", ["songs.jsonl.gz", "split.json.gz"])
@pytest.mark.parametrize(
    "content",
    [b"no gzip", gzip.compress(b"{broken"), gzip.compress(b"[]" * 999)[:20], gzip.compress(b"\xff\xfe")],
)
def test_files_that_are_no_gzip_or_no_json_are_named(corpus_copy, name, content):
    (corpus_copy / name).write_bytes(content)
    with pytest.raises(UserError) as caught:
        data.Check(corpus_copy).run()
    assert str(caught.value).startswith(f"{corpus_copy / name}: ") and "\n" not in str(caught.value)


def test_numbers_of_words_and_lines(change_song, check):
    change_song(0, lambda song: song["line"].__setitem__(-1, 0))
    change_song(1, lambda song: song["line"].__setitem__(-1, 99))
    change_song(2, lambda song: song["s"].__setitem__(4, "..."))
    status, said = check()
    assert status == 2
    assert "1 found: song in which the numbers of the lines fall (song-0)" in said
    assert "1 noted: song in which the numbers of the lines skip some (song-1)" in said
    assert "1 noted: song with a syllable without a letter (song-2)" in said


def test_faults_of_the_split(change_song, change_split, check):
    def spoil(split):
        split["songs"]["test"].append("song-0")  # which trains
        split["songs"]["train"].remove("song-1")
        split["songs"]["train"].append("song-99")
        split["windows"]["valid"].append(["song-2", 0])

    change_split(spoil)
    change_song(3, lambda song: song.update(cluster="song-2"))  # song-3 tests
    status, said = check()
    assert status == 2
    assert "1 found: song that the split has twice (song-0)" in said
    assert "1 found: song in no part of the split (song-1)" in said
    assert "1 found: song of the split that is not there (song-99)" in said
    assert "2 found: piece in two parts of the split (song-2: song-3, song-0: song-0)" in said
    assert "found: window of a song of another part (train: song-1, train: song-1, valid: song-2)" in said


def test_windows_beyond_the_end_and_parts_without_any(change_split, check):
    def spoil(split):
        split["windows"]["train"][0][1] = 40
        split["windows"]["test"] = []

    change_split(spoil)
    status, said = check()
    assert status == 2
    assert "a window at 40 of song-0, which has 47 syllables" in said
    assert "1 found: part without a window (test, honest split)" in said


def test_flags_are_notes(change_song, check):
    change_song(0, lambda song: song.update(flags=["low", "short"]))
    status, said = check()
    assert status == 0
    assert "1 noted: song with a flag, which has no windows: low (song-0)" in said


def test_the_authors_files_are_checked(originals, original_files, capsys):
    song = original_files.song("song-5", seed=5)
    continuous, discrete, syllables = original_files.rows(song)
    original_files.write(originals / "Syllable_Parsing" / "bad.npy", [continuous, discrete, syllables[:-1]])
    original_files.write(originals / "Syllable_Parsing" / "zz.npy", [continuous, discrete, syllables])
    assert data.Check(originals).run() == 2
    said = capsys.readouterr().out
    assert "1 found: song that cannot be read (bad.npy: lists of 47, 47, 46 entries" in said
    assert "1 noted: repeat of another song, left out" in said
