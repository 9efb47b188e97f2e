"""Spoken vowels and songs on disk: what is made, read, and refused."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from common import audio
from common.cli import UserError
from common.singing.singers import SINGERS
from final_project.singing.data import Check, open_training_splits, open_validation_songs
from final_project.singing.evaluation_split import open_test_songs
from final_project.singing.f0_trackers import track
from final_project.singing.mini_singing import at_listening_rate, raised
from final_project.singing.poems import poems
from final_project.singing.spoken import clips, open_recordings, read_labels
from final_project.singing.sung_songs import read_songs, write_songs
from final_project.singing.vowels import VOWELS


def test_splits_share_no_voice_and_no_word(singing_data):
    train, valid = open_training_splits(singing_data)
    assert {each.voice for each in train} == {"Ada"} and {each.voice for each in valid} == {"Kate"}
    lines = [{line for poem in poems(split) for line in poem.lines} for split in SINGERS]
    assert not (lines[0] & lines[1] or lines[0] & lines[2] or lines[1] & lines[2])


def test_vowels_lie_where_the_labels_say(singing_data):
    recording = next(
        each for each in open_recordings(singing_data / "spoken" / "train") if not each.is_raised
    )
    waveform = recording.waveform()
    vowels = [np.sqrt(np.mean(clip**2)) for clip in clips(waveform, recording.vowels)]
    assert len(vowels) >= 8
    assert np.median(vowels) > 1.3 * np.sqrt(np.mean(waveform**2))  # vowels are the loudest of speech
    assert {each.target for each in recording.vowels} <= set(range(len(VOWELS)))


def test_raised_speech_has_the_pitches_of_the_singer():
    singer = SINGERS["train"][0]  # 57 to 77, and three semitones beyond
    waveform, _ = raised(("so far away and long ago",), singer, np.random.default_rng(0))
    pitch = track(at_listening_rate(waveform)[0], "harvest", sample_rate=16_000)
    low, high = np.nanquantile(pitch, [0.05, 0.95])
    assert 53.5 <= low < high - 5 and high <= 80.5  # speech at its own pitch stays within two semitones


def test_songs_come_back_as_they_were_written(singing_data, tmp_path):
    songs = open_validation_songs(singing_data)
    write_songs(tmp_path / "again.jsonl", songs)
    assert read_songs(tmp_path / "again.jsonl") == songs
    assert all(song.singer in SINGERS["validation"] for song in songs)
    for song in open_test_songs(singing_data):
        assert song.singer in SINGERS["test"]
        assert all(song.singer.lowest <= note.pitch <= song.singer.highest for note in song.notes)


def test_broken_data_are_named(singing_data, tmp_path):
    root = shutil.copytree(singing_data, tmp_path / "broken")
    labels = next((root / "spoken" / "train").glob("*.txt"))
    labels.write_text("0.1\t0.2\ta\n0.3 0.4 e\n")
    with pytest.raises(UserError, match="line 2 is not begin, end and phoneme"):
        read_labels(labels)
    labels.unlink()
    with pytest.raises(UserError, match="needs a label track"):
        open_training_splits(root)
    with pytest.raises(UserError, match="no such folder"):
        open_training_splits(tmp_path)
    (root / "songs" / "test.jsonl").write_text(json.dumps({"name": "x", "singer": "Nobody"}) + "\n")
    with pytest.raises(UserError, match="line 1 is no song .no singer is called 'Nobody'"):
        open_test_songs(root)


def test_a_voice_in_both_splits_is_refused(singing_data, tmp_path):
    root = shutil.copytree(singing_data, tmp_path / "leak")
    for path in (root / "spoken" / "train").glob("Ada_en_01.*"):
        shutil.copy(path, root / "spoken" / "valid" / path.name)
    with pytest.raises(UserError, match="Ada in train and valid"):
        open_training_splits(root)


def test_check_finds_what_is_wrong(singing_data, tmp_path, capsys):
    assert Check(singing_data).run() == 0
    root = shutil.copytree(singing_data, tmp_path / "wrong")
    path = next((root / "spoken" / "train").glob("*.flac"))
    audio.write(path, np.full((1, 1600), 0.1, np.float32), sample_rate=16000)
    assert Check(root).run() == 2
    assert "behind the end of its recording" in capsys.readouterr().out
