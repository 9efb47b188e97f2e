"""infer.py: any recording in, the dry guitar out, with or without a detector; bad files beside good ones."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from common import audio
from final_project.guitar_effect_removal import newest_models
from final_project.guitar_effect_removal.detection import load_detector
from final_project.guitar_effect_removal.effects import EFFECTS, apply_chain, parse_chain
from final_project.guitar_effect_removal.heard_effects import hear_effects

RATE = 44_100


@pytest.fixture(autouse=True)
def empty_runs(tmp_path, monkeypatch) -> Path:
    """No run but those of a test."""
    monkeypatch.setattr(newest_models, "RUNS", tmp_path / "runs")
    return tmp_path / "runs"


@pytest.fixture
def guitar(tmp_path):
    """Write noise: `guitar("a.wav", seconds=1, rate=44100, channels=1)` -> path."""

    def write(name: str = "solo.wav", *, seconds: float = 1.0, rate: int = RATE, channels: int = 1) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        sf.write(path, np.random.default_rng(0).uniform(-0.3, 0.3, (round(seconds * rate), channels)), rate)
        return path

    return write


@pytest.fixture
def run(command, remover_folder, tmp_path, capsys):
    """Run infer.py: `run(path, "--html")` -> exit code, results, standard error."""

    def call(*arguments) -> tuple[int, list[dict], str]:
        words = (
            *arguments,
            "--model",
            remover_folder,
            "--out",
            tmp_path / "out",
            "--json",
            "--device",
            "cpu",
        )
        code = command("infer", *words)
        captured = capsys.readouterr()
        return code, json.loads(captured.out or "[]"), captured.err

    return call


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_without_a_detector_effects_are_removed_and_not_named(run, guitar, tmp_path):
    code, [result], told = run(guitar(seconds=2, channels=2), "--html")
    assert code == 0 and "effects are removed, not named" in told
    assert result.keys() == {
        *("file", "output", "duration", "sample_rate", "channels", "seconds", "page"),
    }
    assert files_in(tmp_path / "out") == ["solo_dry.html", "solo_dry.wav"]
    wet, dry = (audio.read(result[key])[0] for key in ("file", "output"))
    assert dry.shape == wet.shape == (2, 2 * RATE) and np.abs(wet - dry).max() > 0.01
    assert result["duration"] == 2 and '"effects":[]' in Path(result["page"]).read_text()


def test_with_a_detector_the_chain_is_told(run, guitar, detector_folder):
    path = guitar()
    _, [result], _ = run(path, "--detector", detector_folder, "--html")
    expected = hear_effects(load_detector(detector_folder, device="cpu"), path)
    assert tuple(result["probabilities"]) == EFFECTS and result["chain"] == list(expected.chain)
    assert list(result["probabilities"].values()) == pytest.approx(expected.probabilities.tolist(), abs=1e-4)
    assert '"name":"amp + cabinet"' in Path(result["page"]).read_text()
    _, [result], told = run(path, "--detector", detector_folder, "--no-detect")
    assert "chain" not in result and not told


@pytest.mark.parametrize(
    ("name", "rate", "channels", "seconds"),
    [("a.wav", 8000, 1, 1), ("a.flac", 96_000, 2, 1), ("a.mp3", 44_100, 2, 1), ("a.wav", 44_100, 1, 0.01)],
)
def test_any_rate_format_and_length(run, guitar, detector_folder, name, rate, channels, seconds):
    path = guitar(name, rate=rate, channels=channels, seconds=seconds)
    code, [result], _ = run(path, "--format", "flac", "--detector", detector_folder, "--html")
    info, recording = audio.info(result["output"]), audio.info(path)
    assert code == 0 and Path(result["output"]).name == "a_dry.flac"
    assert (info.sample_rate, info.channels, info.frames) == (rate, channels, recording.frames)


def test_bad_files_beside_good_ones(run, guitar, tmp_path, detector_folder):
    folder = tmp_path / "in"
    guitar("in/good.wav")
    guitar("in/more/good.wav")
    (folder / "text.wav").write_text("I am no recording")
    (folder / "empty.wav").touch()
    sf.write(folder / "silent.wav", np.zeros((RATE, 2)), RATE)
    sf.write(folder / "nan.wav", np.full(RATE, np.nan, dtype=np.float32), RATE, subtype="FLOAT")
    code, results, told = run(folder, tmp_path / "nowhere.wav", "--detector", detector_folder)
    names = {Path(result["file"]).name: result for result in results}
    bad = {name for name, result in names.items() if "error" in result}
    assert code == 2 and bad == {"text.wav", "empty.wav", "nan.wav", "nowhere.wav"}
    assert told.count("error: ") == 4 and told.endswith("4 of 7 files could not be used\n")
    assert files_in(tmp_path / "out") == ["good_2_dry.wav", "good_dry.wav", "silent_dry.wav"]
    assert "chain" not in names["silent.wav"]
    assert not sf.read(tmp_path / "out" / "silent_dry.wav")[0].any()


def test_what_was_written_is_no_new_recording(run, guitar, tmp_path):
    guitar("solo.wav")
    for _ in range(2):
        _, results, _ = run(tmp_path)
        assert [Path(result["output"]).name for result in results] == ["solo_dry.wav"]
    _, [result], _ = run(tmp_path / "out" / "solo_dry.wav")  # unless it is named
    assert Path(result["output"]).name == "solo_dry_dry.wav"


def test_effects_are_added(run, guitar, tmp_path):
    path = guitar()
    code, [result], told = run(path, "--add", "overdrive:20,amp", "--html")
    assert code == 0 and not told and files_in(tmp_path / "out") == ["solo_wet.html", "solo_wet.wav"]
    dry, wet = audio.read(path)[0][0], audio.read(result["output"])[0][0]
    expected = apply_chain(dry, parse_chain("overdrive:20,amp"), sample_rate=RATE)
    np.testing.assert_allclose(wet, expected, atol=1e-6)
    assert [effect["name"] for effect in result["added"]] == ["overdrive", "amp"]
    assert result["added"][0]["parameters"]["drive_db"] == 20
    assert "with overdrive, amp + cabinet added" in Path(result["page"]).read_text()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--add", "distorsion:20"], "distorsion:20: no such effect; choose of distortion"),
        (["--add", "reverb:3"], "reverb: mix is 3; give 0 to 1"),
        (["--chunk-seconds", "1"], "--chunk-seconds is 1.0; give at least 6"),
        (["--html-seconds", "0"], "--html-seconds is 0; give 1 to 600"),
        (["--html-start", "-1"], "--html-start is -1.0; give at least 0"),
    ],
)
def test_options_that_make_no_sense(command, guitar, words, line, capsys, error_of):
    assert command("infer", guitar(), *words) == 2
    assert line in error_of(capsys)


def test_models_of_the_other_kind(command, guitar, remover_folder, detector_folder, capsys, error_of):
    assert command("infer", guitar(), "--model", detector_folder) == 2
    assert "holds a detector; give it as --detector" in error_of(capsys)
    assert command("infer", guitar(), "--model", remover_folder, "--detector", remover_folder) == 2
    assert "holds a remover" in error_of(capsys)


# ---- which models are used


def finished(folder: Path, source: Path, *, effects: tuple[str, ...] | None = None) -> Path:
    """A run folder with the model of `source`; of these effects if that is told."""
    shutil.copytree(source, folder)
    if effects is not None:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(config | {"effects": list(effects)}))
    (folder / "validation.json").write_text("{}")
    return folder


def test_without_names_the_newest_of_their_kind_are_used(
    empty_runs, command, guitar, remover_folder, detector_folder, tmp_path, capsys
):
    words = ("infer", guitar(), "--out", tmp_path / "out", "--json")
    assert command(*words) == 2
    assert "no finished remover; train one with" in capsys.readouterr().err
    remover = finished(empty_runs / "remover", remover_folder)
    finished(empty_runs / "remover_distortion", remover_folder, effects=("distortion",))
    assert command(*words) == 0
    assert f"model: {remover}, the newest run" in capsys.readouterr().err
    detector = finished(empty_runs / "detector", detector_folder, effects=EFFECTS)
    assert command(*words) == 0
    captured = capsys.readouterr()
    assert f"model: {remover}," in captured.err and f"detector: {detector}," in captured.err
    assert "chain" in json.loads(captured.out)[0]


def test_what_is_said_on_the_screen(command, guitar, remover_folder, detector_folder, tmp_path, capsys):
    words = ("--model", remover_folder, "--detector", detector_folder, "--out", tmp_path / "out", "--html")
    assert command("infer", guitar(), *words) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith(f"-> {tmp_path / 'out'}: solo_dry.wav, solo_dry.html") and "1.0 s" in first
    assert second.startswith("  effects heard: ")
