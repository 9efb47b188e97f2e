"""infer.py: any recording in, its family out; bad files beside good ones; pure JSON for programs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch

from hw0_note_classification import infer
from hw0_note_classification.classifier import load_classifier
from hw0_note_classification.data import FAMILIES, read_note

ROOT = Path(__file__).parents[2]


@pytest.fixture
def notes(tiny_nsynth):
    """Five recordings of the test split, of different families."""
    return sorted((tiny_nsynth / "nsynth-test" / "audio").iterdir())[::8]


def answers(capsys) -> list[dict]:
    return json.loads(capsys.readouterr().out)


def test_json_agrees_with_the_model(command, cnn_run, notes, capsys):
    assert command("infer", *notes, "--model", cnn_run, "--json") == 0
    found = answers(capsys)
    classifier = load_classifier(cnn_run, device="cpu")
    for path, answer in zip(notes, found, strict=True):
        probabilities = classifier.probabilities(torch.from_numpy(read_note(path))[None])[0]
        best = np.argsort(-probabilities)[:3]
        assert answer.keys() == {"file", "top3"} and answer["file"] == str(path)
        assert [entry["family"] for entry in answer["top3"]] == [FAMILIES[family] for family in best]
        shares = [entry["probability"] for entry in answer["top3"]]
        assert shares == pytest.approx(probabilities[best], abs=1e-5)


@pytest.mark.parametrize("run", ["cnn_run", "knn_run"])
def test_the_same_file_twice_gives_the_same_answer(command, run, notes, capsys, request):
    folder = request.getfixturevalue(run)
    capsys.readouterr()  # of its training
    assert command("infer", notes[0], notes[1], notes[0], "--model", folder, "--json") == 0
    first, other, again = answers(capsys)
    assert first == again != other


def test_the_note_in_the_middle_of_a_long_stereo_file(command, knn_run, tiny_nsynth, tmp_path, capsys):
    path = sorted((tiny_nsynth / "nsynth-test" / "audio").iterdir())[0]
    note, rate = sf.read(path)
    long = 1e-4 * np.random.default_rng(0).standard_normal(20 * rate)
    long[9 * rate : 13 * rate] += note
    sf.write(tmp_path / "long.flac", np.stack([long, long], axis=1), rate)
    assert command("infer", path, tmp_path / "long.flac", "--model", knn_run, "--json") == 0
    alone, within = (answer["top3"][0] for answer in answers(capsys))
    assert within["family"] == alone["family"]
    assert command("infer", tmp_path / "long.flac", "--model", knn_run) == 0
    row = capsys.readouterr().out.splitlines()[1]
    start, end = (float(word) for word in row.split()[1:4:2])
    assert 8.94 < start <= 9.0 and end == pytest.approx(start + 4, abs=0.011)


def test_broken_files_beside_good_ones(command, cnn_run, notes, tmp_path, capsys):
    (tmp_path / "text.wav").write_text("I am not a recording")
    sf.write(tmp_path / "silent.wav", np.zeros(16_000), 16_000)
    (tmp_path / "empty.wav").write_bytes(b"")
    bad = [tmp_path / "text.wav", tmp_path / "silent.wav", tmp_path / "empty.wav", tmp_path / "nowhere.wav"]
    mixed = [bad[0], notes[0], bad[1], bad[2], notes[1], bad[3]]
    assert command("infer", *mixed, "--model", cnn_run, "--json") == 2
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert [answer["file"] for answer in found] == [str(path) for path in mixed]
    errors = [answer.get("error") for answer in found]
    assert [error is None for error in errors] == [False, True, False, False, True, False]
    assert errors[0].startswith("not readable as audio") and errors[5].startswith("no such file")
    assert all(answer.keys() == {"file", "error"} for answer in found if "error" in answer)
    assert f"error: {bad[1]}: silent" in captured.err
    assert "4 of 6 files could not be classified" in captured.err
    assert "Traceback" not in captured.err


def test_the_table_has_a_row_per_file(command, cnn_run, notes, capsys):
    assert command("infer", *notes, "--model", cnn_run) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.startswith("file")
    assert [row.split()[0] for row in rows] == [str(path) for path in notes]
    assert len({row.index(" to ") for row in rows}) == 1  # aligned
    assert all(sum(family in row.split() for family in FAMILIES) == 3 for row in rows)


def test_folders_stand_for_the_audio_files_in_them(command, cnn_run, notes, tmp_path, capsys):
    for place in ("b.wav", "a.wav", "deeper/c.WAV"):
        (tmp_path / "music" / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(notes[0], tmp_path / "music" / place)
    (tmp_path / "music" / "cover.jpg").write_bytes(b"no sound")
    (tmp_path / "nothing").mkdir()
    assert command("infer", tmp_path / "music", tmp_path / "nothing", "--model", cnn_run, "--json") == 2
    found = answers(capsys)
    names = [str(Path(answer["file"]).relative_to(tmp_path)) for answer in found]
    assert names == ["music/a.wav", "music/b.wav", "music/deeper/c.WAV", "nothing"]
    assert "folder" in found[-1]["error"]


def test_out_keeps_the_answers_and_a_picture_per_file(command, cnn_run, notes, tmp_path, capsys):
    shutil.copy(notes[1], tmp_path / notes[0].name)  # two files of one name
    (tmp_path / "bad.wav").write_bytes(b"RIFF")
    files = [notes[0], tmp_path / "bad.wav", tmp_path / notes[0].name]
    assert command("infer", *files, "--model", cnn_run, "--out", tmp_path / "out", "--json") == 2
    assert json.loads((tmp_path / "out" / "results.json").read_text()) == answers(capsys)
    stem = notes[0].stem
    pictures = sorted(path.name for path in (tmp_path / "out").glob("*.png"))
    assert pictures == [f"001_{stem}.png", f"003_{stem}.png"]


@pytest.mark.parametrize("name", [b"$\\frac$ 100%.wav", b"caf\xe9.wav"])  # no formula; no UTF-8
def test_any_name_will_do(command, cnn_run, notes, tmp_path, capsys, name):
    path = tmp_path / os.fsdecode(name)
    shutil.copy(notes[0], path)
    assert command("infer", path, "--model", cnn_run, "--out", tmp_path / "out") == 0
    assert (tmp_path / "out" / f"001_{path.stem}.png").is_file()
    capsys.readouterr()
    assert command("infer", path, "--model", cnn_run, "--json") == 0
    assert [answer["file"] for answer in answers(capsys)] == [str(path)]


def test_the_newest_finished_run_is_the_default(command, cnn_run, notes, tmp_path, monkeypatch, capsys):
    for age, name in enumerate(("newest", "older", "unfinished")):
        shutil.copytree(cnn_run, tmp_path / name)
        os.utime(tmp_path / name / "validation.json", (1e9 - age, 1e9 - age))
    (tmp_path / "unfinished" / "validation.json").unlink()
    monkeypatch.setattr(infer, "RUNS", tmp_path)
    assert command("infer", notes[0]) == 0
    assert f"model: {tmp_path / 'newest'}" in capsys.readouterr().err


def test_no_run_and_no_file_are_one_line(command, notes, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command("infer", notes[0]) == 2
    assert capsys.readouterr().err == (
        "error: runs/hw0: no finished run; train one with hw0/train.py, or name one with --model\n"
    )
    assert command("infer") == 2
    assert capsys.readouterr().err.startswith("error: no file given")
    assert command("infer", notes[0], "--model", tmp_path) == 2
    assert "not a model folder" in capsys.readouterr().err


def test_as_a_process_standard_output_is_json_alone(cnn_run, notes, tmp_path):
    bad = tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF")
    result = subprocess.run(
        [sys.executable, str(ROOT / "hw0" / "infer.py"), notes[0], bad, "--model", cnn_run, "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert result.returncode == 2
    assert [answer["file"] for answer in json.loads(result.stdout)] == [str(notes[0]), str(bad)]
    assert result.stderr.startswith(f"error: {bad}: ") and "Traceback" not in result.stderr
