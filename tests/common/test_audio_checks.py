"""What the checks hear: silence, noise of any colour, and notes, which are neither."""

from __future__ import annotations

import numpy as np
import pytest

from common.audio_checks import NOISE_ABOVE, examine_all, is_noise, is_silent, local_flatness


@pytest.mark.parametrize("hop", [2048, 4096])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("slope", [0.0, -0.5])
def test_noise_of_any_colour_is_noise(slope, dtype, hop):
    white = np.fft.rfft(np.random.default_rng(0).standard_normal(64_000))
    noise = np.fft.irfft(white * np.arange(1, len(white) + 1) ** slope).astype(dtype)
    assert is_noise(noise, hop=hop)
    if slope == 0:  # Gaussian noise has a flatness of exp(-Euler's gamma) in every bin
        assert local_flatness(noise, hop=hop) == pytest.approx(0.5615, abs=0.03)


@pytest.mark.parametrize("pitch", [27.5, 261.6, 4186.0])
def test_a_note_with_noise_below_it_is_not_noise(pitch):
    time = np.arange(64_000) / 16_000
    harmonics = range(1, int(min(30, 8000 / pitch)) + 1)
    note = sum(np.sin(2 * np.pi * pitch * n * time) / n for n in harmonics)
    noisy = note + 0.05 * np.random.default_rng(0).standard_normal(64_000)
    assert local_flatness(noisy) < NOISE_ABOVE / 2 and not is_noise(noisy)


def test_silence_is_less_than_a_step_of_16_bits():
    assert is_silent(np.full(100, -1 / 32768)) and not is_silent(np.array([0, 2 / 32768]))


@pytest.mark.parametrize("jobs", [1, 3])
def test_items_come_in_order_with_what_was_found(jobs):
    assert list(examine_all(range(20), lambda item: item**2, jobs=jobs, title="")) == [
        (item, item**2) for item in range(20)
    ]
