"""Chords and fermatas at beats of the score, and keys."""

import numpy as np
import pytest

from common.cli import UserError
from common.notes_in.lines import Line, LineNote, Metre, Piece
from final_project.muse2bach.constraints import (
    ChordAt,
    Place,
    allowed_pitches,
    parse_key,
    with_fermatas,
)
from final_project.muse2bach.task import empty_task, make_task


def task_of(*pitches, metre=None, upbeat=0.0):
    """A soprano of quarter notes."""
    made = Line("", tuple(LineNote(n, n + 1, pitch) for n, pitch in enumerate(pitches)))
    return make_task("x", Piece((made,), metre or Metre(), upbeat), {"soprano": made})


@pytest.mark.parametrize(
    ("text", "classes", "bass"),
    [
        ("4.3=G", {7, 11, 2}, 7),
        ("4.3=F#m7", {6, 9, 1, 4}, 6),
        ("4.3=Bb/D", {10, 2, 5}, 2),
        ("4.3=Dm/C", {2, 5, 9, 0}, 0),
        ("4.3=B°", {11, 2, 5}, 11),
    ],
)
def test_chord_names(text, classes, bass):
    chord = ChordAt.parse(text)
    assert (set(chord.pitch_classes), chord.bass, chord.place) == (classes, bass, Place(4, 3))


@pytest.mark.parametrize("text", ["4.3", "4.3=H", "4.3=G13#", "four=G", "4=G", "4.3="])
def test_no_chord(text):
    with pytest.raises(UserError, match="such as 4.3"):
        ChordAt.parse(text)


def test_places_count_bars_as_the_score_does():
    task = task_of(*[72] * 9, upbeat=1.0)
    assert [Place(0, 4).frame(task), Place(1, 1).frame(task), Place(2, 3).frame(task)] == [0, 4, 28]
    assert Place(1, 1).frame(task_of(72, 72)) == 0
    compound = task_of(*[72] * 6, metre=Metre(6, 8))
    assert Place(2, 4).frame(compound) == 18
    for wrong in (Place(0, 1), Place(3, 4), Place(1, 5)):
        with pytest.raises(UserError, match="bars 0 to 2 of 4 beats"):
            wrong.frame(task)


def test_a_chord_holds_for_a_beat_or_its_fermata():
    task = task_of(72, 71, 72, 74)
    allowed = allowed_pitches(task, [ChordAt.parse("1.2=G"), ChordAt.parse("1.4=G/B")])
    assert allowed.shape == (16, 4, 128) and allowed[[0, 3, 8, 11]].all()
    assert np.flatnonzero(allowed[4, 1])[:4].tolist() == [2, 7, 11, 14]
    assert set(np.flatnonzero(allowed[7, 3]) % 12) == {7}
    assert set(np.flatnonzero(allowed[12, 3]) % 12) == {11}
    assert allowed_pitches(task, []) is None
    fermata = with_fermatas(task, [Place(1, 2)])
    assert np.flatnonzero(fermata.fermata).tolist() == [4, 5, 6, 7]


def test_a_chord_against_a_given_note():
    with pytest.raises(UserError, match="--chord 1.1=G: the given soprano has pitch 72 there"):
        allowed_pitches(task_of(72, 71), [ChordAt.parse("1.1=G")])
    free = empty_task("x", 2, None, Metre())
    assert allowed_pitches(free, [ChordAt.parse("1.1=G")]) is not None


def test_keys():
    names = ("C", "am", "F# minor", "Bbm", "e♭ major")
    assert [parse_key(name) for name in names] == [
        (0, "major"),
        (9, "minor"),
        (6, "minor"),
        (10, "minor"),
        (3, "major"),
    ]
    with pytest.raises(UserError, match="--key H"):
        parse_key("H")
