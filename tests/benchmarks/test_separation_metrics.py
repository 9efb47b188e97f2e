"""The benchmark of SDR: its contestants agree, and it says in one line what is missing."""

import json
import sys

import numpy as np
import pytest

from benchmarks import separation_metrics as benchmark
from common.cli import UserError


@pytest.mark.parametrize("name", ["ours", "ours_song", "ours_bss"])
def test_a_contestant_tells_its_time_memory_and_scores(name, capsys):
    benchmark.main(benchmark.BenchmarkConfig(seconds=3, only=name))
    found = json.loads(capsys.readouterr().out)
    assert found["seconds"] > 0 and found["megabytes"] > 10
    sdr = np.array(found["scores"]["sdr"])
    assert sdr.shape == (2, 3) and np.isnan(sdr[:, 0]).all()  # the silent second
    np.testing.assert_allclose(sdr[:, 1:], -20 * np.log10(0.3), atol=0.1)
    assert list(found["scores"]) == list(benchmark.RATIOS[: 4 if name == "ours_bss" else 1])


def test_differences_by_hand():
    expected = {"sdr": [[1.0, None]], "sir": [[2.0, None]]}
    assert benchmark.largest_difference({"sdr": [[1.5, None]]}, expected) == 0.5
    assert benchmark.largest_difference({"sdr": [[1.5, 0.0]]}, expected) == np.inf


def test_rows_by_hand(capsys):
    turns = [
        {
            "ours": {"seconds": 0.5, "megabytes": 10, "scores": {"sdr": [[1.0]]}},
            "museval": {"seconds": seconds, "megabytes": 99, "scores": {"sdr": [[1.0]]}},
        }
        for seconds in (10.0, 20.0)
    ]
    benchmark.print_row("ours", "ours, SDR", turns)
    assert capsys.readouterr().out.split()[2:] == ["0.50", "30.0", "20.0", "-", "40.0", "10", "MB", "0.0e+00"]


def test_without_museval_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "museval", None)
    with pytest.raises(UserError, match=r"pip install -r benchmarks/requirements.txt"):
        benchmark.main(benchmark.BenchmarkConfig(seconds=1))
    with pytest.raises(UserError, match="no such contestant"):
        benchmark.main(benchmark.BenchmarkConfig(seconds=1, only="theirs"))
