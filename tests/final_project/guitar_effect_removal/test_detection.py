import json

import numpy as np
import pytest
import torch

from common.run_folder import ModelFolderError, save_model
from final_project.guitar_effect_removal import ASSIGNMENT
from final_project.guitar_effect_removal.data import open_training_splits
from final_project.guitar_effect_removal.detection import LoadedDetector, calibrate, load_detector
from final_project.guitar_effect_removal.effects import EFFECTS
from final_project.guitar_effect_removal.models import ModelConfig, build, to_json
from final_project.guitar_effect_removal.pairs import Pair


@pytest.fixture
def detector_folder(tmp_path):
    torch.manual_seed(0)
    config = ModelConfig(model="detector", effects=EFFECTS)
    weights = build(config).state_dict()
    save_model(tmp_path / "detector", assignment=ASSIGNMENT, config=to_json(config), tensors=weights)
    return tmp_path / "detector"


def test_an_effect_is_on_from_its_threshold():
    thresholds = np.linspace(0.1, 0.8, len(EFFECTS))
    detector = LoadedDetector(None, thresholds)
    assert detector.on(thresholds) == EFFECTS
    assert detector.on(thresholds - 1e-9) == ()
    assert detector.on(np.full(len(EFFECTS), 0.35)) == EFFECTS[:3]


def test_thresholds_are_chosen_on_pairs_and_stay_beside_the_model(detector_folder, guitars):
    assert (load_detector(detector_folder, device="cpu").thresholds == 0.5).all()
    pairs = open_training_splits(guitars)[1]
    metrics = calibrate(detector_folder, pairs, device="cpu")
    assert metrics["num_items"] == 13 and metrics["macro_f1"] > 0
    detector = load_detector(detector_folder, device="cpu")
    saved = json.loads((detector_folder / "thresholds.json").read_text())
    assert [saved[name] for name in EFFECTS] == detector.thresholds.tolist()
    assert len(set(saved.values())) > 1  # an untrained model says nearly the same of all


def test_without_known_effects_nothing_is_chosen(detector_folder, guitars):
    unknown = [Pair(pair.wet, pair.dry) for pair in open_training_splits(guitars)[1]]
    assert calibrate(detector_folder, unknown, device="cpu") is None
    assert not (detector_folder / "thresholds.json").exists()


def test_a_recording_has_a_probability_for_each_effect(detector_folder):
    probabilities = load_detector(detector_folder, device="cpu").probabilities(torch.rand(30_000))
    assert probabilities.shape == (len(EFFECTS),) and ((probabilities > 0) & (probabilities < 1)).all()


def test_a_remover_is_no_detector(tmp_path):
    config = ModelConfig(model="remover")
    weights = build(config).state_dict()
    save_model(tmp_path, assignment=ASSIGNMENT, config=to_json(config), tensors=weights)
    with pytest.raises(ModelFolderError, match="holds a remover"):
        load_detector(tmp_path, device="cpu")
