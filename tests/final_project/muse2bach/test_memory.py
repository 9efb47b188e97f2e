"""The memory: transpositions are alike, the longest match counts, and nothing is known of what is to come."""

from __future__ import annotations

import numpy as np
import pytest

from final_project.muse2bach.memory import (
    CHORDS,
    LENGTHS,
    LINE,
    TUNE,
    Memory,
    Recent,
    contexts_of,
    step,
    taken,
)
from final_project.muse2bach.tokens import SILENCE_TOKEN, UNKNOWN_TOKEN

SOPRANO = [30, 32, 34, 35, 37, 35, 34, 32, 30, 30, 32, 34, 37, 39]


def piece(soprano=SOPRANO, *, up: int = 0, alto: int = 25) -> np.ndarray:
    """A tune in quarters above three voices that hold: tokens (frames, 4)."""
    tune = np.repeat(np.array(soprano) + up, 4)
    return np.stack([tune, *(np.full(len(tune), low + up) for low in (alto, 18, 8))], axis=1)


def recalled(memory: Memory, tokens: np.ndarray):
    """Of every cell, (frames * 4)."""
    keys, before, _ = contexts_of([tokens])
    return memory.recall(keys.reshape(-1, *keys.shape[2:]), before.ravel())


def test_a_transposed_piece_is_recalled_to_its_end():
    found, tokens = recalled(Memory([piece()]), piece(up=5)), piece(up=5)
    token = found.token.reshape(len(tokens), 4, -1)
    assert (token[1:, :, LINE] == tokens[1:]).all() and (token[1:, :, CHORDS] == tokens[1:]).all()
    assert (token[0] == UNKNOWN_TOKEN).all()  # a piece begins with no notes to know it by
    assert (found.count == found.total).all()


def test_the_longest_match_tells_what_follows():
    tune = [30, 32, 34, 35, 30, 32, 34, 37, 33, 32, 34, 35]
    memory = Memory([piece(tune)])
    for before, follows in (([28, 30, 32, 34], 35), ([35, 30, 32, 34], 37)):
        found = recalled(memory, piece([*before, 0]))
        cell = 4 * 4 * len(before)  # the soprano's, when the next quarter begins
        assert found.token[cell, LINE] == follows
    assert LENGTHS[found.length[cell, LINE] - 1] == 3  # 35 down to 30, up to 32, up to 34
    assert found.total[cell, LINE] == found.count[cell, LINE] == 1


def test_of_one_context_the_commonest_continuation():
    memory = Memory([piece([30, 32, 34]), piece([30, 32, 33], up=1), piece([30, 32, 34], up=2)])
    found = recalled(memory, piece([20, 22, 0]))
    assert found.token[4 * 8, LINE] == 24
    assert (found.count[4 * 8, LINE], found.total[4 * 8, LINE]) == (2, 3)


def test_the_tune_knows_where_a_voice_stands_below_it():
    low = piece()
    low[20:, 1] = 23
    other = low.copy()
    other[:, 2:] -= 3  # other chords: of the alto and the soprano all is the same
    found = recalled(Memory([low]), other)
    assert found.token[4 * 20 + 1, TUNE] == 23 and found.length[4 * 20 + 1, CHORDS] == 0
    shifted = other.copy()
    shifted[:, 1] -= 1
    assert recalled(Memory([low]), shifted).length[4 * 20 + 1, TUNE] == 0


def test_nothing_is_known_of_what_is_to_come():
    one, other = piece(), piece()
    other[21, 1:] = [20, 15, 9]  # soprano and bass come before the alto
    other[22:] = 40
    (keys, *_), (changed, *_) = contexts_of([one]), contexts_of([other])
    assert np.array_equal(keys[:21], changed[:21]) and np.array_equal(keys[21, 0], changed[21, 0])
    assert (keys[21, 1] != changed[21, 1]).any() and (keys[22:] != changed[22:]).any(axis=(1, 2, 3)).all()


def test_pieces_of_a_batch_do_not_mix():
    short, long = piece(SOPRANO[:5]), piece(up=3)
    together = contexts_of([short, long])
    for each, parts in zip(
        together, zip(contexts_of([short]), contexts_of([long]), strict=True), strict=True
    ):
        assert np.array_equal(each, np.concatenate(parts))


def test_without_the_voices_before_it_there_is_no_context():
    recent = Recent.start(1).after(np.array([[30, 25, 18, 8]]))
    known = np.array([[31, UNKNOWN_TOKEN, UNKNOWN_TOKEN, UNKNOWN_TOKEN]])
    assert recent.keys(known, 3)[0, :, 0].all() and not recent.keys(known, 1).any()


@pytest.mark.parametrize(
    ("before", "after"), [(10, 12), (10, 10), (10, SILENCE_TOKEN), (SILENCE_TOKEN, SILENCE_TOKEN)]
)
def test_a_step_leads_where_it_led(before, after):
    before, after = np.array([before]), np.array([after])
    assert taken(before, step(before, after)) == after


def test_steps_that_say_no_token():
    assert taken(np.array([SILENCE_TOKEN]), step(np.array([SILENCE_TOKEN]), np.array([10]))) == UNKNOWN_TOKEN
    assert taken(np.array([45]), np.array([3])) == UNKNOWN_TOKEN  # beyond the highest pitch
    assert taken(np.array([UNKNOWN_TOKEN]), np.array([0])) == UNKNOWN_TOKEN
