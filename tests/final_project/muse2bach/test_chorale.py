"""What a chorale may hold, transposition, excerpts, onsets, room."""

from __future__ import annotations

import numpy as np
import pytest

from final_project.muse2bach.chorale import SILENT, Chorale, changes
from final_project.muse2bach.chorale_key import final_bass, key_of

VOICES = [[72, 67, 64, 48], [72, 67, 64, 48], [74, SILENT, 62, 50], [74, 67, 62, 50]]


def test_lists_become_arrays():
    chorale = Chorale("a", VOICES, position=[3, 0, 1, 2], key=(0, "major"))
    assert chorale.voices.dtype == np.int16 and chorale.position.dtype == np.int16 and len(chorale) == 4


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"voices": [[72, 67, 64]]}, r"voices must be \(frames, 4\), got \(1, 3\)"),
        ({"voices": np.zeros((0, 4), int)}, r"got \(0, 4\)"),
        ({"voices": [[72.0, 67, 64, 48]]}, "voices must be int16 with 2 axes, got float64"),
        ({"voices": [[72, 67, 64, 128]]}, "a pitch must be 0..127, or -1 for silence, got 128"),
        ({"voices": [[72, 67, 64, -2]]}, "got -2"),
        ({"voices": [[72, 67, 64, 70000]]}, "voices has a value that is no int16"),
        ({"onsets": np.ones((3, 4), bool)}, r"onsets must be \(4, 4\), got \(3, 4\)"),
        ({"onsets": np.ones((4, 4), int)}, "onsets must be bool"),
        ({"position": [0, 1]}, r"position must be \(4,\)"),
        ({"fermata": np.ones(5, bool)}, r"fermata must be \(4,\)"),
        ({"key": (12, "major")}, "a key must be"),
        ({"key": (0, "dorian")}, "a key must be"),
        ({"text": ("O",)}, "1 syllables for 2 notes of the soprano"),
    ],
)
def test_what_is_refused(change, reason):
    with pytest.raises(ValueError, match=reason):
        Chorale(**{"name": "a", "voices": VOICES, **change})


def test_transposition_moves_pitches_and_key_not_rests():
    moved = Chorale("a", VOICES, key=(9, "minor")).transposed(5)
    assert moved.voices[2].tolist() == [79, SILENT, 67, 55] and moved.key == (2, "minor")
    assert moved.transposed(-5).voices.tolist() == VOICES
    with pytest.raises(ValueError, match="-54 semitones lead below"):
        moved.transposed(-54)
    with pytest.raises(ValueError, match="got 132"):
        moved.transposed(53)


def test_onsets_are_changes_where_they_are_unknown():
    unknown = Chorale("a", VOICES)
    assert unknown.begins().tolist() == [
        [True] * 4,
        [False] * 4,
        [True, False, True, True],
        [False, True, False, False],
    ]
    onsets = np.array([[True] * 4, [True, False, False, False], [True, False, True, True], [False] * 4])
    assert Chorale("a", VOICES, onsets=onsets).note_count(0) == 3
    assert changes(unknown.voices).sum() == 4 + 4 + 1  # ends of notes, too


def test_an_excerpt_begins_its_notes():
    onsets = changes(np.array(VOICES)) & (np.array(VOICES) != SILENT)
    chorale = Chorale("a", VOICES, onsets=onsets, position=[3, 0, 1, 2], text=("O", "Welt"))
    cut = chorale.excerpt(1, 3)
    assert cut.position.tolist() == [0, 1] and cut.text is None and cut.onsets[0].all()
    assert not chorale.onsets[1].any()  # the whole is left alone


def test_room_and_what_lies_outside():
    assert Chorale("a", VOICES).room() == (-12, 7)
    assert Chorale("a", [[SILENT] * 4]).room() == (0, 0)
    low = Chorale("low", [[72, 67, 64, 35]])
    assert low.outside() == "pitch 35 of the bass in frame 0 is not in 36..81"
    with pytest.raises(ValueError, match="low: pitch 35"):
        low.room()


# The key

CADENCE = np.array([[72, 67, 64, 48], [72, 69, 65, 53], [71, 67, 62, 55], [72, 67, 64, 48]])


@pytest.mark.parametrize("semitones", range(-5, 6))
def test_a_cadence_in_every_key(semitones):
    moved, tonic = CADENCE + semitones, semitones % 12
    assert key_of(moved) == (tonic, "major")
    minor = np.array([[69, 64, 60, 45], [69, 65, 62, 50], [68, 64, 59, 52], [69, 64, 60, 45]]) + semitones
    assert key_of(minor) == ((9 + semitones) % 12, "minor")


def test_the_signature_decides_between_keys_alike():
    assert key_of(CADENCE, sharps=0) == (0, "major")
    dorian = np.array([[74, 69, 65, 50], [72, 67, 64, 48], [71, 67, 62, 43], [74, 69, 65, 50]])
    assert key_of(dorian, sharps=0) == (2, "minor")


def test_a_rest_at_the_end_and_silence():
    rest = np.full((2, 4), SILENT)
    assert final_bass(np.concatenate([CADENCE, rest])) == 48
    assert key_of(rest) is None
    assert key_of(np.full((3, 4), 60), sharps=0) == (0, "major")  # one pitch, no profile needed
    assert key_of(np.arange(48).reshape(12, 4) + 36) is not None  # all pitches alike
