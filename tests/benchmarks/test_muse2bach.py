"""The benchmark of muse2bach: its contestants do the same work, and its figures are written down."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from final_project.muse2bach.harmonizer import Harmonizer
from final_project.muse2bach.network import ChoraleNetwork, NetworkConfig
from final_project.muse2bach.step_model import Context
from final_project.muse2bach.task import UNKNOWN

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "muse2bach.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_muse2bach", SCRIPT)
    module = sys.modules["benchmark_muse2bach"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["benchmark_muse2bach"]


@pytest.fixture(scope="module")
def harmonizer():
    """A network so small that it takes no time."""
    torch.manual_seed(0)
    config = NetworkConfig(trunk=8, outlook=4, head=8)
    return Harmonizer("network", ChoraleNetwork(config).eval())


def test_the_plain_loop_writes_what_ours_writes(benchmark, harmonizer):
    task = benchmark.soprano_task(1)
    options = {"position": task.position, "fermata": task.fermata, "key": task.key}
    (ours,) = harmonizer.complete(task.given, **options, seed=3, avoid_parallels=False, spacing=False)
    context = Context(task.position, task.fermata, task.key)
    (plain,) = benchmark.plain(harmonizer.model, task.given, context, takes=1, seed=3)
    assert np.array_equal(ours, plain) and not (plain == UNKNOWN).any()
    assert np.array_equal(plain[:, 0], task.given[:, 0])


def test_how_long_the_melody_sounds(benchmark):
    task = benchmark.soprano_task(2)
    assert len(task) == 32
    # six quarters and, under a fermata, two that last 1.6 times as long, at 80 a minute
    assert benchmark.sounding(task) == pytest.approx((6 + 2 * 1.6) * 60 / 80)


def test_the_command_writes_what_it_measured(benchmark, harmonizer, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(benchmark, "our_model", lambda run: harmonizer)
    out = tmp_path / "speed.json"
    benchmark.main(benchmark.BenchmarkConfig(takes=(1, 2), bars=1, threads=(1,), repeats=1, out=out))
    results = json.loads(out.read_text())["results"]
    assert [row["takes"] for row in results] == [1, 2]
    assert set(results[0]["seconds"]) == {"plain", "ours", "with rules", "ranked"}
    assert "times the plain one's speed" in capsys.readouterr().out
