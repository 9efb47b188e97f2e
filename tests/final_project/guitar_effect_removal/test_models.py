import numpy as np
import pytest
import torch

from common.run_folder import ModelFolderError, save_model
from final_project.guitar_effect_removal import ASSIGNMENT
from final_project.guitar_effect_removal.effects import EFFECTS
from final_project.guitar_effect_removal.guitar_training import removal_loss
from final_project.guitar_effect_removal.models import ModelConfig, build, load, to_json
from final_project.guitar_effect_removal.mr_stft import mr_stft
from final_project.guitar_effect_removal.remover import RemoverConfig
from hw2_source_separation.bandsplit import BandSplitConfig

SMALL = BandSplitConfig(n_fft=1024, hop_length=256, bands=8, width=8, blocks=1, mask="gain")


def small_remover():
    torch.manual_seed(0)
    return build(ModelConfig(model="remover", remover=RemoverConfig(network=SMALL)))


def noise(batch=2, samples=6000):
    return (
        torch.from_numpy(np.random.default_rng(0).standard_normal((batch, samples)).astype(np.float32)) * 0.1
    )


@pytest.fixture(scope="module")
def trained():
    """A remover that has learnt to undo a low-pass filter."""
    remover, kernel = small_remover().train(), torch.ones(1, 1, 9) / 9
    optimizer = torch.optim.AdamW(remover.parameters(), 1e-2)
    dry = noise(4)
    wet = torch.nn.functional.conv1d(dry[:, None], kernel, padding=4)[:, 0]
    for _ in range(60):
        loss = removal_loss(remover, {"wet": wet, "dry": dry})
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    remover.eval().requires_grad_(False)
    assert mr_stft(remover(wet), dry).mean() < 0.65 * mr_stft(wet, dry).mean()
    return remover


def test_an_untrained_remover_leaves_the_guitar_alone():
    torch.testing.assert_close(small_remover().eval()(noise()), noise(), atol=1e-6, rtol=0)


def test_a_remover_does_not_mind_the_level_and_takes_silence(trained):
    remover = trained
    torch.testing.assert_close(10 * remover(0.1 * noise()), remover(noise()), atol=1e-4, rtol=0)
    assert not remover(torch.zeros(1, 6000)).any()


def test_a_batch_is_its_items_and_twice_is_the_same(trained):
    remover = trained
    together = remover(noise())
    torch.testing.assert_close(together[1:], remover(noise()[1:]), atol=1e-5, rtol=0)
    assert torch.equal(together, remover(noise()))


def test_a_detector_gives_a_logit_for_each_effect():
    detector = build(ModelConfig(model="detector")).eval()
    assert detector(noise(3, 30_000)).shape == (3, len(EFFECTS))


@pytest.mark.parametrize("kind", ["remover", "waveform", "detector"])
def test_a_model_folder_gives_the_same_model(tmp_path, kind):
    config = ModelConfig(model=kind, remover=RemoverConfig(network=SMALL) if kind == "remover" else None)
    model = build(config).eval()
    save_model(tmp_path, assignment=ASSIGNMENT, config=to_json(config), tensors=model.state_dict())
    again, read = load(tmp_path, device="cpu")
    assert read.model == kind
    waveform = noise(1, 30_000)
    torch.testing.assert_close(again(waveform), model(waveform))


def test_a_folder_of_another_project_is_refused(tmp_path):
    save_model(tmp_path, assignment="hw2_source_separation", config={}, tensors=small_remover().state_dict())
    with pytest.raises(ModelFolderError, match="hw2_source_separation"):
        load(tmp_path)
