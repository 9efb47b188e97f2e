"""Which chords are triads and sevenths: by hand, and every set of pitch classes beside music21."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest
from music21.chord import Chord

from final_project.muse2bach.chorale import SILENT, Chorale
from final_project.muse2bach.chords import KINDS, chord_counts, chord_kinds, pitch_class_masks
from final_project.muse2bach.rule_scores import rule_scores

CHORDS = {
    (72, 67, 64, 48): "triad",  # C major
    (69, 65, 60, 53): "triad",  # F major, on F
    (71, 65, 62, 50): "triad",  # B diminished, on D
    (68, 64, 60, 48): "triad",  # C augmented
    (71, 67, 65, 50): "seventh",  # G7, on D
    (72, 69, 66, 51): "seventh",  # fully diminished
    (72, 71, 67, 52): "seventh",  # C major 7
    (72, 67, 60, 48): "incomplete",  # C and G
    (71, 67, 65, 55): "incomplete",  # G7 without its fifth
    (60, 60, 48, 36): "incomplete",
    (72, 67, 65, 48): "other",  # a fourth suspended
    (64, 62, 60, 48): "other",
    (72, SILENT, SILENT, 48): "incomplete",
    (SILENT, 67, 64, 48): "triad",
    (SILENT, SILENT, SILENT, SILENT): None,
}


def chorale_of(chords) -> Chorale:
    """A chorale of these chords, a quarter each."""
    return Chorale("made-up", np.array(chords).repeat(4, axis=0))


@pytest.mark.parametrize(("chord", "kind"), CHORDS.items())
def test_kinds(chord, kind):
    assert chord_kinds([chord]) == [kind]


def test_kinds_do_not_depend_on_key_octave_or_order():
    rng = np.random.default_rng(0)
    chords = np.array([chord for chord in CHORDS if SILENT not in chord])
    kinds = chord_kinds(chords)
    for semitones in range(12):
        moved = chords + semitones + 12 * rng.integers(0, 2, chords.shape)
        assert chord_kinds(rng.permuted(moved, axis=1)) == kinds


def sets_of_classes(size: int) -> list[tuple[int, ...]]:
    """Every set of pitch classes of this size, one of each twelve transpositions."""
    found = {}
    for classes in combinations(range(12), size):
        turns = [tuple(sorted((each - root) % 12 for each in classes)) for root in range(12)]
        found[min(turns)] = classes
    return list(found.values())


@pytest.mark.parametrize("size", [3, 4])
def test_triads_and_sevenths_agree_with_music21(size):
    for classes in sets_of_classes(size):
        spelled = Chord(classes)
        spelled.simplifyEnharmonics(inPlace=True)
        name = re.sub("^enharmonic (equivalent )?to ", "", spelled.commonName)
        (kind,) = chord_kinds([[60 + each for each in classes]])
        triad = name.endswith(" triad") and "incomplete" not in name
        assert (kind == "triad") == triad, (classes, name)
        assert (kind == "seventh") == (name in SEVENTHS), (classes, name)


SEVENTHS = {
    "dominant seventh chord",
    "major seventh chord",
    "minor seventh chord",
    "half-diminished seventh chord",
    "diminished seventh chord",
    "minor-augmented tetrachord",  # what music21 calls C minor with a major seventh
}


def test_masks_are_bits_from_c_up():
    assert pitch_class_masks([[60, 72, 48, 36], [61, 60, SILENT, SILENT], [SILENT] * 4]).tolist() == [1, 3, 0]


def test_counts():
    counts = chord_counts(list(CHORDS))
    assert counts == {"chords": 14, "triad": 5, "seventh": 3, "incomplete": 4, "other": 2}
    assert chord_counts(np.empty((0, 4), dtype=int)) == {"chords": 0, **dict.fromkeys(KINDS, 0)}


def test_shares_of_chorales():
    scores = rule_scores([chorale_of([[72, 67, 64, 48], [71, 67, 65, 50], [72, 67, 65, 48], [SILENT] * 4])])
    shares = {key: scores[key] for key in ("triads", "sevenths", "incomplete", "tertian")}
    assert shares == pytest.approx({"triads": 1 / 3, "sevenths": 1 / 3, "incomplete": 0, "tertian": 2 / 3})
