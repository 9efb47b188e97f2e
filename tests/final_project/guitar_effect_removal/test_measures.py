import numpy as np
import pytest
import torch

from final_project.guitar_effect_removal.guitars import SAMPLE_RATE
from final_project.guitar_effect_removal.measures import (
    MEASURES,
    error_to_signal_ratio,
    log_mel_distances,
    measure,
    mr_stft_of_each,
)
from final_project.guitar_effect_removal.mr_stft import mr_stft


def noise(seed=0, samples=8000, level=0.1):
    generator = torch.Generator().manual_seed(seed)
    return level * torch.randn(samples, generator=generator)


def test_many_estimates_have_the_distances_that_each_has_alone():
    estimates = [noise(1), noise(2, level=0.3), noise(0)]
    alone = [mr_stft(each[None], noise()[None]).item() for each in estimates]
    assert mr_stft_of_each(estimates, noise()) == pytest.approx(alone, rel=1e-6)
    assert alone[2] == 0


def test_the_dry_guitar_itself_is_perfect():
    [scores] = measure([noise()], noise())
    assert scores == {"mr_stft": 0, "log_mel": 0, "si_sdr": np.inf, "esr": 0}


def test_half_as_loud_is_known():
    """6.02 dB in every band; (1 - 1/2)^2 of the energy is wrong; the scale alone is no distortion."""
    [scores] = measure([noise() / 2], noise())
    assert tuple(scores) == MEASURES
    assert scores["log_mel"] == pytest.approx(20 * np.log10(2), abs=1e-3)
    assert scores["esr"] == pytest.approx(0.25, abs=1e-6)
    assert scores["si_sdr"] > 100


def test_a_known_error_is_its_share_of_the_energy():
    dry, error = noise(0), noise(1, level=0.01)
    expected = float(error.square().sum() / dry.square().sum())
    assert error_to_signal_ratio(dry + error, dry) == pytest.approx(expected, rel=1e-4)
    assert error_to_signal_ratio(torch.zeros(8), torch.zeros(8)) == 0
    assert error_to_signal_ratio(torch.ones(8), torch.zeros(8)) == np.inf


def test_what_is_far_below_the_loudest_band_is_not_heard():
    """Bands of the tone are equal; elsewhere -120 dB of noise count as much as nothing."""
    tone = torch.sin(2 * torch.pi * 1000 * torch.arange(8192) / SAMPLE_RATE) * torch.hann_window(8192)
    [far, near] = log_mel_distances([tone + noise(1, 8192, 1e-7), tone + noise(1, 8192, 1e-2)], tone)
    assert far < 0.01 and near > 3


def test_silence_has_finite_distances():
    for estimate, dry in ((torch.zeros(8000), noise()), (noise(), torch.zeros(8000))):
        [scores] = measure([estimate], dry)
        assert np.isfinite(scores["mr_stft"]) and np.isfinite(scores["log_mel"])


@pytest.mark.parametrize("shape", [(7999,), (1, 8000), (500,)])
def test_what_cannot_be_compared_is_refused(shape):
    dry = torch.zeros(500) if shape == (500,) else noise()
    with pytest.raises(ValueError, match=r"waveforms must be \(S,\)"):
        measure([torch.zeros(shape)], dry)
