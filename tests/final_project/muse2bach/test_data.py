"""Data folders: written and read, both layouts, broken ones; splits, making, the commands."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys

import numpy as np
import pytest

from common.cli import UserError
from final_project.muse2bach import data, data_folder
from final_project.muse2bach.chorale import SILENT, Chorale, changes
from final_project.muse2bach.data_folder import (
    CHORALES_FILE,
    SPLIT_FILE,
    read_chorales,
    write_chorales,
    write_split,
)
from final_project.muse2bach.evaluation_split import open_test_split
from final_project.muse2bach.training_data import TrainingData


def made_up(name: str, *, seed: int, frames: int = 64) -> Chorale:
    """Chords of a quarter each, in bars of four with an upbeat, a fermata on each fourth chord."""
    rng = np.random.default_rng(seed)
    chords = rng.integers([66, 60, 52, 40], [78, 66, 60, 52], (frames // 4, 4))
    voices = chords.repeat(4, axis=0)
    onsets = changes(voices)
    return Chorale(
        name,
        voices,
        onsets=onsets,
        position=(np.arange(frames) + 12) % 16,
        fermata=np.arange(frames) % 16 >= 12,
        key=(seed % 12, "minor"),
        title=f"Lied {seed}",
        text=("Ach", *("la-",) * (int(onsets[:, 0].sum()) - 1)),
    )


PLACES = {"train": ["a", "b", "c"], "valid": ["d"], "test": ["e", "f"]}


def write_folder(root, places=PLACES):
    root.mkdir()
    write_chorales(root / CHORALES_FILE, [made_up(name, seed=seed) for seed, name in enumerate("abcdef")])
    write_split(root / SPLIT_FILE, places, rule="by hand")
    return root


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "chorales")


@pytest.fixture
def change(folder):
    """Write a chorale's line anew: `change(2, lambda columns: columns.pop("voices"))`."""

    def write(number: int, spoil) -> None:
        lines = gzip.decompress((folder / CHORALES_FILE).read_bytes()).decode().splitlines()
        columns = json.loads(lines[number])
        spoil(columns)
        lines[number] = json.dumps(columns)
        (folder / CHORALES_FILE).write_bytes(gzip.compress("\n".join(lines).encode()))

    return write


def write_benchmark(path):
    parts = {
        part: [made_up(name, seed=ord(name)).voices.tolist() for name in names]
        for part, names in PLACES.items()
    }
    path.write_bytes(gzip.compress(json.dumps(parts).encode()))
    return path


# Layouts


def test_a_chorale_is_read_as_it_was_written(tmp_path):
    bare = Chorale("bare", [[72, SILENT, 60, 48]] * 3)
    whole = made_up("whole", seed=1)
    write_chorales(tmp_path / "x.gz", [bare, whole])
    again = read_chorales(tmp_path / "x.gz")
    assert list(again) == ["bare", "whole"]
    for chorale in (bare, whole):
        for field in ("name", "key", "title", "text"):
            assert getattr(again[chorale.name], field) == getattr(chorale, field)
        for field in ("voices", "onsets", "position", "fermata"):
            expected, found = getattr(chorale, field), getattr(again[chorale.name], field)
            assert found is None if expected is None else (found == expected).all()


def test_training_splits_and_the_test_split(folder):
    train, valid = data.open_training_splits(folder)
    assert [[chorale.name for chorale in part] for part in (train, valid)] == [["a", "b", "c"], ["d"]]
    assert [chorale.name for chorale in open_test_split(folder)] == ["e", "f"]


def test_the_benchmark_is_a_data_folder_too(tmp_path):
    path = write_benchmark(tmp_path / "Jsb16thSeparated.json.gz")
    for root in (tmp_path, path):
        train, valid = data.open_training_splits(root)
        assert (len(train), len(valid), len(open_test_split(root))) == (3, 1, 2)
        assert not data.is_mini(root)
    assert train[0].voices.tolist() == made_up("a", seed=ord("a")).voices.tolist()


def test_what_is_no_data_folder(tmp_path):
    with pytest.raises(UserError, match=r"no chorales in it; give a folder with chorales.jsonl.gz"):
        data.open_training_splits(tmp_path)
    with pytest.raises(UserError, match="none: no such file or folder"):
        open_test_split(tmp_path / "none")


def test_a_part_without_a_chorale_and_names_that_are_not_there(tmp_path):
    root = write_folder(tmp_path / "a", {**PLACES, "valid": []})
    with pytest.raises(UserError, match=r"split.json: no chorale in valid"):
        data.open_training_splits(root)
    root = write_folder(tmp_path / "b", {**PLACES, "test": ["z"]})
    with pytest.raises(UserError, match=r"split.json: z is not in chorales.jsonl.gz"):
        open_test_split(root)
    data.open_training_splits(root)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda columns: columns.pop("voices"), "lacks 'voices'"),
        (lambda columns: columns["voices"].pop(), "voices must be"),
        (lambda columns: columns["voices"][0].pop(), "inhomogeneous"),
        (lambda columns: columns["voices"][3].__setitem__(5, 20), "pitch 20 of the bass in frame 5"),
        (lambda columns: columns["voices"][3].__setitem__(5, "C"), "voices must be int16"),
        (lambda columns: columns["onsets"][0].append(64), "out of bounds"),
        (lambda columns: columns["onsets"][0].append(-1), "a frame below 0"),
        (lambda columns: columns["onsets"].pop(), "onsets must be"),
        (lambda columns: columns["position"].pop(), "position must be"),
        (lambda columns: columns.update(fermata=7), "no chorale"),
        (lambda columns: columns.update(key=[0]), "out of range"),
        (lambda columns: columns.update(key="C"), "no chorale"),
        (lambda columns: columns.update(text=["Ach"]), "1 syllables for"),
        (lambda columns: columns.update(title=3), "is no text"),
        (lambda columns: columns.update(name="a"), "a is there twice"),
    ],
)
def test_chorales_that_cannot_be_read_are_named_with_their_line(folder, change, spoil, reason):
    change(2, spoil)
    with pytest.raises(UserError, match=reason) as caught:
        data.open_training_splits(folder)
    said = str(caught.value)
    assert said.startswith(f"{folder / CHORALES_FILE}: line 3 is no chorale (") and "\n" not in said


@pytest.mark.parametrize(
    "content", [b"no gzip", gzip.compress(b"{broken"), gzip.compress(b"[]" * 999)[:20], gzip.compress(b"[]")]
)
def test_files_that_are_no_chorales(folder, content):
    (folder / CHORALES_FILE).write_bytes(content)
    with pytest.raises(UserError) as caught:
        data.open_training_splits(folder)
    assert str(caught.value).startswith(f"{folder / CHORALES_FILE}: ") and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", '{"chorales": {"train": []}}', json.dumps({"chorales": dict.fromkeys(PLACES, 1)})],
)
def test_files_that_are_no_split(folder, content):
    (folder / SPLIT_FILE).write_text(content)
    with pytest.raises(UserError, match=r"split.json: "):
        data.open_training_splits(folder)
    (folder / SPLIT_FILE).unlink()
    with pytest.raises(UserError, match="it says which chorales train"):
        data.open_training_splits(folder)


def test_limits(folder, monkeypatch):
    for name, reason in (
        ("MOST_CHORALES", "6 chorales"),
        ("MOST_FRAMES", "64 frames"),
        ("MOST_BYTES", "MiB"),
    ):
        with monkeypatch.context() as patch, pytest.raises(UserError, match=reason):
            patch.setattr(data_folder, name, 5)
            data.open_training_splits(folder)


def test_the_record_of_the_training_data(folder, tmp_path):
    record = TrainingData.of(folder, *data.open_training_splits(folder))
    assert record == TrainingData("chorales", False, 3, 3 * 64, 1)
    record.save(tmp_path)
    assert TrainingData.load(tmp_path) == record
    (folder / "origin.json").touch()
    assert data.is_mini(folder)


# Making the chorales


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

    module = type(sys)("final_project.muse2bach.chorales")
    module.make_chorales = make_chorales
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(data, "DEFAULT_DATA", tmp_path / "data" / "bach_chorales")
    return made


def test_the_chorales_are_made_once_and_said(fake_maker, capsys, tmp_path):
    first, second = data.ensure_data(None), data.ensure_data(None)
    assert first == second == tmp_path / "data" / "bach_chorales"
    assert (first / "done").read_text() == "all" and len(fake_maker) == 1
    assert capsys.readouterr().err.count("making Bach's chorales") == 1
    quick = data.ensure_data(None, quick=True)
    assert quick.name == "bach_chorales_quick" and (quick / "done").read_text() == "few"
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


# info and check


def test_info_by_hand(folder, capsys):
    assert data.Info(folder).run() == 0
    table = {row[:38].strip(): row[38:].split() for row in capsys.readouterr().out.splitlines()}
    assert table["chorales"] == table["with onsets"] == table["with an upbeat"] == ["3", "1", "2"]
    assert table["frames, sixteenths"] == ["192", "64", "128"]
    assert table["longest, quarters"] == ["16", "16", "16"]
    assert table["fermatas of the soprano"] == ["12", "4", "8"]
    assert table["silent share of the cells"] == ["0.0000"] * 3
    assert table["commonest keys"][2:4] == ["Ebm", "1"]
    valid = made_up("d", seed=3)
    bass = valid.voices[:, 3]
    assert table["range of the bass, MIDI pitches"][1] == f"{bass.min()}-{bass.max()}"
    assert table["notes"][1] == str(int(valid.onsets.sum()))


def test_info_of_the_benchmark(tmp_path, capsys):
    write_benchmark(tmp_path / "Jsb16thSeparated.json.gz")
    assert data.Info(tmp_path).run() == 0
    table = {row[:38].strip(): row[38:].split() for row in capsys.readouterr().out.splitlines()}
    assert table["with onsets"] == ["0", "0", "0"] and table["commonest keys"] == []


def test_error_is_one_line(tmp_path):
    command = [sys.executable, data.__file__, "check", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ") and len(result.stderr.splitlines()) == 1
