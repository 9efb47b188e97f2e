"""Shares with back-off: the formula, what was never seen, and how strongly to lean on the plainer level."""

import numpy as np
import pytest

from final_project.muse2bach.backoff import STRENGTHS, Backoff, Counts, code


def test_counts_pull_the_prior():
    counts = Counts.of(np.array([5, 5, 5, 9]), np.array([0, 0, 1, 2]), outcomes=3)
    prior = np.array([[0.2, 0.3, 0.5]] * 2)
    seen, unseen = counts.pulled(prior, np.array([5, 6]), strength=2.0)
    np.testing.assert_allclose(seen, [(2 + 0.4) / 5, (1 + 0.6) / 5, 1.0 / 5])
    np.testing.assert_allclose(unseen, prior[0])


def test_levels_are_chained():
    plain, full = np.zeros(4, dtype=np.int64), np.array([0, 0, 1, 1])
    outcome = np.array([0, 0, 1, 1])
    levels = tuple(Counts.of(each, outcome, 2) for each in (plain, full))
    share = Backoff(levels, (1.0, 2.0)).shares([np.array([0]), np.array([1])])
    middle = (2 + 1.0 * 0.5) / (4 + 1.0)
    np.testing.assert_allclose(share, [[2 * middle / 4, (2 + 2 * middle) / 4]])


def test_validation_decides_how_far_a_level_is_trusted():
    context, outcome = np.arange(40) % 4, np.arange(40) % 4 // 2
    train = ([context], outcome)
    assert Backoff.fitted(train, train, 2).strengths == (STRENGTHS[0],)
    assert Backoff.fitted(train, ([context], 1 - outcome), 2).strengths == (STRENGTHS[-1],)


def test_code_tells_all_combinations_apart():
    first, second = np.meshgrid(np.arange(3), np.arange(5))
    assert len(np.unique(code([(first, 3), (second, 5)]))) == 15


@pytest.mark.parametrize(
    ("pairs", "counts"), [([3, 1], [1, 1]), ([0, 1], [1, 0]), ([-1, 1], [1, 1]), ([], []), ([1], [1, 2])]
)
def test_broken_tables(pairs, counts):
    with pytest.raises(ValueError, match="pairs"):
        Counts(2, np.array(pairs, dtype=np.int64), np.array(counts, dtype=np.float32))
