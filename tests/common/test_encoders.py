"""The convolutional encoder that HW0 trains and HW1 takes over: its maps at every resolution of time."""

from __future__ import annotations

import pytest
import torch

from common.encoders import MelCNN, MelCNNConfig


@pytest.fixture(scope="module")
def encoder() -> MelCNN:
    """A small one in eval mode, whose batch statistics have seen some noise."""
    torch.manual_seed(0)
    encoder = MelCNN(MelCNNConfig(width=4))
    for seed in range(10):
        encoder.maps(noise(4, 16_000, seed=seed))
    return encoder.eval()


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@torch.inference_mode()
def maps(encoder: MelCNN, waveform: torch.Tensor, **options) -> torch.Tensor:
    return encoder.maps(waveform, **options)


def test_the_maps_have_a_sixteenth_of_bands_and_frames(encoder):
    assert encoder.num_channels == 32
    assert maps(encoder, noise(2, 80_000)).shape == (2, 32, 6, 10)  # 96 bands, 157 frames


@pytest.mark.parametrize("shrink", [2, 4, 8])
@pytest.mark.parametrize("samples", [300, 5000, 33_333, 80_000, 80_001])
def test_finer_maps_hold_the_coarse_ones(encoder, shrink, samples):
    waveform = noise(2, samples)
    coarse, fine = maps(encoder, waveform), maps(encoder, waveform, time_shrink=shrink)
    torch.testing.assert_close(fine[..., :: 16 // shrink], coarse, rtol=0, atol=1e-5)


def test_what_lies_between_is_what_a_later_clip_gives(encoder):
    waveform = noise(1, 80_000)
    waveform[:, 40_000] = 100.0  # the loudest frame, which levels the rest, is in both clips
    later = waveform[:, 4 * 512 :]  # four frames of the spectrogram, one of the fine maps
    fine = maps(encoder, waveform, time_shrink=4)
    inside = slice(14, 24)  # frames that see neither end
    torch.testing.assert_close(
        fine[..., 1:][..., inside], maps(encoder, later, time_shrink=4)[..., inside], rtol=0, atol=1e-5
    )


def test_a_shrink_that_is_none_is_refused(encoder):
    with pytest.raises(ValueError, match="time_shrink must be 2, 4, 8 or 16, got 3"):
        encoder.maps(noise(1, 16_000), time_shrink=3)


def test_stereo_is_heard_as_the_mean_of_its_channels(encoder):
    stereo = noise(2, 2, 16_000)
    torch.testing.assert_close(maps(encoder, stereo), maps(encoder, stereo.mean(dim=1)))
