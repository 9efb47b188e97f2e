"""The network: causal, one likelihood in two ways, the same alone and among others, and able to learn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from common.cli import UserError
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.chorale_dataset import ChoraleDataset, CropConfig, collate, encode, transposed
from final_project.muse2bach.frame_batch import frames_until, moves_ahead
from final_project.muse2bach.network import ChoraleNetwork, NetworkConfig, whole
from final_project.muse2bach.network_training import Objective, nats_per_token
from final_project.muse2bach.past import WIDEST
from final_project.muse2bach.predictions import stepwise
from final_project.muse2bach.step_model import Context
from final_project.muse2bach.task import UNKNOWN
from final_project.muse2bach.tokens import UNKNOWN_TOKEN, to_tokens

FRAMES = 23  # no multiple of the stride


def chorale(seed: int = 0, frames: int = FRAMES) -> Chorale:
    """Voices that move at random every other frame, now and then to silence; everything else is told."""
    generator = np.random.default_rng(seed)
    voices = np.array([70, 64, 58, 50]) + generator.integers(-3, 4, (frames, 4)).cumsum(axis=0) % 7
    voices[generator.random((frames, 4)) < 0.1] = -1
    voices = np.repeat(voices, 2, axis=0)[:frames]
    fermata = np.arange(frames) % 9 == 8
    position = (np.arange(frames) + 12) % 16
    return Chorale(f"random {seed}", voices, position=position, fermata=fermata, key=(7, "minor"))


@pytest.fixture(scope="module")
def network() -> ChoraleNetwork:
    torch.manual_seed(0)
    return ChoraleNetwork(NetworkConfig(trunk=24, outlook=16, head=24)).eval()


def test_nothing_is_known_of_what_is_to_come(network):
    piece = chorale()
    known = network.log_likelihoods([piece])[0]
    other = piece.voices.copy()
    other[11:] = chorale(1).voices[11:]
    changed = network.log_likelihoods([replace(piece, voices=other)])[0]
    assert np.array_equal(known[:11], changed[:11])
    assert not np.allclose(known[12:], changed[12:])


def test_within_a_frame_voices_are_told_in_order(network):
    piece = chorale()
    known = network.log_likelihoods([piece])[0]
    for place, voice in enumerate(network.order()):
        other = piece.voices.copy()
        other[6, voice] = other[6, voice] % 12 + 55
        changed = network.log_likelihoods([replace(piece, voices=other)])[0][6] != known[6]
        assert not changed[list(network.order()[:place])].any()
        assert changed[list(network.order()[place:])].all()


@pytest.mark.parametrize("given", [(), (0,), (1, 3), (0, 1, 2)])
def test_step_by_step_is_the_whole(network, given):
    piece = chorale()
    whole = network.log_likelihoods([piece], given)[0]
    shown = np.full((2, FRAMES, 4), UNKNOWN, dtype=np.int16)
    shown[..., given] = piece.voices[:, given]
    state, single = network.start(shown, Context.of(piece)), np.zeros_like(whole)
    for frame in range(FRAMES):
        known = shown[:, frame].copy()
        for voice in network.order(given):
            log_p = network.log_probs(state, known, voice)
            assert torch.allclose(log_p.exp().sum(dim=-1), torch.ones(2), atol=1e-5)
            single[frame, voice] = log_p[0, to_tokens(piece.voices[frame, voice])]
            known[:, voice] = piece.voices[frame, voice]
        state = network.advance(state, known)
        if frame == 9:
            state = network.select(state, np.array([1, 0]))
    assert np.allclose(single, whole, atol=1e-5)
    assert (whole[:, list(given)] == 0).all()


def test_a_state_is_never_changed_in_place(network):
    piece, nothing = chorale(), np.full((1, FRAMES, 4), UNKNOWN, dtype=np.int16)
    state = network.start(nothing, Context())
    before = network.log_probs(state, nothing[:, 0], 0)
    network.advance(network.advance(state, piece.voices[:1]), piece.voices[1:2])
    assert torch.equal(before, network.log_probs(state, nothing[:, 0], 0))


def test_what_is_given_later_is_seen(network):
    piece = chorale()
    other = piece.voices.copy()
    other[18:, 0] = 60
    one, two = (
        network.log_likelihoods([replace(piece, voices=each)], given=(0,))[0]
        for each in (piece.voices, other)
    )
    assert not np.allclose(one[:18], two[:18])


def test_moves_ahead_are_those_of_the_given_voice():
    given = np.full((8, 4), UNKNOWN_TOKEN)
    given[:6, 0] = [10, 10, 10, 12, 12, 9]
    step, wait = moves_ahead(given)[:, 0].T
    assert (step - 1 - WIDEST).tolist()[:5] == [2, 2, 2, -3, -3]
    assert wait.tolist() == [3, 2, 1, 2, 1, 0, 0, 0]  # one more than the frames it holds; 0: not given
    assert (moves_ahead(given)[:, 1:] == 0).all()


def test_frames_until_a_fermata():
    assert frames_until(np.array([0, 0, 1, 1, 0], dtype=bool)).tolist() == [2, 1, 0, 0, 5]


def test_a_transposed_item_is_an_item_of_the_transposed_chorale():
    piece = chorale()
    moved, expected = transposed(encode([piece])[0].arrays, 3), encode([piece.transposed(3)])[0].arrays
    for name, values in expected.items():
        assert np.allclose(moved[name], values, atol=1e-6), name


def test_items_are_filled_up_and_drawn_alike():
    dataset = ChoraleDataset([chorale(), chorale(1, frames=90)], CropConfig(crop=32, passes=1))
    assert len(dataset) == 4
    first, again = (dataset.draw(0, np.random.default_rng(5)) for _ in range(2))
    assert all(np.array_equal(first[name], again[name]) for name in first)
    assert first["mask"].sum() == FRAMES
    assert first["tokens"].shape == (32, 4)


def test_padding_does_not_count():
    torch.manual_seed(1)
    model = ChoraleNetwork(NetworkConfig(trunk=8, outlook=8, head=8, dropout=0, field_dropout=0))
    batch = collate([ChoraleDataset([chorale()], CropConfig(crop=32))[0]])
    other = {name: values.clone() for name, values in batch.items()}
    other["tokens"][:, FRAMES:] = 3
    losses = []
    for each in (batch, other):
        torch.manual_seed(2)
        losses.append(Objective(given_share=0)(model, each).item())
    assert losses[0] == losses[1]


def test_it_learns_two_chorales_by_heart():
    torch.manual_seed(0)
    pieces = [chorale(seed, frames=32) for seed in (0, 1)]
    model = ChoraleNetwork(NetworkConfig(trunk=32, outlook=16, head=32, dropout=0, field_dropout=0))
    dataset = ChoraleDataset(pieces, CropConfig(crop=32, passes=1, transpose=0, forget=0))
    batch, objective = collate([dataset[0], dataset[1]]), Objective(given_share=1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.03)
    wholes = [whole(piece) for piece in pieces]
    before = nats_per_token(model, wholes)
    model.train()
    for _ in range(25):
        optimizer.zero_grad()
        objective(model, batch).backward()
        optimizer.step()
    assert nats_per_token(model, wholes) < before / 10


@pytest.mark.parametrize(
    ("options", "said"), [({"head": 0}, "--head is 0"), ({"dropout": 1.0}, "--dropout is 1.0")]
)
def test_options_that_make_no_network(options, said):
    with pytest.raises(UserError, match=said):
        NetworkConfig(**options)


def test_predictions_are_the_likeliest_tokens(network):
    piece = chorale()
    guesses = network.predictions([piece])[0]
    assert np.array_equal(guesses, stepwise(network, piece))
