"""Fixtures that the tests of guitar_effect_removal share."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from common.run_folder import save_model
from final_project.guitar_effect_removal import ASSIGNMENT
from final_project.guitar_effect_removal.detector import EffectDetectorConfig
from final_project.guitar_effect_removal.maker import Size, make_guitars
from final_project.guitar_effect_removal.models import ModelConfig, build, to_json
from final_project.guitar_effect_removal.remover import RemoverConfig, default_network
from final_project.guitar_effect_removal.waveform import UNetConfig, WaveformConfig
from hw1_instrument_detection.models import MelEncoderConfig


@pytest.fixture(scope="session")
def command(command_of):
    """`command("train", "--preset", "quick")` -> exit code."""
    return command_of("final_project.guitar_effect_removal")


@pytest.fixture(scope="session")
def guitars(tmp_path_factory) -> Path:
    """A data folder of a few short guitars. Read it, do not change it."""
    size = Size({"train": 3, "validation": 1, "test": 2}, {"validation": 1, "test": 1}, seconds=1.5)
    root = tmp_path_factory.mktemp("guitars")
    make_guitars(root, size=size, jobs=1)
    return root


def save_random(folder: Path, config: ModelConfig) -> Path:
    """A model folder with random weights, none of which are zero as some are when training begins."""
    torch.manual_seed(0)
    model = build(config)
    with torch.no_grad():
        for weights in model.parameters():
            if not weights.any():
                weights.normal_(std=0.05)
    save_model(folder, assignment=ASSIGNMENT, config=to_json(config), tensors=model.state_dict())
    return folder


@pytest.fixture(scope="session")
def remover_folder(tmp_path_factory) -> Path:
    """A remover that looks as far as the default one, and is thin."""
    network = replace(default_network(), bands=8, width=8)
    config = ModelConfig(model="remover", remover=RemoverConfig(network=network))
    return save_random(tmp_path_factory.mktemp("models") / "remover", config)


@pytest.fixture(scope="session")
def waveform_folder(tmp_path_factory) -> Path:
    """A remover on the waveform that looks as far as the default one, and is thin."""
    config = ModelConfig(model="waveform", waveform=WaveformConfig(network=UNetConfig(channels=2)))
    return save_random(tmp_path_factory.mktemp("models") / "waveform", config)


@pytest.fixture(scope="session")
def detector_folder(tmp_path_factory) -> Path:
    """A thin detector."""
    encoder = MelEncoderConfig(sample_rate=44_100, hop_length=1024, n_mels=32, width=4)
    config = ModelConfig(model="detector", detector=EffectDetectorConfig(encoder=encoder))
    return save_random(tmp_path_factory.mktemp("models") / "detector", config)
