"""scikit-learn's estimators by the names of HW0: what to try, how to fit, what they learnt as arrays."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, RidgeClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import SVC, LinearSVC

from hw0_note_classification.traditional.config import TraditionalConfig
from hw0_note_classification.traditional.predictors import (
    Boosting,
    Forest,
    KernelMachine,
    Linear,
    NearestNeighbours,
    Predictor,
)

Parameters = dict[str, Any]

# The first of each list is what --search off takes. A search draws one curve over the first parameter, for
# each value of the second.
GRIDS: dict[str, dict[str, dict[str, list]]] = {
    "small": {
        "knn": {"n_neighbors": [5, 3, 10, 20, 40]},
        "svm": {"C": [10.0, 3.0, 30.0], "gamma_factor": [1.0, 0.3]},
        "linear svm": {"C": [0.01, 0.001, 0.1]},
        "forest": {"min_samples_leaf": [1, 3]},
        "ridge": {"alpha": [10.0, 0.1, 1.0, 100.0, 1000.0]},
        "logistic": {"C": [0.1, 0.01, 0.03, 0.3, 1.0]},
        "boosting": {"max_leaf_nodes": [8, 4]},
    },
    "wide": {
        "knn": {"n_neighbors": [5, 1, 2, 3, 7, 10, 15, 20, 30, 40, 60, 100]},
        "svm": {"C": [10.0, 0.3, 1.0, 3.0, 30.0, 100.0], "gamma_factor": [1.0, 0.1, 0.3, 3.0]},
        "linear svm": {"C": [0.01, 0.0003, 0.001, 0.003, 0.03, 0.1, 0.3, 1.0]},
        "forest": {"max_features": ["sqrt", 0.02, 0.15, 0.3], "min_samples_leaf": [1, 2, 4, 8, 16]},
        "ridge": {"alpha": [10.0, 0.01, 0.1, 1.0, 100.0, 1e3, 1e4, 1e5]},
        "logistic": {"C": [0.1, 0.001, 0.003, 0.01, 0.03, 0.3, 1.0, 3.0]},
        "boosting": {"max_leaf_nodes": [8, 2, 4, 16, 31], "learning_rate": [0.1, 0.05, 0.2]},
    },
}


def candidates(model: str, config: TraditionalConfig, *, smallest_fold: int) -> list[Parameters]:
    """The parameters to try, where the smallest training part of a fold has `smallest_fold` notes."""
    name = "linear svm" if model == "svm" and config.kernel == "linear" else model
    grid = GRIDS["wide" if config.search == "wide" else "small"][name]
    if name == "knn":
        grid = {"n_neighbors": [k for k in grid["n_neighbors"] if k <= smallest_fold] or [1]}
    every = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    return every[:1] if config.search == "off" else every


def fit_predictor(
    model: str,
    x: np.ndarray,
    y: np.ndarray,
    parameters: Parameters,
    config: TraditionalConfig,
    *,
    jobs: int = 1,
) -> Predictor:
    """Fit on normalized features x (notes, columns) and two or more classes y (notes,), counted from 0."""
    fit, export = MODELS[model]
    estimator = fit(config, jobs, **parameters).fit(x, y)
    return export(estimator, x, y)


class RBFMachine(SVC):
    """SVC whose gamma is counted in 1 / (columns * variance), so that a grid fits any number of columns."""

    def __init__(self, *, C: float = 1.0, gamma_factor: float = 1.0):
        super().__init__(C=C, cache_size=500)  # MB
        self.gamma_factor = gamma_factor

    def fit(self, x: np.ndarray, y: np.ndarray) -> RBFMachine:
        self.gamma = self.gamma_factor / max(x.shape[1] * float(x.var()), 1e-12)
        return super().fit(x, y)


def _knn(config: TraditionalConfig, jobs: int, **parameters: Any) -> BaseEstimator:
    return KNeighborsClassifier(weights="distance", algorithm="brute", n_jobs=jobs, **parameters)


def _svm(config: TraditionalConfig, jobs: int, **parameters: Any) -> BaseEstimator:
    if config.kernel == "rbf":
        return RBFMachine(**parameters)
    # dual=False: there are more notes than columns; and only so can weights be made sparse.
    return LinearSVC(penalty=config.penalty, dual=False, random_state=config.seed, tol=1e-3, **parameters)


def _forest(config: TraditionalConfig, jobs: int, **parameters: Any) -> BaseEstimator:
    return RandomForestClassifier(n_estimators=200, random_state=config.seed, n_jobs=jobs, **parameters)


def _ridge(config: TraditionalConfig, jobs: int, **parameters: Any) -> BaseEstimator:
    return RidgeClassifier(**parameters)


def _logistic(config: TraditionalConfig, jobs: int, **parameters: Any) -> BaseEstimator:
    if config.penalty == "l2":
        return LogisticRegression(max_iter=300, tol=1e-3, **parameters)
    # One class against the rest: liblinear makes weights sparse ten times as fast as what knows all classes.
    sparse = LogisticRegression(
        l1_ratio=1.0, solver="liblinear", random_state=config.seed, tol=1e-3, **parameters
    )
    return OneVsRestClassifier(sparse, n_jobs=jobs)


def _boosting(config: TraditionalConfig, jobs: int, **parameters: Any) -> BaseEstimator:
    # A fifth of the columns at each split: five times as fast, and the trees differ more.
    return HistGradientBoostingClassifier(
        max_iter=100,
        max_features=0.2,
        early_stopping=False,
        random_state=config.seed,
        **{"learning_rate": 0.1} | parameters,
    )


def _linear_arrays(estimator: BaseEstimator, x: np.ndarray, y: np.ndarray) -> Linear:
    parts = getattr(estimator, "estimators_", [estimator])
    coefficients = [np.atleast_2d(part.coef_) for part in parts]
    weights = np.concatenate(coefficients).astype(np.float64)
    bias = np.concatenate(
        [np.broadcast_to(part.intercept_, len(c)) for part, c in zip(parts, coefficients, strict=True)]
    )
    if len(weights) == 1:  # two classes: positive speaks for the second
        weights, bias = np.concatenate([-weights, weights]), np.concatenate([-bias, bias])
    return Linear(weights=weights, bias=bias.astype(np.float64))


def _neighbour_arrays(estimator: KNeighborsClassifier, x: np.ndarray, y: np.ndarray) -> NearestNeighbours:
    labels = np.eye(y.max() + 1, dtype=np.float32)[y]
    return NearestNeighbours(notes=x, labels=labels, num_neighbours=np.array(estimator.n_neighbors))


def _svm_arrays(estimator: SVC | LinearSVC, x: np.ndarray, y: np.ndarray) -> KernelMachine | Linear:
    if isinstance(estimator, LinearSVC):
        return _linear_arrays(estimator, x, y)
    pairs = np.transpose(np.triu_indices(len(estimator.classes_), k=1))
    last = np.cumsum(estimator.n_support_)  # the support vectors are sorted by class
    weights = np.zeros((last[-1], len(pairs)))
    for column, (first, second) in enumerate(pairs):
        # A vector of class i has one weight for each other class, i itself left out of the numbering.
        of_first, of_second = (slice(last[i] - estimator.n_support_[i], last[i]) for i in (first, second))
        weights[of_first, column] = estimator.dual_coef_[second - 1, of_first]
        weights[of_second, column] = estimator.dual_coef_[first, of_second]
    bias = estimator.intercept_
    if len(pairs) == 1:  # of two classes alone scikit-learn turns the sign
        weights, bias = -weights, -bias
    return KernelMachine(
        vectors=estimator.support_vectors_.astype(np.float32),  # what they were in x
        weights=weights,
        bias=bias,
        gamma=np.array(estimator.gamma),
        pairs=pairs,
    )


def _forest_arrays(estimator: RandomForestClassifier, x: np.ndarray, y: np.ndarray) -> Forest:
    trees = [tree.tree_ for tree in estimator.estimators_]
    nodes = _joined(
        [(tree.feature, tree.threshold, tree.children_left, tree.children_right) for tree in trees],
        is_leaf=[tree.children_left < 0 for tree in trees],
        depth=max(tree.max_depth for tree in trees),
    )
    ends = np.concatenate([tree.children_left < 0 for tree in trees])
    shares = np.concatenate([tree.value[:, 0] for tree in trees])[ends]  # (leaves, classes)
    return Forest(
        **nodes,
        leaf=np.where(ends, np.cumsum(ends) - 1, 0).astype(np.int32),
        shares=shares.astype(np.float32),
    )


def _boosting_arrays(estimator: HistGradientBoostingClassifier, x: np.ndarray, y: np.ndarray) -> Boosting:
    # scikit-learn has no public way to these trees; the test beside `decision_function` watches over it.
    trees = [tree.nodes for iteration in estimator._predictors for tree in iteration]
    start, values = estimator._baseline_prediction.ravel(), np.concatenate([tree["value"] for tree in trees])
    nodes = _joined(
        [tuple(tree[name] for name in ("feature_idx", "num_threshold", "left", "right")) for tree in trees],
        is_leaf=[tree["is_leaf"].astype(bool) for tree in trees],
        depth=max(int(tree["depth"].max()) for tree in trees),
    )
    if len(start) > 1:
        return Boosting(**nodes, value=values, start=start)
    # Two classes: one tree speaks for the second. It stands for both, against the first.
    count = len(values)
    doubled = {name: np.concatenate([nodes[name]] * 2) for name in ("feature", "threshold")}
    doubled |= {name: np.concatenate([nodes[name], nodes[name] + count]) for name in ("left", "right")}
    roots = np.stack([nodes["roots"], nodes["roots"] + count], axis=1).ravel()
    return Boosting(
        **doubled,
        roots=roots,
        depth=nodes["depth"],
        value=np.concatenate([-values, values]),
        start=np.concatenate([-start, start]),
    )


def _joined(trees: list[tuple], is_leaf: list[np.ndarray], depth: int) -> dict[str, np.ndarray]:
    """The nodes of trees (feature, threshold, left, right) in one row; leaves are their own children."""
    sizes = np.array([len(leaf) for leaf in is_leaf])
    roots = np.cumsum(sizes) - sizes
    offset, own = np.repeat(roots, sizes), np.arange(sizes.sum())
    ends = np.concatenate(is_leaf)
    feature, threshold, left, right = (np.concatenate(column) for column in zip(*trees, strict=True))
    return {
        "roots": roots.astype(np.int32),
        "feature": np.where(ends, 0, feature).astype(np.int32),
        "threshold": np.where(ends, 0.0, threshold),
        "left": np.where(ends, own, left + offset).astype(np.int32),
        "right": np.where(ends, own, right + offset).astype(np.int32),
        "depth": np.array(depth),
    }


# Each model: the estimator for (config, jobs, parameters), and its arrays.
MODELS: dict[str, tuple[Callable[..., BaseEstimator], Callable[..., Predictor]]] = {
    "knn": (_knn, _neighbour_arrays),
    "svm": (_svm, _svm_arrays),
    "forest": (_forest, _forest_arrays),
    "ridge": (_ridge, _linear_arrays),
    "logistic": (_logistic, _linear_arrays),
    "boosting": (_boosting, _boosting_arrays),
}
