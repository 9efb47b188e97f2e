"""Signatures and spellings, with music21 as the oracle."""

from types import SimpleNamespace

import pytest
from music21 import key, pitch

from hw3_melody_generation.songs import Melody
from hw3_melody_generation.spelling import in_signature, signature, spell

MAJOR = (0, 2, 4, 5, 7, 9, 11, 12)


def melody(*pitches):
    return Melody(pitches, [1.0] * len(pitches), [0.0] * len(pitches))


@pytest.mark.parametrize("sharps", range(-7, 8))
def test_every_spelling_sounds_right_and_keys_need_no_sign(sharps):
    written = key.KeySignature(sharps)
    for number in range(128):
        letter, alter, octave = spell(number, sharps)
        assert pitch.Pitch(step=letter, octave=octave, accidental=alter).midi == number
    for letter in "CDEFGAB":
        accidental = written.accidentalByStep(letter)
        assert in_signature(letter, sharps) == (accidental.alter if accidental else 0)
    scale = [spell(60 + 7 * sharps % 12 + step, sharps) for step in MAJOR]
    assert all(alter == in_signature(letter, sharps) for letter, alter, _ in scale)


def test_notes_outside_the_key():
    sharp_or_flat = [spell(number, 0)[:2] for number in (61, 63, 66, 68, 70)]
    assert sharp_or_flat == [("C", 1), ("E", -1), ("F", 1), ("G", 1), ("B", -1)]
    assert spell(66, -2)[:2] == ("F", 1)  # G minor's leading tone
    assert spell(69, -6)[:2] == ("A", 0)  # and never B double flat


def test_signature_with_the_fewest_accidentals():
    for sharps in range(-5, 6):
        scale = melody(*(60 + 7 * sharps % 12 + step for step in MAJOR))
        assert signature(scale) == sharps
    assert signature(melody(69, 71, 72, 74, 76, 77, 80, 81)) == 0  # A minor with its leading tone
    assert signature(melody(60, 60, 60)) in (-3, 0)
    assert abs(signature(melody(*range(60, 72)))) <= 6


def test_signature_of_a_named_key():
    for name, minor, sharps in (("Gb major", False, -6), ("F# major", False, 6), ("Bb minor", True, -5)):
        assert signature(melody(60), SimpleNamespace(tonic=0, minor=minor, name=name)) == sharps
