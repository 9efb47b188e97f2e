"""Griffin-Lim against librosa, and what both methods must do whatever the signal."""

import librosa
import numpy as np
import pytest
import torch

from hw2_source_separation.phase import griffin_lim, misi
from hw2_source_separation.stft import stft

TRANSFORM = {"n_fft": 256, "hop_length": 64}
LENGTH = 4003  # no multiple of the hop


def tones(*frequencies, length=LENGTH, seed=0):
    """Decaying tones over a faint noise, (2, length), float64: two channels with phases of their own."""
    generator = torch.Generator().manual_seed(seed)
    time = torch.arange(length, dtype=torch.float64)
    phases = 2 * torch.pi * torch.rand(len(frequencies), 2, 1, dtype=torch.float64, generator=generator)
    angles = 2 * torch.pi * torch.tensor(frequencies).double()[:, None, None] * time
    waveform = (torch.sin(angles + phases) * torch.exp(-time / 1500)).sum(dim=0)
    return waveform + 1e-3 * torch.randn(2, length, dtype=torch.float64, generator=generator)


def inconsistency(waveform, magnitude):
    """How far the waveform's magnitudes are from those asked for: 0 is perfect."""
    return float(torch.linalg.vector_norm(stft(waveform, **TRANSFORM).abs() - magnitude) / magnitude.norm())


def sdr(truth, estimate):
    return float(10 * torch.log10(truth.square().sum() / (truth - estimate).square().sum()))


@pytest.mark.parametrize("momentum", [0.0, 0.99])
@pytest.mark.parametrize("length", [4096, 320])  # else librosa has a frame less
def test_the_same_start_gives_the_same_as_librosa(momentum, length):
    magnitude = stft(tones(0.031, 0.11, length=length), **TRANSFORM).abs()
    first = np.exp(2j * np.pi * np.random.default_rng(5).random(magnitude.shape))
    expected = librosa.griffinlim(
        magnitude.numpy(),
        n_iter=10,
        hop_length=64,
        n_fft=256,
        momentum=momentum,
        length=length,
        pad_mode="constant",
        init="random",
        random_state=np.random.default_rng(5),
    )
    found = griffin_lim(
        magnitude,
        **TRANSFORM,
        length=length,
        iterations=10,
        momentum=momentum,
        start=torch.from_numpy(first),
    )
    assert found.shape == (2, length)
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)


def test_errors_fall_and_momentum_makes_them_fall_faster():
    magnitude = stft(tones(0.031, 0.047, 0.11), **TRANSFORM).abs()
    errors = {
        momentum: [
            inconsistency(
                griffin_lim(
                    magnitude,
                    **TRANSFORM,
                    length=LENGTH,
                    iterations=iterations,
                    momentum=momentum,
                    generator=torch.Generator().manual_seed(0),
                ),
                magnitude,
            )
            for iterations in (*range(6), 29)
        ]
        for momentum in (0.0, 0.99)
    }
    assert (np.diff(errors[0.0]) < 1e-9).all()
    assert errors[0.0][-1] < 0.5 * errors[0.0][0]
    assert errors[0.99][-1] < errors[0.0][-1]


@pytest.mark.parametrize("length", [1, 64, 100, LENGTH])
def test_from_the_true_phase_it_stays(length):
    waveform = tones(0.031, 0.11, length=length)
    spectrum = stft(waveform, **TRANSFORM)
    found = griffin_lim(spectrum.abs(), **TRANSFORM, length=length, start=spectrum, iterations=5)
    torch.testing.assert_close(found, waveform, rtol=0, atol=1e-9)


def test_a_random_start_is_repeated_by_its_seed_and_loses_the_waveform():
    """Even true magnitudes give no SDR from random phases: what tables must tell beside it."""
    waveform = tones(0.031, 0.047, 0.11)
    magnitude = stft(waveform, **TRANSFORM).abs()
    found = [
        griffin_lim(magnitude, **TRANSFORM, length=LENGTH, generator=torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    ]
    assert torch.equal(found[0], found[1]) and not torch.allclose(found[0], found[2], atol=1e-2)
    assert sdr(waveform, found[0]) < 3
    assert inconsistency(found[0], magnitude) < 0.2


def test_magnitudes_are_not_powers():
    """A waveform ten times as loud comes out ten times as loud, not a hundred times."""
    spectrum = stft(tones(0.031), **TRANSFORM)
    options = {**TRANSFORM, "length": LENGTH, "start": spectrum, "iterations": 3}
    torch.testing.assert_close(
        griffin_lim(10 * spectrum.abs(), **options), 10 * griffin_lim(spectrum.abs(), **options)
    )


def test_chunks_can_go_on_from_what_is_known():
    """Zeros in the start are random phases: what is known keeps its phases, and leads the rest."""
    waveform = tones(0.031, 0.047)
    spectrum = stft(waveform, **TRANSFORM)
    start = spectrum.clone()
    start[..., 32:] = 0
    known = griffin_lim(
        spectrum.abs(), **TRANSFORM, length=LENGTH, start=start, generator=torch.Generator().manual_seed(0)
    )
    lost = griffin_lim(spectrum.abs(), **TRANSFORM, length=LENGTH, generator=torch.Generator().manual_seed(0))
    assert sdr(waveform[:, :1900], known[:, :1900]) > 10 > sdr(waveform[:, :1900], lost[:, :1900])


def mixture_of_two():
    """Sources (1, 2, 2, S) that overlap, their magnitudes, and the mixture (1, 2, S)."""
    sources = torch.stack([tones(0.031, 0.05, 0.11), tones(0.033, 0.07, 0.113, seed=1)])[None]
    return sources, stft(sources, **TRANSFORM).abs(), sources.sum(dim=1)


@pytest.mark.parametrize("iterations", [0, 1, 20])
def test_misi_adds_up_to_the_mixture(iterations):
    _, magnitudes, mixture = mixture_of_two()
    found = misi(2 * magnitudes, mixture, **TRANSFORM, iterations=iterations)  # whatever the magnitudes
    assert found.shape == (1, 2, 2, LENGTH)
    torch.testing.assert_close(found.sum(dim=1), mixture, rtol=0, atol=1e-12)


def test_misi_is_better_than_the_phase_of_the_mixture():
    sources, magnitudes, mixture = mixture_of_two()
    scores = [
        sdr(sources, misi(magnitudes, mixture, **TRANSFORM, iterations=iterations))
        for iterations in (0, 5, 30)
    ]
    assert scores[1] > scores[0] + 1 and scores[2] > scores[1]


def test_misi_stays_at_the_truth():
    sources, magnitudes, mixture = mixture_of_two()
    start = stft(sources, **TRANSFORM)
    found = misi(magnitudes, mixture, **TRANSFORM, iterations=5, start=start)
    torch.testing.assert_close(found, sources, rtol=0, atol=1e-9)


def test_items_of_a_batch_do_not_know_of_each_other():
    _, magnitudes, mixture = mixture_of_two()
    alone = misi(magnitudes, mixture, **TRANSFORM, iterations=3)
    both = misi(
        torch.cat([magnitudes, 0 * magnitudes]),
        torch.cat([mixture, 0 * mixture]),
        **TRANSFORM,
        iterations=3,
    )
    torch.testing.assert_close(both[:1], alone)
    assert (both[1] == 0).all()


def test_what_does_not_fit_is_refused():
    spectrum = stft(tones(0.031), **TRANSFORM)
    with pytest.raises(ValueError, match="must be real"):
        griffin_lim(spectrum, **TRANSFORM, length=LENGTH)
    with pytest.raises(ValueError, match="5000 samples have 80 frames, got magnitudes of 64"):
        griffin_lim(spectrum.abs(), **TRANSFORM, length=5000)
    with pytest.raises(ValueError, match="start must be a spectrum"):
        griffin_lim(spectrum.abs(), **TRANSFORM, length=LENGTH, start=spectrum[..., :5])
