"""Opening the splits of a data folder, making mini data, and the commands."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import soundfile as sf

from common.cli import UserError
from hw2_source_separation import data
from hw2_source_separation.training_data import TrainingData, is_mini


def test_training_splits_are_apart_and_quiet(tiny_musdb, capsys):
    train, valid = data.open_training_splits(tiny_musdb)
    assert [song.name for song in valid] == ["Cleo - Evening"]
    assert [song.name for song in train] == ["Ada - Morning", "Ben - Noon", "Dan - Night"]
    assert [song.name for song in data.open_test_split(tiny_musdb)] == ["Eve - Rain", "Finn - Snow"]
    assert capsys.readouterr().err == ""


def test_what_is_left_out_is_told(musdb_copy, capsys):
    (musdb_copy / "train" / "Ben - Noon" / "bass.wav").unlink()
    (musdb_copy / "validation").mkdir()
    assert len(data.open_training_splits(musdb_copy)[0]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said == [
        f"{musdb_copy}/train: 1 skipped: song that lacks a stem (Ben - Noon: no bass)",
        f"{musdb_copy}/validation: is not read; move its songs into train/ and name them in validation.txt",
    ]


def test_training_does_not_need_or_touch_the_test_split(musdb_copy):
    (musdb_copy / "test").rename(musdb_copy / "elsewhere")
    assert len(data.open_training_splits(musdb_copy)[0]) == 3
    with pytest.raises(UserError, match="holds no songs in test/"):
        data.open_test_split(musdb_copy)


def test_the_record_of_the_training_data(tiny_musdb, tmp_path):
    record = TrainingData.of(tiny_musdb, *data.open_training_splits(tiny_musdb))
    assert (record.songs, record.validation_songs, record.minutes) == (3, 1, round(15.5 / 60, 2))
    assert record.name == tiny_musdb.name and not record.is_mini
    record.save(tmp_path)
    assert TrainingData.load(tmp_path) == record
    (tmp_path / "mini_musdb.json").touch()
    assert is_mini(tmp_path)


# The mini data set


@pytest.fixture
def fake_maker(monkeypatch, tmp_path):
    """A maker of mini-MUSDB18 that writes one file and can be told to fail."""
    made = []

    def make_mini_musdb(root, *, seed=0, soundfonts=(), jobs=2, quick=False):
        root.mkdir(exist_ok=True)
        made.append((root, seed))
        if seed == 13:
            raise KeyboardInterrupt
        (root / "done").write_text("few" if quick else "all")

    module = type(sys)("hw2_source_separation.mini_musdb")
    module.make_mini_musdb = make_mini_musdb
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(data, "DEFAULT_DATA", tmp_path / "data" / "mini_musdb")
    return made


def test_mini_data_is_made_once_and_said(fake_maker, capsys, tmp_path):
    first, second = data.ensure_data(None), data.ensure_data(None)
    assert first == second == tmp_path / "data" / "mini_musdb"
    assert (first / "done").read_text() == "all"
    assert len(fake_maker) == 1
    assert capsys.readouterr().err.count("making mini-MUSDB18") == 1


def test_quick_data_lie_in_a_folder_of_their_own(fake_maker, capsys, tmp_path):
    quick = data.ensure_data(None, quick=True)
    assert quick == tmp_path / "data" / "mini_musdb_quick"
    assert (quick / "done").read_text() == "few"
    assert data.ensure_data(None, quick=True) == quick and len(fake_maker) == 1
    assert data.ensure_data(None) != quick
    assert capsys.readouterr().err.count("making a small mini-MUSDB18") == 1
    assert data.ensure_data(tmp_path, quick=True) == tmp_path


def test_half_made_data_do_not_count(fake_maker):
    with pytest.raises(KeyboardInterrupt):
        data.make_data(data.default_data(), seed=13)
    assert not data.default_data().exists()
    data.ensure_data(None)
    assert fake_maker[0][0] == fake_maker[1][0]  # the second call goes on where the first stopped


# Commands


def test_info_measures_by_hand(tiny_musdb, musdb_maker, capsys):
    assert data.Info(tiny_musdb, jobs=1).run() == 0
    table = {row[:26].strip(): row[26:].split() for row in capsys.readouterr().out.splitlines()}
    assert table[""] == ["train", "validation", "test"]
    assert (table["songs"], table["minutes"]) == (["3", "1", "2"], ["0.3", "0.1", "0.2"])
    stems = musdb_maker.stems_of(musdb_maker.song_named("Cleo - Evening"))
    power = {name: np.square(musdb_maker.as_float(samples)).mean() for name, samples in stems.items()}
    assert table["vocals, dB"][1] == f"{10 * np.log10(power['vocals']):.2f}"
    backing = np.square(sum(musdb_maker.as_float(stems[name]) for name in ("drums", "bass", "other"))).mean()
    assert table["accompaniment, dB"][1] == f"{10 * np.log10(backing):.2f}"
    assert table["vocals / accompaniment, dB"][1] == f"{10 * np.log10(power['vocals'] / backing):.2f}"
    assert table["share of time with vocals"][1] == "0.50"  # the voice begins in the middle


def test_info_leaves_out_what_it_cannot_read(musdb_copy, capsys):
    path = musdb_copy / "test" / "Eve - Rain" / "vocals.wav"
    samples, rate = sf.read(path)
    sf.write(path, samples * np.nan, rate, subtype="FLOAT")
    assert data.Info(musdb_copy, jobs=2).run() == 0
    assert capsys.readouterr().err.splitlines() == [
        f"skipped: {path}: NaN or infinite samples, the first at 0.000 s; make the audio again"
    ]


def test_make_leaves_a_folder_that_is_there(tmp_path, capsys):
    assert data.Make(tmp_path).run() == 0
    assert "is there already" in capsys.readouterr().out


def test_error_is_one_line(tmp_path):
    command = [sys.executable, data.__file__, "check", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ") and "holds no songs in test/" in result.stderr
    assert len(result.stderr.splitlines()) == 1
