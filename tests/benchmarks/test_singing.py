"""The benchmark of singing: all contestants sing the same, and its figures are written down."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "singing.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_singing", SCRIPT)
    module = sys.modules["benchmark_singing"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["benchmark_singing"]


def test_verses_follow_one_another_in_tempo(benchmark):
    song = benchmark.melody(2)
    assert song.end == pytest.approx(2 * 32 * 60 / benchmark.TEMPO)
    assert len(song.notes) == 56 and len(set(song.melody.lines)) == 4
    assert song.lyrics.splitlines()[1] == "Up above the world so high, like a diamond in the sky."
    parts = benchmark.in_parallel(song).parts
    assert [part.pitches[0] for part in parts] == [67, 60, 55, 43]
    assert all(36 <= pitch <= 96 for part in parts for pitch in part.pitches)


def test_the_command_writes_what_it_measured(benchmark, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(benchmark, "VERSE", ("Star ah", "ah oh"))
    monkeypatch.setattr(benchmark, "PITCHES", (67, 69))
    monkeypatch.setattr(benchmark, "QUARTERS", (1, 1))
    monkeypatch.setattr(benchmark, "TEMPO", 360)
    benchmark.main(benchmark.BenchmarkConfig(verses=1, choir=2, repeats=1, out=tmp_path / "speed.json"))
    results = json.loads((tmp_path / "speed.json").read_text())
    assert list(results["seconds"])[:2] == ["one voice", "choir of 2"] and len(results["seconds"]) == 4
    assert all(len(times) == 1 and times[0] > 0 for times in results["seconds"].values())
    assert "four parts, 2 voices each          8" in capsys.readouterr().out
