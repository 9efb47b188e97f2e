"""The words of ABC tunes go to their notes."""

from final_project.muse2bach.abc_words import abc_words
from final_project.muse2bach.score_input import read_abc

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
