"""infer.py: any recording in, what plays when out; bad files beside good ones; pure JSON for programs."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch

from common import audio
from common.run_folder import save_model
from hw1_instrument_detection import ASSIGNMENT, infer
from hw1_instrument_detection.classes import KEYS
from hw1_instrument_detection.detector import load_detector
from hw1_instrument_detection.models import (
    DetectorConfig,
    HeadConfig,
    InstrumentDetector,
    MelEncoder,
    MelEncoderConfig,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    """The model folder of a very small detector with random weights and thresholds."""
    folder = tmp_path_factory.mktemp("runs") / "random"
    torch.manual_seed(0)
    encoder = MelEncoder(MelEncoderConfig(sample_rate=8000, n_fft=512, hop_length=200, n_mels=16, width=2))
    detector = InstrumentDetector(encoder, model="cnn", head=HeadConfig()).eval()
    config = DetectorConfig(sample_rate=8000, encoder=encoder.config)
    save_model(folder, assignment=ASSIGNMENT, config=asdict(config), tensors=detector.state_dict())
    thresholds = np.random.default_rng(0).uniform(0.4, 0.6, 9)
    (folder / "thresholds.json").write_text(json.dumps(dict(zip(KEYS, thresholds, strict=True))))
    return folder


@pytest.fixture
def song(tmp_path):
    """Write noise that becomes louder: `song("a.wav", seconds=12.3, rate=8000, channels=2)` -> path."""

    def write(
        name: str, *, seconds: float = 12.3, rate: int = 8000, channels: int = 1, seed: int = 0
    ) -> Path:
        noise = np.random.default_rng(seed).uniform(-0.5, 0.5, (round(seconds * rate), channels))
        sf.write(tmp_path / name, noise * np.linspace(0.1, 1, len(noise))[:, None], rate)
        return tmp_path / name

    return write


def answers(capsys) -> list[dict]:
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("seconds", "edges"), [(3.0, [0, 3]), (5.0, [0, 5]), (10.0, [0, 5, 10]), (12.3, [0, 5, 10, 12.3])]
)
def test_json_agrees_with_the_model(command, model, song, capsys, seconds, edges):
    path = song("song.wav", seconds=seconds)
    assert command("infer", path, "--model", model, "--json") == 0
    [answer] = answers(capsys)
    assert answer.keys() == {"file", "duration", "step_seconds", "classes", "activity"}
    assert (answer["file"], answer["duration"], answer["step_seconds"]) == (str(path), seconds, 5)
    waveform = audio.read(path)[0][0]
    clips = [waveform[:40_000], waveform[40_000:80_000], waveform[-40_000:]][: len(edges) - 1]
    clips = torch.from_numpy(np.stack([np.pad(clip, (0, 40_000 - len(clip))) for clip in clips]))
    detector = load_detector(model, device="cpu")
    expected = detector.probabilities(clips)
    for step, start, end, probabilities in zip(
        answer["activity"], edges[:-1], edges[1:], expected, strict=True
    ):
        assert (step["start"], step["end"]) == (start, end)
        assert list(step["probabilities"]) == list(KEYS)
        assert list(step["probabilities"].values()) == pytest.approx(probabilities, abs=1e-5)
        assert step["active"] == [
            KEYS[index] for index in np.flatnonzero(probabilities >= detector.thresholds)
        ]
    assert answer["classes"].keys() == set(KEYS)
    for key, of_class in answer["classes"].items():
        mean = np.mean([step["probabilities"][key] for step in answer["activity"]])
        assert of_class["mean_probability"] == pytest.approx(mean, abs=1e-5)
        share = np.mean([key in step["active"] for step in answer["activity"]])
        assert of_class["active_share"] == pytest.approx(share, abs=1e-5)


@pytest.mark.parametrize(("rate", "channels"), [(8000, 2), (44_100, 1), (96_000, 2), (48_000, 6)])
def test_any_rate_and_number_of_channels(command, model, song, capsys, rate, channels):
    path = song("song.wav", rate=rate, channels=channels)
    assert command("infer", path, "--model", model, "--json") == 0
    [answer] = answers(capsys)
    assert [step["end"] for step in answer["activity"]] == [5, 10, 12.3]


def test_the_same_file_twice_gives_the_same_answer(command, model, song, capsys):
    one, two = song("one.wav"), song("two.wav", seed=1)
    assert command("infer", one, two, one, "--model", model, "--json") == 0
    first, other, again = answers(capsys)
    assert first == again != other


def test_smaller_steps(command, model, song, capsys):
    assert command("infer", song("song.wav"), "--model", model, "--json", "--step", 2.5) == 0
    [answer] = answers(capsys)
    assert [step["start"] for step in answer["activity"]] == [0, 2.5, 5, 7.5, 10]


def test_broken_files_beside_good_ones(command, model, song, tmp_path, capsys):
    (tmp_path / "text.wav").write_text("I am not a recording")
    sf.write(tmp_path / "silent.wav", np.zeros(16_000), 16_000)
    (tmp_path / "empty.wav").write_bytes(b"")
    bad = [tmp_path / "text.wav", tmp_path / "silent.wav", tmp_path / "empty.wav", tmp_path / "nowhere.wav"]
    good = [song("good.wav"), song("short.wav", seconds=1)]
    mixed = [bad[0], good[0], bad[1], bad[2], good[1], bad[3]]
    assert command("infer", *mixed, "--model", model, "--json") == 2
    captured = capsys.readouterr()
    found = json.loads(captured.out)
    assert [answer["file"] for answer in found] == [str(path) for path in mixed]
    errors = [answer.get("error") for answer in found]
    assert [error is None for error in errors] == [False, True, False, False, True, False]
    assert errors[0].startswith("not readable as audio") and errors[5].startswith("no such file")
    assert all(answer.keys() == {"file", "error"} for answer in found if "error" in answer)
    assert f"error: {bad[1]}: silent" in captured.err
    assert "4 of 6 files could not be used" in captured.err
    assert "Traceback" not in captured.err


def test_the_screen_shows_every_class_of_every_file(command, model, song, capsys):
    one, two = song("one.wav"), song("two.wav", seconds=60)
    assert command("infer", one, two, "--model", model) == 0
    first, second = capsys.readouterr().out.split("\n\n")
    assert first.startswith(f"{one}: 0:12, 3 steps of 5 s\n")
    assert second.startswith(f"{two}: 1:00, 12 steps of 5 s\n")
    assert len(first.splitlines()) == len(second.splitlines()) == 11


def test_csv_on_the_screen_is_one_table(command, model, song, tmp_path, capsys):
    bad = tmp_path / "nowhere.wav"
    files = [bad, song("one.wav"), song("two.wav", seconds=6)]
    assert command("infer", *files, "--model", model, "--csv") == 2
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(Path(row["file"]).name, float(row["start"])) for row in rows] == [
        ("one.wav", 0),
        ("one.wav", 5),
        ("one.wav", 10),
        ("two.wav", 0),
        ("two.wav", 5),
    ]


def test_folders_stand_for_the_audio_files_in_them(command, model, song, tmp_path, capsys):
    path = song("song.wav", seconds=2)
    for place in ("b.wav", "a.wav", "deeper/c.WAV"):
        (tmp_path / "music" / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, tmp_path / "music" / place)
    (tmp_path / "music" / "cover.jpg").write_bytes(b"no sound")
    (tmp_path / "nothing").mkdir()
    assert command("infer", tmp_path / "music", tmp_path / "nothing", "--model", model, "--json") == 2
    found = answers(capsys)
    names = [str(Path(answer["file"]).relative_to(tmp_path)) for answer in found]
    assert names == ["music/a.wav", "music/b.wav", "music/deeper/c.WAV", "nothing"]
    assert "folder" in found[-1]["error"]


def test_out_keeps_the_answers_and_a_picture_a_table_and_a_page_per_file(
    command, model, song, tmp_path, capsys
):
    (tmp_path / "deeper").mkdir()
    files = [song("song.wav"), tmp_path / "nowhere.wav", song("deeper/song.wav", seed=1)]  # two of one name
    out = tmp_path / "out"
    assert command("infer", *files, "--model", model, "--out", out, "--json", "--html") == 2
    found = answers(capsys)
    assert json.loads((out / "results.json").read_text()) == found
    kept = sorted(path.name for path in out.iterdir())
    names = [f"{number}_song.{suffix}" for number in ("001", "003") for suffix in ("csv", "html", "png")]
    assert kept == [*names, "results.json"]
    rows = list(csv.DictReader((out / "003_song.csv").open()))
    assert [float(row["end"]) for row in rows] == [step["end"] for step in found[2]["activity"]]
    assert str(files[2]) in (out / "003_song.html").read_text()


@pytest.mark.parametrize("name", [b"$\\frac$ 100%, <b>&.wav", b"caf\xe9.wav"])  # no formula; no UTF-8
def test_any_name_will_do(command, model, song, tmp_path, capsys, name):
    path = song("song.wav", seconds=2).rename(tmp_path / os.fsdecode(name))
    assert command("infer", path, "--model", model, "--out", tmp_path / "out", "--html") == 0
    assert (tmp_path / "out" / f"001_{path.stem}.png").is_file()
    capsys.readouterr()
    assert command("infer", path, "--model", model, "--json") == 0
    assert [answer["file"] for answer in answers(capsys)] == [str(path)]
    assert command("infer", path, "--model", model, "--csv") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_pages_without_a_folder_are_written_here(command, model, song, tmp_path, monkeypatch, capsys):
    path = song("song.wav", seconds=2)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert command("infer", path, "--model", model, "--html") == 0
    assert [path.name for path in (tmp_path / "here").iterdir()] == ["001_song.html"]


def test_the_newest_finished_run_is_the_default(command, model, song, tmp_path, monkeypatch, capsys):
    for age, name in enumerate(("newest", "older", "unfinished")):
        shutil.copytree(model, tmp_path / name)
        (tmp_path / name / "validation.json").write_text("{}")
        os.utime(tmp_path / name / "validation.json", (1e9 - age, 1e9 - age))
    (tmp_path / "unfinished" / "validation.json").unlink()
    monkeypatch.setattr(infer, "RUNS", tmp_path)
    assert command("infer", song("song.wav", seconds=2)) == 0
    assert f"model: {tmp_path / 'newest'}" in capsys.readouterr().err


def test_wrong_usage_is_one_line(command, model, song, tmp_path, monkeypatch, capsys):
    path = song("song.wav", seconds=2)
    monkeypatch.chdir(tmp_path)
    for arguments, reason in (
        ([path], "runs/hw1: no finished run; train one with hw1/train.py, or name one with --model"),
        ([], "no file given"),
        ([path, "--model", tmp_path], f"{tmp_path}: not a model folder"),
        ([path, "--step", 6], "--step is 6.0; give 0.1 to 5 seconds"),
        ([path, "--step", 0], "--step is 0.0; give 0.1 to 5 seconds"),
        ([path, "--json", "--csv"], "--json and --csv both take the screen"),
    ):
        assert command("infer", *arguments) == 2
        message = capsys.readouterr().err
        assert message.startswith(f"error: {reason}") and message.count("\n") == 1


def test_as_a_process_standard_output_is_json_alone(model, song, tmp_path):
    good, bad = song("song.wav", seconds=2), tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF")
    result = subprocess.run(
        [sys.executable, str(ROOT / "hw1" / "infer.py"), good, bad, "--model", model, "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert result.returncode == 2
    assert [answer["file"] for answer in json.loads(result.stdout)] == [str(good), str(bad)]
    assert result.stderr.startswith(f"error: {bad}: ") and "Traceback" not in result.stderr


def test_nothing_is_printed_before_the_list_where_ci_is_set():
    """pyfluidsynth, which pretty_midi imports, would tell where its library lies."""
    code = "import hw1_instrument_detection.infer, hw1_instrument_detection.midi_activity"
    environment = {**os.environ, "CI": "true"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
