"""train.py: what it leaves behind, how it goes on, what it refuses; objective, validation, labels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from sklearn.metrics import average_precision_score

from common.run_folder import RunFolder, load_model
from common.training import TrainingConfig
from hw1_instrument_detection import ASSIGNMENT, data, detector, train
from hw1_instrument_detection.classes import KEYS
from hw1_instrument_detection.clip_dataset import ClipDataset
from hw1_instrument_detection.detector_training import (
    Objective,
    Validation,
    labelled_share,
)
from hw1_instrument_detection.losses import Loss, LossConfig
from hw1_instrument_detection.models import HeadConfig
from hw1_instrument_detection.thresholds import choose_thresholds, load_thresholds
from hw1_instrument_detection.training_data import TrainingData


def read_json(path: Path) -> dict:
    return json.loads(path.read_text())


# ---- the command ----


def test_a_run_leaves_everything_behind(cnn_run, tiny_slakh):
    assert {path.name for path in cnn_run.iterdir()} == {
        "run.json",
        "training_data.json",
        "history.jsonl",
        "checkpoint.safetensors",
        "config.json",
        "model.safetensors",
        "thresholds.json",
        "validation.json",
        "figures",
    }
    assert (cnn_run / "figures" / "learning_curve.png").stat().st_size > 10_000
    history = RunFolder.open(cnn_run).history()
    assert {"train_loss", "valid_loss", "valid_map", "valid_macro_f1", "score"} <= history[0].keys()
    best = max(record["score"] for record in history)
    validation = read_json(cnn_run / "validation.json")
    assert validation["mean_average_precision"] == pytest.approx(best)  # the folder holds the best epoch
    clips, _ = data.open_split(tiny_slakh, "train")
    assert TrainingData.load(cnn_run) == TrainingData.of(tiny_slakh, clips)


def test_the_thresholds_are_those_of_the_validation_clips(cnn_run, tiny_slakh):
    clips, _ = data.open_split(tiny_slakh, "validation")
    readable, probabilities = detector.detect_clips(detector.load_detector(cnn_run, device="cpu"), clips)
    assert len(readable) == len(clips)
    expected = choose_thresholds(clips.targets, probabilities, tracks=clips.groups, shrinkage=8.0)
    np.testing.assert_allclose(load_thresholds(cnn_run), expected, rtol=1e-6)
    silent = [key for key, count in zip(KEYS, clips.class_counts(), strict=True) if count == 0]
    assert silent  # classes without a positive
    assert all(read_json(cnn_run / "thresholds.json")[key] == 0.5 for key in silent)


def quick(command, folder: Path, out: Path, *options) -> int:
    small = ("--preset", "quick", "--width", 4, "--epochs", 2)
    return command("train", *small, "--data", folder, "--out", out, *options)


@pytest.mark.parametrize("layout", ["tiny_slakh", "tiny_release"])
def test_the_test_split_is_never_opened(command, layout, request, slakh_copy, release_copy, tmp_path, capsys):
    folder = {"tiny_slakh": slakh_copy, "tiny_release": release_copy}[layout]
    for path in sorted(folder.rglob("*test*"), reverse=True):
        path.rename(path.with_name("elsewhere")) if path.is_dir() else path.unlink()
    assert quick(command, folder, tmp_path / "run", "--model", "crnn") == 0
    output = capsys.readouterr().out
    assert f"validation ({folder.name})" in output and "mini data" not in output
    assert "F1 flatters" in output and "all on" in output
    assert f"model folder: {tmp_path / 'run'}" in output
    assert output.splitlines()[-1] == (f"next: python hw1/eval.py --model {tmp_path / 'run'} --data {folder}")
    assert load_model(tmp_path / "run", assignment=ASSIGNMENT)[0]["model"] == "crnn"


def test_scores_on_mini_data_say_so(command, linked, tiny_slakh, tmp_path, capsys):
    folder = linked(tiny_slakh, "train", "validation")
    (folder / "mini_slakh.json").write_text("{}")
    assert quick(command, folder, tmp_path / "run", "--epochs", 1) == 0
    assert "validation (mini data, not to be compared with scores on Slakh2100)" in capsys.readouterr().out
    assert TrainingData.load(tmp_path / "run").is_mini


def test_without_data_the_mini_data_of_the_preset_is_used(
    command, linked, tiny_slakh, tmp_path, monkeypatch, capsys
):
    linked(tiny_slakh, "train", "validation", name=data.QUICK_NAME)
    monkeypatch.setattr(data, "DEFAULT_DATA", tmp_path / "mini_slakh")
    options = ("--preset", "quick", "--width", 4, "--epochs", 1, "--out", tmp_path / "run")
    assert command("train", *options) == 0
    assert TrainingData.load(tmp_path / "run").name == data.QUICK_NAME
    assert capsys.readouterr().out.endswith(f"--model {tmp_path / 'run'}\n")


def test_an_interrupted_run_goes_on_to_the_same_weights(command, tiny_slakh, tmp_path, monkeypatch, capsys):
    options = ("--model", "crnn", "--loss", "asymmetric", "--class-weights", 0.5, "--labels", 0.5)
    assert quick(command, tiny_slakh, tmp_path / "whole", *options) == 0
    validate = Validation.__call__

    def interrupted(self, model):
        monkeypatch.setattr(Validation, "__call__", stop)
        return validate(self, model)

    def stop(self, model):
        raise KeyboardInterrupt

    monkeypatch.setattr(Validation, "__call__", interrupted)
    assert quick(command, tiny_slakh, tmp_path / "broken", *options) == 130
    assert "interrupted: the same command goes on after epoch 1" in capsys.readouterr().err
    assert not (tmp_path / "broken" / "thresholds.json").exists()
    monkeypatch.setattr(Validation, "__call__", validate)
    assert quick(command, tiny_slakh, tmp_path / "broken", *options) == 0
    assert "going on after epoch 1 of 2" in capsys.readouterr().err
    for name in ("checkpoint.safetensors", "thresholds.json", "validation.json"):
        whole, broken = ((tmp_path / run / name).read_bytes() for run in ("whole", "broken"))
        assert whole == broken, name


def test_a_finished_run_is_not_trained_again_but_its_thresholds_may_be(
    command, cnn_run, own_copy, tiny_slakh, capsys
):
    copy = own_copy(cnn_run)
    config = read_json(copy / "run.json")
    config["config"]["out"] = str(copy)  # as if it had been made there
    (copy / "run.json").write_text(json.dumps(config))
    before, thresholds = (copy / "model.safetensors").read_bytes(), load_thresholds(copy)
    options = ("--data", tiny_slakh, "--out", copy, "--threshold-shrinkage", 0)
    assert command("train", "--preset", "quick", *options) == 0
    captured = capsys.readouterr()
    assert "finished already" in captured.err and "model folder" in captured.out
    assert (copy / "model.safetensors").read_bytes() == before
    assert (load_thresholds(copy) != thresholds).any()


def test_drums_can_be_percussion(command, tiny_slakh, tiny_release, tmp_path, capsys, error_of):
    assert quick(command, tiny_slakh, tmp_path / "run", "--epochs", 1, "--drums-are-percussion") == 0
    with_drums, without = (
        data.open_split(tiny_slakh, "train", drums_are_percussion=drums)[0] for drums in (True, False)
    )
    counts = TrainingData.load(tmp_path / "run").class_counts
    assert counts["percussion"] == with_drums.class_counts()[1] > without.class_counts()[1]
    capsys.readouterr()
    assert quick(command, tiny_release, tmp_path / "other", "--drums-are-percussion") == 2
    assert "its labels leave drums out" in error_of(capsys)


# ---- on a trained encoder ----


def transfer(command, encoder, folder: Path, out: Path, *options) -> int:
    small = ("--preset", "quick", "--epochs", 1, "--encoder", encoder)
    return command("train", *small, "--data", folder, "--out", out, *options)


def encoder_weights(run: Path) -> dict[str, torch.Tensor]:
    tensors = load_model(run, assignment=ASSIGNMENT)[1]
    return {name: tensor for name, tensor in tensors.items() if name.startswith("encoder.")}


@pytest.mark.parametrize("cached", [True, False])
def test_a_frozen_encoder_is_taken_over_as_it_is(command, cnn_run, tiny_slakh, tmp_path, cached):
    options = ("--freeze", "--feature-cache", tmp_path / "features")
    options += () if cached else ("--no-cache-features",)
    assert transfer(command, cnn_run, tiny_slakh, tmp_path / "run", "--model", "crnn", *options) == 0
    assert (tmp_path / "features").exists() == cached
    before, after = encoder_weights(cnn_run), encoder_weights(tmp_path / "run")
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    # What it was judged by on the features is what the detector in its folder says of the clips.
    history = RunFolder.open(tmp_path / "run").history()
    validation = read_json(tmp_path / "run" / "validation.json")
    assert validation["mean_average_precision"] == pytest.approx(history[-1]["score"], abs=1e-6)


def test_on_spectrograms_only_mel_encoders_learn(command, cnn_run, tiny_slakh, tmp_path, capsys, error_of):
    options = ("--remix-domain", "spectrogram")
    assert transfer(command, cnn_run, tiny_slakh, tmp_path / "run", *options, "--freeze") == 2
    assert "--remix-domain spectrogram: only for a mel encoder" in error_of(capsys)
    assert not (tmp_path / "run").exists()
    assert transfer(command, cnn_run, tiny_slakh, tmp_path / "run", *options) == 0
    before, after = encoder_weights(cnn_run), encoder_weights(tmp_path / "run")
    assert not any(torch.equal(before[name], after[name]) for name in before if name.endswith("0.weight"))


def test_early_layers_change_less(command, cnn_run, tiny_slakh, tmp_path):
    options = ("--encoder-decay", 0.2, "--weight-decay", 0)
    assert transfer(command, cnn_run, tiny_slakh, tmp_path / "run", *options) == 0
    before, after = encoder_weights(cnn_run), encoder_weights(tmp_path / "run")
    kernels = [f"encoder.blocks.{block}.0.weight" for block in range(5)]
    change = [(after[name] - before[name]).abs().mean().item() for name in kernels]
    assert all(early < 0.5 * late for early, late in zip(change, change[1:], strict=False))


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    """A tiny HuBERT at 16 kHz with random weights, as `save_pretrained` writes it."""
    transformers = pytest.importorskip("transformers", reason="needs requirements-mert.txt")
    folder = tmp_path_factory.mktemp("checkpoints") / "hubert"
    small = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    front = {"conv_dim": (8, 8), "conv_kernel": (40, 8), "conv_stride": (40, 8)}
    position = {"num_conv_pos_embeddings": 16, "num_conv_pos_embedding_groups": 2}
    torch.manual_seed(0)
    config = transformers.HubertConfig(**small, **front, **position)
    transformers.AutoModel.from_config(config).save_pretrained(folder)
    transformers.Wav2Vec2FeatureExtractor(sampling_rate=16_000).save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("how", "learns"), [(("--freeze",), False), (("--lora", 2), False), (("--labels", 0.5), True)]
)
def test_a_checkpoint_can_be_frozen_adapted_and_tuned(command, checkpoint, tiny_slakh, tmp_path, how, learns):
    run, places = tmp_path / "run", ("--feature-cache", tmp_path / "f", "--remix-cache", tmp_path / "r")
    assert transfer(command, f"mert:{checkpoint}", tiny_slakh, run, *how, *places) == 0
    before = load_file(checkpoint / "model.safetensors")["encoder.layers.0.feed_forward.output_dense.weight"]
    weights = encoder_weights(run)
    after = weights["encoder.network.encoder.layers.0.feed_forward.output_dense.weight"]
    assert torch.equal(before, after) != learns
    assert weights["encoder.layer_sum.weights"].any()  # at first zeros
    found = detector.load_detector(run)
    assert found.sample_rate == 16_000 and found.probabilities(torch.rand(1, 16_000)).shape == (1, 9)


def test_an_encoder_that_is_none_leaves_no_run_folder(command, tiny_slakh, tmp_path, capsys, error_of):
    assert transfer(command, tmp_path / "nowhere", tiny_slakh, tmp_path / "run") == 2
    assert "nowhere: no such folder" in error_of(capsys)
    assert not (tmp_path / "run").exists()


# ---- what is refused ----


def test_another_run_is_not_overwritten(command, cnn_run, tiny_slakh, capsys, error_of):
    assert command("train", "--preset", "quick", "--epochs", 1, "--data", tiny_slakh, "--out", cnn_run) == 2
    assert "begun with other options (--epochs" in error_of(capsys)


def test_missing_data(command, linked, tiny_slakh, tmp_path, capsys, error_of):
    assert quick(command, tmp_path / "nowhere", tmp_path / "run") == 2
    assert "nowhere: no such folder" in error_of(capsys)
    assert quick(command, linked(tiny_slakh, "train"), tmp_path / "run") == 2
    assert "validation" in error_of(capsys)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--epochs", 0), "--epochs is 0"),
        (("--labels", 0), "--labels is 0"),
        (("--labels", 1.5), "--labels is 1.5"),
        (("--threshold-shrinkage", -1), "--threshold-shrinkage is -1"),
        (("--temporal", "transformer"), "--temporal transformer does not go with --model cnn"),
        (("--encoder", "x", "--encoder-decay", 0), "--encoder-decay is 0"),
        (("--encoder", "mert:x", "--freeze", "--lora", 4), "--freeze and --lora 4 do not go together"),
    ],
)
def test_values_that_make_no_sense(command, tmp_path, capsys, error_of, options, message):
    assert command("train", "--out", tmp_path / "run", *options) == 2
    assert message in error_of(capsys)


@pytest.mark.parametrize(
    "options", [("--model", "tuba"), ("--epoch", 3), ("--freeze",), ("--encoder", "runs/x", "--n-mels", 64)]
)
def test_unknown_options_and_those_of_the_other_kind_are_refused(command, capsys, options):
    assert command("train", *options) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_help_is_of_the_chosen_kind(command, capsys):
    assert command("train", "--help") == 0
    assert "--n-mels" in (text := capsys.readouterr().out) and "--encoder-decay" not in text
    assert command("train", "--encoder", "x", "--help") == 0
    assert "--encoder-decay" in (text := capsys.readouterr().out) and "--n-mels" not in text


def test_default_run_folders():
    folder = lambda config: str(config.out_folder())  # noqa: E731
    assert folder(train.MelTrainConfig()) == "runs/hw1/cnn"
    assert folder(train.MelTrainConfig(model="crnn", preset="quick")) == "runs/hw1/crnn_quick"
    assert folder(train.MelTrainConfig(labels=0.1)) == "runs/hw1/cnn_labels10"
    transferred = train.TransferTrainConfig(encoder="runs/hw1/pretrain", freeze=True)
    assert folder(transferred) == "runs/hw1/cnn_pretrain_frozen"
    adapted = train.TransferTrainConfig(model="crnn", encoder="mert:/models/MERT-v1-95M", lora=8)
    assert folder(adapted) == "runs/hw1/crnn_MERT-v1-95M_lora8"
    assert folder(train.MelTrainConfig(out=Path("x"))) == "x"


def test_presets_name_themselves():
    for presets in (train.PRESETS, train.TRANSFER_PRESETS):
        assert {name: preset.preset for name, preset in presets.items()} == {
            name: name for name in ("quick", "default", "full")
        }


@pytest.mark.slow
def test_two_processes_make_one_run(torchrun, tiny_slakh, tmp_path):
    options = ("--preset", "quick", "--epochs", 1, "--data", tiny_slakh, "--out", tmp_path / "run")
    result = torchrun("hw1/train.py", *options)
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("model folder:") == 1
    assert len(RunFolder.open(tmp_path / "run").history()) == 1
    assert read_json(tmp_path / "run" / "run.json")["sessions"][0]["processes"] == 2


# ---- objective, validation, labels ----


class Known(torch.nn.Linear):
    """A model that answers, whatever it hears, with the logits it was given for each clip in turn."""

    def __init__(self, answers: torch.Tensor) -> None:
        super().__init__(1, 1)
        self.answers = iter(answers)

    def forward(self, waveform: torch.Tensor) -> torch.Tensor:
        return torch.stack([next(self.answers) for _ in waveform])


def loss(**options) -> Loss:
    return Loss(LossConfig(**options), np.full(9, 3), 10)


def test_the_objective_is_the_loss_of_the_logits():
    answers = torch.randn(4, 9, generator=torch.Generator().manual_seed(0))
    target = torch.eye(9)[:4]
    batch = {"waveform": torch.zeros(4, 100), "target": target}
    found = Objective(loss(loss="focal"))(Known(answers), batch)
    assert found.item() == loss(loss="focal")(answers, target).item()


@pytest.mark.parametrize("broken", [(), (0, 1, 2)])
def test_validation_by_scikit_learn(release_copy, broken, capfd):
    clips, _ = data.open_split(release_copy, "train")
    for position in broken:
        clips.path(position).write_bytes(b"no numpy")
    good = [position for position in range(len(clips)) if position not in broken]
    answers = torch.randn(len(good), 9, generator=torch.Generator().manual_seed(0))
    heard = ClipDataset(clips, sample_rate=8_000, replace_broken=False)
    validation = Validation(heard, TrainingConfig(batch_size=2, workers=0), loss=loss())
    metrics = validation(Known(answers))
    targets = clips.targets[good]
    present = np.flatnonzero(targets.any(axis=0))
    expected = [average_precision_score(targets[:, i], answers[:, i].numpy()) for i in present]
    assert metrics["score"] == metrics["valid_map"] == pytest.approx(np.mean(expected))
    assert metrics["valid_loss"] == pytest.approx(loss()(answers, torch.tensor(targets).float()).item())
    assert 0 < metrics["valid_macro_f1"] <= 1


def test_shares_of_labels_are_of_tracks_seeded_and_nested(tiny_slakh):
    clips, _ = data.open_split(tiny_slakh, "train")
    tracks = {}
    for share in (0.01, 0.25, 0.5, 0.75, 1.0):
        part = labelled_share(clips, share, seed=0)
        tracks[share] = {part.tracks[number] for number in part.track}
        whole = sum(clips.tracks[number] in tracks[share] for number in clips.track)
        assert len(part) == whole  # all clips of these tracks
    assert [len(names) for names in tracks.values()] == [1, 1, 2, 3, 4]
    assert tracks[0.25] < tracks[0.5] < tracks[0.75] < tracks[1.0]
    assert len({labelled_share(clips, 0.25, seed=seed).track[0] for seed in range(20)}) == 4


def test_a_share_of_labels_is_all_that_training_hears(command, tiny_slakh, tmp_path):
    clips, _ = data.open_split(tiny_slakh, "train")
    part = labelled_share(clips, 0.5, seed=0)
    options = ("--labels", 0.5, "--epochs", 1, "--remix-cache", tmp_path / "cache")
    assert quick(command, tiny_slakh, tmp_path / "run", *options) == 0
    described = TrainingData.load(tmp_path / "run")
    assert (described.clips, described.tracks) == (len(part), 2)
    used = {clips.tracks[number] for number in part.track}
    decoded = {path.stem for path in (tmp_path / "cache").glob("*/*.npy")}
    assert decoded == used


def test_heads_of_the_command_line_reach_the_model():
    config = train.MelTrainConfig(model="crnn", head=HeadConfig(temporal="transformer", pooling="max"))
    model = config.make_model()
    assert (model.config.model, model.config.head) == ("crnn", config.head)
    weights = [model.state_dict() for model in (config.make_model(), model)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])  # seeded
