"""The benchmark of guitar_effect_removal: its contestants do the same, its ratios are those of a turn."""

from __future__ import annotations

import importlib.util
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch

from final_project.guitar_effect_removal.remover import RemoverConfig, SpectralRemover
from hw2_source_separation.bandsplit import BandSplitConfig

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "guitar_effects.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_guitar_effects", SCRIPT)
    module = sys.modules["benchmark_guitar_effects"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["benchmark_guitar_effects"]


@pytest.fixture
def thin(benchmark, monkeypatch):
    """A remover so thin that it takes no time, in the place of ours."""
    torch.manual_seed(0)
    network = BandSplitConfig(hop_length=512, bands=8, width=8, blocks=1, mask="gain")
    remover = SpectralRemover(RemoverConfig(network=network)).eval()
    for *_, last in remover.network.masks.layers:
        torch.nn.init.normal_(last.bias, std=0.5)  # or nothing would be changed
    monkeypatch.setattr(benchmark, "our_remover", lambda model: remover)
    benchmark.prepared.cache_clear()
    yield remover
    benchmark.prepared.cache_clear()


def test_ours_and_the_whole_write_the_same(benchmark, thin, tmp_path):
    recording = benchmark.write_noise(tmp_path / "noise.wav", seconds=12)
    for name in ("ours", "whole"):
        (tmp_path / name).mkdir()
        benchmark.CONTESTANTS[name](None)(recording, tmp_path / name)
    wet, first, second = (
        sf.read(tmp_path / name)[0] for name in ("noise.wav", "ours/dry.wav", "whole/dry.wav")
    )
    np.testing.assert_allclose(first, second, atol=1e-3)
    assert len(first) == 12 * 44_100 and np.abs(first - wet).max() > 0.05


def test_ratios_are_those_of_the_same_turn(benchmark, capsys):
    def turn(cpu, peak_mb):
        return {"cpu": cpu, "wall": 2 * cpu, "start_mb": 300.0, "peak_mb": peak_mb}

    turns = {
        "ours": [turn(cpu, 400 + cpu) for cpu in (1.0, 2.0, 4.0)],
        "umx": [turn(4.0, 700)] * 3,  # ratios 4, 2, 1
    }
    benchmark.show(turns, benchmark.BenchmarkConfig(), minutes=1)
    *_, own, peer = capsys.readouterr().out.splitlines()
    assert " ".join(own.split()) == "ours 0.0333 1.00 1.00 - 1.00 15.0 404 300"
    assert " ".join(peer.split()) == "umx 0.0667 2.00 1.50 - 3.00 7.5 700 300"


def test_the_whole_in_small(benchmark, thin, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(benchmark, "own_process", partial(ThreadPoolExecutor, 1))  # quicker to start
    monkeypatch.setattr(benchmark, "WARM_UP_SECONDS", 0.5)
    out = tmp_path / "speed.json"
    threads = torch.get_num_threads()
    config = benchmark.BenchmarkConfig(
        minutes=(0.02, 0.03), peers=("whole",), threads=threads, repeats=2, out=out
    )
    benchmark.main(config)
    short, long = json.loads(out.read_text())["results"]
    assert {name: len(turns) for name, turns in short["turns"].items()} == {"ours": 2, "whole": 2}
    assert set(long["turns"]) == {"ours"}  # the whole of it only where it is short
    assert 0 < short["turns"]["ours"][0]["cpu"] < 60
    assert "CPU-s per s" in capsys.readouterr().out
