"""The benchmark of the list of copies: it finds the copies of the class that it makes."""

from __future__ import annotations

import pytest

from benchmarks.plagiarism import INDEPENDENT, by_kind, same_hand
from benchmarks.plagiarism_class import KINDS, own_modules, write_class
from grading.plagiarism import command


def test_copies_of_a_made_class_are_found(tmp_path, monkeypatch):
    (tmp_path / "class").mkdir()
    known = write_class(tmp_path / "class", hand_ins=6, copies=1, seed=1)
    assert sorted(known.values()) == sorted(KINDS)
    assert len(list((tmp_path / "class").glob("*.zip"))) == 6
    monkeypatch.setattr(command, "HANDED_OUT", ("common", "hw1_*"))
    command.main(command.PlagiarismConfig(folder=tmp_path / "class", out=tmp_path / "out", pages=0))
    scores = by_kind(tmp_path / "out" / "pairs.csv", known, pairs=15)
    assert scores["disguised"][0] > 0.6 and scores["reworked"][0] > 0.5
    assert len(scores[INDEPENDENT]) == 12 and scores[INDEPENDENT][-1] < 0.3


def test_a_class_is_the_same_for_the_same_seed(tmp_path):
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        write_class(tmp_path / name, hand_ins=6, copies=1, seed=2)
    one, other = (sorted((tmp_path / name).iterdir()) for name in ("one", "other"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in other]


def test_pairs_that_share_nothing_count_as_zero(tmp_path):
    (tmp_path / "pairs.csv").write_text("score,first,second\n0.5,a,b\n0.1,a,c\n")
    scores = by_kind(tmp_path / "pairs.csv", {("a", "b"): "disguised", ("b", "d"): "a part"}, pairs=6)
    assert scores == {"a part": [0.0], "disguised": [0.5], INDEPENDENT: [0.0, 0.0, 0.0, 0.1]}


def test_scripts_of_the_same_hand():
    scores = same_hand()
    assert len(scores) > 20 and scores[-1] == pytest.approx(0.4, abs=0.15)
    assert len(own_modules()) > 100
