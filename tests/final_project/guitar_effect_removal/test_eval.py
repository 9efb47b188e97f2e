import json
import shutil

import pytest

from common import audio
from final_project.guitar_effect_removal.effects import EFFECTS
from final_project.guitar_effect_removal.training_data import TrainingData


@pytest.fixture(scope="session")
def runs(remover_folder, detector_folder, guitars, tmp_path_factory):
    """A remover, a detector and an expert, not trained: `runs / "remover"`. Copy it to evaluate."""
    folder = tmp_path_factory.mktemp("runs")
    for name, source in (
        ("remover", remover_folder),
        ("detector", detector_folder),
        ("distortion", remover_folder),
    ):
        shutil.copytree(source, folder / name)
        TrainingData.of(guitars, 3, 13).save(folder / name)
        config = json.loads((folder / name / "config.json").read_text())
        config["effects"] = EFFECTS if name != "distortion" else ["distortion"]
        (folder / name / "config.json").write_text(json.dumps(config))
    return folder


@pytest.fixture
def own(runs, tmp_path):
    """A copy of the runs for this test."""
    return shutil.copytree(runs, tmp_path / "runs")


def metrics_of(folder):
    return json.loads((folder / "metrics.json").read_text())


def test_a_remover_with_all_that_is_beside_it(command, own, guitars, capsys):
    remover, detector = own / "remover", own / "detector"
    options = ("--detector", detector, "--experts", own / "distortion", "--samples", "amp")
    assert command("eval", "--model", remover, *options, "--data", guitars) == 0
    printed = capsys.readouterr().out
    assert "13 test pairs of 2 dry guitars" in printed and "not to be compared with published" in printed
    assert "amp + cabinet" in printed and "experts, heard" in printed and "macro F1" in printed
    metrics = metrics_of(remover)
    for name in ("mr_stft", "log_mel", "si_sdr", "esr"):
        assert all(f"{key}{name}_{effect}" in metrics for key in ("", "input_") for effect in EFFECTS)
    assert metrics["input_dry_mr_stft"] == 0 and metrics["dry_mr_stft"] > 0
    assert metrics["oracle_mr_stft"] < metrics["input_mr_stft"]
    assert metrics["experts_true_mr_stft_reverb"] == metrics["input_mr_stft_reverb"]  # none for reverb
    assert metrics["experts_true_mr_stft_distortion"] != metrics["input_mr_stft_distortion"]
    assert metrics["detection_macro_f1"] == metrics_of(detector)["macro_f1"]
    assert (metrics["num_pairs"], metrics["num_pairs_amp"], metrics["num_skipped"]) == (13, 1, 0)
    assert (remover / "figures/mr_stft_by_effect.png").stat().st_size > 5000
    assert (remover / "figures/example_amp.png").stat().st_size > 5000
    sounds = [audio.info(remover / f"samples/amp/{name}.flac") for name in ("wet", "estimate", "dry")]
    assert {sound.frames for sound in sounds} == {round(1.5 * 44_100)}


def test_a_detector_alone(command, own, guitars, capsys):
    assert command("eval", "--model", own / "detector", "--data", guitars) == 0
    printed = capsys.readouterr().out
    assert "all on" in printed and "MR-STFT" not in printed
    metrics = metrics_of(own / "detector")
    assert 0 <= metrics["mean_average_precision"] <= 1 and "random_macro_f1" in metrics
    assert (own / "detector/figures/f1_by_effect.png").stat().st_size > 5000


def test_two_removers_side_by_side_on_a_few_pairs(command, own, guitars, capsys):
    models = (own / "remover", own / "distortion")
    assert command("eval", "--model", *models, "--data", guitars, "--pairs", 4, "--samples", "dry") == 0
    assert "distortion less remover" in capsys.readouterr().out
    folder = own / f"remover/eval_{guitars.name}_4_pairs"
    assert metrics_of(folder)["is_quick_look"] and (folder / "comparison.txt").is_file()
    assert not (own / "remover/metrics.json").exists()


def test_recordings_of_others_without_a_list(command, own, tmp_path, guitars, capsys):
    """Unknown effects, a broken file, and a pair that is too short."""
    for number, source in enumerate(sorted((guitars / "test/wet").iterdir())[:4]):
        for kind in ("wet", "dry"):
            target = tmp_path / "mine/test" / kind / f"{number}.flac"
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)
    (tmp_path / "mine/test/wet/1.flac").write_bytes(b"fLaC, but not really")
    waveform, rate = audio.read(tmp_path / "mine/test/wet/2.flac")
    audio.write(tmp_path / "mine/test/wet/2.flac", waveform[:, :900], sample_rate=rate)
    remover, detector = own / "remover", own / "detector"
    assert command("eval", "--model", remover, "--detector", detector, "--data", tmp_path / "mine") == 0
    captured = capsys.readouterr()
    assert captured.err.count("skipped: ") == 2 and "shorter than 1025 samples" in captured.err
    assert "nobody knows which effects are on" in captured.out
    metrics = metrics_of(remover / "eval_mine")
    assert (metrics["num_pairs"], metrics["num_skipped"], metrics["input_mr_stft"]) == (2, 2, 0)
    assert metrics["reduction"] is None and "detection_macro_f1" not in metrics
    assert (remover / "eval_mine/samples/unknown/dry.flac").is_file()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--model", "remover", "--experts", "remover"), "is no expert"),
        (("--model", "remover", "--experts", "distortion", "distortion"), "two for distortion"),
        (("--model", "remover", "--detector", "remover"), "holds a remover"),
        (("--model", "detector", "--experts", "distortion"), "nothing to set them beside"),
        (("--model", "nowhere"), "no such folder"),
    ],
)
def test_models_that_do_not_fit_are_one_line(
    command, runs, guitars, monkeypatch, error_of, capsys, options, message
):
    monkeypatch.chdir(runs)
    assert command("eval", *options, "--data", guitars) == 2
    assert message in error_of(capsys)


def test_data_of_others_have_to_be_named(command, runs, error_of, capsys):
    assert command("eval", "--model", runs / "remover") == 2
    assert "say with --data what to evaluate on" in error_of(capsys)
