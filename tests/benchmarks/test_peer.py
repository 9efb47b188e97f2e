"""The peer of the benchmarks, and the clock."""

import pytest
import torch

from benchmarks.peer import ShortChunkCNN, print_speed, take_turns


@pytest.mark.parametrize("samples", [120_000, 64_000, 2_000])
def test_seven_poolings_leave_something_of_long_clips_and_of_short_ones(samples):
    peer = ShortChunkCNN((4,) * 7, classes=9, sample_rate=24_000).eval()
    waveform = torch.randn(3, samples, generator=torch.Generator().manual_seed(0))
    logits = peer(waveform)
    assert logits.shape == (3, 9)
    assert torch.isfinite(logits).all()
    torch.testing.assert_close(peer(waveform[1:2]), logits[1:2])  # no item sees another


@pytest.mark.parametrize("classes", [9, 11])
def test_usual_size_of_the_peer(classes):
    peer = ShortChunkCNN((128,) * 7, classes=classes, sample_rate=16_000)
    kernels = 9 * 128 + 6 * 9 * 128 * 128
    norms_and_biases = 2 + 7 * 3 * 128
    head = 128 * 128 + 3 * 128 + 128 * classes + classes
    assert sum(weight.numel() for weight in peer.parameters()) == kernels + norms_and_biases + head


def test_turns_alternate_and_the_first_is_not_counted():
    order = []
    steps = {"ours": lambda: order.append("ours"), "peer": lambda: order.append("peer")}
    times = take_turns(steps, repeats=3)
    assert order == ["ours", "peer"] * 4
    assert {name: len(seconds) for name, seconds in times.items()} == {"ours": 3, "peer": 3}


def test_speeds_by_hand(capsys):
    print_speed("training", {"ours": [0.5, 1.0, 2.0], "peer": [2.0, 2.0, 2.0]}, 32)
    header, ours, peer = capsys.readouterr().out.splitlines()[1:]
    assert header.split()[0] == "training"
    assert ours.split() == ["ours", "32.0", "2.00", "1.50", "-", "3.00"]
    assert peer.split() == ["peer", "16.0", "1.00", "1.00", "-", "1.00"]
