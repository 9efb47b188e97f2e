"""Any model folder completes chorales; what is none is refused in one line."""

from dataclasses import asdict

import numpy as np
import pytest
import torch

from common.cli import UserError
from common.run_folder import ModelFolderError, save_model
from final_project.muse2bach import ASSIGNMENT
from final_project.muse2bach.chorale import SILENT
from final_project.muse2bach.copy_baseline import fit_copy
from final_project.muse2bach.harmonizer import load_harmonizer, save_baseline
from final_project.muse2bach.markov import fit_markov
from final_project.muse2bach.network import ChoraleNetwork, NetworkConfig
from final_project.muse2bach.task import UNKNOWN
from final_project.muse2bach.voice_leading import rule_counts


@pytest.fixture(scope="module", params=["markov", "copy", "network"])
def folder(request, cadences, tmp_path_factory):
    path = tmp_path_factory.mktemp(request.param) / "run"
    if request.param == "network":
        torch.manual_seed(0)
        config = NetworkConfig(trunk=16, outlook=8, head=16)
        tensors = ChoraleNetwork(config).state_dict()
        save_model(
            path, assignment=ASSIGNMENT, config={"model": "network", **asdict(config)}, tensors=tensors
        )
    else:
        save_baseline(path, fit_copy(cadences) if request.param == "copy" else fit_markov(cadences, cadences))
    return path


@pytest.fixture(scope="module")
def harmonizer(folder):
    return load_harmonizer(folder, device="cpu")


def soprano_of(chorale):
    given = chorale.voices.copy()
    given[:, 1:] = UNKNOWN
    return given


def test_complete(harmonizer, cadences):
    given, told = soprano_of(cadences[4])[:8], []
    options = {"position": np.arange(8) % 16, "fermata": np.arange(8) > 3, "key": (0, "major")}
    versions = harmonizer.complete(
        given, count=3, gibbs=1, seed=5, particles=2, progress=told.append, **options
    )
    assert len(versions) == 3 and all((each[:, 0] == given[:, 0]).all() for each in versions)
    assert all((each != UNKNOWN).all() and each.dtype == np.int16 for each in versions)
    assert told == sorted(told) and told[-1] == pytest.approx(1)
    again = harmonizer.complete(given, count=3, gibbs=1, seed=5, particles=2, **options)
    assert all((left == right).all() for left, right in zip(versions, again, strict=True))


def test_more_than_fit_at_once_and_without_rules(harmonizer, cadences):
    versions = harmonizer.complete(soprano_of(cadences[4])[:5], count=20, temperature=0.8, top_p=0.9)
    assert len(versions) == 20
    assert sum(rule_counts(each)["parallel_octaves"] for each in versions) == 0
    assert len(harmonizer.complete(np.full((4, 4), UNKNOWN), avoid_parallels=False, spacing=False)) == 1


def test_what_is_wholly_given_is_given_back(harmonizer, cadences):
    (voices,) = harmonizer.complete(cadences[0].voices, gibbs=2)
    assert (voices == cadences[0].voices).all()


def test_likelihoods(harmonizer, cadences):
    told = harmonizer.log_likelihoods(cadences[:2], given=(0,))
    assert [each.shape for each in told] == [(24, 4)] * 2 and (told[0][:, 0] == 0).all()


@pytest.mark.parametrize(
    ("pitch", "message"), [(90, "soprano has pitch 90 .* transpose"), (-3, "has pitch -3")]
)
def test_pitches_out_of_range(harmonizer, pitch, message):
    with pytest.raises(UserError, match=message):
        harmonizer.complete(np.array([[pitch, UNKNOWN, UNKNOWN, SILENT]]))
    with pytest.raises(UserError, match="give at least 1"):
        harmonizer.complete(np.full((4, 4), UNKNOWN), count=0)
    with pytest.raises(ValueError, match="given must be"):
        harmonizer.complete(np.full((4, 3), UNKNOWN))


def test_unknown_models_are_refused(tmp_path):
    save_model(tmp_path, assignment=ASSIGNMENT, config={"model": "oracle"}, tensors={"a": np.ones(1)})
    with pytest.raises(
        ModelFolderError, match="kind 'oracle'; this code knows network, gru, recall, markov, copy"
    ):
        load_harmonizer(tmp_path)
