"""Self-BLEU: how much the windows of one set repeat each other. 0 is all different, 1 all copies.

Zhu et al. 2018, "Texygen": BLEU of each window with all others as references. As in the code of C-Hybrid-GAN:
corpus BLEU (Papineni et al. 2002), orders 1..n with equal weights, and where no n-gram of an order is found
again, 0.1 in place of 0 (method 1 of Chen and Cherry 2014, as in nltk). Windows are equally long, so there is
no brevity penalty. Theirs takes 200 windows as hypotheses, ours all. It grows with the number of windows:
compare sets of one size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.metrics.classification.scores import ratio
from common.metrics.melody.pooled import Pooled
from common.metrics.melody.statistics import n_grams

ORDER = 4
EPSILON = 0.1  # of method 1


def self_bleu(tokens: ArrayLike, order: int = ORDER) -> Pooled:
    """Self-BLEU of tokens (W, T), any numbers: pitches, or `Windows.notes`.

    NaN for fewer than two windows, and windows shorter than `order`. In resamples the references stay all
    others: copies of a window among its references would be found again for certain.
    """
    tokens = np.asarray(tokens)
    found = np.zeros((len(tokens), order))
    total = np.zeros((len(tokens), order))
    for n in range(1, order + 1):
        grams = n_grams(tokens, n)
        if len(tokens) > 1:
            found[:, n - 1] = _found_elsewhere(grams)
            total[:, n - 1] = grams.shape[1]
    return Pooled(np.concatenate([found, total], axis=1), _bleu)


def _found_elsewhere(grams: NDArray) -> NDArray[np.int64]:
    """How many of the n-grams (W, N) of each window are in another, each at most as often as it is there."""
    kinds = grams.max(initial=0) + 1
    cells, count = np.unique(np.arange(len(grams))[:, None] * kinds + grams, return_counts=True)
    window, gram = cells // kinds, cells % kinds
    order = np.lexsort((-count, gram))  # the window that has it most often first
    window, gram, count = window[order], gram[order], count[order]
    is_first = np.diff(gram, prepend=-1) != 0
    first = np.flatnonzero(is_first)[np.cumsum(is_first) - 1]  # the place of that window, for each
    second = np.minimum(first + 1, len(gram) - 1)
    most_but_one = np.where((second > first) & (gram[second] == gram), count[second], 0)
    elsewhere = np.where(is_first, most_but_one, count[first])
    return np.bincount(window, np.minimum(count, elsewhere), minlength=len(grams)).astype(np.int64)


def _bleu(sums: NDArray) -> NDArray[np.float64]:
    """Geometric mean of the precisions, (n,), from sums (n, 2 orders) of found and of all n-grams."""
    found, total = np.split(sums, 2, axis=1)
    precision = ratio(np.where(found == 0, EPSILON, found), total)
    bleu = np.exp(np.log(precision).mean(axis=1))
    return np.where((found[:, 0] == 0) & (total[:, 0] > 0), 0.0, bleu)  # without a token in common, as nltk
