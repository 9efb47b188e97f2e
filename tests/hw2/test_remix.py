"""Changes of a source: each known beforehand, and drawn from the generator alone."""

from __future__ import annotations

import numpy as np
import pytest

from common.cli import UserError
from hw2_source_separation.remix import (
    NO_CHANGE,
    MixConfig,
    at_speed,
    changed_sound,
    draw_gain,
    draw_speed,
    needed_samples,
)

SOURCE = np.stack([np.full(100, 0.5), np.full(100, -0.25)]).astype(np.float32)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_no_change_changes_nothing():
    np.testing.assert_array_equal(changed_sound(SOURCE, NO_CHANGE, rng()), SOURCE)


def test_a_source_is_not_changed_in_place():
    source = SOURCE.copy()
    changed = changed_sound(source, MixConfig(), rng())
    np.testing.assert_array_equal(source, SOURCE)
    assert changed.dtype == np.float32


def test_gains_are_uniform_between_their_limits():
    config = MixConfig(gains=(0.25, 1.25), polarity=0)
    gains = [draw_gain(config, generator) for generator in [rng()] for _ in range(4_000)]
    assert 0.25 <= min(gains) < 0.26 and 1.24 < max(gains) <= 1.25
    assert np.mean(gains) == pytest.approx(0.75, abs=0.02)
    assert np.std(gains) == pytest.approx(1 / np.sqrt(12), abs=0.02)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_polarity_and_channels_turn_as_often_as_asked(share):
    config, generator = MixConfig(gains=(1, 1), polarity=share, channel_swap=1 - share), rng()
    changed = np.array([changed_sound(SOURCE, config, generator)[:, 0] for _ in range(2_000)])
    upside_down = changed.sum(axis=1) < 0  # 0.5 - 0.25 > 0
    swapped = np.abs(changed[:, 0]) == 0.25
    assert upside_down.mean() == pytest.approx(share, abs=0.03)
    assert swapped.mean() == pytest.approx(1 - share, abs=0.03)
    if share == 0.3:  # the one does not follow from the other
        assert (upside_down & swapped).mean() == pytest.approx(0.21, abs=0.03)


def test_the_same_generator_draws_the_same():
    config = MixConfig(semitones=2)
    for draw in (lambda g: changed_sound(SOURCE, config, g), lambda g: draw_speed(config, g)):
        np.testing.assert_array_equal(draw(rng(3)), draw(rng(3)))


def test_speeds_lie_within_the_semitones():
    generator, config = rng(), MixConfig(semitones=3)
    speeds = np.log2([draw_speed(config, generator) for _ in range(1_000)]) * 12
    assert -3 <= speeds.min() < -2.9 and 2.9 < speeds.max() <= 3
    assert draw_speed(MixConfig(), generator) == 1


@pytest.mark.parametrize("semitones", [-5, 4, 12])
def test_a_faster_source_is_higher_and_fills_its_time(semitones):
    speed, samples = 2 ** (semitones / 12), 44_100
    time = np.arange(needed_samples(samples, speed)) / 44_100
    sine = np.sin(2 * np.pi * 440 * time).astype(np.float32)
    heard = at_speed(np.stack([sine, -sine]), speed, samples=samples)
    assert heard.shape == (2, samples) and heard.dtype == np.float32
    expected = np.sin(2 * np.pi * 440 * speed * np.arange(samples) / 44_100)
    np.testing.assert_allclose(heard[0, 500:-500], expected[500:-500], atol=1e-3)
    np.testing.assert_allclose(heard[1], -heard[0], atol=1e-6)
    assert np.abs(heard[0, -200:]).max() > 0.9  # sound to the very end


def test_a_source_that_is_too_short_ends_in_silence():
    heard = at_speed(SOURCE, 1, samples=150)
    np.testing.assert_array_equal(heard[:, :100], SOURCE)
    assert heard.shape == (2, 150) and not heard[:, 100:].any()
    assert at_speed(SOURCE, 1, samples=40).shape == (2, 40)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"mix_songs": 1.5}, "--mix-songs is 1.5; give a value from 0 to 1"),
        ({"channel_swap": -0.1}, "--channel-swap is -0.1; give a value from 0 to 1"),
        ({"polarity": float("nan")}, "--polarity is nan"),
        ({"seek_vocals": 2}, "--seek-vocals is 2"),
        ({"semitones": 13}, "--semitones is 13; give a value from 0 to 12"),
        ({"gains": (1.25, 0.25)}, "--gains is 1.25 0.25; give two values above 0, the lower one first"),
        ({"gains": (0, 1)}, "--gains is 0 1;"),
    ],
)
def test_options_that_make_no_sense(options, said):
    with pytest.raises(UserError, match=said):
        MixConfig(**options)
