import json

import numpy as np
import pytest
import torch

from common.run_folder import ModelFolderError
from final_project.guitar_effect_removal.data import open_training_splits
from final_project.guitar_effect_removal.detection import LoadedDetector, calibrate, load_detector
from final_project.guitar_effect_removal.effects import EFFECTS
from final_project.guitar_effect_removal.pairs import Pair


@pytest.fixture
def own(detector_folder, own_copy):
    """A detector's folder to write into."""
    return own_copy(detector_folder)


def test_an_effect_is_on_from_its_threshold():
    thresholds = np.linspace(0.1, 0.8, len(EFFECTS))
    detector = LoadedDetector(None, thresholds)
    assert detector.on(thresholds) == EFFECTS
    assert detector.on(thresholds - 1e-9) == ()
    assert detector.on(np.full(len(EFFECTS), 0.35)) == EFFECTS[:3]


def test_thresholds_are_chosen_on_pairs_and_stay_beside_the_model(own, guitars):
    assert (load_detector(own, device="cpu").thresholds == 0.5).all()
    pairs = open_training_splits(guitars)[1]
    metrics = calibrate(own, pairs, device="cpu")
    assert metrics["num_items"] == 13 and metrics["macro_f1"] > 0
    detector = load_detector(own, device="cpu")
    saved = json.loads((own / "thresholds.json").read_text())
    assert [saved[name] for name in EFFECTS] == detector.thresholds.tolist()
    assert len(set(saved.values())) > 1  # an untrained model says nearly the same of all


def test_without_known_effects_nothing_is_chosen(own, guitars):
    unknown = [Pair(pair.wet, pair.dry) for pair in open_training_splits(guitars)[1]]
    assert calibrate(own, unknown, device="cpu") is None
    assert not (own / "thresholds.json").exists()


def test_a_recording_has_a_probability_for_each_effect(detector_folder):
    probabilities = load_detector(detector_folder, device="cpu").probabilities(torch.rand(30_000))
    assert probabilities.shape == (len(EFFECTS),) and ((probabilities > 0) & (probabilities < 1)).all()


def test_a_remover_is_no_detector(remover_folder):
    with pytest.raises(ModelFolderError, match="holds a remover"):
        load_detector(remover_folder, device="cpu")
