"""Filling in: what is given stays, what is forbidden is not drawn, and particles flee from dead ends."""

import numpy as np
import pytest
import torch

from common.cli import UserError
from final_project.muse2bach.chorale import SILENT
from final_project.muse2bach.completion import Sampling, complete, draw, without
from final_project.muse2bach.step_model import Context
from final_project.muse2bach.task import UNKNOWN
from final_project.muse2bach.tokens import VOCABULARY, to_tokens
from final_project.muse2bach.voice_leading import rule_counts


class Told:
    """A step model that is told its shares (B, VOCABULARY) for frame, voice and last frame (B, 4)."""

    def __init__(self, shares):
        self.shares = shares

    def order(self, given=()):
        return tuple(voice for voice in (0, 3, 1, 2) if voice not in given)

    def start(self, given, context):
        return 0, np.full((len(given), 4), SILENT)

    def log_probs(self, state, known, voice):
        assert (known[:, voice] == UNKNOWN).all()
        return torch.as_tensor(self.shares(*state[:1], voice, state[1])).float().log()

    def advance(self, state, frame):
        assert (frame != UNKNOWN).all()
        return state[0] + 1, frame.copy()

    def select(self, state, rows):
        return state[0], state[1][rows]


def uniform(frame, voice, last):
    return np.full((len(last), VOCABULARY), 1 / VOCABULARY)


def only(*shares):
    """The shares of some pitches, {pitch: share}."""
    row = np.zeros(VOCABULARY)
    for pitch, share in shares:
        row[to_tokens(np.array(pitch))] = share
    return row


def filled(model, given, *, seed=0, allowed=None, **sampling):
    generator = torch.Generator().manual_seed(seed)
    return complete(
        model, given, Context(), sampling=Sampling(**sampling), generator=generator, allowed=allowed
    )


def test_given_cells_stay_in_each_row():
    rng = np.random.default_rng(1)
    given = rng.integers(36, 81, (5, 12, 4)).astype(np.int16)
    given[rng.random(given.shape) < 0.6] = UNKNOWN
    before = given.copy()
    voices = filled(Told(uniform), given)
    assert (given == before).all() and (voices[given != UNKNOWN] == given[given != UNKNOWN]).all()
    assert voices.shape == given.shape and (voices != UNKNOWN).all() and voices.dtype == np.int16


def test_no_parallels_of_a_model_that_likes_all():
    given = np.full((4, 64, 4), UNKNOWN, dtype=np.int16)
    given[:, :, 0] = np.random.default_rng(0).integers(60, 75, 64)
    broken = [rule_counts(voices) for voices in filled(Told(uniform), given)]
    free = [
        rule_counts(voices) for voices in filled(Told(uniform), given, avoid_parallels=False, spacing=False)
    ]
    for rule in ("parallel_fifths", "parallel_octaves"):
        assert sum(each[rule] for each in broken) == 0 < sum(each[rule] for each in free)


def test_spacing_is_kept():
    given = np.full((2, 8, 4), UNKNOWN, dtype=np.int16)
    given[:, :, (0, 3)] = 70, 50
    (first, second) = (rule_counts(each) for each in filled(Told(uniform), given, spacing=True))
    assert first["crossings"] == second["crossings"] == first["wide_spacings"] == 0


def test_allowed_pitches_and_silence():
    allowed = np.ones((8, 4, 128), dtype=bool)
    allowed[:4, 1] = np.isin(np.arange(128) % 12, (0, 4))
    mostly_silent = lambda frame, voice, last: np.tile(  # noqa: E731
        only((SILENT, 0.9), (60, 0.05), (61, 0.05)), (len(last), 1)
    )
    given = np.full((3, 8, 4), UNKNOWN, dtype=np.int16)
    voices = filled(Told(mostly_silent), given, allowed=allowed)
    assert (voices[:, :4, 1] == 60).all() and (voices[:, :, 0] == SILENT).any()
    with pytest.raises(ValueError, match="allowed must be"):
        filled(Told(uniform), given, allowed=allowed[:5])


def test_particles_flee_from_dead_ends():
    """From 62 the next frame's only allowed pitch has a share of .001, from 64 of .999."""

    def shares(frame, voice, last):
        if frame == 0:
            return np.tile(only((62, 0.5), (64, 0.5)), (len(last), 1))
        return np.stack([only((65, p), (66, 1 - p)) for p in np.where(last[:, voice] == 62, 0.001, 0.999)])

    given = np.full((200, 2, 4), UNKNOWN, dtype=np.int16)
    given[:, :, (0, 2, 3)] = 72, 60, 48
    allowed = np.ones((2, 4, 128), dtype=bool)
    allowed[1, 1, 66] = False
    alone, many = (
        filled(Told(shares), given, allowed=allowed, particles=each, avoid_parallels=False, spacing=False)[
            :, 0, 1
        ]
        for each in (1, 8)
    )
    assert 0.35 < (alone == 62).mean() < 0.65 and (many == 62).mean() < 0.05


def test_particles_do_not_change_what_is_likely():
    """Where nothing is ruled out, or the same share everywhere, each pitch keeps its share."""
    given = np.full((400, 3, 4), UNKNOWN, dtype=np.int16)
    given[:, :, (0, 2, 3)] = 72, 60, 48
    row = only((64, 0.6), (65, 0.2), (67, 0.2))
    allowed = np.ones((3, 4, 128), dtype=bool)
    allowed[:, 1, 67] = False
    voices = filled(Told(lambda frame, voice, last: np.tile(row, (len(last), 1))), given, allowed=allowed)
    assert (voices[..., 1] == 64).mean() == pytest.approx(0.75, abs=0.05)


def test_seeds_temperature_and_top_p():
    given = np.full((2, 16, 4), UNKNOWN, dtype=np.int16)
    model = Told(lambda frame, voice, last: np.tile(only((60, 0.5), (62, 0.3), (64, 0.2)), (len(last), 1)))
    same, again, other = (filled(model, given, seed=seed) for seed in (3, 3, 4))
    assert (same == again).all() and (same != other).any()
    assert (filled(model, given, temperature=0.01, avoid_parallels=False, spacing=False) == 60).all()
    assert set(np.unique(filled(model, given, top_p=0.7, avoid_parallels=False, spacing=False))) == {60, 62}


@pytest.mark.parametrize(("name", "value"), [("temperature", 0), ("top_p", 1.5), ("particles", 0)])
def test_options_out_of_range(name, value):
    with pytest.raises(UserError, match=f"--{name.replace('_', '-')} is {value}; give"):
        Sampling(**{name: value})


def test_where_nothing_would_be_left_the_rule_goes():
    log_p = torch.tensor([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0]]).log()
    left = without(log_p, torch.tensor([[True, False, False], [True, True, False]]))
    assert left.exp().tolist() == [[0, 0.5, 0], [0.5, 0.5, 0]]
    assert draw(left[:1], 1.0, torch.Generator().manual_seed(0)).tolist() == [1]
