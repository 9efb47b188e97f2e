"""The full check finds each kind of bad data, and tells notes from faults."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from common.cli import UserError
from common.problems import Problems
from final_project.muse2bach import data
from final_project.muse2bach.chorale import SILENT, Chorale, changes
from final_project.muse2bach.data_check import check_apart, check_chorale
from final_project.muse2bach.data_folder import CHORALES_FILE, SPLIT_FILE, write_chorales, write_split


def good(name: str = "good", *, seed: int = 0) -> Chorale:
    chords = np.random.default_rng(seed).integers([66, 60, 52, 40], [78, 66, 60, 52], (16, 4))
    voices = chords.repeat(4, axis=0)
    fermata = np.arange(64) >= 60
    return Chorale(name, voices, changes(voices), (np.arange(64) + 12) % 16, fermata)


def found_in(chorale: Chorale) -> tuple[list[str], list[str]]:
    faults, notes = Problems(), Problems()
    check_chorale(chorale, faults, notes)
    return list(faults.counts), list(notes.counts)


def with_voices(change) -> Chorale:
    voices = good().voices.copy()
    change(voices)
    return Chorale("spoiled", voices)


def silence(voices, frames, voice):
    voices[frames, voice] = SILENT


def test_a_good_chorale():
    assert found_in(good()) == ([], [])
    assert found_in(Chorale("bare", good().voices)) == ([], [])


@pytest.mark.parametrize(
    ("chorale", "fault"),
    [
        (with_voices(lambda voices: silence(voices, slice(None), 2)), "voice that never sings"),
        (Chorale("spoiled", good().voices[:, ::-1]), "chorale whose voices do not stand from high to low"),
        (replace(good(), onsets=np.zeros((64, 4), bool)), "new pitch without an onset"),
        (replace(good(), voices=np.where(np.arange(64) // 4 == 3, SILENT, good().voices.T).T), "onset where"),
        (replace(good(), position=np.arange(64) % 16 - 1), "position below 0"),
        (replace(good(), position=np.where(np.arange(64) < 30, 3, 0)), "bar that begins in its middle"),
    ],
)
def test_faults(chorale, fault):
    faults, _ = found_in(chorale)
    assert any(kind.startswith(fault) for kind in faults), faults


def test_what_is_only_worth_knowing():
    assert found_in(replace(good(), fermata=np.zeros(64, bool))) == ([], ["chorale without a fermata"])
    rests = with_voices(lambda voices: silence(voices, slice(8, 24), 0))
    assert found_in(rests) == ([], ["rest of a whole note or more"])
    assert found_in(with_voices(lambda voices: silence(voices, slice(8, 23), 0))) == ([], [])


def test_one_chorale_in_two_parts():
    parts = {"train": [good("a"), good("b", seed=1)], "valid": [good("b", seed=1)], "test": []}
    faults, notes = Problems(), Problems()
    parts["test"] = [good("c").transposed(2)]
    check_apart(parts, faults, notes)
    assert faults.lines("found") == ["1 found: chorale that the split has twice (b)"]
    (line,) = notes.lines("noted")
    assert line.startswith("2 noted: pair much alike") and "train b, valid b, train a, test c" in line


def test_faults_of_the_split(tmp_path, capsys):
    write_chorales(tmp_path / CHORALES_FILE, [good(name, seed=ord(name)) for name in "abc"])
    write_split(tmp_path / SPLIT_FILE, {"train": ["a"], "valid": ["b", "z"], "test": []}, rule="")
    assert data.Check(tmp_path).run() == 2
    said = capsys.readouterr().out
    assert said.startswith(f"{tmp_path}: 2 chorales, 128 frames\n")
    for line in (
        "1 found: chorale in no part of the split (c)",
        "1 found: chorale of the split that is not there (z)",
        "1 found: part without a chorale (test)",
    ):
        assert line in said
    write_split(tmp_path / SPLIT_FILE, {"train": ["a"], "valid": ["b"], "test": ["c"]}, rule="")
    assert data.Check(tmp_path).run() == 0
    assert capsys.readouterr().out == f"{tmp_path}: 3 chorales, 192 frames\n"


def test_a_folder_without_chorales(tmp_path):
    with pytest.raises(UserError, match=r"no chorales.jsonl.gz and no Jsb"):
        data.Check(tmp_path).run()
