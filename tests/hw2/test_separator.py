"""A separator from its model folder: what it gives adds up, whatever is done to the estimates."""

from __future__ import annotations

from dataclasses import asdict

import pytest
import torch

from common.cli import UserError
from common.run_folder import ModelFolderError, save_model
from hw2_source_separation import ASSIGNMENT
from hw2_source_separation.bandsplit import BandSplitConfig
from hw2_source_separation.models import SeparationModel, SeparationModelConfig
from hw2_source_separation.separator import Refinement, load_separator
from hw2_source_separation.stems import STEMS

SMALL = BandSplitConfig(n_fft=512, hop_length=128, bands=8, width=8, blocks=1)


@pytest.fixture(scope="module")
def folder_of(tmp_path_factory):
    """The folder of a fresh model with these targets: `folder_of("vocals")`."""

    def make(*targets: str):
        torch.manual_seed(0)
        model = SeparationModel(SeparationModelConfig(network=SMALL, targets=targets))
        folder = tmp_path_factory.mktemp("model")
        save_model(folder, assignment=ASSIGNMENT, config=asdict(model.config), tensors=model.state_dict())
        return folder

    return make


def mixture(samples: int = 6000) -> torch.Tensor:
    return 0.1 * torch.randn(2, 2, samples, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(
    ("targets", "outputs"),
    [
        (("vocals",), ("vocals", "accompaniment")),
        (("bass", "drums"), ("bass", "drums", "rest")),
        (STEMS, STEMS),
    ],
)
@pytest.mark.parametrize(
    "how", [{}, {"wiener": 1}, {"phase": "misi", "phase_iterations": 2}], ids=["plain", "wiener", "misi"]
)
def test_outputs_add_up_to_the_mixture(folder_of, targets, outputs, how):
    separator = load_separator(folder_of(*targets), device="cpu", refinement=Refinement(**how))
    assert separator.outputs == outputs and separator.targets == targets
    found = separator.separate(mixture())
    assert found.shape == (2, len(outputs), 2, 6000)
    torch.testing.assert_close(found.sum(dim=1), mixture(), rtol=0, atol=1e-5)


def test_targets_are_the_models_estimates(folder_of):
    separator = load_separator(folder_of("vocals"), device="cpu")
    with torch.no_grad():
        expected = separator.model(mixture())[:, 0]
    torch.testing.assert_close(separator.separate(mixture())[:, 0], expected)


def test_without_the_residual_four_stems_are_what_the_model_says(folder_of):
    raw, whole = (
        load_separator(folder, device="cpu", refinement=Refinement(residual=residual))
        for folder in [folder_of(*STEMS)]
        for residual in (False, True)
    )
    found = raw.separate(mixture())
    missing = mixture() - found.sum(dim=1)
    assert missing.abs().max() > 1e-3
    torch.testing.assert_close(whole.separate(mixture()), found + missing[:, None] / 4)


def test_griffin_lim_keeps_magnitudes_and_is_seeded(folder_of):
    folder = folder_of("vocals")
    how = {"phase": "griffin-lim", "phase_iterations": 100}
    plain = load_separator(folder, device="cpu")
    first, again, other = (
        load_separator(folder, device="cpu", refinement=Refinement(**how, seed=seed)).separate(mixture())
        for seed in (0, 0, 1)
    )
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert not torch.allclose(first, other, atol=1e-3)
    expected = plain.model.left_and_right(plain.model.spectrum(plain.separate(mixture()))).abs()
    found = plain.model.left_and_right(plain.model.spectrum(first)).abs()
    assert (found - expected).norm() < 0.3 * expected.norm()


def test_from_the_models_phase_griffin_lim_stays_near_the_estimate(folder_of):
    folder = folder_of("vocals")
    plain = load_separator(folder, device="cpu").separate(mixture())
    how = Refinement(phase="griffin-lim-mixture", phase_iterations=10)
    found = load_separator(folder, device="cpu", refinement=how).separate(mixture())
    assert (found - plain).norm() < 0.5 * plain.norm()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"phase": "tuba"}, "--phase tuba: unknown"),
        ({"wiener": -1}, "--wiener is -1"),
        ({"phase_iterations": 0}, "--phase-iterations is 0"),
    ],
)
def test_values_that_make_no_sense(options, message):
    with pytest.raises(UserError, match=message):
        Refinement(**options)


def test_folders_that_hold_no_separator(folder_of, tmp_path):
    with pytest.raises(ModelFolderError, match="no such folder"):
        load_separator(tmp_path / "nowhere")
    folder = folder_of("vocals")
    text = (folder / "config.json").read_text()
    (folder / "config.json").write_text(text.replace("hw2_source_separation", "hw1_instrument_detection"))
    with pytest.raises(ModelFolderError, match="belongs to hw1_instrument_detection"):
        load_separator(folder)
    (folder / "config.json").write_text(text.replace('"width": 8', '"width": 9'))
    with pytest.raises(ModelFolderError, match="the weights do not fit the model"):
        load_separator(folder)
