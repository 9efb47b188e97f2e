"""The default data: a few chorales of the corpus, on the split of the table."""

from __future__ import annotations

import json

import numpy as np
import pytest

from common.cli import UserError
from final_project.muse2bach import chorales
from final_project.muse2bach.benchmark_file import PARTS
from final_project.muse2bach.chorale import SILENT, VOICES
from final_project.muse2bach.chorales import QUICK, chosen, make_chorales, read_entries
from final_project.muse2bach.data_check import check_data
from final_project.muse2bach.data_folder import read_parts
from final_project.muse2bach.split_table import Entry, read_table


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "bach_chorales_quick"
    make_chorales(root, jobs=1, quick=True)
    return root


def test_the_quick_variant_has_a_dozen(few):
    parts = read_parts(few, PARTS)
    assert dict(zip(PARTS, map(len, parts), strict=True)) == QUICK
    part_of = {entry.name: entry.part for entry in read_table()}
    for part, found in zip(PARTS, parts, strict=True):
        assert {part_of[chorale.name] for chorale in found} == {part}
    origin = json.loads((few / "origin.json").read_text())
    assert origin["chorales"] == 12 and origin["quick"]
    assert origin["frames"] == sum(len(chorale) for found in parts for chorale in found)


def test_all_that_a_score_says_is_there(few, capsys):
    for chorale in [chorale for found in read_parts(few, PARTS) for chorale in found]:
        assert chorale.title and not chorale.title.startswith("bwv")
        assert chorale.key is not None and chorale.fermata.sum() >= 8
        assert 80 <= len(chorale) <= 700 and (chorale.voices != SILENT).mean() > 0.85
        assert all(chorale.note_count(voice) >= 20 for voice in range(len(VOICES)))
        assert chorale.position.max() in (11, 15, 23)  # 3/4, 4/4, 3/2
        quarters = chorale.onsets[chorale.position % 4 == 0].mean()
        assert quarters > 3 * chorale.onsets[chorale.position % 4 != 0].mean()  # they move in quarters
        assert np.mean(chorale.position[chorale.fermata] % 4 == 0) > 0.2
    assert check_data(few) == 0, capsys.readouterr().out


def test_two_processes_make_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(chorales, "QUICK", {"train": 2, "valid": 1, "test": 1})
    for jobs in (1, 2):
        make_chorales(tmp_path / str(jobs), jobs=jobs, quick=True)
    for path in (tmp_path / "1").iterdir():
        assert path.read_bytes() == (tmp_path / "2" / path.name).read_bytes()


def test_all_chorales_are_chosen_but_for_the_quick_variant():
    assert chosen(read_table(), quick=False) == read_table()


def test_a_chorale_without_a_title_has_its_number():
    titles = [chorale.title for chorale in read_entries([_entry("bwv66.6"), _entry("bwv101.7")], jobs=1)]
    assert titles[0] == "BWV 66.6" and "BWV" not in titles[1]


def test_a_corpus_that_is_another(monkeypatch):
    with pytest.raises(UserError, match=r"bach: no bwv0.mxl; install music21"):
        read_entries([_entry("bwv0")])
    monkeypatch.setattr(chorales, "read_score", lambda path, **options: None)
    with pytest.raises(UserError, match="bwv66.6.mxl: not for four voices"):
        read_entries([_entry("bwv66.6")], jobs=1)


def _entry(name: str) -> Entry:
    return Entry(name, "train", 0, 1.0, 0, False)
