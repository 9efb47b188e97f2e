"""The multichannel Wiener filter: what it must do whatever the estimates, and what it is for."""

import numpy as np
import pytest
import torch

from hw2_source_separation.wiener import ratio_masks, wiener_em

BINS, FRAMES = 33, 60


def sources(*pans, seed=0, dtype=torch.complex128, level=1.0):
    """Noise from points of the stereo picture, its loudness changing from bin to bin: (1, N, 2, F, T)."""
    generator = torch.Generator().manual_seed(seed)
    shape = (len(pans), 1, BINS, FRAMES)
    noise = torch.randn(shape, dtype=torch.complex128, generator=generator)
    noise = noise * torch.rand(shape, dtype=torch.float64, generator=generator) ** 2
    return (level * noise * torch.tensor(pans, dtype=torch.complex128)[:, :, None, None])[None].to(dtype)


def sdr(truth, estimates):
    """In dB, of each source: (N,)."""
    energy, error = ((each.abs() ** 2).sum(dim=(0, 2, 3, 4)) for each in (truth, truth - estimates))
    return 10 * torch.log10(energy / error)


PANS = ((1.0, 0.2), (0.3, 1.0))


@pytest.mark.parametrize("iterations", [0, 1, 2])
@pytest.mark.parametrize("block", [7, 300])
@pytest.mark.parametrize("channels", [1, 2])
def test_estimates_add_up_to_the_mixture_and_do_not_know_its_level(iterations, block, channels):
    truth = sources(*PANS, (0.5, 0.5), dtype=torch.complex64)[:, :, :channels]
    mixture, guess = truth.sum(dim=1), torch.rand(truth.shape, generator=torch.Generator().manual_seed(1))
    options = {"iterations": iterations, "block": block}
    found = wiener_em(guess, mixture, **options)
    assert found.dtype == torch.complex64 and found.shape == truth.shape
    torch.testing.assert_close(found.sum(dim=1), mixture, rtol=0, atol=2e-6)
    for gain in (1e-4, 1e4):
        scaled = wiener_em(gain * guess, gain * mixture, **options)
        torch.testing.assert_close(scaled / gain, found, rtol=1e-4, atol=1e-5)


def test_sources_apart_are_freed_of_each_other():
    """Two points and two channels: once R is known there is nothing left to guess."""
    truth = sources(*PANS)
    mixture = truth.sum(dim=1)
    scores = [sdr(truth, wiener_em(truth.abs(), mixture, iterations=n)).min() for n in range(4)]
    assert scores[0] < 15  # true magnitudes, as a mask
    assert scores[1] > scores[0] + 4 and scores[2] > scores[1] and scores[3] > scores[2]
    perfect = wiener_em(truth, mixture, iterations=1)  # complex estimates have the true R
    assert sdr(truth, perfect).min() > 50


def test_sources_in_one_place_are_masked_by_their_power():
    """Nothing but power tells them apart then: v_1 / (v_1 + v_2) of the mixture."""
    truth = sources((1.0, 1.0), (1.0, 1.0))
    mixture, powers = truth.sum(dim=1), truth.abs() ** 2
    found = wiener_em(truth.abs(), mixture, iterations=1)
    expected = powers / powers.sum(dim=1, keepdim=True) * mixture[:, None]
    loud = powers.sum(dim=1, keepdim=True) > 1e-2 * powers.max()
    torch.testing.assert_close(found * loud, expected * loud, rtol=1e-2, atol=1e-3)


def test_against_matrices_inverted_one_by_one():
    """Duong's formula as it stands, in numpy, for one step of one bin."""
    truth = sources(*PANS, (1.0, -0.7))
    guess, mixture = truth * (1 + 0.3j) + 0.1, truth.sum(dim=1)
    scale = float(mixture.abs().max()) / 10
    y, x = guess[0, :, :, 5].numpy() / scale, mixture[0, :, 5].numpy() / scale  # (N, C, T), (C, T)
    power = (np.abs(y) ** 2).mean(axis=1)
    covariance = np.einsum("nct,ndt->ncd", y, y.conj()) / power.sum(axis=1)[:, None, None]
    for frame in range(0, FRAMES, 7):
        parts = power[:, frame, None, None] * covariance
        whitened = np.linalg.solve(parts.sum(axis=0) + 1e-5 * np.eye(2), x[:, frame])
        expected = parts @ whitened
        expected += (x[:, frame] - expected.sum(axis=0)) / 3
        found = wiener_em(guess, mixture, iterations=1)[0, :, :, 5, frame].numpy()
        np.testing.assert_allclose(found, expected * scale, rtol=1e-6, atol=1e-9)


GOLDEN_ESTIMATES = ((3.0, 1.0, 2.0), (1.0, 2.0, 0.5)), ((0.5, 1.0, 3.0), (2.0, 1.5, 2.5))  # (N, C, T)
GOLDEN_MIXTURE = ((30 + 10j, 20 - 5j, 40j), (-10 + 20j, 30 + 0j, 15 - 15j))  # (C, T)
GOLDEN = {
    1: [
        [
            [(258.2948 + 118.1283j), (187.5151 - 97.8935j), (0.3669 + 108.5906j)],
            [(-47.9425 + 145.2496j), (151.4492 + 27.5021j), (-13.0431 + 0.3111j)],
        ],
        [
            [(41.7005 - 18.13j), (12.4775 + 47.8946j), (-0.3671 + 291.4035j)],
            [(-52.0549 + 54.7446j), (148.5348 - 27.5016j), (163.0418 - 150.3101j)],
        ],
    ],
    2: [
        [
            [(277.6894 + 143.2359j), (223.8213 - 178.9806j), (-1.1516 + 60.3392j)],
            [(-54.0204 + 186.6612j), (174.9012 + 58.7062j), (-29.5424 + 13.4014j)],
        ],
        [
            [(22.3106 - 43.2358j), (-23.8213 + 128.9805j), (1.1516 + 339.6607j)],
            [(-45.9794 + 13.3388j), (125.0986 - 58.7062j), (179.5424 - 163.4014j)],
        ],
    ],
}  # (N, C, T) by iterations


@pytest.mark.parametrize("iterations", GOLDEN)
def test_golden_values_of_openunmix(iterations):
    """What `openunmix.filtering.wiener` of version 1.3.0 makes of one bin of three frames, in float64."""
    estimates = 10 * torch.tensor(GOLDEN_ESTIMATES, dtype=torch.float64)[None, :, :, None]
    mixture = 10 * torch.tensor(GOLDEN_MIXTURE, dtype=torch.complex128)[None, :, None]
    expected = torch.tensor(GOLDEN[iterations], dtype=torch.complex128)
    expected += (mixture[0, :, 0] - expected.sum(dim=0)) / 2  # it leaves out what its epsilon takes
    found = wiener_em(estimates, mixture, iterations=iterations)[0, :, :, 0]
    torch.testing.assert_close(found, expected, rtol=0, atol=2e-4)  # the values have four digits


def test_masks_are_shares_also_of_nothing():
    magnitudes = torch.tensor([[[3.0, 0.0], [1.0, 0.0]]])
    torch.testing.assert_close(ratio_masks(magnitudes), torch.tensor([[[0.75, 0.5], [0.25, 0.5]]]))
    torch.testing.assert_close(ratio_masks(magnitudes, 2.0)[0, :, 0], torch.tensor([0.9, 0.1]))
    silence = torch.zeros(1, 2, 2, BINS, FRAMES, dtype=torch.complex64)
    for iterations in (0, 1):
        assert torch.equal(wiener_em(silence, silence[:, 0], iterations=iterations), silence)


def test_what_estimates_leave_is_a_source_of_its_own():
    truth = sources(*PANS)
    mixture = truth.sum(dim=1)
    found = wiener_em(truth[:, :1], mixture, iterations=1, residual=True)
    assert found.shape[1] == 2
    torch.testing.assert_close(found, wiener_em(truth, mixture, iterations=1))


def test_items_blocks_and_bins_do_not_know_of_each_other():
    quiet, loud = sources(*PANS), sources(*PANS, seed=1, level=1e3)
    both = torch.cat([quiet, loud])
    together = wiener_em(both.abs(), both.sum(dim=1), iterations=2)
    torch.testing.assert_close(together[:1], wiener_em(quiet.abs(), quiet.sum(dim=1), iterations=2))
    long = torch.cat([quiet, loud], dim=-1)
    found = wiener_em(long.abs(), long.sum(dim=1), iterations=2, block=FRAMES)
    torch.testing.assert_close(found[..., :FRAMES], together[:1])
    wide = torch.cat([quiet] * 3, dim=-2)  # 99 bins: more than are taken at once
    found = wiener_em(wide.abs(), wide.sum(dim=1), iterations=2)
    torch.testing.assert_close(found, torch.cat([together[:1]] * 3, dim=-2))


@pytest.mark.parametrize(
    ("estimates", "mixture", "options", "message"),
    [
        ((1, 2, 2, 5, 4), (1, 2, 5, 3), {}, "B, N, C, F, T"),
        ((2, 2, 5, 4), (2, 5, 4), {}, "B, N, C, F, T"),
        ((1, 2, 3, 5, 4), (1, 3, 5, 4), {}, "one or two channels, got 3"),
        ((1, 2, 2, 5, 4), (1, 2, 5, 4), {"iterations": -1}, "iterations"),
        ((1, 2, 2, 5, 4), (1, 2, 5, 4), {"block": 0}, "block"),
    ],
)
def test_what_does_not_fit_is_refused(estimates, mixture, options, message):
    with pytest.raises(ValueError, match=message):
        wiener_em(torch.ones(estimates), torch.ones(mixture, dtype=torch.complex64), **options)
