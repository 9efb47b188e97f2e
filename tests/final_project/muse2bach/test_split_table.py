"""Which chorale is which: steps, likeness, transposition; the table as it is committed, and broken ones."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from common.band.tunes.sources import corpus_folder
from common.cli import UserError
from final_project.muse2bach import split_table
from final_project.muse2bach.benchmark_file import PARTS, read_benchmark
from final_project.muse2bach.chorale import SILENT, Chorale
from final_project.muse2bach.chorale_match import held, likeness, semitones_between, steps
from final_project.muse2bach.corpus_score import read_score
from final_project.muse2bach.split_table import HEADER, Entry, equal_frames, match, read_table

BENCHMARK = Path(__file__).resolve().parents[4] / "shared/data/jsb/Jsb16thSeparated.json.gz"
NO_BENCHMARK = "shared/data/jsb is not beside this checkout"


def made_up(seed: int, *, chords: int = 30) -> Chorale:
    """Chords of a quarter each."""
    pitches = np.random.default_rng(seed).integers([66, 60, 52, 40], [78, 66, 60, 52], (chords, 4))
    return Chorale(f"chorale-{seed}", pitches.repeat(4, axis=0))


def test_notes_are_held_through_rests():
    voices = np.array([[SILENT, 60], [70, 60], [SILENT, SILENT], [72, SILENT]])
    assert held(voices).tolist() == [[SILENT, 60], [70, 60], [70, 60], [72, 60]]


def test_steps_by_hand():
    voices = np.array([[72, 67, 64, 48]] * 3 + [[72, 67, 65, 53]] + [[74, 67, 65, 50]] * 2)
    assert steps(voices) == {
        (0, -5, -8, -24, 0, -5, -7, -19): 72,
        (0, -5, -7, -19, 2, -5, -7, -22): 72,
    }


def test_likeness_is_blind_to_keys_and_repeats_and_falls_with_each_difference():
    chorale = made_up(0)
    higher = chorale.transposed(3)
    repeated = np.concatenate([chorale.voices, chorale.voices])
    changed = chorale.voices.copy()
    changed[40:44, 1] += 1
    found = likeness([steps(chorale.voices)], [steps(v) for v in (higher.voices, repeated, changed)])[0]
    assert found[0] == 1.0 and found[1] == 29 / 30 and found[2] == 27 / 31
    assert likeness([steps(chorale.voices)], [steps(made_up(1).voices)]).item() == 0.0
    assert semitones_between(steps(chorale.voices), steps(higher.voices)) == 3
    assert semitones_between(steps(chorale.voices), steps(made_up(1).voices)) == 0
    assert likeness([steps(chorale.voices[:1])], [steps(chorale.voices)]).item() == 0.0  # has no step


def test_pairs_are_one_to_one():
    corpus = [made_up(seed) for seed in (5, 3, 3, 4)]  # a copy
    benchmark = [made_up(4).transposed(-2), made_up(3), made_up(9)]
    pairs = match(benchmark, corpus)
    assert [(row, semitones) for row, _, _, semitones in pairs] == [(0, -2), (1, 0)]
    assert pairs[0][1] == 3 and pairs[1][1] in (1, 2) and pairs[0][2] == pairs[1][2] == 1.0


def test_equal_frames_leaves_rests_and_the_end_out():
    voices = made_up(0).voices
    rest = voices.copy()
    rest[4:8] = SILENT
    assert equal_frames(np.concatenate([held(rest), voices[-1:]]), rest) == 1.0
    changed = voices.copy()
    changed[:6, 0] += 1
    assert equal_frames(voices, changed) == 1 - 6 / voices.size


# The table


def test_the_table_has_each_chorale_once():
    entries = read_table()
    assert Counter(entry.part for entry in entries) == {"train": 223, "valid": 74, "test": 77}
    assert len({entry.name for entry in entries}) == len(entries)
    assert len({(entry.part, entry.place) for entry in entries}) == len(entries)
    assert entries == sorted(entries, key=lambda entry: (PARTS.index(entry.part), entry.place))
    assert min(entry.likeness for entry in entries) > split_table.SAME_CHORALE
    assert all((corpus_folder() / "bach" / f"{entry.name}.mxl").is_file() for entry in entries)


def test_a_line_is_read_as_it_was_written(tmp_path):
    entry = Entry("bwv1.6", "test", 7, 0.5, -2, True)
    (tmp_path / "table.tsv").write_text(f"{HEADER}\n{entry}\n")
    assert read_table(tmp_path / "table.tsv") == [entry]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the first line is not"),
        (f"{HEADER}\nbwv1.6\ttest\t7", "line 2 is no entry"),
        (f"{HEADER}\nbwv1.6\ttests\t7\t.5\t0\t0", "line 2 is no entry"),
        (f"{HEADER}\nbwv1.6\ttest\tx\t.5\t0\t0", "line 2 is no entry"),
        (f"{HEADER}\nbwv1.6\ttest\t7\t.5\t0\tyes", "line 2 is no entry"),
    ],
)
def test_a_broken_table(tmp_path, text, reason):
    (tmp_path / "table.tsv").write_text(text)
    with pytest.raises(UserError, match=reason):
        read_table(tmp_path / "table.tsv")


@pytest.mark.skipif(not BENCHMARK.is_file(), reason=NO_BENCHMARK)
@pytest.mark.parametrize("place", [0, 300, -1])
def test_entries_name_the_benchmarks_chorale(place):
    entry = read_table()[place]
    benchmark = read_benchmark(BENCHMARK)[entry.part][entry.place]
    chorale = read_score(corpus_folder() / "bach" / f"{entry.name}.mxl", repeats=entry.repeats)
    found = likeness([steps(benchmark.voices)], [steps(chorale.voices)]).item()
    assert found > 0.3 and abs(found - entry.likeness) < 0.05


@pytest.mark.skipif(not BENCHMARK.is_file(), reason=NO_BENCHMARK)
def test_the_command_makes_lines_of_the_table(tmp_path, monkeypatch, capsys):
    few = read_table()[::120]
    (tmp_path / "bach").mkdir()
    for entry in few:
        (tmp_path / "bach" / f"{entry.name}.mxl").symlink_to(corpus_folder() / "bach" / f"{entry.name}.mxl")
    monkeypatch.setattr(split_table, "corpus_folder", lambda: tmp_path)
    config = split_table.MakeTable(BENCHMARK.parent, out=tmp_path / "table.tsv", jobs=1)
    assert split_table.main(config) == 0
    assert read_table(tmp_path / "table.tsv") == few
    assert f"{len(few)} chorales" in capsys.readouterr().out
    with pytest.raises(UserError, match="no JSON file of the benchmark"):
        split_table.main(split_table.MakeTable(tmp_path))
