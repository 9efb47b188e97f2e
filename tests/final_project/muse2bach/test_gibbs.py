"""Rewriting: in which stretches, nothing of what is given, and only what is likelier."""

import numpy as np
import torch

from final_project.muse2bach.gibbs import LEFT, MOST, SECTION, blocks, rewrite
from final_project.muse2bach.task import UNKNOWN


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_one_stretch_of_quarters_in_each_section():
    starts = np.arange(0, 3200, 4 * SECTION)
    sections = blocks(3200, starts, generator()).reshape(100, 4 * SECTION, 4)
    assert not sections[:, 4 * (SECTION - LEFT) :].any() and sections.any(axis=(1, 2)).all()
    lengths = sections.any(axis=2).sum(axis=1)
    assert set(lengths) == {4 * quarters for quarters in range(1, MOST + 1)}
    assert set(sections.any(axis=1).sum(axis=1)) == {1, 2, 3, 4}  # voices


VOICES = np.arange(3 * 64 * 4, dtype=np.int16).reshape(3, 64, 4)
FREE = np.zeros((64, 4), dtype=bool)
FREE[8:, 1:] = True


def fill(given):
    return np.where(given == UNKNOWN, np.int16(5000), given)


def test_only_what_is_free_is_rewritten():
    new = rewrite(VOICES, FREE, fill, lambda voices: (voices == 5000).sum(axis=2), generator=generator())
    changed = new != VOICES
    assert changed.any() and (new[changed] == 5000).all() and not changed[:, ~FREE].any()
    assert (changed[0] != changed[1]).any()  # each row has stretches of its own
    nothing = rewrite(VOICES, np.zeros_like(FREE), fill, None, generator=generator())
    assert (nothing == VOICES).all()


def test_only_what_is_likelier_stays():
    def judge(voices):  # new cells are welcome in the first 32 frames alone
        return (voices == 5000).sum(axis=2) * np.where(np.arange(64) < 32, 1, -1)

    assert (
        rewrite(VOICES, FREE, fill, lambda voices: -judge(voices) * 0, generator=generator()) == VOICES
    ).all()
    seen = np.zeros(64, dtype=bool)
    for seed in range(20):
        new = rewrite(VOICES, FREE, fill, judge, generator=generator(seed))
        assert judge(new).sum() >= judge(VOICES).sum()
        seen |= (new != VOICES).any(axis=(0, 2))
    assert seen[8:28].all() and not seen[40:].any()
