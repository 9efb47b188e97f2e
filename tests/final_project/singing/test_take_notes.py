"""Notes are found between the semitones too; vibrato makes none, and a scale says what they should be."""

import numpy as np
import pytest

from common.cli import UserError
from final_project.singing.take_key import Key, find_key, parse_key, towards_scale, tuning
from final_project.singing.take_notes import TakeNote, core, heard_notes, note_between, plateaus, vowel_onset
from final_project.singing.tracking import PitchTrack


def track_of(pitch, level=-20.0) -> PitchTrack:
    """The track of a curve of semitones, NaN for no voice."""
    pitch = np.asarray(pitch, dtype=float)
    f0 = np.nan_to_num(440 * 2 ** ((pitch - 69) / 12)).astype(np.float32)
    level = np.where(f0 > 0, level, -90.0).astype(np.float32)
    ones = (f0 > 0).astype(np.float32)
    return PitchTrack(f0, level, ones, ones)


def test_levels_between_the_semitones_are_notes():
    pitch = np.concatenate([np.full(60, 60.4), np.linspace(60.4, 62.1, 16), np.full(70, 62.1)])
    (first, middle), (begin, end) = plateaus(pitch)
    assert first == 0 and middle == begin and end == len(pitch)
    assert 60 <= begin <= 76
    notes = heard_notes(track_of(pitch))
    assert [note.centre for note in notes] == pytest.approx([60.4, 62.1], abs=0.05)


def test_vibrato_is_one_note():
    times = np.arange(300) * 0.005
    pitch = 64 + 0.7 * np.sin(2 * np.pi * 5 * times)
    assert plateaus(pitch) == [(0, 300)]


def test_a_glide_is_no_note():
    pitch = np.concatenate([np.full(50, 55.0), np.linspace(55, 67, 20), np.full(50, 67.0)])
    assert [round(note.centre) for note in heard_notes(track_of(pitch))] == [55, 67]


def test_where_the_voice_stops_a_note_ends():
    pitch = np.concatenate([np.full(50, 60.0), np.full(20, np.nan), np.full(50, 60.0)])
    assert [(note.first, note.end) for note in heard_notes(track_of(pitch))] == [(0, 50), (70, 120)]


def test_a_vowel_begins_where_a_voiced_consonant_ends():
    track = track_of(np.full(120, 60.0), level=np.r_[np.full(20, -32.0), np.full(100, -20.0)])
    assert vowel_onset(track, 0, 120) == 20
    assert note_between(track, 0, 120).start == pytest.approx(0.1)


def test_the_core_of_a_note_leaves_glides_out_and_something_in():
    assert core(0, 200) == (20, 184)
    begin, end = core(100, 120)
    assert end - begin >= 0.4 * 20


def note(centre: float, frames: int = 100) -> TakeNote:
    return TakeNote(0, frames, centre, centre, 0)


def test_notes_go_to_the_scale_of_their_key():
    sung = [note(pitch) for pitch in (62.1, 63.8, 66.2, 66.9, 69.0, 71.2, 72.9, 74.0)]  # D major
    corrected, key = towards_scale(sung)
    assert str(key) == "D major"
    assert [found.target for found in corrected] == [62, 64, 66, 67, 69, 71, 73, 74]
    corrected, key = towards_scale([note(66.3)], key=Key(0, "major"))
    assert corrected[0].target == 67  # F# is none of C major's
    assert towards_scale([note(66.3)], scale="chromatic")[0][0].target == 66


def test_a_take_between_the_keys_is_named_by_its_own_tuning():
    scale = [note(pitch + 0.45) for pitch in (60, 62, 64, 65, 67, 69, 71, 72)]
    assert tuning(scale) == pytest.approx(0.45)
    assert [found.target for found in towards_scale(scale)[0]] == [60, 62, 64, 65, 67, 69, 71, 72]
    assert tuning([note(60.0), note(60.5)]) == 0.0  # no tuning in common


def test_the_key_of_a_minor_scale():
    lengths = {57: 300, 59: 60, 60: 160, 62: 80, 64: 200, 65: 80, 68: 90}
    assert find_key([note(pitch, frames) for pitch, frames in lengths.items()]) == Key(9, "minor")


@pytest.mark.parametrize(
    "text, key", [("C", Key(0, "major")), ("F# minor", Key(6, "minor")), ("bb maj", Key(10, "major"))]
)
def test_keys_as_they_are_written(text, key):
    assert parse_key(text) == key


def test_no_key():
    with pytest.raises(UserError, match="--key H: not a key"):
        parse_key("H")
