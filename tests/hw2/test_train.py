"""train.py: what a run leaves behind, resuming to the same weights, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
import soundfile
import torch

from common.run_folder import RunFolder, load_model
from common.run_folder.files import read_json
from hw2_source_separation import ASSIGNMENT, data, train
from hw2_source_separation.bandsplit import BandSplitConfig
from hw2_source_separation.chunk_dataset import ChunkDataset, validation_excerpts
from hw2_source_separation.models import SeparationModel, SeparationModelConfig
from hw2_source_separation.remix import NO_CHANGE
from hw2_source_separation.separator import load_separator
from hw2_source_separation.separator_training import (
    Objective,
    Validation,
    magnitude_statistics,
    target_windows,
    validate,
)
from hw2_source_separation.stems import STEMS
from hw2_source_separation.training_data import TrainingData
from hw2_source_separation.umx import UmxConfig

SMALL = {
    "bandsplit": ("--n-fft", 512, "--hop-length", 256, "--bands", 6, "--width", 8),
    "umx": ("--model", "umx", "--n-fft", 512, "--hop-length", 256, "--hidden-size", 8),
}
TINY = BandSplitConfig(n_fft=512, hop_length=256, bands=6, width=8, blocks=1)


def quick(command, folder, out, *options, model: str = "bandsplit") -> int:
    small = ("--preset", "quick", *SMALL[model], "--epochs", 2, "--chunks", 8, "--chunk-seconds", 0.5)
    return command("train", *small, "--valid-seconds", 2, "--data", folder, "--out", out, *options)


@pytest.fixture(scope="module")
def vocals_run(command, tiny_musdb, tmp_path_factory):
    """The run folder of a small model trained on the tiny songs. Read it, do not change it."""
    out = tmp_path_factory.mktemp("runs") / "vocals"
    assert quick(command, tiny_musdb, out, "--keep-epochs", 1) == 0
    return out


def test_a_run_leaves_everything_behind(vocals_run):
    assert read_json(vocals_run / "run.json")["config"]["targets"] == ["vocals"]
    assert load_model(vocals_run / "epoch_001", assignment=ASSIGNMENT)
    history = RunFolder.open(vocals_run).history()
    assert [record["epoch"] for record in history] == [1, 2]
    assert history[0]["score"] == pytest.approx(history[0]["valid_vocals_sdr"])
    assert (vocals_run / "figures" / "learning_curve.png").is_file()
    record = TrainingData.load(vocals_run)
    assert (record.songs, record.validation_songs, record.is_mini) == (3, 1, False)
    metrics = read_json(vocals_run / "validation.json")
    best = max(history, key=lambda record: record["score"])
    assert metrics["vocals_sdr"] == pytest.approx(best["score"], abs=1e-3)
    assert metrics["mixture_vocals_sdr"] < 20 and metrics["num_songs"] == 1


@pytest.mark.parametrize("model", ["bandsplit", "umx"])
def test_all_stems_without_a_test_split(command, model, musdb_copy, tmp_path, capsys):
    (musdb_copy / "test").rename(tmp_path / "elsewhere")
    out = tmp_path / "run"
    assert quick(command, musdb_copy, out, "--epochs", 1, "--targets", *STEMS, model=model) == 0
    captured = capsys.readouterr()
    assert f"{model}: " in captured.err and " parameters" in captured.err
    assert f"validation ({musdb_copy.name})" in captured.out and "mixture" in captured.out
    assert captured.out.splitlines()[-1] == f"next: python hw2/eval.py --model {out} --data {musdb_copy}"
    assert load_separator(out, device="cpu").outputs == STEMS


@pytest.mark.parametrize("model", ["bandsplit", "umx"])
def test_an_interrupted_run_goes_on_to_the_same_weights(
    command, model, tiny_musdb, tmp_path, monkeypatch, capsys
):
    assert quick(command, tiny_musdb, tmp_path / "whole", "--ema", 0.9, model=model) == 0
    measure = Validation.__call__

    def interrupted(self, model):
        monkeypatch.setattr(Validation, "__call__", stop)
        return measure(self, model)

    def stop(self, model):
        raise KeyboardInterrupt

    monkeypatch.setattr(Validation, "__call__", interrupted)
    assert quick(command, tiny_musdb, tmp_path / "broken", "--ema", 0.9, model=model) == 130
    assert "the same command goes on after epoch 1" in capsys.readouterr().err
    monkeypatch.setattr(Validation, "__call__", measure)
    assert quick(command, tiny_musdb, tmp_path / "broken", "--ema", 0.9, model=model) == 0
    for name in ("checkpoint.safetensors", "model.safetensors", "validation.json"):
        whole, broken = ((tmp_path / run / name).read_bytes() for run in ("whole", "broken"))
        assert whole == broken, name


def test_without_data_the_mini_data_of_the_preset_is_used(command, tiny_musdb, tmp_path, monkeypatch, capsys):
    mini = tmp_path / data.QUICK_NAME
    mini.mkdir()
    for name in ("train", "validation.txt"):
        (mini / name).symlink_to(tiny_musdb / name)
    (mini / "mini_musdb.json").write_text(json.dumps({}))
    monkeypatch.setattr(data, "DEFAULT_DATA", tmp_path / "mini_musdb")
    options = (*SMALL["bandsplit"], "--epochs", 1, "--chunks", 8, "--chunk-seconds", 0.5)
    assert command("train", "--preset", "quick", *options, "--out", tmp_path / "run") == 0
    assert "mini data, not to be compared with scores on MUSDB18" in capsys.readouterr().out
    assert TrainingData.load(tmp_path / "run").is_mini


@pytest.mark.slow
def test_two_processes_make_one_run(torchrun, tiny_musdb, tmp_path):
    small = ("--preset", "quick", *SMALL["bandsplit"], "--epochs", 1, "--chunks", 8, "--chunk-seconds", 0.5)
    result = torchrun("hw2/train.py", *small, "--data", tiny_musdb, "--out", tmp_path / "run")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("model folder:") == 1
    assert len(RunFolder.open(tmp_path / "run").history()) == 1


# ---- what is refused ----


def test_another_run_is_not_overwritten(command, vocals_run, tiny_musdb, capsys, error_of):
    assert command("train", "--preset", "quick", "--data", tiny_musdb, "--out", vocals_run) == 2
    assert "begun with other options" in error_of(capsys)


def test_a_model_beyond_the_cap_needs_a_word(command, tiny_musdb, tmp_path, capsys, error_of):
    options = ("--model", "umx", "--targets", "vocals", "drums", "--data", tiny_musdb)
    assert command("train", *options, "--out", tmp_path / "run") == 2
    assert "17,786,696 parameters, the homework allows fewer than 10,000,000" in error_of(capsys)
    assert not (tmp_path / "run").exists()
    config = train.UmxTrainConfig(model="umx", targets=("vocals", "drums"), cap=False)
    assert config.make_model().config.targets == ("vocals", "drums")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--targets", "tuba"), "--targets tuba: no such stem"),
        (("--targets", "bass", "bass"), "--targets bass bass: give one or several different stems"),
        (("--chunks", 0), "--chunks is 0"),
        (("--chunk-seconds", 0), "--chunk-seconds is 0"),
        (("--valid-seconds", 0), "--valid-seconds is 0"),
        (("--kernel", 2), "--kernel is 2"),
        (("--model", "umx", "--hidden-size", 5), "--hidden-size is 5"),
    ],
)
def test_values_that_make_no_sense(command, tmp_path, capsys, error_of, options, message):
    assert command("train", "--out", tmp_path / "run", *options) == 2
    assert message in error_of(capsys)


def test_missing_data(command, tmp_path, capsys, error_of):
    assert quick(command, tmp_path / "nowhere", tmp_path / "run") == 2
    assert "nowhere: no such folder" in error_of(capsys)


def test_songs_in_which_nobody_sings_cannot_validate(command, musdb_copy, musdb_maker, tmp_path, capsys):
    folder = musdb_maker.song_named(musdb_maker.VALIDATION[0]).folder(musdb_copy)
    silence = np.zeros((2, musdb_maker.song_named(musdb_maker.VALIDATION[0]).frames))
    soundfile.write(folder / "vocals.wav", silence.T, 44_100, subtype="PCM_16")
    assert quick(command, musdb_copy, tmp_path / "run") == 2
    assert "nobody sings in the validation songs" in capsys.readouterr().err


def test_help_is_of_the_chosen_model(command, capsys):
    assert command("train", "--help") == 0
    assert "--time-mixing" in (text := capsys.readouterr().out) and "--hidden-size" not in text
    assert command("train", "--model", "umx", "--help") == 0
    assert "--hidden-size" in (text := capsys.readouterr().out) and "--time-mixing" not in text


def test_default_run_folders_and_presets():
    folder = lambda config: str(config.out_folder())  # noqa: E731
    assert folder(train.BandSplitTrainConfig()) == "runs/hw2/bandsplit"
    assert folder(train.BandSplitTrainConfig(targets=STEMS)) == "runs/hw2/bandsplit_vocals_drums_bass_other"
    assert folder(train.UmxTrainConfig(model="umx", preset="quick")) == "runs/hw2/umx_quick"
    for model, presets in (("bandsplit", train.PRESETS), ("umx", train.UMX_PRESETS)):
        assert {name: preset.preset for name, preset in presets.items()} == {
            name: name for name in ("quick", "default", "full")
        }
        assert {preset.model for preset in presets.values()} == {model}
        for preset in presets.values():
            preset.make_model()  # within the cap


# ---- objective, validation, statistics ----


class Perfect(SeparationModel):
    """Answers with the truth that it was told."""

    def __init__(self, truth: torch.Tensor) -> None:
        super().__init__(SeparationModelConfig(network=TINY))
        self.truth = truth

    def forward(self, mixture, *, as_spectra=False):
        return self.spectrum(self.truth) if as_spectra else self.truth


def test_the_objective_compares_with_the_targets_of_the_same_mixture():
    sources = torch.randn(3, 2, 2, 4000, generator=torch.Generator().manual_seed(0))
    model = Perfect(sources[:, :1])
    assert Objective(model, "spectrum")(model, {"sources": sources}).item() == 0
    assert Objective(model, "spectrum")(model, {"sources": sources.flip(1)}).item() > 1


def test_validation_is_the_mean_over_songs_of_the_median_window(tiny_musdb):
    songs, _ = data.open_training_splits(tiny_musdb)
    excerpts = validation_excerpts(songs, targets=("vocals",), seconds=3.0)
    torch.manual_seed(0)
    model = SeparationModel(SeparationModelConfig(network=TINY)).eval()
    with torch.no_grad():
        medians = [np.nanmedian(target_windows(model, item["sources"][None])) for item in excerpts]
        score = Validation(excerpts, device="cpu")(model)["score"]
    assert len(medians) == 3
    assert score == pytest.approx(np.mean(medians), rel=1e-6)


def test_the_final_table_has_the_mixture_as_floor(vocals_run, tiny_musdb):
    _, songs = data.open_training_splits(tiny_musdb)
    excerpts = validation_excerpts(songs, targets=("vocals",), seconds=3.0)
    metrics = validate(load_separator(vocals_run, device="cpu"), excerpts)
    sources = excerpts[0]["sources"].double()
    energies = sources.unflatten(-1, (3, -1)).square().sum(dim=(1, 3))  # of each second: (outputs, 3)
    of_mixture = 10 * (energies[0] / energies[1]).log10()  # vocals over accompaniment
    sung = energies[0] > 0
    assert metrics["mixture_vocals_sdr"] == pytest.approx(of_mixture[sung].median().item(), abs=0.01)


def test_statistics_are_those_of_the_training_mixtures(tiny_musdb):
    songs, _ = data.open_training_splits(tiny_musdb)
    chunks = ChunkDataset(songs, targets=("vocals",), chunk_seconds=0.5, draws=3, config=NO_CHANGE)
    torch.manual_seed(0)
    model = SeparationModel(
        SeparationModelConfig(network=UmxConfig(n_fft=512, hop_length=256, hidden_size=8))
    )
    mean, deviation = magnitude_statistics(model, chunks, seed=0)
    again, _ = magnitude_statistics(model, chunks, seed=0)
    assert mean.shape == deviation.shape == (257,) and torch.equal(mean, again)
    assert (mean > 0).all() and (deviation >= 0).all()
    model.network.fit_scales(mean, deviation)
    network = model.network.networks[0]
    heard = (mean[: network.heard] + network.input_mean) * network.input_scale
    torch.testing.assert_close(heard, torch.zeros(network.heard), atol=1e-3, rtol=0)
