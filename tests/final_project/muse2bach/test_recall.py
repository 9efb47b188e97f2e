"""The network with a memory: probabilities, trust that has to be earned, and a folder to come back from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from common.run_folder import ModelFolderError, load_model, save_model
from final_project.muse2bach import ASSIGNMENT
from final_project.muse2bach.harmonizer import RECALL, load_harmonizer
from final_project.muse2bach.memory import Memory
from final_project.muse2bach.network import ChoraleNetwork, NetworkConfig
from final_project.muse2bach.network_mean import NetworkMean
from final_project.muse2bach.predictions import stepwise
from final_project.muse2bach.recall import PIECES, RecallModel, Trust, cells_of, fit_recall
from final_project.muse2bach.tokens import to_tokens


@pytest.fixture(scope="module")
def network() -> ChoraleNetwork:
    torch.manual_seed(0)
    return ChoraleNetwork(NetworkConfig(trunk=16, outlook=8, head=16)).eval()


@pytest.fixture(scope="module")
def model(network, cadences) -> RecallModel:
    return fit_recall(NetworkMean([network]), cadences[:6], cadences[6:])[0]


def nats(model, chorales) -> float:
    return float(-np.concatenate(model.log_likelihoods(chorales)).mean())


def test_at_first_it_is_the_network(network, cadences):
    memory = Memory([to_tokens(cadences[0].voices)])
    told = RecallModel(NetworkMean([network]), memory, Trust()).log_likelihoods(cadences[1:2])[0]
    assert np.allclose(told, network.log_likelihoods(cadences[1:2])[0], atol=1e-5)


def test_what_comes_again_becomes_likely(network, model, cadences):
    assert nats(model, cadences[6:]) < nats(network, cadences[6:]) - 1
    (told,) = model.log_likelihoods(cadences[6:7], given=(0,))
    assert (told[:, 0] == 0).all() and (told[:, 1:] < 0).all()


def test_each_half_is_told_by_a_trust_of_the_other(network, model, cadences):
    _, both_halves = fit_recall(NetworkMean([network]), cadences[:6], cadences[6:])
    assert nats(model, cadences[6:]) - 0.2 < both_halves < nats(network, cadences[6:])


def test_fitting_again_gives_the_same(network, model, cadences):
    torch.manual_seed(5)
    again, _ = fit_recall(NetworkMean([network]), cadences[:6], cadences[6:])
    assert nats(again, cadences) == nats(model, cadences)


def test_predictions_are_the_likeliest_tokens(model, cadences):
    assert np.array_equal(model.predictions(cadences[:1])[0], stepwise(model, cadences[0]))


def test_every_choice_is_a_distribution(model, cadences):
    with torch.no_grad():
        told = model.trust(cells_of(model.networks, model.memory, cadences[:1]))
    assert told.shape == (24 * 4, 47) and torch.allclose(told.exp().sum(dim=1), torch.ones(96), atol=1e-5)


def test_a_model_folder(model, cadences, tmp_path):
    config = {"model": RECALL, **model.config()}
    save_model(tmp_path, assignment=ASSIGNMENT, config=config, tensors=model.tensors())
    again = load_harmonizer(tmp_path, device="cpu")
    assert again.name == RECALL and nats(again, cadences[:2]) == nats(model, cadences[:2])
    tensors = load_model(tmp_path, assignment=ASSIGNMENT)[1]
    del tensors[PIECES]
    save_model(tmp_path, assignment=ASSIGNMENT, config=config, tensors=tensors)
    with pytest.raises(ModelFolderError, match="a memory without its chorales"):
        load_harmonizer(tmp_path, device="cpu")
