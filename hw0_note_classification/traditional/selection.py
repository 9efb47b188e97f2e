"""Which pooled features to keep: judged one by one, or by a model that uses them all."""

from __future__ import annotations

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier
from sklearn.feature_selection import f_classif


def select(kind: str, size: int, x: np.ndarray, y: np.ndarray, *, seed: int) -> np.ndarray:
    """The columns of x (notes, columns) to keep, in order: all for "none", else the `size` that tell y best.

    "univariate": the F statistic of each column alone (analysis of variance). "model": its importance (the
    decrease of Gini impurity) in a forest of extremely randomized trees (Geurts et al., 2006).
    """
    columns = np.arange(x.shape[1])
    if kind == "none" or size >= len(columns):
        return columns
    varies = x.min(axis=0) < x.max(axis=0)  # a constant tells nothing, and has no F statistic
    merit = np.full(len(columns), -1.0)
    if varies.any():
        merit[varies] = {"univariate": f_statistic, "model": importance}[kind](x[:, varies], y, seed)
    return np.sort(np.argsort(-merit, kind="stable")[:size])


def f_statistic(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    with np.errstate(divide="ignore"):  # constant in each class: infinitely good
        return f_classif(x, y)[0]


def importance(x: np.ndarray, y: np.ndarray, seed: int) -> np.ndarray:
    forest = ExtraTreesClassifier(n_estimators=100, min_samples_leaf=3, random_state=seed)
    return forest.fit(x, y).feature_importances_
