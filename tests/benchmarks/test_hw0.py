"""The benchmark of HW0: the training that is limited in time."""

import importlib.util
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).resolve().parents[2] / "benchmarks" / "hw0.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("benchmark_hw0", SCRIPT)
    module = sys.modules["benchmark_hw0"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    yield module
    del sys.modules["benchmark_hw0"]


class FakeTrainer:
    """Steps and validations that take time on a clock of their own."""

    def __init__(self, step_seconds):
        self.now, self.step_seconds, self.progress = 0.0, step_seconds, []

    def step(self, progress):
        self.now += self.step_seconds
        self.progress.append(progress)

    def accuracy(self, valid):
        self.now += 1000.0
        return len(self.progress) / 100


@pytest.mark.parametrize(
    ("step_seconds", "steps"), [(0.5, [5, 10, 15, 20]), (1.5, [2, 4, 5, 7]), (30, [1] * 4)]
)
def test_training_ends_with_its_time_and_validation_is_not_counted(benchmark, step_seconds, steps):
    trainer = FakeTrainer(step_seconds)
    rows = benchmark.train_for(trainer, None, 10.0, clock=lambda: trainer.now)
    progress = trainer.progress
    assert [row["steps"] for row in rows] == steps
    assert [row["seconds"] for row in rows] == [count * step_seconds for count in steps]
    assert [row["top1"] for row in rows] == [count / 100 for count in steps]
    assert progress == [count * step_seconds / 10.0 for count in range(steps[-1])]


def test_waveforms_survive_in_memory_and_batches_pass_over_all_notes(benchmark):
    notes = benchmark.Notes(torch.arange(10, dtype=torch.int16)[:, None] * 1000, torch.arange(10))
    batches = notes.shuffled(4, seed=1)
    epochs = [torch.cat([next(batches)["target"] for _ in range(2)]).tolist() for _ in range(20)]
    assert all(len(set(epoch)) == 8 for epoch in epochs)  # the rest of 2 is left out, another each time
    assert set().union(*epochs) == set(range(10))
    torch.testing.assert_close(
        notes.batch(torch.tensor([3, 4]))["waveform"], torch.tensor([[3000.0], [4000.0]]) / 32768
    )
