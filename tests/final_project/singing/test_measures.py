"""Measures on pitch curves and sounds whose errors are known."""

from __future__ import annotations

import numpy as np
import pytest

from common.synthesis import Note
from final_project.singing.f0_trackers import HOP
from final_project.singing.measures import one_tone_share, onset_errors, settled_share, tuning, voiced_share

RATE = 16_000
NOTES = [Note(60, 0.5, 0.5), Note(62, 1.0, 0.5), Note(64, 1.5, 1.0)]


def curve(cents: float = 0.0, late: float = 0.0) -> np.ndarray:
    """The pitch of NOTES, `cents` too high and `late` seconds late."""
    times = np.arange(300) * HOP
    pitch = np.full(300, np.nan)
    for note in NOTES:
        pitch[(times >= note.start + late) & (times < note.end + late)] = note.pitch + cents / 100
    return pitch


def syllables(late: float, notes=NOTES, *, consonant: float = 0.1) -> np.ndarray:
    """A vowel (a tone of 600 Hz) for each note, `late` seconds late; before it a quiet consonant."""
    times = np.arange(round(3.0 * RATE)) / RATE
    level = np.full(len(times), 1e-4)
    for note in notes:
        level[(times >= note.start + late - consonant) & (times < note.start + late)] = 0.005
        level[(times >= note.start + late) & (times < note.end + late - consonant)] = 0.3
    return (level * np.sin(2 * np.pi * 600 * times)).astype(np.float32)


def test_deviation_is_that_of_the_curve():
    assert np.abs(tuning(curve(), NOTES)).max() == 0
    assert tuning(curve(cents=30), NOTES) == pytest.approx(np.full(len(tuning(curve(), NOTES)), 30.0))


def test_the_way_to_a_note_is_not_counted():
    frames = round((0.5 - 0.18) / HOP) * 2 + round((1.0 - 0.18) / HOP)
    assert len(tuning(curve(), NOTES)) == frames
    assert np.abs(tuning(curve(late=0.08), NOTES)).max() == 0  # a glide that ends in time


def test_voice_and_notes_that_count():
    pitch = curve()
    pitch[150:] = np.nan
    assert voiced_share(pitch, NOTES) == pytest.approx(64 / 146, abs=0.01)
    assert np.isnan(voiced_share(pitch, [Note(60, 0.0, 0.1)]))
    assert one_tone_share(NOTES) == pytest.approx(0.82 / (0.82 + 2 * 0.32))
    assert settled_share([Note(60, 0, 0.15), Note(60, 1, 0.5)]) == 0.5


@pytest.mark.parametrize("late", [-0.06, 0.0, 0.04])
def test_onsets_are_found_where_the_vowels_begin(late):
    errors = onset_errors(syllables(late), curve(), NOTES, sample_rate=RATE)
    assert errors == pytest.approx(np.full(3, late), abs=0.01)


def test_a_vowel_after_a_vowel_is_dated_by_its_pitch():
    times = np.arange(round(3.0 * RATE)) / RATE
    steady = (0.3 * np.sin(2 * np.pi * 600 * times)).astype(np.float32)
    errors = onset_errors(steady, curve(late=0.05), NOTES, sample_rate=RATE)
    assert np.isnan(errors[0])
    assert errors[1:] == pytest.approx([0.05, 0.05], abs=0.011)


def test_where_nothing_moves_there_is_no_onset():
    same = [Note(60, 0.5, 0.5), Note(60, 1.0, 0.5)]
    steady = np.full(3 * RATE, 0.1, np.float32) * np.sin(2 * np.pi * 600 * np.arange(3 * RATE) / RATE)
    assert np.isnan(onset_errors(steady, np.full(300, 60.0), same, sample_rate=RATE)).all()
    assert np.isnan(onset_errors(np.zeros(3 * RATE), curve() * np.nan, NOTES, sample_rate=RATE)).all()
