import auraloss
import pytest
import torch

from final_project.guitar_effect_removal.mr_stft import mr_stft


@pytest.mark.parametrize("seed", range(3))
def test_it_is_auralosss(seed):
    torch.manual_seed(seed)
    estimate, target = torch.randn(2, 8000), torch.randn(2, 8000) * 0.1
    peer = auraloss.freq.MultiResolutionSTFTLoss()
    expected = [peer(e[None, None], t[None, None]) for e, t in zip(estimate, target, strict=True)]
    torch.testing.assert_close(
        mr_stft(estimate, target), torch.stack(expected).flatten(), rtol=1e-5, atol=1e-5
    )


def test_equal_waveforms_and_a_turned_sign_are_no_distance():
    waveform = torch.randn(1, 5000)
    assert mr_stft(waveform, waveform).item() == 0
    assert mr_stft(-waveform, waveform).item() == pytest.approx(0, abs=1e-6)


def test_half_as_loud_is_known():
    """||Y - Y / 2|| / ||Y|| is 1/2, |log Y - log Y / 2| is log 2."""
    waveform = torch.randn(1, 5000)
    expected = 0.5 + torch.log(torch.tensor(2.0)).item()
    assert mr_stft(waveform / 2, waveform).item() == pytest.approx(expected, abs=1e-4)


def test_a_part_of_the_frames_says_nearly_the_same():
    torch.manual_seed(0)
    estimate, target = torch.randn(1, 40_000), torch.randn(1, 40_000) * 0.1
    assert mr_stft(estimate, target, every=4).item() == pytest.approx(
        mr_stft(estimate, target).item(), rel=0.02
    )


def test_silence_has_a_distance_and_a_gradient():
    estimate = torch.zeros(1, 5000, requires_grad=True)
    distance = mr_stft(estimate, torch.randn(1, 5000)).sum()
    distance.backward()
    assert torch.isfinite(distance) and torch.isfinite(estimate.grad).all()


@pytest.mark.parametrize(
    ("estimate", "target", "message"),
    [
        (torch.zeros(1, 5000), torch.zeros(1, 5001), r"shapes must agree, \(B, S\)"),
        (torch.zeros(5000), torch.zeros(5000), r"shapes must agree, \(B, S\)"),
        (torch.zeros(1, 1000), torch.zeros(1, 1000), "longer than 1024 samples, got 1000"),
    ],
)
def test_what_cannot_be_compared_is_refused(estimate, target, message):
    with pytest.raises(ValueError, match=message):
        mr_stft(estimate, target)
