"""A take is found in its score: in another tempo and octave, out of tune, with notes repeated or left out."""

import numpy as np
import pytest

from common.cli import UserError
from common.synthesis import Note
from final_project.singing.alignment import align
from final_project.singing.tracking import PitchTrack

PITCHES = (60, 62, 64, 64, 65, 67, 60, 72)
SCORE = [Note(pitch, 0.5 * k, 0.5) for k, pitch in enumerate(PITCHES)]


def take(score, *, tempo=1.0, offset=0.3, shift=0.0, errors=None, gap=0.0) -> PitchTrack:
    """The track of a take: notes without glides, `gap` seconds without voice before each."""
    errors = np.zeros(len(score)) if errors is None else errors
    pitch = np.full(round((tempo * score[-1].end + offset + 0.5) / 0.005), np.nan)
    for note, error in zip(score, errors, strict=True):
        begin, end = (round((tempo * time + offset) / 0.005) for time in (note.start + gap, note.end))
        pitch[begin:end] = note.pitch + shift + error
    f0 = np.nan_to_num(440 * 2 ** ((pitch - 69) / 12)).astype(np.float32)
    ones = (f0 > 0).astype(np.float32)
    return PitchTrack(f0, np.where(f0 > 0, -20, -90).astype(np.float32), ones, ones)


def starts(found) -> np.ndarray:
    return np.array([note.start for note in found.notes])


def test_tempo_and_offset_are_found():
    found = align(take(SCORE, tempo=1.3, offset=0.7), SCORE)
    assert found.tempo == pytest.approx(1.3, abs=0.01) and found.offset == pytest.approx(0.7, abs=0.02)
    np.testing.assert_allclose(starts(found), 1.3 * 0.5 * np.arange(8) + 0.7, atol=0.03)
    assert [note.target for note in found.notes] == list(PITCHES)


def test_notes_half_a_semitone_off_are_found():
    errors = np.random.default_rng(1).uniform(-0.5, 0.5, len(SCORE))
    found = align(take(SCORE, errors=errors), SCORE)
    centres = np.array([note.centre - note.target for note in found.notes])
    np.testing.assert_allclose(centres, errors, atol=0.02)


def test_another_octave_and_key_are_kept():
    found = align(take(SCORE, shift=-12), SCORE)
    assert found.transposition == -12
    assert [note.target for note in found.notes] == [pitch - 12 for pitch in PITCHES]
    assert align(take(SCORE, shift=3.1), SCORE).transposition == 3


def test_a_repeated_note_begins_where_the_voice_does():
    late = list(SCORE)
    late[3] = Note(64, 1.6, 0.4)  # by 0.1 s, with a consonant before it
    found = align(take(late, gap=0.05), SCORE)
    assert starts(found)[3] - 0.3 == pytest.approx(1.65, abs=0.01)


def test_a_note_left_out_is_left_out():
    found = align(take([*SCORE[:5], *SCORE[6:]]), SCORE)
    assert [note.pitch for note in found.score] == [*PITCHES[:5], *PITCHES[6:]]


def test_one_late_note_does_not_move_the_clock():
    late = list(SCORE)
    late[4] = Note(65, 2.2, 0.3)
    found = align(take(late), SCORE)
    assert found.offset == pytest.approx(0.3, abs=0.02)
    assert found.expected[4] == pytest.approx(2.3, abs=0.02) and starts(found)[4] > 2.45


def test_another_song_is_refused():
    other = [Note(pitch, 0.5 * k, 0.5) for k, pitch in enumerate((60, 66, 58, 70, 61, 73, 55, 68))]
    with pytest.raises(UserError, match="does not follow the score"):
        align(take(other), SCORE)
