"""The plain GRU: causal, in its order within a frame, and able to learn. test_step_model.py has the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from common.cli import UserError
from final_project.muse2bach.chorale_dataset import ChoraleDataset, CropConfig, collate
from final_project.muse2bach.frame_gru import FrameGru, FrameGruConfig
from final_project.muse2bach.harmonizer import GRU, Harmonizer
from final_project.muse2bach.network_training import gru_loss, gru_metrics
from final_project.muse2bach.task import UNKNOWN


@pytest.fixture(scope="module")
def gru() -> FrameGru:
    torch.manual_seed(0)
    return FrameGru(FrameGruConfig(width=16, embedding=8)).eval()


@pytest.mark.parametrize("voice", range(4))
def test_a_cell_is_told_by_what_stands_before_it(gru, cadences, voice):
    voices = cadences[0].voices.copy()
    voices[9, voice] += 1
    one, other = (
        gru.log_likelihoods([replace(cadences[0], voices=each)])[0] for each in (cadences[0].voices, voices)
    )
    assert np.array_equal(one[:9], other[:9]) and np.array_equal(one[9, :voice], other[9, :voice])
    assert (one[9, voice:] != other[9, voice:]).all() and (one[10] != other[10]).all()


def test_what_is_given_is_kept(gru, cadences):
    given = np.full_like(cadences[0].voices, UNKNOWN)
    given[:, 0] = cadences[0].voices[:, 0]
    (voices,) = Harmonizer(GRU, gru).complete(given)
    assert np.array_equal(voices[:, 0], given[:, 0]) and (voices != UNKNOWN).all()


def test_it_learns_cadences_by_heart(cadences):
    torch.manual_seed(0)
    model = FrameGru(FrameGruConfig(width=32, embedding=16, dropout=0))
    dataset = ChoraleDataset(cadences[:2], CropConfig(crop=32, passes=1, transpose=0))
    batch = collate([dataset[0], dataset[1]])
    assert not batch["mask"][:, 24:].any()  # filled up
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.03)
    before = gru_metrics(model, cadences[:2])["valid_nll"]
    model.train()
    for _ in range(40):
        optimizer.zero_grad()
        loss = gru_loss(model, batch)
        loss.backward()
        optimizer.step()
    after = gru_metrics(model, cadences[:2])
    assert after["valid_nll"] < before / 10
    assert after["score"] == -after["valid_nll"] and loss.item() == pytest.approx(after["valid_nll"], abs=0.1)


@pytest.mark.parametrize(
    ("options", "said"), [({"width": 0}, "--width is 0"), ({"dropout": 1}, "--dropout is 1")]
)
def test_options_that_make_no_network(options, said):
    with pytest.raises(UserError, match=said):
        FrameGruConfig(**options)
