"""The Markov chain: it learns what always happens, in every key and with any voices known."""

import numpy as np
import pytest
import torch

from common.run_folder import ModelFolderError
from final_project.muse2bach.chorale import SILENT, Chorale
from final_project.muse2bach.copy_baseline import fit_copy
from final_project.muse2bach.counted_model import cells_of
from final_project.muse2bach.markov import MarkovModel, contexts, fit_markov, goal_of
from final_project.muse2bach.tokens import SILENCE_TOKEN


def nll(model, chorales, given=()):
    told = np.concatenate(model.log_likelihoods(chorales, given))
    return -told[:, [voice for voice in range(4) if voice not in given]].mean()


@pytest.fixture(scope="module")
def fitted(cadences):
    return fit_markov(cadences[::2], cadences[1::4])


def test_what_happens_in_one_key_is_known_in_the_others(fitted, cadences):
    unheard = cadences[3::4]
    assert nll(fitted, unheard) < nll(fit_copy(cadences[::2]), unheard) / 3


@pytest.mark.parametrize("given", [(0,), (3,), (0, 3), (1, 2)])
def test_any_voices_may_be_known(fitted, cadences, given):
    assert nll(fitted, cadences[3::4], given) < 0.3


def test_contexts_are_the_same_in_another_key(cadences):
    levels = (("now", "before", "degree", "step", "place"), ("apart", "held", "moved"))
    low, high = (contexts(cells_of([each]), 1, levels) for each in (cadences[2], cadences[7]))
    for level in range(len(levels)):
        assert (
            low[level][4:] == high[level][4:]
        ).all()  # from the first chord on, all that counts is relative


def test_goals_are_steps():
    assert goal_of(np.array([10, 10]), np.array([12, 9])).tolist() == [45 + 2, 45 - 1]
    assert goal_of(np.array([10]), np.array([SILENCE_TOKEN])).tolist() == [91]


def test_rests_are_known_too(cadences):
    voices = cadences[0].voices.copy()
    voices[8:12] = SILENT
    resting = [Chorale("rest", voices)] * 3
    model = fit_markov(resting, resting)
    assert nll(model, resting) < 0.2


def test_saved_and_rebuilt(fitted, cadences):
    tensors = {name: torch.from_numpy(array) for name, array in fitted.tensors().items()}
    config = {name: list(values) for name, values in fitted.config().items()}
    again = MarkovModel.rebuilt(config, tensors, where="x")
    for left, right in zip(*(model.log_likelihoods(cadences[:2]) for model in (fitted, again)), strict=True):
        np.testing.assert_array_equal(left, right)
    for wrong in ({**config, "moves": config["moves"][:2]}, {**config, "more": 1}, {"moves": [1.0] * 7}):
        with pytest.raises(ModelFolderError, match="no Markov chain"):
            MarkovModel.rebuilt(wrong, tensors, where="x")
    with pytest.raises(ModelFolderError, match="tensors"):
        MarkovModel.rebuilt(config, {**tensors, "more": torch.ones(1)}, where="x")


def test_a_run_that_goes_on_counts_its_baselines_once(cadences, tmp_path):
    from final_project.muse2bach.baselines import CONFIG, save_baselines

    save_baselines(tmp_path, cadences[:8], cadences[8:])
    written = (tmp_path / CONFIG).stat().st_mtime_ns
    save_baselines(tmp_path, cadences[:8], cadences[8:])
    assert (tmp_path / CONFIG).stat().st_mtime_ns == written
