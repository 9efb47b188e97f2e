"""Keys and ranges: what is read, what is refused, and the pitches they leave."""

from __future__ import annotations

import music21
import pytest
import torch

from common.cli import UserError
from hw3_melody_generation.constraints import LETTERS, Constraints, Key, note_name, parse_range, respelled


@pytest.mark.parametrize(
    ("text", "tonic", "name"),
    [
        ("C", 0, "C major"),
        ("Am", 9, "A minor"),
        ("F#", 6, "F# major"),
        ("Bb minor", 10, "Bb minor"),
        (" bb MINOR ", 10, "Bb minor"),
        ("c♯min", 1, "C# minor"),
        ("E♭ maj", 3, "Eb major"),
        ("bm", 11, "B minor"),
        ("BM", 11, "B major"),
    ],
)
def test_keys_are_read_however_they_are_written(text, tonic, name):
    key = Key.parse(text)
    assert (key.tonic, str(key), key.minor) == (tonic, name, name.endswith("minor"))


@pytest.mark.parametrize("text", ["H", "", "C##", "dorian", "Cx", "C major minor", "Am\nx", "🎵"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(UserError, match="no such key"):
        Key.parse(text)


@pytest.mark.parametrize(("text", "better"), [("G#", "Ab major"), ("Fb", "E major"), ("Dbm", "C# minor")])
def test_a_key_without_a_signature_is_refused_with_the_one_that_sounds_alike(text, better):
    with pytest.raises(UserError, match=f"--key {text}: .*give {better}"):
        Key.parse(text)


def test_thirty_keys_exist_and_agree_with_music21():
    found = 0
    for letter in LETTERS:
        for sign in ("", "#", "b"):
            for mode in ("major", "minor"):
                try:
                    key = Key.parse(f"{letter}{sign} {mode}")
                except UserError:
                    continue
                reference = music21.key.Key(f"{letter}{sign.replace('b', '-')}", mode)
                assert abs(reference.sharps) <= 7
                scale = {pitch.pitchClass for pitch in reference.pitches}
                assert set(key.pitch_classes) == scale | ({(key.tonic + 11) % 12} if key.minor else set())
                tonic_chord = music21.roman.RomanNumeral("i" if key.minor else "I", reference)
                assert list(key.triad) == tonic_chord.pitchClasses
                found += 1
    assert found == 30


def test_every_respelling_is_a_key():
    for tonic in range(12):
        for minor in (False, True):
            assert Key.parse(respelled(tonic, minor)).tonic == tonic


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("C4-E5", (60, 76)),
        ("60-76", (60, 76)),
        ("c4 – e5", (60, 76)),
        ("Bb3-F#5", (58, 78)),
        ("bb3-60", (58, 60)),
        ("C-1-G9", (0, 127)),
        ("Cb4-B#4", (59, 72)),
    ],
)
def test_ranges_are_read_as_names_or_numbers(text, bounds):
    assert parse_range(text) == bounds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("C4", "two notes"),
        ("high", "two notes"),
        ("", "two notes"),
        ("H4-C5", "two notes"),
        ("E5-C4", "lower note comes first"),
        ("60-128", "0 to 127"),
        ("C4-C12", "0 to 127"),
    ],
)
def test_what_is_no_range_is_refused(text, message):
    with pytest.raises(UserError, match=message) as caught:
        parse_range(text)
    assert "\n" not in str(caught.value)


def test_without_constraints_every_pitch_is_allowed():
    allowed = Constraints().allowed_pitches()
    assert (allowed.dtype, allowed.shape) == (torch.bool, (128,))
    assert allowed.all()


def test_only_the_notes_of_the_key_within_the_range_are_allowed():
    allowed = Constraints.parse("Am", "60-72").allowed_pitches()
    assert allowed.nonzero().flatten().tolist() == [60, 62, 64, 65, 67, 68, 69, 71, 72]
    allowed = Constraints.parse(None, "0-3").allowed_pitches()  # 0 is a bound, not "none"
    assert allowed.nonzero().flatten().tolist() == [0, 1, 2, 3]
    allowed = Constraints(highest=2).allowed_pitches()
    assert allowed.nonzero().flatten().tolist() == [0, 1, 2]


def test_a_range_too_narrow_for_the_key_is_refused():
    Constraints.parse("C", "C4-E4")
    with pytest.raises(UserError, match="--range C4-Eb4: holds 2 notes of C major"):
        Constraints.parse("C", "C4-D#4")
    with pytest.raises(UserError, match="--range C4-C4: holds 1 note;"):
        Constraints.parse(None, "60-60")


def test_notes_are_named_as_they_are_read():
    for pitch in range(128):
        assert parse_range(f"{note_name(pitch)}-127")[0] == pitch


def test_a_pitch_that_is_not_allowed_has_a_nearest_one_that_is():
    nearest = Constraints.parse("C", "C4-C5").nearest_allowed()
    assert nearest[[0, 60, 61, 63, 66, 71, 72, 127]].tolist() == [60, 60, 60, 62, 65, 71, 72, 72]
    assert Constraints().nearest_allowed().tolist() == list(range(128))
