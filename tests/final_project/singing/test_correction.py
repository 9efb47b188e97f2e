"""Centres go to their targets, by strength; vibrato and glides stay; what is in tune is not touched."""

import numpy as np
import pytest

from final_project.singing.correction import shifts
from final_project.singing.take_notes import TakeNote
from final_project.singing.tracking import PitchTrack

TIMES = np.arange(200) * 0.005
VIBRATO = 0.5 * np.sin(2 * np.pi * 5.5 * TIMES)


def track_of(pitch) -> PitchTrack:
    f0 = (440 * 2 ** ((np.asarray(pitch) - 69) / 12)).astype(np.float32)
    ones = np.ones(len(f0), np.float32)
    return PitchTrack(f0, -20 * ones, ones, ones)


def test_a_note_is_moved_and_its_vibrato_kept():
    pitch = 60.4 + VIBRATO
    moved = pitch + shifts(track_of(pitch), [TakeNote(0, 200, 60.4, 60.0, 0)])
    assert moved[30:170].mean() == pytest.approx(60.0, abs=0.05)
    np.testing.assert_allclose(moved - moved.mean(), VIBRATO - VIBRATO.mean(), atol=0.1)


@pytest.mark.parametrize("strength", [0.0, 0.5, 1.0])
def test_strength_is_the_share_that_is_taken_out(strength):
    found = shifts(track_of(np.full(200, 60.4)), [TakeNote(0, 200, 60.4, 60.0, 0)], strength=strength)
    np.testing.assert_allclose(found, -0.4 * strength, atol=1e-4)


def test_slow_drift_goes_if_it_is_asked_for():
    pitch = np.linspace(59.8, 60.2, 200) + 0.3
    note = [TakeNote(0, 200, 60.3, 60.0, 0)]
    flat = pitch + shifts(track_of(pitch), note, drift=1.0)
    same = pitch + shifts(track_of(pitch), note, drift=0.0)
    assert np.ptp(flat[25:180]) < 0.02
    np.testing.assert_allclose(np.diff(same), np.diff(pitch), atol=1e-5)


def test_a_glide_goes_from_one_shift_to_the_next():
    pitch = np.concatenate([np.full(90, 60.3), np.linspace(60.3, 63.9, 20), np.full(90, 63.9)])
    found = shifts(track_of(pitch), [TakeNote(0, 100, 60.3, 60, 0), TakeNote(100, 200, 63.9, 64, 100)])
    assert found[50] == pytest.approx(-0.3, abs=0.01) and found[170] == pytest.approx(0.1, abs=0.01)
    assert (np.diff(found) >= -1e-9).all() and np.abs(np.diff(found)).max() < 0.02


def test_a_note_in_tune_is_not_touched():
    assert not shifts(track_of(np.full(200, 60.02)), [TakeNote(0, 200, 60.02, 60.0, 0)]).any()


def test_no_notes_no_shift():
    assert not shifts(track_of(np.full(200, 60.0)), []).any()
