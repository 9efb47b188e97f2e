"""The benchmark of HW3: its contestants do the same work, and its figures are written down."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest
import torch

from hw3_melody_generation.generation import generate
from hw3_melody_generation.sampling import Sampling

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "hw3.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_hw3", SCRIPT)
    module = sys.modules["benchmark_hw3"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["benchmark_hw3"]


@pytest.fixture(scope="module")
def ours(benchmark):
    torch.manual_seed(0)
    return benchmark.our_model(None).eval()


def test_without_the_cache_the_same_notes_are_made(benchmark, ours):
    batch = benchmark.random_batch(3, 12)
    made = generate(ours, batch, sampling=Sampling(), generator=torch.Generator().manual_seed(1))
    again = benchmark.without_cache(ours, batch, torch.Generator().manual_seed(1))
    assert torch.equal(made, again)


def test_the_plain_transformer_tells_from_the_notes_before(benchmark, ours):
    sizes = (128, len(benchmark.DURATIONS), len(benchmark.RESTS))
    plain = benchmark.PlainTransformer(ours.config, num_syllables=benchmark.NUM_SYLLABLES, sizes=sizes).eval()
    batch = benchmark.random_batch(2, 9)
    changed = batch | {"notes": batch["notes"].clone()}
    changed["notes"][:, 5] = 0
    before, after = plain(batch), plain(changed)
    assert torch.allclose(before[:, :5], after[:, :5], atol=1e-6)
    assert (before[:, 6:] != after[:, 6:]).any()
    notes = plain.generate(batch, torch.Generator().manual_seed(0))
    assert notes.shape == (2, 9, 3)
    assert (notes < torch.tensor(sizes)).all()
    inner = (
        sum(w.numel() for w in part.parameters()) for part in (plain.transformer, ours.decoder, ours.encoder)
    )
    theirs, decoder, encoder = inner
    assert theirs == pytest.approx(decoder + encoder, rel=0.01)  # layers of equal size


def test_the_command_writes_what_it_measured(benchmark, tmp_path, capsys):
    out = tmp_path / "speed.json"
    small = {"windows": 2, "syllables": (3,), "threads": (1,), "repeats": 1, "steps": 1}
    benchmark.main(benchmark.BenchmarkConfig(**small, out=out))
    results = json.loads(out.read_text())["results"]
    assert [row["title"] for row in results] == ["generating 2 x 3", "training 64 x 20"]
    assert set(results[0]["seconds"]) == {"ours", "no cache", "plain"}
    assert "times the plain one's speed" in capsys.readouterr().out
