"""Augmentation of spectrograms: masks are stretches, equalizers are smooth, evaluation is left alone."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from common.augmentation import SpectralAugmentation, random_stretch

FLOOR = -80.0


def augmentation(**strengths) -> SpectralAugmentation:
    return SpectralAugmentation(
        **{"equalizer_db": 0, "band_mask": 0, "time_mask": 0, "floor": FLOOR, **strengths}
    )


STRONG = {"equalizer_db": 12.0, "band_mask": 0.25, "time_mask": 0.25}


@pytest.fixture
def flat() -> torch.Tensor:
    """Decibels (items, 1, bands, frames), all 0 dB."""
    return torch.zeros(64, 1, 80, 100)


def test_evaluation_is_not_augmented(flat):
    assert torch.equal(augmentation(**STRONG).eval()(flat), flat)


def test_no_strength_no_change(flat):
    flat += torch.linspace(-70, 0, 100)
    assert torch.equal(augmentation().train()(flat), flat)


def test_each_item_is_changed_in_its_own_way(flat):
    before = flat.clone()
    found = augmentation(**STRONG).train()(flat)
    assert torch.equal(flat, before)  # and not in place
    assert len({item.numpy().tobytes() for item in found}) == len(flat)


def test_the_same_seed_gives_the_same_augmentation(flat):
    results = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        results.append(augmentation(**STRONG).train()(flat))
    assert torch.equal(results[0], results[1]) and not torch.equal(results[0], results[2])


@pytest.mark.parametrize(("option", "axis", "length"), [("band_mask", 2, 80), ("time_mask", 3, 100)])
def test_a_mask_is_one_stretch_no_wider_than_stated(flat, option, axis, length):
    torch.manual_seed(0)
    found = augmentation(**{option: 0.25}).train()(flat)
    assert set(found.unique().tolist()) == {FLOOR, 0.0}
    masked = (found == FLOOR).all(dim=5 - axis)[:, 0]  # (items, bands or frames)
    assert torch.equal(masked.sum(dim=1) * (flat[0].numel() // length), (found == FLOOR).sum(dim=(1, 2, 3)))
    widths = masked.sum(dim=1)
    assert widths.max() <= 0.25 * length + 1 and widths.max() > 0.2 * length
    edges = F.pad(masked.int(), (1, 1)).diff(dim=1).abs().sum(dim=1)
    assert edges.max() == 2  # a beginning and an end


def test_masks_fall_everywhere_and_are_uniform_in_width():
    torch.manual_seed(0)
    masks = random_stretch(4000, 100, 0.2)
    assert masks.any(dim=0).all()
    assert masks.sum(dim=1).float().mean().item() == pytest.approx(10, abs=0.5)


def test_the_equalizer_is_smooth_over_bands_and_constant_in_time(flat):
    torch.manual_seed(0)
    gains = augmentation(equalizer_db=12.0).train()(flat)
    assert torch.equal(gains, gains[..., :1].expand_as(gains))
    curve = gains[:, 0, :, 0]  # (items, bands)
    bends = curve.diff(dim=1).diff(dim=1).abs() > 1e-3
    assert bends.sum(dim=1).max() <= 2 * 4  # straight between six points: four corners, two differences each
    # Standard deviations uniform in 0..12 dB: the mean square is 12^2 / 3 at the two ends of the curve.
    torch.manual_seed(0)
    ends = augmentation(equalizer_db=12.0).train()(torch.zeros(20_000, 1, 6, 1))[:, 0, [0, -1], 0]
    assert ends.square().mean().item() == pytest.approx(48, rel=0.05)
