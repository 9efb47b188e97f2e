"""Opening the splits of a data folder in both layouts, making the chorales, and the commands."""

from __future__ import annotations

import gzip
import json
import os
import pickle
import subprocess
import sys

import pytest

from common.cli import UserError
from hw3_melody_generation import cleaning, data, original_layout
from hw3_melody_generation.corpus import open_corpus
from hw3_melody_generation.training_data import TrainingData


def names(songs) -> set[str]:
    return {song.name.split(":")[0] for song in songs}


def test_training_splits_are_apart_and_of_20_syllables(tiny_corpus, capsys):
    splits = data.open_training_splits(tiny_corpus)
    test = data.open_test_split(tiny_corpus)
    assert (len(splits.train_songs), len(names(splits.valid_windows)), len(names(test))) == (31, 4, 5)
    assert len(splits.train_windows) == 2 * 31 and {len(song) for song in splits.train_windows} == {20}
    assert {len(song) for song in splits.train_songs} == {47}
    assert splits.quarters_per_beat == 1.0
    assert not names(splits.train_songs) & (names(splits.valid_windows) | names(test))
    assert not names(splits.valid_windows) & names(test)
    assert capsys.readouterr().err == ""


def test_the_authors_layout_is_cleaned_as_it_is_opened(originals, tiny_corpus, capsys):
    splits = data.open_training_splits(originals)
    assert "hw3/data.py prepare" in capsys.readouterr().err
    clean = data.open_training_splits(tiny_corpus)
    assert names(splits.train_songs) == names(clean.train_songs)
    first, same = (found.train_songs[0] for found in (splits, clean))
    assert first.lyrics.syllables == same.lyrics.syllables
    assert first.melody.pitch.tolist() == same.melody.pitch.tolist()
    assert splits.quarters_per_beat == 0.5
    assert {len(song) for song in data.open_test_split(originals)} == {20}


def test_the_papers_split_needs_its_file(tiny_corpus, originals):
    with pytest.raises(UserError, match="paper_split.json.gz: not there"):
        data.open_test_split(tiny_corpus, split="paper")
    with pytest.raises(UserError, match="paper_split.json.gz: not there"):
        data.open_training_splits(originals, split="paper")
    with pytest.raises(UserError, match="--split papers is not known"):
        data.open_test_split(tiny_corpus, split="papers")


def test_a_part_without_a_window_is_refused(corpus_copy):
    path = corpus_copy / "split.json.gz"
    split = json.loads(gzip.decompress(path.read_bytes()))
    split["windows"]["valid"] = []
    path.write_bytes(gzip.compress(json.dumps(split).encode()))
    with pytest.raises(UserError, match=r"split.json.gz: no window of 20 syllables in valid"):
        data.open_training_splits(corpus_copy)
    assert data.open_test_split(corpus_copy)


def test_the_record_of_the_training_data(tiny_corpus, tmp_path):
    splits = data.open_training_splits(tiny_corpus)
    record = TrainingData.of(tiny_corpus, splits)
    assert (record.songs, record.notes, record.validation_windows) == (31, 31 * 47, 8)
    assert (record.name, record.is_mini, record.split) == ("tiny_corpus", False, "honest")
    record.save(tmp_path)
    assert TrainingData.load(tmp_path) == record
    (tmp_path / "chorales.json").touch()
    assert data.is_mini(tmp_path)


# The chorales


@pytest.fixture
def fake_maker(monkeypatch, tmp_path):
    """A maker of the chorales that writes one file and can be told to fail."""
    made = []

    def make_chorales(root, *, jobs=2, quick=False):
        root.mkdir(exist_ok=True)
        made.append(root)
        if jobs == 13:
            raise KeyboardInterrupt
        (root / "done").write_text("few" if quick else "all")

    module = type(sys)("hw3_melody_generation.chorales")
    module.make_chorales = make_chorales
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(data, "DEFAULT_DATA", tmp_path / "data" / "chorales")
    return made


def test_the_chorales_are_made_once_and_said(fake_maker, capsys, tmp_path):
    first, second = data.ensure_data(None), data.ensure_data(None)
    assert first == second == tmp_path / "data" / "chorales"
    assert (first / "done").read_text() == "all" and len(fake_maker) == 1
    assert capsys.readouterr().err.count("making Bach's chorales") == 1
    quick = data.ensure_data(None, quick=True)
    assert quick == tmp_path / "data" / "chorales_quick" and (quick / "done").read_text() == "few"
    assert data.ensure_data(tmp_path, quick=True) == tmp_path


def test_half_made_chorales_do_not_count(fake_maker):
    with pytest.raises(KeyboardInterrupt):
        data.make_data(data.default_data(), jobs=13)
    assert not data.default_data().exists()
    data.ensure_data(None)
    assert len(fake_maker) == 2


def test_make_leaves_a_folder_that_is_there(tmp_path, capsys):
    assert data.Make(tmp_path).run() == 0
    assert "is there already" in capsys.readouterr().out


# prepare


def test_prepare_writes_the_clean_layout(originals, tmp_path, capsys):
    assert data.Prepare(originals, tmp_path / "clean", jobs=1).run() == 0
    corpus = open_corpus(tmp_path / "clean")
    opened = data.open_data(originals)
    assert corpus.split_file["windows"] == json.loads(json.dumps(opened.split_file["windows"]))
    for name, song in opened.by_id.items():
        again = corpus.by_id[name]
        assert (again.lyrics, again.group, again.flags) == (song.lyrics, song.group, song.flags)
        assert again.melody.rest.tolist() == song.melody.rest.tolist()
    assert sorted(path.name for path in (tmp_path / "clean").iterdir()) == [
        "lmd_full_syllables.jsonl.gz",
        "split.json.gz",
    ]
    assert "songs without a flag" in capsys.readouterr().out
    with pytest.raises(UserError, match="is there already"):
        data.Prepare(originals, tmp_path / "clean").run()
    with pytest.raises(UserError, match="no .npy files"):
        data.Prepare(tmp_path / "clean", tmp_path / "nothing").run()
    assert not list(tmp_path.glob("*nothing*"))


def test_an_interrupted_prepare_goes_on(originals, tmp_path, monkeypatch):
    def interrupt(songs):
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "clean_songs", interrupt)
    with pytest.raises(KeyboardInterrupt):
        data.Prepare(originals, tmp_path / "clean", jobs=1).run()
    assert not (tmp_path / "clean").exists()
    monkeypatch.setattr(data, "clean_songs", cleaning.clean_songs)
    monkeypatch.setattr(original_layout, "read_original_song", None)  # all was read already
    assert data.Prepare(originals, tmp_path / "clean", jobs=1).run() == 0


def test_prepare_tells_and_leaves_out_hostile_files(originals, original_files, tmp_path, capsys):
    songs = originals / "Syllable_Parsing"
    content = (songs / "song-1.npy").read_bytes()
    header = content[: 10 + int.from_bytes(content[8:10], "little")]
    (songs / "song-1.npy").write_bytes(header + pickle.dumps(Exit()))
    original_files.write(songs / "song-2.npy", [[], [], []])
    data.Prepare(originals, tmp_path / "clean", jobs=1).run()
    said = capsys.readouterr().err
    assert "2 skipped: song that cannot be read (song-1.npy: the name posix._exit, which" in said
    assert len(open_corpus(tmp_path / "clean").by_id) == 38


class Exit:
    """What ends the process that unpickles it."""

    def __reduce__(self):
        return os._exit, (3,)


# Commands


def test_info_by_hand(tiny_corpus, capsys):
    assert data.Info(tiny_corpus).run() == 0
    table = {row[:34].strip(): row[34:].split() for row in capsys.readouterr().out.splitlines()}
    assert table[""] == ["train", "valid", "test"]
    assert table["songs"] == table["pieces"] == ["31", "4", "5"]
    assert table["windows of 20 syllables"] == ["62", "8", "10"]
    assert table["syllables, each with a note"] == ["1,457", "188", "235"]
    assert table["words"] == ["744", "96", "120"] and table["lines"] == ["217", "28", "35"]
    songs = [song for song in open_corpus(tiny_corpus).songs("valid")]
    rests = sum(int((song.melody.rest > 0).sum()) for song in songs)
    assert table["notes with a rest before"][1] == f"{rests / 188:.3f}"
    assert table["where a line begins"][1] == f"{rests / 28:.3f}"


def test_error_is_one_line(tmp_path):
    command = [sys.executable, data.__file__, "check", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ") and len(result.stderr.splitlines()) == 1
