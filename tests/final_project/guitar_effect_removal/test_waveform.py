"""The remover on the waveform: begins as nothing, learns, hears a finite stretch, is used like the other."""

import json

import numpy as np
import pytest
import soundfile as sf
import torch

from common.cli import UserError
from final_project.guitar_effect_removal.cleaning import clean_file
from final_project.guitar_effect_removal.guitar_training import waveform_loss
from final_project.guitar_effect_removal.models import ModelConfig, build, load
from final_project.guitar_effect_removal.waveform import UNetConfig, WaveformConfig
from hw2_source_separation.streaming import CONTEXT_SECONDS

RATE = 44_100
SMALL = UNetConfig(channels=4, depth=3, blocks=2)


def untrained(network=SMALL):
    torch.manual_seed(0)
    return build(ModelConfig(model="waveform", waveform=WaveformConfig(network=network)))


def noise(batch=2, samples=6000, level=0.1):
    white = np.random.default_rng(0).standard_normal((batch, samples)).astype(np.float32)
    return level * torch.from_numpy(white)


@pytest.mark.parametrize("samples", [1, 63, 64, 65, 5000])
def test_an_untrained_remover_leaves_a_guitar_of_any_length_alone(samples):
    wet = noise(samples=samples)
    torch.testing.assert_close(untrained().eval()(wet), wet, atol=1e-6, rtol=0)


def test_a_remover_does_not_mind_the_level_and_takes_silence(waveform_folder):
    remover = load(waveform_folder, device="cpu")[0]
    with torch.no_grad():
        assert (remover(noise()) - noise()).abs().max() > 0.01
        torch.testing.assert_close(10 * remover(0.1 * noise()), remover(noise()), atol=1e-4, rtol=0)
        assert not remover(torch.zeros(1, 6000)).any()


def test_it_learns_to_undo_a_low_pass_filter():
    remover = untrained(UNetConfig(channels=8, depth=3, blocks=2)).train()
    optimizer = torch.optim.AdamW(remover.parameters(), 1e-2)
    dry, losses = noise(samples=8000), []
    wet = torch.nn.functional.conv1d(dry[:, None], torch.ones(1, 1, 9) / 9, padding=4)[:, 0]
    for _ in range(25):
        losses.append(waveform_loss(remover, {"wet": wet, "dry": dry}))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1] < 0.75 * losses[0]


def test_the_loss_hears_the_phase_and_not_the_level():
    def leave(wet):
        return wet

    dry = noise()
    turned = {"wet": -dry, "dry": dry}
    # |-x - x| of white noise with an RMS of 1 is 2 sqrt(2 / pi) in the mean; its magnitudes are right.
    assert waveform_loss(leave, turned).item() == pytest.approx(0.3 * 2 * np.sqrt(2 / np.pi), rel=0.02)
    softer = {name: 0.1 * waveform for name, waveform in turned.items()}
    assert waveform_loss(leave, softer).item() == pytest.approx(waveform_loss(leave, turned).item(), rel=1e-3)


def test_what_it_hears_is_within_a_chunks_context(waveform_folder):
    remover, middle = load(waveform_folder, device="cpu")[0], 4 * RATE
    wet = noise(1, 8 * RATE)
    touched = wet.clone()
    touched[0, middle] += 1
    with torch.no_grad():
        level = torch.ones(1)
        differ = (remover.remove(touched, level) != remover.remove(wet, level))[0].nonzero()[:, 0]
    reach = max(middle - int(differ.min()), int(differ.max()) - middle)
    assert 1.4 * RATE < reach < CONTEXT_SECONDS * RATE


def test_chunks_give_what_the_whole_gives(waveform_folder, tmp_path):
    remover = load(waveform_folder, device="cpu")[0]
    wet = noise(1, 14 * RATE + 77)
    wet[:, : 7 * RATE] *= 0.05
    sf.write(tmp_path / "a.wav", wet[0].numpy(), RATE, subtype="FLOAT")
    output = clean_file(remover, tmp_path / "a.wav", tmp_path / "out", name="dry", chunk_seconds=6.0)
    with torch.no_grad():
        expected = remover(wet)[0].numpy()
    assert np.abs(expected - wet[0].numpy()).max() > 0.01
    np.testing.assert_allclose(sf.read(output)[0], expected, atol=1e-4)


@pytest.mark.parametrize("options", [{"depth": 6}, {"blocks": 7}, {"channels": 0}])
def test_what_would_hear_too_far_is_refused(options):
    with pytest.raises(UserError, match=f"--{next(iter(options))} is .*; give 1 to "):
        UNetConfig(**options)


def test_it_is_evaluated_and_used_like_the_other_remover(
    command, waveform_folder, remover_folder, guitars, own_copy, tmp_path, capsys
):
    first, second = own_copy(remover_folder), own_copy(waveform_folder)
    options = ("--data", guitars, "--pairs", 2, "--samples", "dry")
    assert command("eval", "--model", first, second, *options) == 0
    assert "waveform less remover" in capsys.readouterr().out
    recording = next((guitars / "test/wet").iterdir())
    arguments = (recording, "--model", second, "--no-detect", "--out", tmp_path / "out", "--json")
    assert command("infer", *arguments) == 0
    [result] = json.loads(capsys.readouterr().out)
    assert result["duration"] == 1.5 and sf.info(result["output"]).frames == 1.5 * RATE
