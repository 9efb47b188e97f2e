"""The words of ABC tunes go to their notes."""

import pytest

from common.notes_in.abc_words import abc_fermatas, abc_words
from common.notes_in.score_input import read_abc

HEAD = "X:1\nM:4/4\nL:1/4\nK:G\n"


def test_syllables_holds_and_blanks():
    tune = HEAD + '"G"G2 !trill!A {c}B|[K:D]c3/2 d/ z ^e G4|]\nw: Joy-ful, * we~all | a _ dore\nw: Other\n'
    assert abc_words(tune) == ["Joy-", "ful,", "", "we all", "a", "", "dore"]


def test_lines_without_words_and_other_voices():
    assert abc_words(HEAD + "GA\nw: la la\nBc|\nde|\nw: lo lo\n") == ["la", "la", "", "", "lo", "lo"]
    assert abc_words(HEAD + "GABc|\n") is None
    assert abc_words(HEAD + "V:1\nGABc|\nw: a b c d\nV:2\nGABc|\n") is None


def test_a_tune_with_its_words():
    piece = read_abc((HEAD + "BBc-c|d4|]\nw: Joy-ful, joy * ful\n").encode())
    assert [note.text for note in piece.lines[0].notes] == ["Joy-", "ful,", "joy", "ful"]


def test_words_that_do_not_match_are_told():
    piece = read_abc((HEAD + "[GB]ABc|d4|]\nw: one two three four five\n").encode())
    assert not any(note.text for line in piece.lines for note in line.notes) and "words" in piece.notices[0]


@pytest.mark.parametrize("mark", ["!fermata!", "+fermata+", "H"])
def test_fermatas(mark):
    text = f'X:1\nT:Hymn\nL:1/4\nK:C\nC {mark}D- | D "H7"E {mark}F z | !f! G\nw:How are_ you Hal?\n'
    assert abc_fermatas(text) == [False, True, False, True, False]
    notes = read_abc(text.encode()).lines[0].notes
    assert [(note.pitch, note.fermata) for note in notes] == [
        (60, False),
        (62, True),
        (64, False),
        (65, True),
        (67, False),
    ]
    assert [note.text for note in notes] == ["How", "are", "you", "Hal?", ""]


def test_fermatas_of_several_voices_are_not_looked_at():
    assert abc_fermatas("X:1\nK:C\nV:1\nHC D\nV:2\nE F\n") == []
