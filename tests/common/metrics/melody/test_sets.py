"""MMD and self-BLEU against independent implementations, their resamples, and what is undefined."""

import math
from collections import Counter

import numpy as np
import pytest
from sklearn.metrics.pairwise import euclidean_distances, rbf_kernel

from common.metrics.melody import mmd, mmd_resamples, self_bleu

# MMD


def slow_mmd(generated, truth):
    """By scikit-learn's kernel and the definition."""
    rows = min(1000, len(generated))
    distances = euclidean_distances(generated[:rows], truth[:rows], squared=True)
    gamma = 1 / np.median(distances[distances > 1e-9])
    own, true = (rbf_kernel(each, gamma=gamma) for each in (generated, truth))
    m, n = len(generated), len(truth)
    across = rbf_kernel(generated, truth, gamma=gamma).mean()
    return (own.sum() - m) / (m * (m - 1)) + (true.sum() - n) / (n * (n - 1)) - 2 * across


def rows(count, *, seed=0, shift=0):
    return np.random.default_rng(seed).integers(0, 12, (count, 20)) + float(shift)


@pytest.mark.parametrize(("m", "n"), [(30, 30), (25, 40), (700, 600)])
def test_mmd_is_that_of_the_definition(m, n):
    generated, truth = rows(m), rows(n, seed=1, shift=2)
    assert mmd(generated, truth) == pytest.approx(slow_mmd(generated, truth), rel=1e-9)


def test_bandwidth_is_of_the_first_thousand_rows():
    generated, truth = rows(1100), rows(1050, seed=1)
    generated[1000:] += 50
    assert mmd(generated, truth) == pytest.approx(slow_mmd(generated, truth), rel=1e-9)


def test_mmd_of_equal_sets_is_about_zero_and_of_other_sets_not():
    assert abs(mmd(rows(300), rows(300, seed=1))) < 0.002
    assert mmd(rows(300), rows(300, seed=1, shift=3)) > 0.05
    assert mmd(np.ones((5, 20)), np.ones((5, 20))) == 0.0


def test_mmd_without_pairs_or_numbers():
    assert np.isnan(mmd(rows(1), rows(5))) and np.isnan(mmd(rows(0), rows(0)))
    assert np.isnan(mmd_resamples(rows(4), rows(4), groups=["one"] * 4, resamples=3)).all()
    with pytest.raises(ValueError, match="finite"):
        mmd(np.full((3, 20), np.nan), rows(3))
    with pytest.raises(ValueError, match=r"\(W, T\) and \(V, T\)"):
        mmd(rows(3)[:, :10], rows(3))
    with pytest.raises(ValueError, match="counterpart"):
        mmd_resamples(rows(3), rows(4))


@pytest.mark.parametrize("groups", [None, np.arange(120) // 3, np.arange(120) % 17])
def test_resamples_lie_about_the_value(groups):
    """Copies of a group must not count as likeness: with squared weights they would lie far above."""
    generated, truth = rows(120), rows(120, seed=1, shift=1)
    generated += np.arange(120)[:, None] // 3 % 5  # windows of a group are alike
    drawn = mmd_resamples(generated, truth, groups=groups)
    error = drawn.std() / np.sqrt(len(drawn))
    assert drawn.mean() == pytest.approx(mmd(generated, truth), abs=5 * error + 1e-4)


def test_a_resample_is_the_mmd_of_what_was_drawn():
    """Of groups that are each drawn once or never, the resample is the MMD of their windows."""
    generated, truth, groups = rows(8), rows(8, seed=1), np.arange(8) // 2
    drawn = np.random.default_rng(5).multinomial(4, np.full(4, 1 / 4), size=200)
    found = mmd_resamples(generated, truth, groups=groups, resamples=200, seed=5)
    for weights, value in zip(drawn, found, strict=True):
        if weights.tolist() == [1, 1, 1, 1]:
            assert value == pytest.approx(mmd(generated, truth), abs=1e-6)
            break
    else:
        pytest.fail("no resample with each group once")


# Self-BLEU


def slow_self_bleu(windows, order):
    """Corpus BLEU, one window, one n-gram at a time."""
    logs = 0.0
    for n in range(1, order + 1):
        counts = [Counter(zip(*(row[k:] for k in range(n)), strict=False)) for row in windows]
        found = total = 0
        for index, own in enumerate(counts):
            others = counts[:index] + counts[index + 1 :]
            found += sum(min(c, max(o[gram] for o in others)) for gram, c in own.items())
            total += sum(own.values())
        if n == 1 and not found:
            return 0.0
        logs += math.log((found or 0.1) / total)
    return math.exp(logs / order)


@pytest.mark.parametrize("kinds", [2, 5, 30, 2000])
@pytest.mark.parametrize("order", [1, 2, 4])
def test_self_bleu_is_that_of_counting(kinds, order):
    windows = np.random.default_rng(kinds).integers(0, kinds, (25, 9))
    assert self_bleu(windows, order).value == pytest.approx(slow_self_bleu(windows.tolist(), order))


def test_self_bleu_by_hand():
    assert self_bleu(np.tile([60, 62, 64, 65, 67], (3, 1))).value == 1.0
    assert self_bleu([[1, 2, 3, 4], [5, 6, 7, 8]]).value == 0.0
    # Order 1: 3 of 4 tokens are in the other, order 2: only (1, 2) is.
    assert self_bleu([[1, 2, 3], [1, 2, 3]], 2).value == 1.0
    assert self_bleu([[1, 2, 3, 9], [3, 1, 2, 8]], 2).value == pytest.approx(np.sqrt(3 / 4 * 1 / 3))
    # A token that is there twice, elsewhere once, is found once.
    assert self_bleu([[1, 1], [1, 2]], 1).value == pytest.approx(2 / 4)


def test_self_bleu_that_is_undefined():
    assert np.isnan(self_bleu([[1, 2, 3, 4, 5]]).value)
    assert np.isnan(self_bleu([[1, 2], [1, 2]]).value)  # no n-gram of order 4
    assert np.isnan(self_bleu(np.zeros((0, 20), dtype=int)).value)
