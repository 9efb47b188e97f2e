"""How each traditional model predicts, in numpy: a fitted model is a few arrays, and these are the formulas.

scikit-learn fits the models (estimators.py); what it has learnt is kept as the arrays below, in safetensors.
So a model folder runs no code when it is opened, and predicts the same whatever scikit-learn is installed.

`scores`: normalized features (items, columns) -> (items, classes) float64, higher is likelier, on a
logarithmic scale: a softmax of them over a temperature gives probabilities. Each agrees with the function of
scikit-learn that its docstring names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

import numpy as np

from common.run_folder import ModelFolderError

SMALLEST_SHARE = 1e-3  # what a share of 0 counts as: with a few hundred votes, none is no proof of impossible


class Predictor(Protocol):
    """A fitted model: a dataclass of arrays."""

    def scores(self, x: np.ndarray) -> np.ndarray: ...


@dataclass(eq=False)
class Arrays:
    """What the predictors share: they are made of arrays, whose dimensions `shapes` names."""

    shapes: ClassVar[dict[str, str]]  # "tree classes": two dimensions; equal names must have equal sizes

    def state(self) -> dict[str, np.ndarray]:
        return {name: getattr(self, name) for name in self.shapes}

    @classmethod
    def from_state(cls, state: dict[str, np.ndarray], *, columns: int, classes: int) -> Self:
        """The predictor whose `state` this is, for so many columns and classes. Errors: ModelFolderError."""
        if set(state) != set(cls.shapes):
            raise ModelFolderError(
                f"needs the arrays {', '.join(cls.shapes)}, got {', '.join(sorted(state))}"
            )
        sizes = {"columns": columns, "classes": classes}
        for name, array in state.items():
            wanted = cls.shapes[name].split()
            fits = len(wanted) == array.ndim
            fits = fits and all(
                sizes.setdefault(axis, n) == n for axis, n in zip(wanted, array.shape, strict=True)
            )
            if not fits or np.isnan(array).any():
                raise ModelFolderError(
                    f"the array {name} must be ({', '.join(wanted)}) numbers: {array.shape}"
                )
        predictor = cls(**state)
        predictor.check(sizes)
        return predictor

    def check(self, sizes: dict[str, int]) -> None:
        """Raise ModelFolderError for arrays that fit in shape but not in content."""


@dataclass(eq=False)
class Linear(Arrays):
    """ridge, logistic and linear svm: w x + b of each class, scikit-learn's `decision_function`."""

    weights: np.ndarray
    bias: np.ndarray
    shapes = {"weights": "classes columns", "bias": "classes"}

    def scores(self, x: np.ndarray) -> np.ndarray:
        return x @ self.weights.T + self.bias


@dataclass(eq=False)
class NearestNeighbours(Arrays):
    """knn: the share of each class among the nearest training notes, a near one counting more.

    A neighbour at the distance d weighs 1 / d, or 1 where others have d > 0 and itself d = 0: the logarithm
    of `predict_proba` of KNeighborsClassifier(weights="distance").
    """

    notes: np.ndarray
    labels: np.ndarray  # one-hot
    num_neighbours: np.ndarray
    shapes = {"notes": "notes columns", "labels": "notes classes", "num_neighbours": ""}

    def scores(self, x: np.ndarray) -> np.ndarray:
        distance = np.sqrt(squared_distances(x, self.notes))  # (B, notes)
        nearest = np.argpartition(distance, self.num_neighbours - 1, axis=1)[:, : self.num_neighbours]
        distance = np.take_along_axis(distance, nearest, axis=1)  # (B, k)
        same = distance == 0
        weight = np.where(same.any(axis=1, keepdims=True), same, 1 / np.where(same, 1, distance))
        votes = np.einsum("bk,bkc->bc", weight, self.labels[nearest])  # (B, classes)
        return log_shares(votes / votes.sum(axis=1, keepdims=True))

    def check(self, sizes: dict[str, int]) -> None:
        _within("num_neighbours", self.num_neighbours, 1, len(self.notes) + 1)


@dataclass(eq=False)
class KernelMachine(Arrays):
    """svm with the kernel exp(-gamma |x - y|^2): each pair of classes is decided, and the decisions counted.

    A class scores its victories, and less than 1/3 more for how clear its decisions were: the
    `decision_function` of SVC(decision_function_shape="ovr"), after libsvm (Chang and Lin, 2011).
    """

    vectors: np.ndarray
    weights: np.ndarray  # of each support vector in the decision of each pair; positive is for the first
    bias: np.ndarray
    gamma: np.ndarray
    pairs: np.ndarray  # the two classes of each pair
    shapes = {
        "vectors": "vectors columns",
        "weights": "vectors pairs",
        "bias": "pairs",
        "gamma": "",
        "pairs": "pairs two",
    }

    def scores(self, x: np.ndarray) -> np.ndarray:
        kernel = np.exp(-self.gamma * squared_distances(x, self.vectors))  # (B, vectors)
        decisions = kernel @ self.weights + self.bias  # (B, pairs)
        first, second = np.eye(self.pairs.max() + 1)[self.pairs.T]  # (pairs, classes) each
        victories = (decisions > 0) @ first + (decisions <= 0) @ second  # (B, classes)
        clearness = decisions @ (first - second)
        return victories + clearness / (3 * (np.abs(clearness) + 1))

    def check(self, sizes: dict[str, int]) -> None:
        expected = np.transpose(np.triu_indices(sizes["classes"], k=1))
        if not np.array_equal(self.pairs, expected):
            raise ModelFolderError("the array pairs must hold every pair of classes once, in order")


@dataclass(eq=False)
class Trees(Arrays):
    """Decision trees, node after node in the same arrays: go left where x[feature] <= threshold.

    A leaf is its own child on both sides, so that all items can take `depth` steps in every tree.
    """

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    left: np.ndarray
    right: np.ndarray
    depth: np.ndarray
    shapes = {
        "roots": "trees",
        "feature": "nodes",
        "threshold": "nodes",
        "left": "nodes",
        "right": "nodes",
        "depth": "",
    }

    def leaves(self, x: np.ndarray) -> np.ndarray:
        """The node in which each item ends in each tree: (items, trees)."""
        node = np.broadcast_to(self.roots, (len(x), len(self.roots)))
        items = np.arange(len(x))[:, None]
        for _ in range(self.depth):
            goes_left = x[items, self.feature[node]] <= self.threshold[node]
            node = np.where(goes_left, self.left[node], self.right[node])
        return node

    def check(self, sizes: dict[str, int]) -> None:
        for name in ("roots", "left", "right"):
            _within(name, getattr(self, name), 0, sizes["nodes"])
        _within("feature", self.feature, 0, sizes["columns"])
        _within("depth", self.depth, 0, sizes["nodes"])


@dataclass(eq=False)
class Forest(Trees):
    """forest: the mean, over the trees, of the shares of the classes in the leaf.

    The logarithm of `predict_proba` of RandomForestClassifier.
    """

    leaf: np.ndarray  # which row of `shares` a node has; 0 for a node that is none
    shares: np.ndarray
    shapes = Trees.shapes | {"leaf": "nodes", "shares": "leaves classes"}

    def scores(self, x: np.ndarray) -> np.ndarray:
        return log_shares(self.shares[self.leaf[self.leaves(x)]].mean(axis=1, dtype=np.float64))

    def check(self, sizes: dict[str, int]) -> None:
        super().check(sizes)
        _within("leaf", self.leaf, 0, sizes["leaves"])


@dataclass(eq=False)
class Boosting(Trees):
    """boosting: the sum of the values of the leaves, a tree of each class in turn, on top of a start value.

    The `decision_function` of HistGradientBoostingClassifier.
    """

    value: np.ndarray
    start: np.ndarray
    shapes = Trees.shapes | {"value": "nodes", "start": "classes"}

    def scores(self, x: np.ndarray) -> np.ndarray:
        values = self.value[self.leaves(x)]  # (B, trees)
        return values.reshape(len(x), -1, len(self.start)).sum(axis=1) + self.start

    def check(self, sizes: dict[str, int]) -> None:
        super().check(sizes)
        if sizes["trees"] % sizes["classes"]:
            raise ModelFolderError(f"{sizes['trees']} trees cannot be shared by {sizes['classes']} classes")


PREDICTORS: dict[str, type[Arrays]] = {
    kind.__name__: kind for kind in (Linear, NearestNeighbours, KernelMachine, Forest, Boosting)
}


def squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """|x|^2 + |y|^2 - 2 x y: (items, columns), (others, columns) -> (items, others) float64, not negative."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    distance = -2 * x @ y.T
    distance += np.square(x).sum(axis=1)[:, None]
    distance += np.square(y).sum(axis=1)
    return np.maximum(distance, 0, out=distance)


def log_shares(shares: np.ndarray) -> np.ndarray:
    """The logarithm of shares, none of them taken for impossible."""
    return np.log(np.maximum(shares, SMALLEST_SHARE))


def _within(name: str, values: np.ndarray, lowest: int, end: int) -> None:
    whole = np.issubdtype(values.dtype, np.integer)
    if not whole or values.size == 0 or values.min() < lowest or values.max() >= end:
        raise ModelFolderError(f"the array {name} must hold whole numbers from {lowest} to {end - 1}")
