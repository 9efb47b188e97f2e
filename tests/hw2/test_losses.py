"""The losses, against sums written out and against the SDR."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from common.metrics.separation import song_sdr
from hw2_source_separation.losses import separation_loss
from hw2_source_separation.stft import stft


def spectrum(seed: int, scale: float = 10.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return scale * torch.randn(2, 1, 2, 5, 7, dtype=torch.complex64, generator=generator)


def test_the_definitions():
    estimates, targets = spectrum(0), spectrum(1)
    e, t = estimates.numpy(), targets.numpy()
    magnitude = separation_loss("magnitude", estimates, targets).item()
    assert magnitude == pytest.approx(np.mean((np.abs(e) - np.abs(t)) ** 2), rel=1e-5)
    whole = separation_loss("spectrum", estimates, targets).item()
    assert whole == pytest.approx(np.mean(np.abs((e - t).real)) + np.mean(np.abs((e - t).imag)), rel=1e-5)


@pytest.mark.parametrize("name", ["magnitude", "spectrum"])
def test_perfect_estimates_cost_nothing(name):
    assert separation_loss(name, spectrum(0), spectrum(0)).item() == 0


def test_a_turned_phase_costs_what_hears_it():
    targets = spectrum(0)
    turned = targets * 1j
    assert separation_loss("magnitude", turned, targets).item() == pytest.approx(0, abs=1e-9)
    assert separation_loss("spectrum", turned, targets).item() > 1
    assert separation_loss("decibels", 99 * turned, 99 * targets).item() == pytest.approx(3.01, abs=0.01)


def test_decibels_are_the_negative_sdr_of_the_waveforms():
    generator = torch.Generator().manual_seed(0)
    truth = 10 * torch.randn(1, 1, 2, 44_100, generator=generator)  # far above the knee
    estimate = truth + 3.0 * torch.randn(truth.shape, generator=generator)
    spectra = [stft(waveform, n_fft=2048, hop_length=512) for waveform in (estimate, truth)]
    expected = song_sdr(truth[0].numpy(), estimate[0].numpy())[0]
    assert -separation_loss("decibels", *spectra).item() == pytest.approx(expected, abs=0.05)


def test_below_the_knee_errors_count_by_their_power():
    silent = torch.zeros(1, 1, 2, 5, 7, dtype=torch.complex64)
    once, twice = (
        separation_loss("decibels", scale * spectrum(0)[:1], silent).item() for scale in (0.01, 0.02)
    )
    assert twice == pytest.approx(4 * once, rel=0.01)


def test_silence_neither_rules_nor_breaks():
    silent = torch.zeros(1, 1, 2, 5, 7, dtype=torch.complex64)
    faint = spectrum(0, scale=1e-3)[:1].requires_grad_()
    loss = separation_loss("decibels", faint, silent)
    assert 0 <= loss.item() < 0.1  # far below the floor: next to nothing
    loss.backward()
    assert torch.isfinite(torch.view_as_real(faint.grad)).all()
