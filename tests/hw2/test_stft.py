"""The transform and its inverse, against librosa and against what is known of windows."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import torch

from hw2_source_separation.stft import istft, num_frames, stft


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("hop_length", [256, 512, 1024])
@pytest.mark.parametrize("samples", [1, 5, 1000, 2048, 5000])
def test_the_inverse_gives_the_waveform_back(hop_length, samples):
    waveform = noise(2, 3, samples)
    spectrum = stft(waveform, n_fft=2048, hop_length=hop_length)
    assert spectrum.shape == (2, 3, 1025, num_frames(samples, hop_length))
    back = istft(spectrum, n_fft=2048, hop_length=hop_length, length=samples)
    torch.testing.assert_close(back, waveform, atol=1e-5, rtol=0)


def test_it_agrees_with_librosa():
    waveform = noise(2, 4096)
    ours = stft(waveform, n_fft=1024, hop_length=256).numpy()
    theirs = librosa.stft(waveform.numpy(), n_fft=1024, hop_length=256, pad_mode="constant")
    np.testing.assert_allclose(ours, theirs, atol=1e-4)


def test_a_sine_stands_in_its_bin_with_half_the_sum_of_the_window():
    waveform = torch.sin(2 * torch.pi * 32 / 512 * torch.arange(4096))
    magnitude = stft(waveform, n_fft=512, hop_length=128).abs()[:, 16]
    assert magnitude.argmax() == 32
    assert magnitude[32] == pytest.approx(512 / 2 / 2, rel=1e-4)  # a Hann window sums to n_fft / 2


def test_energy_is_kept_but_for_the_windows():
    waveform = noise(1, 44_100)
    waveform[:, :2048] = waveform[:, -2048:] = 0  # frames at the ends lie half outside
    spectrum = stft(waveform, n_fft=2048, hop_length=512)
    weights = torch.full((1025, 1), 2.0)
    weights[0] = weights[-1] = 1.0  # all other bins stand for two of the full spectrum
    energy = (spectrum.abs().square() * weights).sum() / 2048
    overlap = 0.375 * 2048 / 512  # sum of the squared windows over a sample
    assert energy.item() == pytest.approx(overlap * waveform.square().sum().item(), rel=1e-4)


def test_errors_in_a_spectrum_are_not_blown_up_anywhere():
    spectrum = noise(1, 1025, num_frames(5000, 1024)) + 0j
    waveform = istft(spectrum, n_fft=2048, hop_length=1024, length=5000)
    assert waveform.abs().max() < 6 * waveform.std()


@pytest.mark.parametrize("hop_length", [0, 513])
def test_frames_must_overlap(hop_length):
    with pytest.raises(ValueError, match=f"got {hop_length} with n_fft 1024"):
        stft(noise(1, 4000), n_fft=1024, hop_length=hop_length)
