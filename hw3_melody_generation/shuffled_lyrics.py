"""Whose lyrics a window hears when it is to hear wrong ones: what shows whether a model uses them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from common.cli import UserError


def strangers(groups: Sequence[str], *, seed: int = 0) -> np.ndarray:
    """For each window another one, of another group, that no other window gets: int64 (windows,).

    The windows are put in a row, group after group, and each takes the one as many places on as the largest
    group has members. The groups are in random order. UserError if one group has more than half of them.
    """
    labels, members = np.unique(np.asarray(groups, dtype=str), return_inverse=True)
    largest = int(np.bincount(members).max(initial=0))
    if len(members) < 2 * largest or not largest:
        raise UserError(
            f"lyrics cannot be shuffled among {len(members)} windows, {largest} of one song; give more songs"
        )
    random = np.random.default_rng(seed)
    place_of_group = random.permutation(len(labels))
    row = np.lexsort((random.random(len(members)), place_of_group[members]))
    partner = np.empty(len(members), dtype=np.int64)
    partner[row] = np.roll(row, -largest)
    return partner
