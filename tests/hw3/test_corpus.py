"""Tests of corpus.py: the clean layout is read as it is written, and what is broken is named."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from common.cli import UserError
from hw3_melody_generation.corpus import (
    WINDOW,
    is_clean_layout,
    open_corpus,
    read_songs,
    without_remainders,
    write_songs,
    write_split,
)
from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song

SHARED = Path(__file__).resolve().parents[3] / "shared/data/lyrics_melody"


def song(name: str, notes: int = 45, *, metre: Metre | None = None, flags: tuple[str, ...] = ()) -> Song:
    places = np.arange(notes)
    lyrics = Lyrics(
        tuple(f"la{place % 7}" for place in places),
        words=tuple((places // 2).tolist()),
        lines=tuple((places // 8).tolist()),
        stress=tuple((places % 2).tolist()),
        punctuation=tuple("," if place % 8 == 7 else "" for place in places),
        language="en",
    )
    melody = Melody(60 + places % 5, np.where(places % 4, 1.0, 0.5), places % 3 // 2 * 2.0, metre)
    return Song(name, lyrics, melody, group=name[0], title=f"Song {name}", flags=flags)


@pytest.fixture
def folder(tmp_path) -> Path:
    songs = [song("a1"), song("a2", flags=("low",)), song("b1", metre=Metre(3.0, 1.5, 4)), song("c1", 20)]
    write_songs(tmp_path / "songs.jsonl.gz", songs)
    split = {
        "rule": "by hand",
        "songs": {"train": ["a1", "a2"], "valid": ["b1"], "test": ["c1"]},
        "windows": {"train": [["a1", 0], ["a1", 20]], "valid": [["b1", 20]], "test": [["c1", 0]]},
        "quarters_per_beat": 1.0,
    }
    write_split(tmp_path / "split.json.gz", split)
    return tmp_path


def test_songs_come_back_as_they_were_written(folder):
    read = read_songs(folder)
    assert list(read) == ["a1", "a2", "b1", "c1"]
    for written in (song("a1"), song("b1", metre=Metre(3.0, 1.5, 4))):
        found = read[written.name]
        assert found.lyrics == written.lyrics
        for column in ("pitch", "duration", "rest"):
            np.testing.assert_array_equal(getattr(found.melody, column), getattr(written.melody, column))
        assert found.melody.metre == written.melody.metre
        assert (found.group, found.title) == (written.group, written.title)
    assert read["a2"].flags == ("low",)


def test_the_same_songs_are_the_same_bytes(folder, tmp_path):
    write_songs(tmp_path / "again.gz", read_songs(folder).values())
    assert (tmp_path / "again.gz").read_bytes() == (folder / "songs.jsonl.gz").read_bytes()


def test_songs_with_a_flag_do_not_train(folder):
    assert [each.name for each in open_corpus(folder).songs("train")] == ["a1"]


def test_windows_are_twenty_syllables_of_their_songs(folder):
    corpus = open_corpus(folder)
    (window,) = corpus.windows("valid")
    whole = corpus.by_id["b1"]
    assert (len(window), window.name, window.group) == (WINDOW, "b1:20", "b")
    assert window.lyrics.syllables == whole.lyrics.syllables[20:40]
    assert window.lyrics.words[0] == window.lyrics.lines[0] == 0
    begin = whole.melody.onset[20] - whole.melody.rest[20]
    assert window.melody.metre.position == pytest.approx((1.5 + begin) % 3)


def test_the_papers_windows_leave_notes_out(folder):
    places = [0, 1, *range(3, 21)]
    split = {"windows": {"train": [["a1", places]], "valid": [], "test": []}}
    write_split(folder / "paper_split.json.gz", split)
    (window,) = open_corpus(folder).windows("train", "paper")
    assert window.lyrics.syllables[2] == song("a1").lyrics.syllables[3]
    assert [each.name for each in open_corpus(folder).songs("train", "paper")] == ["a1:0"]


def test_beats_of_the_public_corpus_are_about_eighth_notes(folder):
    corpus = open_corpus(folder)
    assert corpus.quarters_per_beat == 1
    write_split(
        folder / "split.json.gz", {k: v for k, v in corpus.split_file.items() if k != "quarters_per_beat"}
    )
    assert open_corpus(folder).quarters_per_beat == 0.5


def test_half_beats_that_parsing_left_over_are_taken_away():
    melody = Melody([60] * 6, [0.5, 1.5, 2, 2.5, 8.5, 32], [0, 0.5, 1, 2, 16, 0])
    lyrics = Lyrics(("la",) * 6, words=tuple(range(6)), lines=(0,) * 6)
    read = without_remainders(Song("x", lyrics, melody)).melody
    assert read.duration.tolist() == [0.5, 1.5, 2, 2, 8, 32]
    assert read.rest.tolist() == [0, 0, 1, 2, 16, 0]


def test_unknown_words_stand_alone_and_capitals_begin_lines_where_none_are_marked(tmp_path):
    columns = {
        "id": "x",
        "s": ["Row", "your", "boat", "Gent", "ly", "I", "dream"],
        "w": [0, -1, -1, 1, 1, 2, 3],
    }
    columns |= {"p": [60] * 7, "d": [1] * 7, "r": [0] * 7}
    (tmp_path / "songs.jsonl.gz").write_bytes(gzip.compress(json.dumps(columns).encode()))
    lyrics = read_songs(tmp_path)["x"].lyrics
    assert lyrics.words == (0, 1, 2, 3, 3, 4, 5)
    assert lyrics.lines == (0, 0, 0, 1, 1, 1, 1)


def spoil(folder: Path, change) -> None:
    lines = gzip.decompress((folder / "songs.jsonl.gz").read_bytes()).decode().splitlines()
    second = json.loads(lines[1])
    change(second)
    lines[1] = json.dumps(second)
    (folder / "songs.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode()))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda columns: columns["p"].pop(), "44 pitches, 45 durations"),
        (lambda columns: columns["s"].pop(), "44 syllables, but 45 entries in words"),
        (lambda columns: columns.update(s=[], w=[], p=[], d=[], r=[]), "a song without lyrics"),
        (lambda columns: columns["p"].__setitem__(3, 200), "pitch must be 0..127"),
        (lambda columns: columns["d"].__setitem__(0, None), "duration must be > 0|float"),
        (lambda columns: columns.pop("w"), "'w'"),
    ],
)
def test_a_song_that_is_none_is_refused_by_its_line(folder, change, reason):
    spoil(folder, change)
    with pytest.raises(UserError, match=rf"songs\.jsonl\.gz: line 2 is no song.*({reason})"):
        read_songs(folder)


def test_files_that_are_not_what_they_should_be_are_named(folder):
    (folder / "songs.jsonl.gz").write_bytes(b"no gzip")
    with pytest.raises(UserError, match=r"songs\.jsonl\.gz: cannot be read"):
        open_corpus(folder)
    (folder / "songs.jsonl.gz").unlink()
    with pytest.raises(UserError, match=r"0 files \*\.jsonl\.gz"):
        open_corpus(folder)
    with pytest.raises(UserError, match="no such folder"):
        open_corpus(folder / "elsewhere")
    assert not is_clean_layout(folder)


def test_splits_that_are_none_are_named(folder):
    original = (folder / "split.json.gz").read_bytes()
    for content in (b"{}", gzip.compress(b"{"), gzip.compress(b"[]"), original[:40]):
        (folder / "split.json.gz").write_bytes(content)
        with pytest.raises(UserError, match=r"split\.json\.gz: no split of songs"):
            open_corpus(folder)
    (folder / "split.json.gz").unlink()
    with pytest.raises(UserError, match=r"split\.json\.gz: not there"):
        open_corpus(folder)


@pytest.mark.parametrize(
    ("entry", "reason"), [(["zz", 0], "the song zz is not in"), (["c1", 5], "a window at 5")]
)
def test_windows_that_no_song_has_are_named(folder, entry, reason):
    split = json.loads(gzip.decompress((folder / "split.json.gz").read_bytes()))
    split["windows"]["test"] = [entry]
    write_split(folder / "split.json.gz", split)
    with pytest.raises(UserError, match=reason):
        open_corpus(folder).windows("test")


def test_the_papers_split_must_be_there_to_be_asked_for(folder):
    with pytest.raises(UserError, match=r"paper_split\.json\.gz: not there"):
        open_corpus(folder).windows("test", "paper")
    with pytest.raises(UserError, match="--split other is not known"):
        open_corpus(folder).windows("test", "other")


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public corpus is not on this machine")
def test_the_public_corpus_has_the_windows_that_its_split_promises(tmp_path):
    corpus = open_corpus(SHARED)
    assert {part: len(corpus.windows(part)) for part in ("valid", "test")} == {"valid": 766, "test": 830}
    train = {song.group for song in corpus.songs("train")}
    assert not train & {window.group for window in corpus.windows("test")}
    copied = shutil.copy(SHARED / "split.json.gz", tmp_path)
    assert len(json.loads(gzip.decompress(Path(copied).read_bytes()))["songs"]["train"]) == 5594
