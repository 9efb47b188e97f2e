"""Several networks as one: the mean of their probabilities, whole or step by step, and their folder."""

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
from final_project.muse2bach.recall import RecallModel, Trust
from final_project.muse2bach.step_model import Context
from final_project.muse2bach.task import UNKNOWN
from final_project.muse2bach.tokens import to_tokens


@pytest.fixture(scope="module")
def mean() -> NetworkMean:
    torch.manual_seed(0)
    return NetworkMean([ChoraleNetwork(NetworkConfig(trunk=16, outlook=8, head=16)) for _ in range(3)])


def test_probabilities_are_averaged(mean, cadences):
    with torch.no_grad():
        told = mean.distributions(cadences[0], (0,)).exp()
        each = [network.distributions(cadences[0], (0,)).exp() for network in mean.networks]
    assert torch.allclose(told, sum(each) / 3, atol=1e-6) and not torch.allclose(each[0], each[1], atol=1e-3)


def test_it_is_never_worse_than_the_networks_on_average(mean, cadences):
    tokens = torch.as_tensor(to_tokens(cadences[0].voices))[..., None]
    with torch.no_grad():
        each = [-network.distributions(cadences[0]).gather(-1, tokens).mean() for network in mean.networks]
        assert -mean.distributions(cadences[0]).gather(-1, tokens).mean() < sum(each) / 3


def test_step_by_step_it_says_what_it_says_of_the_whole(mean, cadences):
    chorale = cadences[0]
    with torch.no_grad():
        whole = mean.distributions(chorale)
    nothing = np.full((1, *chorale.voices.shape), UNKNOWN, np.int16)
    state = mean.start(nothing, Context(chorale.position, chorale.fermata, chorale.key))
    for frame in range(3):
        known = nothing[:, frame].copy()
        for voice in mean.order():
            told = mean.log_probs(state, known, voice)[0]
            assert torch.allclose(told, whole[frame, voice], atol=1e-4)
            known[:, voice] = chorale.voices[frame, voice]
        state = mean.select(mean.advance(state, known), np.array([0]))


def test_a_model_folder_holds_all_of_them(mean, cadences, tmp_path):
    model = RecallModel(mean, Memory([to_tokens(cadences[0].voices)]), Trust())
    config, tensors = {"model": RECALL, **model.config()}, model.tensors()
    save_model(tmp_path, assignment=ASSIGNMENT, config=config, tensors=tensors)
    again = load_harmonizer(tmp_path, device="cpu").model
    assert len(again.networks.networks) == 3
    assert np.array_equal(again.log_likelihoods(cadences[1:2])[0], model.log_likelihoods(cadences[1:2])[0])
    tensors = load_model(tmp_path, assignment=ASSIGNMENT)[1]
    none = {name: each for name, each in tensors.items() if not name.startswith("network_")}
    save_model(tmp_path, assignment=ASSIGNMENT, config=config, tensors=none)
    with pytest.raises(ModelFolderError):
        load_harmonizer(tmp_path, device="cpu")
