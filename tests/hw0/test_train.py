"""train.py: what it leaves behind, how it goes on, what it refuses; the loss and the augmentation."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from common.cli import UserError
from common.run_folder import RunFolder
from common.training import TrainingConfig
from hw0_note_classification import data, train
from hw0_note_classification.cnn_training import (
    AddNoise,
    Objective,
    RegularizationConfig,
    Validation,
    draw_mixup,
    inverse_frequencies,
)
from hw0_note_classification.models import CNNConfig
from hw0_note_classification.training_data import TrainingData


def read_json(path: Path) -> dict:
    return json.loads(path.read_text())


# ---- the command ----


def test_a_run_learns_and_leaves_everything_behind(cnn_run, tiny_nsynth):
    assert {path.name for path in cnn_run.iterdir()} == {
        "run.json",
        "training_data.json",
        "history.jsonl",
        "checkpoint.safetensors",
        "config.json",
        "model.safetensors",
        "validation.json",
        "figures",
    }
    assert (cnn_run / "figures" / "learning_curve.png").stat().st_size > 10_000
    validation = read_json(cnn_run / "validation.json")
    assert validation["top1"] > 0.6 > 0.2 > validation["baseline_majority_top1"]
    assert validation["num_groups"] == 11
    best = max(record["score"] for record in RunFolder.open(cnn_run).history())
    assert validation["top1"] == pytest.approx(best)  # the folder holds the best epoch
    assert TrainingData.load(cnn_run) == TrainingData(
        tiny_nsynth.name, False, dict.fromkeys(data.FAMILIES, 8)
    )


def test_options_override_the_preset(cnn_run):
    config = read_json(cnn_run / "run.json")["config"]
    assert (config["preset"], config["training"]["epochs"]) == ("quick", 9)
    assert config["cnn"]["width"] == train.CNN_PRESETS["quick"].cnn.width
    assert config["training"]["batch_size"] == train.CNN_PRESETS["quick"].training.batch_size


def test_a_traditional_model_leaves_the_same_files_to_evaluation(knn_run):
    assert read_json(knn_run / "config.json")["model"] == "knn"
    assert read_json(knn_run / "validation.json")["top1"] > 0.8
    assert TrainingData.load(knn_run).counts().tolist() == [8] * 11


def quick(command, folder: Path, out: Path, *options) -> int:
    return command("train", "--preset", "quick", "--epochs", 2, "--data", folder, "--out", out, *options)


def test_the_test_split_is_not_needed_and_the_end_says_what_to_type(
    command, linked, tiny_nsynth, tmp_path, capsys
):
    folder = linked(tiny_nsynth, "train", "valid")
    assert quick(command, folder, tmp_path / "run") == 0
    output = capsys.readouterr().out
    assert "validation (data)" in output and "mini data" not in output
    assert "majority" in output and "95 % over items" in output
    assert f"model folder: {tmp_path / 'run'}" in output
    assert output.splitlines()[-1] == (f"next: python hw0/eval.py --model {tmp_path / 'run'} --data {folder}")


def test_scores_on_mini_data_say_so(command, linked, tiny_nsynth, tmp_path, capsys):
    folder = linked(tiny_nsynth, "train", "valid")
    (folder / "mini_nsynth.json").write_text("{}")
    assert quick(command, folder, tmp_path / "run", "--epochs", 1) == 0
    assert "validation (mini data, not to be compared with scores on NSynth)" in capsys.readouterr().out
    assert TrainingData.load(tmp_path / "run").is_mini


def test_without_data_the_mini_data_of_the_preset_is_used(
    command, linked, tiny_nsynth, tmp_path, monkeypatch, capsys
):
    linked(tiny_nsynth, "train", "valid", name=data.QUICK_NAME)
    monkeypatch.setattr(data, "DEFAULT_DATA", tmp_path / "mini_nsynth")
    assert command("train", "--preset", "quick", "--epochs", 1, "--out", tmp_path / "run") == 0
    assert TrainingData.load(tmp_path / "run").name == data.QUICK_NAME
    assert capsys.readouterr().out.endswith(f"--model {tmp_path / 'run'}\n")


def test_an_interrupted_run_goes_on_to_the_same_weights(command, tiny_nsynth, tmp_path, monkeypatch, capsys):
    options = ("--mixup", 0.4, "--class-weights")
    assert quick(command, tiny_nsynth, tmp_path / "whole", *options) == 0
    validate = Validation.__call__

    def interrupted(self, model):
        monkeypatch.setattr(Validation, "__call__", stop)
        return validate(self, model)

    def stop(self, model):
        raise KeyboardInterrupt

    monkeypatch.setattr(Validation, "__call__", interrupted)
    assert quick(command, tiny_nsynth, tmp_path / "broken", *options) == 130
    assert "interrupted: the same command goes on after epoch 1" in capsys.readouterr().err
    monkeypatch.setattr(Validation, "__call__", validate)
    assert quick(command, tiny_nsynth, tmp_path / "broken", *options) == 0
    assert "going on after epoch 1 of 2" in capsys.readouterr().err
    whole, broken = (tmp_path / name / "checkpoint.safetensors" for name in ("whole", "broken"))
    assert whole.read_bytes() == broken.read_bytes()


def test_a_finished_run_is_not_trained_again(command, cnn_run, own_copy, tiny_nsynth, capsys):
    copy = own_copy(cnn_run)
    options = ("--preset", "quick", "--epochs", 9, "--data", tiny_nsynth, "--out", copy)
    before = (copy / "model.safetensors").read_bytes()
    config = read_json(copy / "run.json")
    config["config"]["out"] = str(copy)  # as if it had been made there
    (copy / "run.json").write_text(json.dumps(config))
    assert command("train", *options) == 0
    captured = capsys.readouterr()
    assert "finished already" in captured.err and "model folder" in captured.out
    assert (copy / "model.safetensors").read_bytes() == before


def test_another_run_is_not_overwritten(command, cnn_run, tiny_nsynth, capsys, error_of):
    assert quick(command, tiny_nsynth, cnn_run) == 2
    assert "begun with other options (--epochs 9, now 2)" in error_of(capsys)


def test_a_folder_of_other_things_is_not_a_run(command, tiny_nsynth, tmp_path, capsys, error_of):
    (tmp_path / "thesis.tex").write_text("")
    assert quick(command, tiny_nsynth, tmp_path) == 2
    assert "holds other things than a run" in error_of(capsys)


def test_missing_data(command, linked, tiny_nsynth, tmp_path, capsys, error_of):
    assert quick(command, tmp_path / "nowhere", tmp_path / "run") == 2
    assert "nowhere: no such folder" in error_of(capsys)
    assert quick(command, linked(tiny_nsynth, "train"), tmp_path / "run") == 2
    assert "holds no nsynth-valid" in error_of(capsys)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--epochs", 0), "--epochs is 0"),
        (("--noise-db", -90), "--noise-db is -90"),
        (("--mixup", -1), "--mixup is -1"),
        (("--label-smoothing", 1), "--label-smoothing is 1"),
    ],
)
def test_values_that_make_no_sense(command, tmp_path, capsys, error_of, options, message):
    assert command("train", "--out", tmp_path / "run", *options) == 2
    assert message in error_of(capsys)


@pytest.mark.parametrize(
    "options", [("--model", "tuba"), ("--epoch", 3), ("--model", "svm", "--epochs", 3), ("--kernel", "rbf")]
)
def test_unknown_models_and_options_of_another_model_are_refused(command, capsys, options):
    assert command("train", *options) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_help_is_of_the_chosen_model(command, capsys):
    assert command("train", "--help") == 0
    assert "--mixup" in (text := capsys.readouterr().out) and "--kernel" not in text
    assert command("train", "--model", "svm", "--help") == 0
    assert "--kernel" in (text := capsys.readouterr().out) and "--mixup" not in text


def test_default_run_folders():
    mel = train.CNNTrainConfig(cnn=CNNConfig(input="mel"))
    quick_forest = train.TraditionalTrainConfig(model="forest", preset="quick")
    assert train.CNNTrainConfig().out_folder() == Path("runs/hw0/cnn")
    assert mel.out_folder() == Path("runs/hw0/cnn_mel")
    assert quick_forest.out_folder() == Path("runs/hw0/forest_quick")
    assert train.CNNTrainConfig(out=Path("x")).out_folder() == Path("x")


def test_presets_name_themselves():
    for presets in (train.CNN_PRESETS, train.TRADITIONAL_PRESETS):
        assert {name: preset.preset for name, preset in presets.items()} == {
            name: name for name in ("quick", "default", "full")
        }


def test_a_traditional_model_refuses_several_processes(tiny_nsynth, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UserError, match="--model svm trains in one process"):
        train.main(train.TraditionalTrainConfig(model="svm", data=tiny_nsynth, out=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_options_that_do_not_go_together_leave_no_run_folder(
    command, tiny_nsynth, tmp_path, capsys, error_of
):
    options = ("--model", "knn", "--penalty", "l1", "--data", tiny_nsynth, "--out", tmp_path / "run")
    assert command("train", *options) == 2
    assert "--penalty l1 does not go with knn" in error_of(capsys)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_two_processes_make_one_run(torchrun, tiny_nsynth, tmp_path):
    options = ("--preset", "quick", "--epochs", 1, "--data", tiny_nsynth, "--out", tmp_path / "run")
    result = torchrun("hw0/train.py", *options)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("model folder:") == 1
    assert len(RunFolder.open(tmp_path / "run").history()) == 1
    assert read_json(tmp_path / "run" / "run.json")["sessions"][0]["processes"] == 2


# ---- loss, augmentation, validation ----


def objective(**options) -> Objective:
    counts = options.pop("train_counts", np.full(11, 5))
    return Objective(RegularizationConfig(**options), counts)


@pytest.fixture
def batch():
    generator = torch.Generator().manual_seed(0)
    return {
        "waveform": torch.randn(6, 11, generator=generator),  # so that `as_logits` can stand for a model
        "target": torch.tensor([0, 3, 3, 10, 7, 0]),
    }


def as_logits(waveform: torch.Tensor) -> torch.Tensor:
    return waveform


def test_the_plain_loss_is_cross_entropy(batch):
    loss = objective(label_smoothing=0.2)(as_logits, batch)
    expected = F.cross_entropy(batch["waveform"], batch["target"], label_smoothing=0.2)
    torch.testing.assert_close(loss, expected)


def test_class_weights_make_every_family_count_the_same(batch):
    counts = np.array([2, 0, 0, 2, 0, 0, 0, 1, 0, 0, 1])  # those of the batch
    loss = objective(label_smoothing=0.0, class_weights=True, train_counts=counts)(as_logits, batch)
    losses = F.cross_entropy(batch["waveform"], batch["target"], reduction="none")
    families = [losses[batch["target"] == family].mean() for family in (0, 3, 7, 10)]
    torch.testing.assert_close(loss, torch.stack(families).mean())


def test_inverse_frequencies_by_hand():
    assert inverse_frequencies(np.array([2, 6, 0])).tolist() == pytest.approx([2, 2 / 3, 0])


def test_mixup_mixes_notes_and_losses_in_the_same_shares(batch):
    torch.manual_seed(3)
    share, partner = draw_mixup(6, 0.4)
    mixed = share[:, None] * batch["waveform"] + (1 - share[:, None]) * batch["waveform"][partner]
    target = F.one_hot(batch["target"], 11).float()
    soft = share[:, None] * target + (1 - share[:, None]) * target[partner]
    torch.manual_seed(3)
    loss = objective(mixup=0.4, label_smoothing=0.1)(as_logits, batch)
    torch.testing.assert_close(loss, F.cross_entropy(mixed, soft, label_smoothing=0.1))


def test_mixup_shares_follow_beta():
    torch.manual_seed(0)
    share, partner = draw_mixup(20_000, 0.4)
    assert sorted(partner.tolist()) == list(range(20_000))
    assert share.mean().item() == pytest.approx(0.5, abs=0.01)
    assert share.var().item() == pytest.approx(1 / (4 * (2 * 0.4 + 1)), abs=0.005)  # of Beta(a, a)


def test_noise_has_the_level_that_was_drawn():
    note = 0.1 * torch.sin(torch.arange(64_000) * 0.2)
    levels = []
    for seed in range(200):
        noise = AddNoise(noise_db=-20.0)(note, np.random.default_rng(seed)) - note
        if noise.any():
            levels.append(10 * torch.log10(noise.square().mean() / note.square().mean()).item())
    assert 70 < len(levels) < 130  # every other note
    assert -60 < min(levels) < -58 and -22 < max(levels) < -19.9
    assert np.mean(levels) == pytest.approx(-40, abs=3)


def test_noise_leaves_silence_and_the_switched_off_alone():
    note = torch.ones(1000)
    for seed in range(10):
        assert not AddNoise(noise_db=-20.0)(torch.zeros(1000), np.random.default_rng(seed)).any()
        assert torch.equal(AddNoise(noise_db=-60.0)(note, np.random.default_rng(seed)), note)


def test_validation_leaves_broken_notes_out(folder, capfd):
    index, _ = data.open_split(folder, "train")
    for position in (0, 1, 20):
        index.path(position).write_bytes(b"RIFF")
    guess = torch.zeros(11)
    guess[[0, 1, 2]] = torch.tensor([3.0, 2.0, 1.0])  # bass, then brass, then flute

    class Guess(torch.nn.Linear):
        def forward(self, waveform):
            return guess.expand(len(waveform), 11)

    validation = Validation(index, TrainingConfig(batch_size=2, workers=0), sample_rate=16_000)
    metrics = validation(Guess(1, 1))
    # 41 notes are left: 2 of bass, 4 of each other family but one that lost one
    lost = int(index.family[20] in (1, 2))
    assert metrics["score"] == metrics["valid_top1"] == pytest.approx(2 / 41)
    assert metrics["valid_top3"] == pytest.approx((10 - lost) / 41)
    assert "cannot be read" not in capfd.readouterr().out
