"""The benchmark of HW2: its contestants do what they are timed for, and its ratios are those of a turn."""

import importlib.util
import json
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf
import torch
from torch import nn

from benchmarks import separation_peers as peers
from benchmarks.separation_steps import openunmix_loss, ours, training_step
from benchmarks.songs import write_song
from common.cli import UserError
from hw2_source_separation.models import BandSplitConfig, SeparationModel, SeparationModelConfig

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "hw2.py"
RATE = 44_100


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_hw2", SCRIPT)
    module = sys.modules["benchmark_hw2"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["benchmark_hw2"]


@pytest.fixture
def threads():
    """Whatever a turn sets, the next test has what it had."""
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


@pytest.fixture
def song(tmp_path):
    return write_song(tmp_path / "song.wav", seconds=2, seed=0)


def installed_openunmix():
    return pytest.importorskip("openunmix.model", reason="openunmix is only in benchmarks/requirements.txt")


# ---- contestants ----


class FourCopies(nn.Module):
    """Every source is the mixture."""

    sources = ("drums", "bass", "other", "vocals")

    def __init__(self):
        super().__init__()
        self.lengths = []

    def forward(self, mixture):
        self.lengths.append(mixture.shape[-1])
        return mixture[:, None].repeat(1, 4, 1, 1)


@pytest.mark.parametrize("seconds", [0.5, 11.0, 11.05, 21.9, 30.0])
def test_segments_fade_into_each_other_and_cover_the_song_once(seconds):
    network = FourCopies()
    mixture = torch.randn(2, round(seconds * RATE), generator=torch.Generator().manual_seed(0))
    sources = peers.in_segments(network, mixture)
    torch.testing.assert_close(sources, mixture.expand(4, 2, -1), atol=1e-5, rtol=0)
    overlap = round(peers.OVERLAP_SECONDS * RATE)
    assert sum(network.lengths) == mixture.shape[-1] + overlap * (len(network.lengths) - 1)
    assert max(network.lengths) <= 11 * RATE


def test_whole_songs_are_read_and_both_outputs_written(song, tmp_path):
    def quarters(mixture):
        return torch.stack([0.25 * mixture, 0.75 * mixture])

    peers.separate_whole(quarters, song, tmp_path / "out")
    mixture, rate = sf.read(song, dtype="float32")
    for name, share in (("vocals", 0.25), ("accompaniment", 0.75)):
        written, written_rate = sf.read(tmp_path / "out" / f"{name}.wav", dtype="float32")
        assert written_rate == rate == RATE
        np.testing.assert_allclose(written, share * mixture, atol=1e-7)


@pytest.mark.parametrize("name", ["ours", "umx"])
def test_ours_separates_from_file_to_file(name, song, tmp_path):
    peers.CONTESTANTS[name](None)(song, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["accompaniment.wav", "vocals.wav"]
    outputs = sum(sf.read(path)[0] for path in (tmp_path / "out").iterdir())
    np.testing.assert_allclose(outputs, sf.read(song)[0], atol=1e-5)


@pytest.mark.parametrize("iterations", [0, 1])
def test_openunmix_separates_from_file_to_file(iterations, song, tmp_path):
    installed_openunmix()
    peers.openunmix(iterations=iterations)(song, tmp_path / "out")
    estimates = [sf.read(tmp_path / "out" / f"{name}.wav")[0] for name in ("vocals", "accompaniment")]
    assert all(each.shape == (2 * RATE, 2) and np.isfinite(each).all() for each in estimates)
    assert np.abs(estimates[0]).max() > 0.01


def test_without_openunmix_one_line_says_what_to_do(benchmark, monkeypatch):
    monkeypatch.setitem(sys.modules, "openunmix", None)
    monkeypatch.setitem(sys.modules, "openunmix.model", None)
    with pytest.raises(UserError, match="^openunmix cannot be imported .*; pip install -r [^\n]*$"):
        benchmark.BenchmarkConfig()
    benchmark.BenchmarkConfig(peers=("umx", "hdemucs"))


# ---- training ----


def changed_by_a_step(network, loss):
    before = {name: weight.clone() for name, weight in network.named_parameters()}
    sources = 0.1 * torch.randn(2, 2, 2, 20_000, generator=torch.Generator().manual_seed(0))
    training_step(network, loss, {"sources": sources})()
    return {name for name, weight in network.named_parameters() if not torch.equal(before[name], weight)}


def test_a_training_step_changes_all_weights_of_ours():
    config = SeparationModelConfig(network=BandSplitConfig(bands=6, width=8, blocks=1))
    model, loss = ours(SeparationModel(config))
    assert changed_by_a_step(model, loss) == {name for name, _ in model.named_parameters()}


def test_a_training_step_changes_all_weights_of_openunmix():
    installed_openunmix()
    network = peers.openunmix_network()
    assert changed_by_a_step(network, openunmix_loss()) == {name for name, _ in network.named_parameters()}


# ---- turns and tables ----


def test_a_process_of_its_own_tells_time_and_memory_and_its_death_is_told(benchmark, song, monkeypatch):
    with benchmark.own_process() as process:
        turn = benchmark.result_of(process, "ours", None, song, 1)
        assert 0 < turn["cpu"] < 60 and turn["wall"] > 0
        assert 50 < turn["start_mb"] < turn["peak_mb"] < 2000
        monkeypatch.setattr(benchmark, "take_turn", signal.raise_signal)
        with pytest.raises(UserError, match="the process was ended"):
            benchmark.result_of(process, signal.SIGKILL)
    assert [path.name for path in song.parent.iterdir()] == ["song.wav"]


def turn(cpu, wall, peak_mb):
    return {"cpu": cpu, "wall": wall, "start_mb": 500.0, "peak_mb": peak_mb}


def test_ratios_are_those_of_the_same_turn(benchmark, capsys):
    ours, theirs = (1.0, 2.0, 4.0), (4.0, 4.0, 4.0)  # ratios 4, 2, 1
    benchmark.print_song(
        {"ours": [turn(cpu, 0.5, 600) for cpu in ours], "umx": [turn(cpu, 5, 700 + cpu) for cpu in theirs]},
        seconds=10,
        threads=2,
    )
    title, _, own, peer = capsys.readouterr().out.splitlines()[1:]
    assert title == "10 s, 2 threads, 3 turns"
    assert " ".join(own.split()) == "ours 0.2000 1.00 1.00 - 1.00 20.0 600 MB 500 MB"
    assert " ".join(peer.split()) == "our umx 0.4000 2.00 1.50 - 3.00 2.0 704 MB 500 MB"


@pytest.mark.parametrize("everybody", [False, True])
def test_only_the_shortest_song_is_for_those_who_take_long(benchmark, monkeypatch, everybody):
    seen = []

    def measure(names, config, *, seconds, threads, repeats):
        seen.append((seconds, threads, "hdemucs" in names))
        return {name: [turn(1, 1, 600)] * repeats for name in names}

    monkeypatch.setattr(benchmark, "measure", measure)
    config = benchmark.BenchmarkConfig(
        seconds=(20, 10), threads=(1, 2), peers=("umx", "hdemucs"), all=everybody
    )
    rows = benchmark.measure_songs(config)
    assert seen == [(20, 1, everybody), (20, 2, everybody), (10, 1, True), (10, 2, True)]
    assert [len(row["turns"]["ours"]) for row in rows] == [config.repeats] * 4


def test_the_whole_in_small(benchmark, tmp_path, capsys, monkeypatch, threads):
    monkeypatch.setattr(benchmark, "own_process", partial(ThreadPoolExecutor, 1))  # quicker to start
    monkeypatch.setattr(benchmark, "WARM_UP_SECONDS", 1.0)
    config = benchmark.BenchmarkConfig(
        seconds=(2,),
        threads=(threads,),
        repeats=2,
        steps=1,
        ours_minutes=0.1,
        peers=("umx",),
        batch_size=1,
        chunk_seconds=1,
        out=tmp_path / "results.json",
    )
    benchmark.main(config)
    results = json.loads((tmp_path / "results.json").read_text())
    [row] = results["inference"]
    assert {name: len(turns) for name, turns in row["turns"].items()} == {"ours": 2, "umx": 2}
    assert results["long"]["seconds"] == 6 and len(results["long"]["turns"]["ours"]) == 1
    steps = results["training_step_seconds"][str(threads)]
    assert {name: len(seconds) for name, seconds in steps.items()} == {"ours": 1, "umx": 1}
    text = capsys.readouterr().out
    assert all(word in text for word in ("CPU-s per s", "our umx", "6 s,", "steps/s"))
