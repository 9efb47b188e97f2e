"""The benchmark of the beautifier: its contestants correct, and a long file is what it says."""

import json
from pathlib import Path

import numpy as np
import soundfile as sf

from benchmarks import beautify as benchmark


def test_everybody_corrects(tmp_path, capsys):
    out = tmp_path / "out.json"
    benchmark.main(benchmark.BenchmarkConfig(notes=4, repeats=1, minutes=(), out=out))
    found = json.loads(out.read_text())
    cents = found["cents"]
    assert cents["untouched"] > 15 and all(
        cents[name] < 0.6 * cents["untouched"] for name in found["seconds"]
    )
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5 and lines[3].split()[:3] == ["librosa", lines[3].split()[1], "1.00"]


def test_a_long_take_has_its_length(tmp_path):
    path = benchmark.write_long_take(tmp_path / "long.wav", 20.5, seed=0)
    assert sf.info(path).duration == 20.5


def test_rows_by_hand(capsys):
    benchmark.print_speed(
        {
            "take_seconds": 10.0,
            "seconds": {"ours": [2.0, 4.0], "librosa": [8.0, 8.0]},
            "cents": {"untouched": 30.0, "ours": 2.0, "librosa": 5.0},
        }
    )
    assert capsys.readouterr().out.splitlines()[2].split() == [
        "ours",
        "3.33",
        "3.00",
        "2.50",
        "-",
        "3.50",
        "2.0",
    ]


def test_memory_of_a_short_file(tmp_path):
    path = benchmark.write_long_take(tmp_path / "short.wav", 3.0, seed=0)
    assert 0 <= benchmark.probe(path, tmp_path / "out") < 1000
    assert np.isfinite(sf.read(tmp_path / "out" / Path(path).name)[0]).all()
