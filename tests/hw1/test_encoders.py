"""Encoders from other runs: HW0's note classifier and what HW1 has trained before, inside a detector."""

from __future__ import annotations

import ast
import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from common.cli import UserError
from common.run_folder import ModelFolderError, save_model, strict_dataclass
from hw0_note_classification.models import CNNConfig, NoteCNN
from hw1_instrument_detection import ASSIGNMENT, encoders
from hw1_instrument_detection.encoders import build_encoder, encoder_from_option
from hw1_instrument_detection.encoders.note_encoder import load_note_encoder
from hw1_instrument_detection.models import (
    DetectorConfig,
    HeadConfig,
    InstrumentDetector,
    MelEncoder,
    MelEncoderConfig,
    build_detector,
)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(scope="module")
def note_model() -> NoteCNN:
    """A small note classifier whose batch statistics have seen some noise."""
    torch.manual_seed(0)
    model = NoteCNN(CNNConfig(width=4))
    for seed in range(5):
        model(noise(4, 16_000, seed=seed))
    return model.eval()


@pytest.fixture(scope="module")
def note_run(note_model, tmp_path_factory) -> Path:
    """Its model folder. Read it, do not change it."""
    folder = tmp_path_factory.mktemp("runs") / "cnn"
    config = {"model": "cnn", **asdict(note_model.config)}
    save_model(folder, assignment="hw0_note_classification", config=config, tensors=note_model.state_dict())
    return folder


# ---- the note classifier ----


@torch.inference_mode()
def test_its_features_are_what_the_note_classifier_heard(note_model, note_run):
    waveform = noise(2, 80_000)
    maps = note_model.maps(waveform)  # (B, C, M', T')
    found = load_note_encoder(note_run, time_shrink=16).eval()(waveform)
    torch.testing.assert_close(found[:, :32], maps.mean(dim=2))
    torch.testing.assert_close(found[:, 32:], maps.amax(dim=2))
    fine = load_note_encoder(note_run).eval()(waveform)
    torch.testing.assert_close(fine[..., ::4], found, rtol=0, atol=1e-5)


def test_it_says_what_it_gives(note_run):
    encoder = encoder_from_option(str(note_run)).eval()
    assert (encoder.sample_rate, encoder.num_features) == (16_000, 64)
    assert encoder.frames_per_second == 16_000 / 512 / 4  # 7.8
    assert encoder(noise(2, 80_000)).shape == (2, 64, 40)  # 157 frames of the spectrogram
    names = [id(weight) for layer in encoder.layers for weight in layer.parameters()]
    assert sorted(names) == sorted(id(weight) for weight in encoder.parameters())


def test_the_names_in_the_folders_of_hw0_are_these(note_model):
    assert {name.split(".")[0] for name in note_model.state_dict()} == {"blocks", "head"}
    assert "blocks.0.0.weight" in note_model.state_dict() and "head.0.weight" in note_model.state_dict()


def test_a_note_model_without_an_encoder_is_refused(tmp_path):
    save_model(
        tmp_path, assignment="hw0_note_classification", config={"model": "knn"}, tensors={"x": np.ones(1)}
    )
    with pytest.raises(ModelFolderError, match="model 'knn' has no encoder; train --model cnn in HW0"):
        encoder_from_option(str(tmp_path))


def test_hw1_imports_nothing_of_hw0():
    for path in Path(encoders.__file__).parents[1].rglob("*.py"):
        tree = ast.parse(path.read_text())
        imported = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        imported += [a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names]
        assert not any(name.startswith(("hw0", "hw2", "hw3")) for name in imported), path


# ---- what HW1 has trained ----


@pytest.fixture
def detector() -> InstrumentDetector:
    torch.manual_seed(1)
    return InstrumentDetector(MelEncoder(MelEncoderConfig(width=4)), model="cnn", head=HeadConfig())


@pytest.fixture
def detector_run(detector, tmp_path) -> Path:
    folder = tmp_path / "detector"
    config = asdict(detector.config)
    save_model(folder, assignment=ASSIGNMENT, config=config, tensors=detector.state_dict())
    return folder


def test_a_detectors_encoder_can_be_taken_over(detector, detector_run):
    encoder = encoder_from_option(str(detector_run))
    assert encoder.config == detector.encoder.config
    for name, tensor in detector.encoder.state_dict().items():
        assert torch.equal(encoder.state_dict()[name], tensor)


def test_folders_that_hold_none_are_refused(tmp_path, detector_run):
    with pytest.raises(UserError, match="no such folder"):
        encoder_from_option(str(tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="not a model folder"):
        encoder_from_option(str(tmp_path / "empty"))
    save_model(tmp_path / "other", assignment="hw2", config={}, tensors={"x": torch.ones(1)})
    with pytest.raises(UserError, match="no folder of HW0 or HW1"):
        encoder_from_option(str(tmp_path / "other"))
    save_model(tmp_path / "odd", assignment=ASSIGNMENT, config={"a": 1}, tensors={"x": torch.ones(1)})
    with pytest.raises(ModelFolderError, match="has no encoder"):
        encoder_from_option(str(tmp_path / "odd"))
    (tmp_path / "empty" / "config.json").write_text(json.dumps({"model_type": "hubert"}))
    with pytest.raises(UserError, match="a checkpoint of transformers; give --encoder mert:"):
        encoder_from_option(str(tmp_path / "empty"))
    with pytest.raises(UserError, match="--lora 4: adapts checkpoints only"):
        encoder_from_option(str(detector_run), lora=4)


def test_an_unknown_kind_is_refused():
    with pytest.raises(ModelFolderError, match=r"config.json: encoder 'ear' is unknown"):
        build_encoder({"kind": "ear"})


# ---- inside a detector ----


@pytest.mark.parametrize("freeze", [False, True])
def test_a_detector_on_a_note_encoder_trains_and_is_rebuilt_from_its_config(note_run, freeze):
    model = InstrumentDetector(
        encoder_from_option(str(note_run)), model="cnn", head=HeadConfig(), freeze_encoder=freeze
    )
    before = {name: tensor.clone() for name, tensor in model.encoder.state_dict().items()}
    model.train()
    optimizer = torch.optim.SGD([weight for weight in model.parameters() if weight.requires_grad], lr=0.1)
    model(noise(4, 32_000)).square().sum().backward()
    optimizer.step()
    moved = any(not torch.equal(tensor, before[name]) for name, tensor in model.encoder.state_dict().items())
    assert moved != freeze  # batch statistics included

    config = strict_dataclass(DetectorConfig, json.loads(json.dumps(asdict(model.config))), where="here")
    again = build_detector(config, where="here")
    again.load_state_dict(model.state_dict())
    assert torch.equal(again.eval()(noise(2, 32_000)), model.eval()(noise(2, 32_000)))
