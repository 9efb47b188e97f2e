"""What holds of every step model: it gives probabilities, and step by step the same as for whole pieces."""

import numpy as np
import pytest
import torch

from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.copy_baseline import fit_copy
from final_project.muse2bach.frame_gru import FrameGru, FrameGruConfig
from final_project.muse2bach.markov import fit_markov
from final_project.muse2bach.network import ChoraleNetwork, NetworkConfig
from final_project.muse2bach.network_mean import NetworkMean
from final_project.muse2bach.recall import fit_recall
from final_project.muse2bach.step_model import Context
from final_project.muse2bach.task import UNKNOWN
from final_project.muse2bach.tokens import VOCABULARY, to_tokens


@pytest.fixture(scope="module", params=["markov", "copy", "network", "recall", "gru"])
def model(request, cadences):
    torch.manual_seed(0)
    if request.param == "gru":
        return FrameGru(FrameGruConfig(width=16, embedding=8)).eval()
    if request.param in ("network", "recall"):
        network = ChoraleNetwork(NetworkConfig(trunk=16, outlook=8, head=16))
        if request.param == "network":
            return network
        return fit_recall(NetworkMean([network, network]), cadences, cadences[:4])[0]
    return fit_copy(cadences) if request.param == "copy" else fit_markov(cadences, cadences[:2])


def stepwise(model, chorale, given):
    """log p of each cell, one after the other."""
    shown = np.full_like(chorale.voices, UNKNOWN)
    shown[:, given] = chorale.voices[:, given]
    state, result = model.start(shown[None], Context.of(chorale)), np.zeros(chorale.voices.shape)
    tokens = to_tokens(chorale.voices)
    for frame, truth in enumerate(chorale.voices):
        known = shown[None, frame].copy()
        for voice in model.order(given):
            log_p = model.log_probs(state, known, voice)
            assert log_p.shape == (1, VOCABULARY) and log_p.exp().sum().item() == pytest.approx(1, abs=1e-4)
            result[frame, voice] = log_p[0, tokens[frame, voice]]
            known[0, voice] = truth[voice]
        state = model.advance(state, known)
    return result


@pytest.mark.parametrize("given", [(), (0,), (0, 2)])
def test_steps_agree_with_whole_pieces(model, cadences, given):
    longer = Chorale("longer", np.tile(cadences[3].voices, (2, 1)), position=(np.arange(48) + 1) % 16)
    chorales = [cadences[0], longer]
    for chorale, whole in zip(chorales, model.log_likelihoods(chorales, given), strict=True):
        np.testing.assert_allclose(stepwise(model, chorale, list(given)), whole, atol=2e-4)
        assert (whole[:, list(given)] == 0).all() and (whole <= 0).all()


def test_rows_do_not_see_each_other_and_can_be_selected(model, cadences):
    frames = np.stack([cadences[place].voices for place in (0, 5)])
    unknown = np.full_like(frames, UNKNOWN)
    both, alone = model.start(unknown, Context()), model.start(unknown[1:], Context())
    for frame in range(6):
        both, alone = model.advance(both, frames[:, frame]), model.advance(alone, frames[1:, frame])
    expected = model.log_probs(alone, unknown[1:, 0], 3).numpy()
    np.testing.assert_allclose(model.log_probs(both, unknown[:, 0], 3)[1:], expected, atol=1e-4)
    twice = model.select(both, np.array([1, 1]))
    np.testing.assert_allclose(
        model.log_probs(twice, unknown[:, 0], 3), np.repeat(expected, 2, axis=0), atol=1e-4
    )


def test_order_leaves_out_what_is_given(model):
    assert sorted(model.order()) == [0, 1, 2, 3] and sorted(model.order((0, 3))) == [1, 2]


def test_context_has_the_length_of_the_piece():
    with pytest.raises(ValueError, match="fermata must be"):
        Context(fermata=np.zeros(3, dtype=bool)).check(4)
