"""Prepared tests hold all inputs and not a trace of their labels, the same bytes each time."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from common.cli import UserError
from common.metrics.melody import Windows
from common.run_folder import write_atomically
from grading.prepared import FILE, Prepared
from grading.scoring import hw2 as hw2_scores
from grading.scoring import hw3 as hw3_scores
from grading.tasks import TASKS, find, hw3, making, sounds

TESTS = Path(__file__).parents[1]


def maker(place: str):
    """A module of another folder of tests that makes small data."""
    name = Path(place).stem
    spec = importlib.util.spec_from_file_location(name, TESTS / place)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # where dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    """Small data of each homework, in the layout of the real ones."""
    root = tmp_path_factory.mktemp("data")
    maker("hw0/tiny_nsynth.py").make_tiny_nsynth(root / "nsynth", pitches=(48, 60))
    maker("hw1/tiny_slakh.py").make_tiny_slakh(root / "slakh")
    maker("hw1/tiny_slakh.py").make_tiny_release(root / "release")
    maker("hw2/tiny_musdb.py").make_tiny_musdb(root / "musdb")
    write_corpus(root / "corpus")
    return root


def write_corpus(folder: Path) -> None:
    """A corpus of German lines; the last song is spelt so that nobody can tell its syllables."""
    from hw3_melody_generation.corpus import SPLIT_FILES, write_songs, write_split
    from hw3_melody_generation.songs import Lyrics, Melody, Song

    words = ["lo", "be", "den", "Herrn", "mei", "ne", "See", "le"]
    songs = []
    for number in range(8):
        rng = np.random.default_rng(number)
        strange = number == 7
        lyrics = Lyrics(
            syllables=("Thr", "on") * 10 if strange else tuple(words[n % 8] for n in range(20)),
            words=tuple(n // 2 for n in range(20)) if strange else (0, 0, 1, 2, 3, 3, 4, 4, *range(5, 17)),
            lines=(0,) * 8 + (1,) * 8 + (2,) * 4,
            punctuation=("",) * 7 + (",",) + ("",) * 7 + (".",) + ("",) * 4,
            language="de",
        )
        melody = Melody(rng.integers(60, 72, 20), rng.choice([1.0, 2.0], 20), rng.choice([0.0, 1.0], 20))
        songs.append(Song(f"song{number}", lyrics, melody))
    folder.mkdir()
    write_songs(folder / "songs.jsonl.gz", songs)
    windows = {"train": [], "valid": [], "test": []}
    for song in songs:
        windows["train" if song.name < "song4" else "test"].append([song.name, 0])
    split = {"songs": {part: [name for name, _ in rows] for part, rows in windows.items()}}
    write_split(folder / SPLIT_FILES["honest"], {**split, "windows": windows, "quarters_per_beat": 1.0})


FOLDERS = {"hw0": "nsynth", "hw1": "slakh", "hw2": "musdb", "hw3": "corpus"}


@pytest.fixture(scope="session", params=["hw0", "hw1", "release", "hw2", "hw3"])
def made(request, data, tmp_path_factory):
    """(Prepared, data folder) of each homework, and of the course's release."""
    short = "hw1" if request.param == "release" else request.param
    root = data / FOLDERS.get(request.param, request.param)
    return find(short).prepare(root, tmp_path_factory.mktemp("tests") / request.param), root


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_there_is_a_task_for_each_homework():
    assert list(TASKS) == ["hw0", "hw1", "hw2", "hw3"]
    with pytest.raises(UserError, match="muse2bach: has no test to run; only hw0, hw1, hw2, hw3 have"):
        find("muse2bach")


def test_nothing_tells_what_an_input_is(made):
    """Neither names, order, dates, tags nor what lies beside."""
    prepared, root = made
    for folder in (prepared.inputs, prepared.again):
        paths = sorted(folder.rglob("*"))
        assert all(re.fullmatch(r"\d{4}\.(wav|flac|txt)", path.name) for path in paths)
        assert {path.suffix for path in paths} == {paths[0].suffix}
        assert {(path.stat().st_mtime, path.is_symlink()) for path in paths} == {(0, False)}
    content = b"".join(files(prepared.inputs).values())
    for path in root.rglob("*"):
        if len(path.stem) > 8:
            assert path.stem.encode() not in content
    for path in prepared.inputs.glob("*.wav"):
        head = path.read_bytes()[:44]
        assert head[12:16] == b"fmt " and head[36:40] == b"data"
        assert len(path.read_bytes()) - 44 == int.from_bytes(head[40:44], "little")


def test_the_order_is_shuffled(made):
    """The names in the order of the data are not in order."""
    place = making.Workplace(Path("nowhere"))
    names = place.names(50, ".wav")
    assert sorted(names) == [f"{n:04d}.wav" for n in range(1, 51)] and names != sorted(names)
    assert place.names(12_345, ".txt")[0].endswith(".txt") and len(place.names(12_345, ".txt")[0]) == 9


def test_some_inputs_are_asked_again_under_names_of_others(made):
    prepared, _ = made
    again = prepared.read_labels()["again"]
    inputs, repeated = files(prepared.inputs), files(prepared.again)
    assert again.keys() == repeated.keys() and len(again) == min(3, len(inputs))
    for name, meant in again.items():
        assert name != meant and repeated[name] == inputs[meant]


def test_labels_belong_to_the_inputs(made):
    prepared, _ = made
    labels = prepared.read_labels()
    assert labels["inputs"] == sorted(files(prepared.inputs))
    for name in ("families", "groups", "targets", "frames", "pitch", "lines"):
        assert len(labels.get(name, labels["inputs"])) == len(labels["inputs"])
    assert prepared.kind == "real" and prepared.data_name in ("nsynth", "slakh", "release", "musdb", "corpus")


def test_the_same_data_give_the_same_bytes_once(made, tmp_path, monkeypatch):
    prepared, root = made
    task = find(prepared.assignment)
    second = task.prepare(root, tmp_path / "again")
    assert files(second.folder) == files(prepared.folder) and len(prepared.digest) == 64
    assert making.digest(prepared.folder) == prepared.digest
    monkeypatch.setattr(making, "_make", None)  # is not called any more
    assert task.prepare(root, tmp_path / "again") == second == Prepared.load(tmp_path / "again")
    with pytest.raises(UserError, match="is prepared for hw.* choose another folder"):
        task.prepare(root.parent / "other", tmp_path / "again")
    with pytest.raises(UserError, match="is prepared for"):
        task.prepare(None, tmp_path / "again", quick=True)


# -- each homework ---------------------------------------------------------------------------------


def test_notes_keep_their_samples(data, tmp_path):
    prepared = find("hw0").prepare(data / "nsynth", tmp_path / "t")
    labels = prepared.read_labels()
    originals = {
        soundfile.read(path, dtype="int16")[0].tobytes(): path.stem
        for path in (data / "nsynth" / "nsynth-test" / "audio").iterdir()
    }
    entries = json.loads((data / "nsynth" / "nsynth-test" / "examples.json").read_text())
    for name, family, group in zip(labels["inputs"], labels["families"], labels["groups"], strict=True):
        samples, rate = soundfile.read(prepared.inputs / name, dtype="int16")
        entry = entries[originals.pop(samples.tobytes())]
        assert (entry["instrument_family"], entry["instrument"], rate) == (family, group, 16_000)
    assert not originals
    assert sum(labels["train_counts"]) == 44  # 11 families, 2 instruments, 2 pitches


def test_without_training_notes_the_baseline_knows_the_test(data, tmp_path):
    shutil.copytree(data / "nsynth" / "nsynth-test", tmp_path / "only" / "nsynth-test")
    prepared = find("hw0").prepare(tmp_path / "only", tmp_path / "t")
    assert prepared.read_labels()["train_counts"] == [2] * 9 + [0, 2]


def test_silent_and_broken_notes_are_left_out_and_told(data, tmp_path, capsys):
    folder = shutil.copytree(data / "nsynth" / "nsynth-test", tmp_path / "only" / "nsynth-test")
    first, second, *_ = sorted((folder / "audio").iterdir())
    soundfile.write(first, np.zeros(64_000), 16_000)
    second.write_bytes(second.read_bytes()[:5000])
    prepared = find("hw0").prepare(tmp_path / "only", tmp_path / "t")
    assert len(files(prepared.inputs)) == 18 == len(prepared.read_labels()["families"])
    told = capsys.readouterr().err
    assert "1 left out: silent note" in told and "1 left out: note that cannot be read" in told
    assert json.loads((prepared.folder / FILE).read_text())["left_out"] == {
        "silent note": 1,
        "note that cannot be read": 1,
    }


@pytest.mark.parametrize("layout", ["slakh", "release"])
def test_tracks_have_the_steps_of_the_plan(data, tmp_path, layout):
    plan = maker("hw1/tiny_slakh.py")
    prepared = find("hw1").prepare(data / layout, tmp_path / "t")
    labels = prepared.read_labels()
    truths = {track.name: plan.truth(track).tolist() for track in plan.plan() if track.split == "test"}
    if layout == "slakh":
        assert dict(zip(labels["groups"], labels["targets"], strict=True)) == truths
        original = {soundfile.info(p).frames for p in (data / "slakh" / "test").rglob("mix.flac")}
        assert {soundfile.info(path).frames for path in prepared.inputs.iterdir()} == original
    else:
        assert sorted(rows[0] for rows in labels["targets"]) == sorted(sum(truths.values(), []))
        assert {soundfile.info(path).frames for path in prepared.inputs.iterdir()} == {120_000}


def test_songs_keep_mixture_and_truth(data, tmp_path):
    prepared = find("hw2").prepare(data / "musdb", tmp_path / "t")
    labels = prepared.read_labels()
    songs = {}
    for folder in (data / "musdb" / "test").iterdir():
        read = {p.stem: soundfile.read(p, always_2d=True, dtype="float32")[0].T for p in folder.glob("*.wav")}
        songs[read["mixture"].shape[1]] = read
    assert sorted(labels["frames"]) == sorted(songs)
    for name, frames in zip(labels["inputs"], labels["frames"], strict=True):
        mixture, rate = soundfile.read(prepared.inputs / name, dtype="float32")
        truth = np.concatenate(
            list(hw2_scores.truth_blocks(prepared.labels / "truth" / name[:4], 10_000)), axis=2
        )
        song = songs[frames]
        np.testing.assert_array_equal(mixture.T, np.broadcast_to(song["mixture"], (2, frames)))
        np.testing.assert_array_equal(truth[0], np.broadcast_to(song["vocals"], (2, frames)))
        backing = song["drums"] + song["bass"] + song["other"]
        np.testing.assert_array_equal(truth[1], np.broadcast_to(backing, (2, frames)))
        assert rate == 44_100


def test_texts_tell_the_syllables_of_their_melodies(data, tmp_path, capsys):
    from hw3_melody_generation.syllables import read_lyrics

    prepared = find("hw3").prepare(data / "corpus", tmp_path / "t")
    labels = prepared.read_labels()
    assert len(labels["inputs"]) == 3 and labels["quarters_per_beat"] == 1
    assert "1 left out: window whose syllables plain text does not tell (song7:0)" in capsys.readouterr().err
    for name, lines in zip(labels["inputs"], labels["lines"], strict=True):
        text = (prepared.inputs / name).read_text()
        assert text == "lobe den Herrn meine Seele,\nlo be den Herrn mei ne See le.\nlo be den Herrn\n"
        assert list(read_lyrics(text)[0].lines) == lines


def test_random_melodies_are_the_shares_of_the_training_notes(data):
    from hw3_melody_generation.data import open_data

    corpus = open_data(data / "corpus")
    songs = corpus.windows("test")[:3]
    found = hw3.random_scores(corpus.windows("train"), songs)
    assert found == hw3.random_scores(corpus.windows("train"), songs)
    assert abs(found["line_end_gain"]) < 0.15 and 0.58 < found["scale_consistency"] < 1
    truth = Windows.of([song.melody for song in songs], lines=[song.lyrics.lines for song in songs])
    assert hw3_scores.describe(truth).keys() == found.keys()


# -- the folder ------------------------------------------------------------------------------------


def test_an_interrupted_call_is_gone_on_with(data, tmp_path, monkeypatch):
    task, calls, real = find("hw0"), [], sounds.write_sound

    def stopped(target, blocks, **options):
        if len(calls) == 5:
            raise KeyboardInterrupt
        calls.append(target.name)
        return real(target, blocks, **options)

    monkeypatch.setattr(sounds, "write_sound", stopped)
    with pytest.raises(KeyboardInterrupt):
        task.prepare(data / "nsynth", tmp_path / "t")
    assert not (tmp_path / "t").exists()
    inputs = tmp_path / "t.partial" / "inputs"
    kept = {path.name: path.stat().st_ino for path in inputs.iterdir()}
    assert len(kept) == 5 and set(calls) == set(kept)
    monkeypatch.setattr(sounds, "write_sound", real)
    whole = task.prepare(data / "nsynth", tmp_path / "t")
    assert {name: (whole.inputs / name).stat().st_ino for name in kept} == kept
    assert whole.digest == task.prepare(data / "nsynth", tmp_path / "other").digest
    assert not (tmp_path / "t.partial").exists()


def test_what_another_call_left_is_no_part_of_it(data, tmp_path):
    partial = tmp_path / "t.partial"
    (partial / "inputs").mkdir(parents=True)
    (partial / "inputs" / "brass_acoustic_046-060-100.wav").write_bytes(b"x")
    write_atomically(partial / making.ORIGIN_FILE, b"{}")
    assert len(files(find("hw0").prepare(data / "nsynth", tmp_path / "t").inputs)) == 20


def test_other_folders_are_left_alone(data, tmp_path):
    (tmp_path / "t").mkdir()
    (tmp_path / "t" / "thesis.txt").write_text("mine")
    with pytest.raises(UserError, match="holds other files; choose a new folder"):
        find("hw0").prepare(data / "nsynth", tmp_path / "t")
    with pytest.raises(UserError, match="is not a prepared test; prepare it first"):
        Prepared.load(tmp_path / "t")


def test_the_folder_of_another_version_is_not_read(tmp_path):
    (tmp_path / FILE).write_text(json.dumps({"version": 0}))
    with pytest.raises(UserError, match="another version of the grader; delete it"):
        Prepared.load(tmp_path)


def test_samples_survive_their_way_through_whole_numbers(tmp_path):
    sixteen = np.arange(-(2**15), 2**15, 7, dtype=np.int64)
    block = (sixteen / 2**15).astype(np.float32)[None]
    for bits in (16, 24):
        path = tmp_path / f"{bits}.wav"
        assert sounds.write_sound(path, [block], sample_rate=8000, channels=1, bits=bits)
        np.testing.assert_array_equal(soundfile.read(path, dtype="float32")[0], block[0])
    loud = np.array([[1.5, -1.5, np.float32(0.9999999)]])
    assert (sounds.whole_numbers(loud, 16) >> 16).tolist() == [[32767, -32768, 32767]]


def test_a_file_that_breaks_off_leaves_nothing(tmp_path):
    def blocks():
        yield np.ones((1, 10), dtype=np.float32)
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        sounds.write_sound(tmp_path / "a.wav", blocks(), sample_rate=8000, channels=1)
    assert os.listdir(tmp_path) == []
