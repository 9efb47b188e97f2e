"""Hints find what came after the longest run of like frames; the past tells durations, steps and classes."""

from __future__ import annotations

import numpy as np

from final_project.muse2bach.chorale import SILENT
from final_project.muse2bach.hints import Hints
from final_project.muse2bach.past import NO_STEP, WIDEST, Past, describe_all
from final_project.muse2bach.tokens import UNKNOWN_TOKEN, to_tokens

ALL, SOPRANO = 0, 1


def longest_run(tokens: np.ndarray, now: int, voices: list[int]) -> tuple[int, int]:
    """(length, place) by definition: of the places at this sixteenth of the beat the latest of the best."""
    best = (0, -1)
    for place in range(now % 4, now, 4):
        length = 0
        while (
            length < place and (tokens[place - 1 - length, voices] == tokens[now - 1 - length, voices]).all()
        ):
            length += 1
        best = max(best, (length, place))
    return best


def test_a_hint_is_the_latest_of_the_longest_runs():
    generator = np.random.default_rng(0)
    tokens = generator.integers(0, 2, (60, 4))
    tokens[30:44] = tokens[2:16]
    hints = Hints(1, 60)
    for now in range(60):
        found, length = hints.find()
        for source, voices in enumerate(([0, 1, 2, 3], [0], [1], [2], [3])):
            expected, place = longest_run(tokens, now, voices)
            assert length[0, source] == expected
            if expected:
                assert np.array_equal(found[0, source], tokens[place])
        hints.push(tokens[now : now + 1])


def test_selected_rows_go_on_by_themselves():
    tokens = np.random.default_rng(1).integers(0, 3, (20, 2, 4))
    past = Past(2, 21)
    for frame in tokens:
        past.push(frame)
    twice = past.select(np.array([1, 1]))
    twice.push(np.zeros((2, 4), dtype=np.int64))
    assert past.hints.frame == 20
    past.push(np.zeros((2, 4), dtype=np.int64))
    for name, value in vars(twice.describe()).items():
        assert np.array_equal(value[0], getattr(past.describe(), name)[1]), name


def test_the_past_of_a_voice():
    soprano = [60, 60, 62, 62, 62, SILENT, 64]
    voices = np.array([[pitch, 55, 52, 48] for pitch in soprano])
    past = describe_all([to_tokens(voices)])
    assert past.previous[0, 0].tolist() == [UNKNOWN_TOKEN] * 4
    assert past.held[0, :, 0].tolist() == [0, 1, 2, 1, 2, 3, 1]
    assert past.earlier[0, :, 0].tolist() == [0, 0, 0, 2, 2, 2, 3]
    assert past.step[0, :, 0].tolist() == [NO_STEP] * 3 + [WIDEST + 2] * 3 + [NO_STEP]
    shares = past.classes[0, 2].reshape(2, 12)
    assert np.allclose(shares.sum(axis=1), 1)
    assert np.flatnonzero(shares[0]).tolist() == sorted(to_tokens(np.array([60, 55, 52, 48]))[[0, 1, 2]] % 12)


def test_most_of_the_past_is_the_same_in_another_key():
    voices = np.random.default_rng(2).integers(50, 54, (40, 4))
    here, there = (describe_all([to_tokens(voices + by)]) for by in (0, 5))
    for name in ("held", "step", "earlier", "hint", "run"):
        assert np.array_equal(getattr(here, name), getattr(there, name)), name
    moved = np.roll(here.classes.reshape(40, 2, 12), 5, axis=-1).reshape(1, 40, 24)
    assert np.allclose(moved, there.classes, atol=1e-6)
