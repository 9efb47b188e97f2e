"""Tests of shuffled_lyrics.py."""

from __future__ import annotations

import numpy as np
import pytest

from common.cli import UserError
from hw3_melody_generation.shuffled_lyrics import strangers


def test_everybody_gets_another_song_and_nobody_the_same():
    groups = np.array(list("aaabbcdefgghij"))
    partner = strangers(groups, seed=3)
    assert sorted(partner.tolist()) == list(range(len(groups)))
    assert (groups[partner] != groups).all()


def test_seeds_differ_and_repeat():
    groups = [str(number) for number in range(50)]
    assert (strangers(groups, seed=1) == strangers(groups, seed=1)).all()
    assert (strangers(groups, seed=1) != strangers(groups, seed=2)).any()


def test_one_song_has_nobody_to_swap_with():
    with pytest.raises(UserError, match="3 windows, 2 of one song"):
        strangers(["a", "a", "b"])
    with pytest.raises(UserError, match="0 windows"):
        strangers([])
