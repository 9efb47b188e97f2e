"""Onsets go where they should; consonants, attacks and everything outside keep their length."""

import numpy as np
import pytest

from final_project.singing.take_notes import TakeNote
from final_project.singing.time_correction import FASTEST, time_map, unchanged
from final_project.singing.tracking import PitchTrack

FRAMES = 400


@pytest.fixture
def track() -> PitchTrack:
    """Notes at frames 50, 150 and 250, each with 20 frames of consonant before it; silence around."""
    level, f0 = np.full(FRAMES, -90.0, np.float32), np.zeros(FRAMES, np.float32)
    for begin in (50, 150, 250):
        level[begin - 20 : begin + 80] = -20
        f0[begin : begin + 80] = 220.0
    ones = (f0 > 0).astype(np.float32)
    return PitchTrack(f0, level, ones, ones)


NOTES = [TakeNote(begin, begin + 80, 57.0, 57.0, begin) for begin in (50, 150, 250)]


def test_onsets_arrive_where_they_are_expected(track):
    expected = np.array([0.25, 0.80, 1.22])
    found = time_map(track, NOTES, expected)
    onsets = found.output_at(np.array([note.start for note in NOTES]))
    np.testing.assert_allclose(onsets, expected, atol=1e-9)
    half = time_map(track, NOTES, expected, strength=0.5)
    np.testing.assert_allclose(half.output_at(np.array([0.75])), [0.775], atol=1e-9)


def test_consonants_and_attacks_keep_their_length(track):
    found = time_map(track, NOTES, np.array([0.25, 0.80, 1.22])).lengths
    for begin in (50, 150, 250):
        np.testing.assert_allclose(found[begin - 20 : begin + 10], 1.0)
    np.testing.assert_allclose(found[250:], 1.0)  # behind the last onset
    assert np.unique(found[160:230].round(6)).size == 1 and found[170] < 1  # a vowel evenly shorter


def test_what_is_asked_too_much_is_done_as_far_as_it_goes(track):
    found = time_map(track, NOTES, np.array([0.25, 0.30, 1.25]))
    assert found.lengths.min() >= FASTEST - 1e-9
    assert found.output_at(np.array([0.75]))[0] > 0.40


def test_reading_and_writing_are_inverse(track):
    found = time_map(track, NOTES, np.array([0.30, 0.70, 1.30]))
    times = np.linspace(0, 1.9, 50)
    np.testing.assert_allclose(found.source_at(found.output_at(times)), times, atol=1e-9)


def test_strength_0_changes_nothing(track):
    assert (time_map(track, NOTES, np.zeros(3), strength=0).output == unchanged(FRAMES).output).all()
