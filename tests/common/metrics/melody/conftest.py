"""Melodies to measure: real ones that all may sing, and made-up ones."""

from types import SimpleNamespace

import numpy as np
import pytest

from common.metrics.melody import Windows

TWINKLE = [60, 60, 67, 67, 69, 69, 67, 65, 65, 64, 64, 62, 62, 60]  # "Twinkle, twinkle, little star"
TWINKLE_BEATS = [1, 1, 1, 1, 1, 1, 2] * 2


@pytest.fixture
def twinkle():
    """Two lines of seven syllables, 4/4, one window."""
    return Windows(
        pitch=np.array([TWINKLE]),
        duration=np.array([TWINKLE_BEATS]),
        rest=np.zeros((1, 14)),
        lines=np.array([[0] * 7 + [1] * 7]),
        metres=np.array([[4.0, 0.0]]),
    )


@pytest.fixture
def random_windows():
    """Of `count` windows of notes without any order: `random_windows(30, seed=1)`."""

    def make(count, *, notes=20, seed=0, bars=True):
        rng = np.random.default_rng(seed)
        shape = (count, notes)
        return Windows(
            pitch=rng.integers(55, 80, shape),
            duration=rng.choice([0.5, 1.0, 1.5, 2.0], shape),
            rest=rng.choice([0.0, 0.0, 0.0, 1.0, 2.0], shape),
            lines=np.sort(rng.integers(0, 4, shape), axis=1),
            metres=np.column_stack([rng.choice([3.0, 4.0], count), rng.choice([0.0, 1.0], count)])
            if bars
            else None,
        )

    return make


@pytest.fixture
def melody():
    """An object with the columns of a melody: `melody([60, 62])`."""

    def make(pitch, metre=None):
        return SimpleNamespace(
            pitch=np.array(pitch), duration=np.ones(len(pitch)), rest=np.zeros(len(pitch)), metre=metre
        )

    return make
