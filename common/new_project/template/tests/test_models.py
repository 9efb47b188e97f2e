"""The network: batched equals single, the same twice, eight examples learned by heart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from common.training import seed_everything
from final_project.project_name.data import KINDS, sound
from final_project.project_name.models import NetworkConfig, SoundNetwork, probabilities


@pytest.fixture
def network():
    seed_everything(0)
    return SoundNetwork(NetworkConfig(width=16)).eval()


@pytest.fixture(scope="module")
def waveforms():
    """Two sounds of each kind, (8, samples)."""
    generator = np.random.default_rng(0)
    return torch.from_numpy(np.stack([sound(kind, generator) for kind in 2 * KINDS]))


def test_a_batch_gives_what_its_sounds_give(network, waveforms):
    together = probabilities(network, waveforms)
    alone = torch.cat([probabilities(network, waveform[None]) for waveform in waveforms])
    assert together.shape == (8, len(KINDS))
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)
    assert torch.equal(together, probabilities(network, waveforms))
    torch.testing.assert_close(together.sum(dim=1), torch.ones(8, dtype=torch.float64))


def test_the_level_does_not_matter(network, waveforms):
    quiet = probabilities(network, 0.1 * waveforms)
    torch.testing.assert_close(quiet, probabilities(network, waveforms), atol=1e-4, rtol=0)


def test_it_can_learn_eight_sounds_by_heart(network, waveforms):
    targets = torch.arange(8) % len(KINDS)
    optimizer = torch.optim.Adam(network.parameters(), lr=0.01)
    network.train()
    for _ in range(60):
        loss = F.cross_entropy(network(waveforms), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert (network.eval()(waveforms).argmax(dim=1) == targets).all()
