"""Training of the listener, by its command."""

from __future__ import annotations

import json

import numpy as np
import torch

from final_project.singing.listening import load_listener
from final_project.singing.spoken import open_recordings
from final_project.singing.vowel_dataset import VowelDataset, collate


def test_a_run_holds_the_model_and_its_scores(listener_run):
    metrics = json.loads((listener_run / "validation.json").read_text())
    assert 0 <= metrics["top1"] <= 1 and metrics["baseline_majority_top1"] > 0
    assert (listener_run / "figures" / "learning_curve.png").is_file()
    assert len((listener_run / "history.jsonl").read_text().splitlines()) == 2


def test_the_same_vowels_are_heard_alike(listener_run, singing_data):
    listener, recording = load_listener(listener_run), open_recordings(singing_data / "spoken" / "valid")[0]
    waveform, vowels = recording.waveform(), recording.vowels
    assert (listener.hear(waveform, vowels) == listener.hear(0.5 * waveform, vowels)).all()
    assert listener.hear(waveform, ()).shape == (0,)


def test_the_nearest_mean_beats_chance(command, singing_data, tmp_path):
    assert command("train", "--model", "mfcc-nearest", "--data", singing_data, "--out", tmp_path / "run") == 0
    metrics = json.loads((tmp_path / "run" / "validation.json").read_text())
    assert metrics["top1"] > metrics["baseline_random_top1"]


def test_training_goes_on_where_it_stopped(command, singing_data, listener_run, own_copy):
    copy = own_copy(listener_run)
    tensors = (copy / "model.safetensors").read_bytes()
    options = ("--preset", "quick", "--epochs", 2, "--data", singing_data, "--out", copy)
    assert command("train", *options) == 0
    assert (copy / "model.safetensors").read_bytes() == tensors
    assert command("train", *options, "--width", 8) == 2


def test_items_are_drawn_from_their_generator(singing_data):
    dataset = VowelDataset(open_recordings(singing_data / "spoken" / "train"), vowels=5)
    one, same, other = (dataset.draw(0, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert one[1] == same[1] and all((a == b).all() for a, b in zip(one[0], same[0], strict=True))
    assert [len(sound) for sound in one[0]] != [len(sound) for sound in other[0]]
    batch = collate([one, other])
    assert batch["recordings"].tolist() == [0] * 5 + [1] * 5
    assert torch.equal(batch["waveform"][0, : len(one[0][0])], torch.from_numpy(one[0][0]))


def test_bad_options_are_refused(command, singing_data, tmp_path, capsys, error_of):
    assert command("train", "--data", tmp_path / "nowhere", "--out", tmp_path / "run") == 2
    assert "nowhere/spoken/train: no such folder" in error_of(capsys)
    assert command("train", "--label-smoothing", 1) == 2
