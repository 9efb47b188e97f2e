"""infer.py: any recording in, its stems out; again without doing it again; bad files beside good ones."""

from __future__ import annotations

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
from hw2_source_separation import ASSIGNMENT, infer
from hw2_source_separation.bandsplit import BandSplitConfig
from hw2_source_separation.models import SeparationModel, SeparationModelConfig
from hw2_source_separation.separator import load_separator

ROOT = Path(__file__).parents[2]
RATE = 44_100


def save_random_model(folder: Path, *, seed: int = 0, targets: tuple[str, ...] = ("vocals",)) -> Path:
    """The model folder of a very small separator with random weights."""
    torch.manual_seed(seed)
    network = BandSplitConfig(n_fft=1024, hop_length=512, bands=4, width=8, blocks=1, kernel=3)
    config = SeparationModelConfig(network=network, targets=targets)
    model = SeparationModel(config)
    save_model(folder, assignment=ASSIGNMENT, config=asdict(config), tensors=model.state_dict())
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return save_random_model(tmp_path_factory.mktemp("runs") / "random")


@pytest.fixture
def song(tmp_path):
    """Write noise: `song("a.wav", seconds=1, rate=44100, channels=2)` -> path."""

    def write(name: str = "song.wav", *, seconds: float = 1.0, rate: int = RATE, channels: int = 2) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        noise = np.random.default_rng(0).uniform(-0.5, 0.5, (round(seconds * rate), channels))
        sf.write(path, noise, rate)
        return path

    return write


@pytest.fixture
def run(command, model, tmp_path, capsys):
    """Run infer.py with the random model: `run(song, "--html")` -> exit code, results, standard error."""

    def call(*arguments, into: str = "out") -> tuple[int, list[dict], str]:
        code = command("infer", *arguments, "--model", model, "--out", tmp_path / into, "--json")
        captured = capsys.readouterr()
        return code, json.loads(captured.out or "[]"), captured.err

    return call


def files_in(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_outputs_are_the_separators_and_add_up(run, model, song, tmp_path):
    path = song(seconds=5)
    code, [result], _ = run(path)
    assert code == 0 and result["file"] == str(path)
    assert (result["duration"], result["sample_rate"], result["channels"], result["kept"]) == (
        5,
        RATE,
        2,
        False,
    )
    assert files_in(tmp_path / "out") == [
        f"song/{n}" for n in ("accompaniment.wav", "separation.json", "vocals.wav")
    ]
    mixture = audio.read(path)[0]
    expected = load_separator(model, device="cpu").separate(torch.from_numpy(mixture)[None])[0].numpy()
    stems = [audio.read(result["outputs"][name])[0] for name in ("vocals", "accompaniment")]
    np.testing.assert_allclose(stems, expected, atol=1e-5)
    np.testing.assert_allclose(sum(stems), mixture, atol=1e-6)


def test_chunks_give_what_the_whole_gives(run, model, song):
    path = song(seconds=13)
    _, [result], _ = run(path, "--chunk-seconds", 6, "--batch-size", 2)
    mixture = torch.from_numpy(audio.read(path)[0])[None]
    expected = load_separator(model, device="cpu").separate(mixture)[0, 0].numpy()
    np.testing.assert_allclose(audio.read(result["outputs"]["vocals"])[0], expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "rate", "channels"),
    [("a.wav", 8000, 1), ("a.flac", 96_000, 6), ("a.ogg", 48_000, 2), ("a.mp3", 44_100, 2)],
)
def test_any_rate_number_of_channels_and_format(run, song, name, rate, channels):
    path = song(name, rate=rate, channels=channels)
    code, [result], _ = run(path, "--format", "flac")
    stems = [audio.read(output) for output in result["outputs"].values()]
    assert code == 0 and {stem_rate for _, stem_rate in stems} == {rate}
    np.testing.assert_allclose(sum(stem for stem, _ in stems), audio.read(path)[0], atol=1e-5)


def test_targets_and_a_remix(run, song, tmp_path):
    path = song()
    _, [whole], _ = run(path)
    vocals, accompaniment = (audio.read(output)[0] for output in whole["outputs"].values())
    _, [result], _ = run(path, "--targets", "accompaniment", "--mix-gain", "vocals=-20", into="remix")
    assert files_in(tmp_path / "remix" / "song") == ["accompaniment.wav", "remix.wav", "separation.json"]
    remix = audio.read(result["outputs"]["remix"])[0]
    np.testing.assert_allclose(remix, 0.1 * vocals + accompaniment, atol=1e-6)


def test_what_is_finished_is_kept(run, song, tmp_path):
    path = song()
    run(path)
    before = {file: (tmp_path / "out" / file).stat().st_mtime_ns for file in files_in(tmp_path / "out")}
    code, [again], _ = run(path)
    assert code == 0 and again["kept"] and again["seconds"] == 0
    assert before == {file: (tmp_path / "out" / file).stat().st_mtime_ns for file in before}
    code, [page], _ = run(path, "--html")  # a page needs no separation
    assert page["kept"] and Path(page["page"]).is_file()


def test_what_is_not_the_same_is_done_again(run, command, model, song, tmp_path, capsys):
    path, out = song(), tmp_path / "out" / "song"
    run(path)

    def kept(*options) -> bool:
        return run(path, *options)[1][0]["kept"]

    assert not kept("--overwrite")
    assert not kept("--format", "flac") and not kept() and kept()
    assert not kept("--mix-gain", "vocals=3") and not kept() and kept()
    (out / "vocals.wav").write_bytes((out / "vocals.wav").read_bytes()[:-1])
    assert not kept() and kept()
    (out / "accompaniment.wav").unlink()
    assert not kept() and kept()
    (out / "separation.json").write_text("[1, 2")
    assert not kept() and kept()
    song(seconds=1.5)  # another recording of the same name
    assert not kept() and kept()
    other = save_random_model(tmp_path / "other", seed=1)
    assert command("infer", path, "--model", other, "--out", tmp_path / "out", "--json") == 0
    assert not json.loads(capsys.readouterr().out)[0]["kept"]


def test_interrupted_and_called_again_it_goes_on(run, song, tmp_path, monkeypatch, command, model, capsys):
    paths = [song(f"{name}.wav", seconds=2) for name in "abc"]
    real = infer.separate_file

    def interrupted(separator, path, folder, **options):
        def stop(seconds: float) -> None:
            raise KeyboardInterrupt

        return real(separator, path, folder, **options | ({"progress": stop} if path == paths[1] else {}))

    monkeypatch.setattr(infer, "separate_file", interrupted)
    assert command("infer", *paths, "--model", model, "--out", tmp_path / "out") == 130
    assert "interrupted" in capsys.readouterr().err
    assert {Path(file).parent.name for file in files_in(tmp_path / "out")} == {"a"}
    monkeypatch.setattr(infer, "separate_file", real)
    code, results, _ = run(*paths)
    assert code == 0 and [result["kept"] for result in results] == [True, False, False]


def test_bad_files_beside_good_ones(run, song, tmp_path):
    (tmp_path / "text.wav").write_text("I am not a recording")
    (tmp_path / "song.m4a").write_bytes(b"\0\0\0\x20ftypM4A " + bytes(100))
    nan = np.full((RATE, 2), 0.1, dtype=np.float32)
    nan[-5] = np.nan
    sf.write(tmp_path / "nan.wav", nan, RATE, subtype="FLOAT")
    cut = song("cut.wav")
    cut.write_bytes(cut.read_bytes()[:-1001])  # in the middle of a frame
    sf.write(tmp_path / "silent.wav", np.zeros((RATE, 2)), RATE)
    files = [
        "text.wav",
        "good.wav",
        "song.m4a",
        "nan.wav",
        "cut.wav",
        "short.wav",
        "silent.wav",
        "nowhere.wav",
    ]
    song("good.wav"), song("short.wav", seconds=0.01)
    code, results, errors = run(*(tmp_path / name for name in files))
    assert code == 2 and [Path(result["file"]).name for result in results] == files
    reasons = {Path(result["file"]).name: result["error"] for result in results if "error" in result}
    assert list(reasons) == ["text.wav", "song.m4a", "nan.wav", "cut.wav", "nowhere.wav"]
    assert "convert it to wav" in reasons["song.m4a"] and "NaN" in reasons["nan.wav"]
    assert "truncated" in reasons["cut.wav"] and "no such file" in reasons["nowhere.wav"]
    assert f"error: {tmp_path / 'nan.wav'}: NaN or infinite samples, the first at 1.000 s" in errors
    assert "5 of 8 files could not be used" in errors and "Traceback" not in errors
    assert {file.split("/")[0] for file in files_in(tmp_path / "out")} == {"good", "short", "silent"}
    assert {sf.info(file).frames for file in (tmp_path / "out" / "short").glob("*.wav")} == {441}


def test_folders_stand_for_the_files_in_them_but_not_for_outputs(run, song, tmp_path):
    music = tmp_path / "music"
    for place in ("b.wav", "a.wav", "disc 2/a.wav", "Artist - Title/mixture.wav"):
        song(f"music/{place}", seconds=0.1)
    for _ in range(2):
        code, results, _ = run(music, into="music/separated")
        assert code == 0 and [Path(r["file"]).relative_to(music).as_posix() for r in results] == [
            "Artist - Title/mixture.wav",
            "a.wav",
            "b.wav",
            "disc 2/a.wav",
        ]
    folders = {path.name for path in (music / "separated").iterdir()}
    assert folders == {"Artist - Title", "a", "b", "a_2"}


@pytest.mark.parametrize("name", [b"$\\frac$ 100%, <b>&'\".wav", b"caf\xe9.wav", b"...wav", b"-x.wav"])
def test_any_name_will_do(run, song, tmp_path, name):
    path = song(seconds=0.1).rename(tmp_path / os.fsdecode(name))
    code, [result], _ = run(path, "--html")
    assert code == 0 and Path(result["page"]).is_file()
    assert {Path(output).parent.parent for output in result["outputs"].values()} == {tmp_path / "out"}


def test_a_recording_is_not_replaced_by_its_own_output(run, song, tmp_path):
    path = song("out/vocals/vocals.wav")
    code, [result], _ = run(path)
    assert code == 2 and "choose another --out" in result["error"]
    assert files_in(tmp_path / "out") == ["vocals/vocals.wav"]


def test_the_screen_has_a_line_for_each_song(command, model, song, tmp_path, capsys):
    path = song(seconds=2)
    for speed in ("x real time", "kept"):
        assert command("infer", path, "--model", model, "--out", tmp_path / "out", "--format", "flac") == 0
        line = capsys.readouterr().out
        assert line.startswith(f"{path}: 2 s, ") and speed in line and line.count("\n") == 1
        assert line.endswith(f"-> {tmp_path / 'out' / 'song'}: vocals.flac, accompaniment.flac\n")


def test_the_newest_finished_run_is_the_default(command, model, song, tmp_path, monkeypatch, capsys):
    shutil.copytree(model, tmp_path / "newest")
    (tmp_path / "newest" / "validation.json").write_text("{}")
    monkeypatch.setattr(infer, "RUNS", tmp_path)
    assert command("infer", song(seconds=0.1), "--out", tmp_path / "out") == 0
    assert f"model: {tmp_path / 'newest'}" in capsys.readouterr().err


@pytest.mark.parametrize("phase", ["griffin-lim", "misi"])
def test_phase_and_wiener_reach_the_separator(run, song, phase):
    path = song(seconds=0.5)
    options = ("--phase", phase, "--phase-iterations", 2, "--wiener", 1)
    code, [result], _ = run(path, *options)
    assert code == 0
    total = sum(audio.read(output)[0] for output in result["outputs"].values())
    assert (np.abs(total - audio.read(path)[0]).max() < 1e-5) == (
        phase == "misi"
    )  # Griffin-Lim does not add up


def test_wrong_usage_is_one_line(command, model, song, tmp_path, monkeypatch, error_of, capsys):
    path = song(seconds=0.1)
    monkeypatch.chdir(tmp_path)
    for arguments, reason in (
        ([path], "runs/hw2: no finished run; train one with hw2/train.py, or name one with --model"),
        ([], "no file given"),
        ([path, "--model", tmp_path], f"{tmp_path}: not a model folder"),
        (
            [path, "--model", model, "--targets", "bass"],
            "--targets bass: this model gives vocals, accompaniment",
        ),
        ([path, "--model", model, "--mix-gain", "drums=1"], "--mix-gain drums: this model gives"),
        (
            [path, "--model", model, "--mix-gain", "vocals"],
            "--mix-gain vocals: give OUTPUT=DB, such as vocals=-15",
        ),
        ([path, "--model", model, "--mix-gain", "vocals=inf"], "--mix-gain vocals=inf: give"),
        ([path, "--chunk-seconds", 1], "--chunk-seconds is 1.0; give at least 6"),
        ([path, "--batch-size", 0], "--batch-size is 0; give at least 1"),
        ([path, "--html-seconds", 5000], "--html-seconds is 5000; give 1 to 600"),
        ([path, "--html-start", -1], "--html-start is -1.0; give at least 0"),
    ):
        assert command("infer", *arguments) == 2
        assert error_of(capsys).startswith(f"error: {reason}")


def test_as_a_process_standard_output_is_json_alone(model, song, tmp_path):
    good, bad = song(seconds=0.2), tmp_path / "bad.wav"
    bad.write_bytes(b"RIFF")
    result = subprocess.run(
        [sys.executable, str(ROOT / "hw2" / "infer.py"), good, bad, "--model", model, "--json"],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert result.returncode == 2
    assert [answer["file"] for answer in json.loads(result.stdout)] == [str(good), str(bad)]
    assert result.stderr.startswith(f"error: {bad}: ") and "Traceback" not in result.stderr
    assert (tmp_path / "separated" / "song" / "vocals.wav").is_file()
