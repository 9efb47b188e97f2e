"""The benchmark of HW1: its steps and its files."""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch

ROOT = Path(__file__).resolve().parents[2]
SCRIPT, TINY = ROOT / "benchmarks" / "hw1.py", ROOT / "tests" / "hw1" / "tiny_slakh.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_hw1", SCRIPT)
    module = sys.modules["benchmark_hw1"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["benchmark_hw1"]


@pytest.fixture
def tiny_slakh(tmp_path):
    spec = importlib.util.spec_from_file_location("tiny_slakh_of_hw1", TINY)
    maker = sys.modules["tiny_slakh_of_hw1"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(maker)
    yield maker.make_tiny_slakh(tmp_path / "slakh")
    del sys.modules["tiny_slakh_of_hw1"]


def test_a_training_step_learns_and_an_inference_step_does_not(benchmark):
    clips = benchmark.Clips.draw(2, seed=0)
    peer = benchmark.networks(benchmark.BenchmarkConfig(peer_channels=(4,) * 7))["peer"]
    before = {name: tensor.clone() for name, tensor in peer.state_dict().items()}

    def changed() -> bool:
        return any(not torch.equal(before[name], tensor) for name, tensor in peer.state_dict().items())

    benchmark.inference_step(peer, clips)()
    assert not changed()
    benchmark.training_step(peer, clips)()
    assert changed()


@pytest.mark.parametrize("seconds", [4.0, 10.0, 23.5])
def test_songs_have_their_length_and_repeat(benchmark, tmp_path, seconds):
    song, rate = sf.read(benchmark.write_song(tmp_path / "song.flac", seconds=seconds, seed=0))
    assert song.shape == (round(seconds * rate), 2) and rate == 44_100
    assert 0.1 < np.abs(song).max() < 1
    np.testing.assert_array_equal(
        song[10 * rate :][: 5 * rate], song[: 5 * rate][: max(0, len(song) - 10 * rate)]
    )


def test_the_whole_in_small(benchmark, tiny_slakh, tmp_path, capsys):
    benchmark.main(
        benchmark.BenchmarkConfig(
            batch_size=2,
            repeats=1,
            minutes=(0.2,),
            threads=torch.get_num_threads(),
            peer_channels=(2,) * 7,
            data=tiny_slakh,
            out=tmp_path / "results.json",
        )
    )
    results = json.loads((tmp_path / "results.json").read_text())
    [row] = results["files"]
    assert row["minutes"] == 0.2 and 0 < row["start_mb"] <= row["peak_mb"] and row["seconds"] > 0
    assert (
        len(results["training_step_seconds"]["ours"]) == len(results["inference_step_seconds"]["peer"]) == 1
    )
    assert len(results["remixing_step_seconds"]["ours"]) == 1
    text = capsys.readouterr().out
    assert all(word in text for word in ("training", "inference", "remixing", "ours", "peer", "0.2 minutes"))
