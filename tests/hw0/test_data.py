"""Opening the splits of a data folder: what is read, what is left out and said, what it costs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
import soundfile as sf

from common.cli import UserError
from hw0_note_classification import data


def entries_of(folder) -> dict:
    return json.loads((folder / "examples.json").read_text())


def write_entries(folder, entries: dict) -> None:
    (folder / "examples.json").write_text(json.dumps(entries))


# The index


def test_index_says_what_examples_json_says(tiny_nsynth):
    index, problems = data.open_split(tiny_nsynth, "train")
    entries = entries_of(tiny_nsynth / "nsynth-train")
    assert len(index) == len(entries) == 88
    assert problems.counts == {}
    for note in (index[i] for i in range(len(index))):
        entry = entries[note.note_str]
        assert note.path.is_file()
        assert (note.family, note.instrument, note.source) == (
            entry["instrument_family"],
            entry["instrument"],
            entry["instrument_source"],
        )
        assert (note.pitch, note.velocity) == (entry["pitch"], entry["velocity"])
        assert (note.instrument_str, note.family_str) == (
            entry["instrument_str"],
            entry["instrument_family_str"],
        )


def test_order_of_entries_does_not_matter(folder):
    before, _ = data.open_split(folder, "train")
    write_entries(folder, dict(reversed(entries_of(folder).items())))
    after, _ = data.open_split(folder, "train")
    assert before.names.tolist() == after.names.tolist()
    assert before.family.tolist() == after.family.tolist()


def test_class_counts_subset_and_groups(tiny_nsynth):
    test, _ = data.open_split(tiny_nsynth, "test")
    assert test.class_counts().tolist() == [4] * 9 + [0] + [4]  # no synth_lead, and still 11 classes
    flutes = test.subset(test.family == data.FAMILIES.index("flute"))
    assert {flutes[i].family_str for i in range(len(flutes))} == {"flute"}
    assert len(np.unique(flutes.groups)) == 1
    picked = test.subset(np.array([7, 3]))
    assert [picked[0], picked[1]] == [test[7], test[3]]


def test_split_by_instrument(tiny_nsynth):
    train, valid = data.open_training_splits(tiny_nsynth)
    assert not set(train.groups) & set(valid.groups)


def test_shared_instruments_are_told(nsynth_maker, tmp_path, capsys):
    root = nsynth_maker.make_tiny_nsynth(tmp_path, instruments={"train": 1}, pitches=(60,))
    shutil.copytree(root / "nsynth-train", root / "nsynth-valid")
    data.open_training_splits(root)
    assert "11 instruments are in train and valid" in capsys.readouterr().err


# Recordings


def test_missing_wavs_are_counted_and_three_are_named(folder):
    wavs = sorted((folder / "audio").glob("*.wav"))
    for wav in wavs[:5]:
        wav.unlink()
    index, problems = data.open_split(folder, "train")
    assert len(index) == 39
    assert problems.skipped == 5
    assert problems.lines() == [f"5 skipped: no wav file ({', '.join(wav.name for wav in wavs[:3])}, ...)"]


def test_wav_without_entry_is_only_noted(folder):
    shutil.copy(next((folder / "audio").glob("*.wav")), folder / "audio" / "extra.wav")
    (folder / "audio" / ".DS_Store").write_text("")
    index, problems = data.open_split(folder, "train")
    assert (len(index), problems.skipped) == (44, 0)
    assert problems.lines() == ["1 ignored: wav without an entry in examples.json (extra.wav)"]


def test_problems_are_reported_once_per_kind(folder, capsys):
    write_entries(folder, entries_of(folder) | {"tuba": {}})
    shutil.copytree(folder, folder.with_name("nsynth-valid"))
    data.open_training_splits(folder.parent)
    told = [line for line in capsys.readouterr().err.splitlines() if "name is not" in line]
    assert len(told) == 2  # one for each split


# Folders


def test_subtrain_stands_in_for_train(folder, capsys):
    folder.rename(folder.with_name("nsynth-subtrain"))
    index, _ = data.open_split(folder.parent, "train")
    assert len(index) == 44
    assert "training on nsynth-subtrain" in capsys.readouterr().err


def test_a_bare_folder_can_be_tested_on_but_not_trained_on(folder):
    bare = folder.rename(folder.with_name("my_notes"))
    assert len(data.open_test_split(bare)) == 44
    with pytest.raises(UserError, match="my_notes: holds no nsynth-train"):
        data.open_training_splits(bare)


def test_folder_errors(tmp_path, tiny_nsynth):
    with pytest.raises(UserError, match="no such folder"):
        data.open_split(tmp_path / "absent", "train")
    with pytest.raises(UserError, match="is not a folder"):
        data.open_split(tiny_nsynth / "nsynth-test" / "examples.json", "test")
    with pytest.raises(UserError, match="holds no nsynth-test"):
        data.open_split(tmp_path, "test")
    (tmp_path / "nsynth-test").mkdir()
    with pytest.raises(UserError, match="nsynth-test: holds no examples.json"):
        data.open_split(tmp_path, "test")


def test_split_without_a_usable_note(folder):
    write_entries(folder, {})
    with pytest.raises(UserError, match="no usable note of split train .44 ignored: wav without an entry"):
        data.open_split(folder, "train")
    shutil.rmtree(folder / "audio")
    with pytest.raises(UserError, match="no usable note of split train .examples.json is empty"):
        data.open_split(folder, "train")


def test_folder_without_recordings(folder):
    shutil.rmtree(folder / "audio")
    with pytest.raises(UserError, match="no usable note of split train .44 skipped: no wav file"):
        data.open_split(folder, "train")


# The mini data set


@pytest.fixture
def fake_maker(monkeypatch, tmp_path):
    """A maker of mini-NSynth that writes one file and can be told to fail."""
    made = []

    def make_mini_nsynth(root, *, seed=0, soundfonts=(), jobs=2, notes):
        root.mkdir(exist_ok=True)
        made.append((root, seed))
        if seed == 13:
            raise KeyboardInterrupt
        (root / "done").write_text(notes)

    module = type(sys)("hw0_note_classification.mini_nsynth")
    module.make_mini_nsynth = make_mini_nsynth
    module.NOTES, module.QUICK_NOTES = "all", "few"
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(data, "DEFAULT_DATA", tmp_path / "data" / "mini_nsynth")
    return made


def test_mini_data_is_made_once_and_said(fake_maker, capsys, tmp_path):
    first, second = data.ensure_data(None), data.ensure_data(None)
    assert first == second == tmp_path / "data" / "mini_nsynth"
    assert (first / "done").read_text() == "all"
    assert len(fake_maker) == 1
    assert capsys.readouterr().err.count("making mini-NSynth") == 1


def test_quick_data_lie_in_a_folder_of_their_own(fake_maker, capsys, tmp_path):
    quick = data.ensure_data(None, quick=True)
    assert quick == tmp_path / "data" / "mini_nsynth_quick"
    assert (quick / "done").read_text() == "few"
    assert data.ensure_data(None, quick=True) == quick and len(fake_maker) == 1
    assert data.ensure_data(None) != quick
    assert capsys.readouterr().err.count("making a small mini-NSynth") == 1
    assert data.ensure_data(tmp_path, quick=True) == tmp_path


def test_half_made_data_do_not_count(fake_maker):
    with pytest.raises(KeyboardInterrupt):
        data.make_data(data.default_data(), seed=13)
    assert not data.default_data().exists()
    data.ensure_data(None)
    assert fake_maker[0][0] == fake_maker[1][0]  # the second call goes on where the first stopped


def test_a_given_folder_is_taken_as_it_is(fake_maker, tmp_path):
    assert data.ensure_data(tmp_path) == tmp_path
    assert fake_maker == []


# Commands


def run_data(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, data.__file__, *map(str, arguments)], capture_output=True, text=True
    )


def test_info_command_counts_by_hand(tiny_nsynth):
    result = run_data("info", "--data", tiny_nsynth)
    assert result.returncode == 0, result.stderr
    table = {row.split()[0]: row.split()[1:] for row in result.stdout.splitlines()}
    assert table["notes"] == ["nsynth-train", "nsynth-valid", "nsynth-test"]
    assert table["synth_lead"] == ["8", "4", "0"]
    assert table["all"] == ["88", "44", "40"]
    assert table["instruments"] == ["22", "11", "10"]


def test_error_is_one_line(tmp_path):
    result = run_data("check", tmp_path)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert len(result.stderr.splitlines()) == 1


# Memory: a tenth and then all of a large split, in fresh processes


PEAK = """
import pathlib, re, resource, sys
from hw0_note_classification import data
index, _ = data.open_split(sys.argv[1], "train")
loader = iter(data.note_batches(index))
for _ in range(3):
    next(loader)
status = pathlib.Path("/proc/self/status")
if status.exists():  # Linux: ru_maxrss would start with the parent's
    print(len(index), int(re.search(r"VmHWM:\\s*(\\d+)", status.read_text())[1]) * 1024)
else:  # macOS
    print(len(index), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def linked_split(root, maker, notes: int):
    """A split of `notes` entries whose recordings are links to one file."""
    audio = root / "nsynth-train" / "audio"
    audio.mkdir(parents=True)
    sf.write(root / "one.wav", 0.5 * maker.partials(60, 1)[0], 16_000, subtype="PCM_16")
    all_entries = (maker.note_entry(n % 11, n // 88, 21 + n % 88, n) for n in range(notes))
    entries = {entry["note_str"]: entry for entry in all_entries}
    for name in entries:
        os.symlink(root / "one.wav", audio / f"{name}.wav")
    write_entries(audio.parent, entries)
    return root


def test_memory_does_not_grow_with_the_split(nsynth_maker, tmp_path):
    peaks = {}
    for notes in (2_000, 20_000):
        root = linked_split(tmp_path / str(notes), nsynth_maker, notes)
        command = [sys.executable, "-c", PEAK, str(root)]
        read, peak = map(int, subprocess.check_output(command, text=True).split())
        assert read == notes
        peaks[notes] = peak
    # 18 000 more notes: 40 MB as Python objects, 4.6 GB as audio; 1 MB as columns, and listing the folder.
    assert peaks[20_000] - peaks[2_000] < 25e6
    assert peaks[20_000] < 1e9
