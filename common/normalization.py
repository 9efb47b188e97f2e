"""Normalization of feature tables, (items, features): learnt from the training items, then applied to all.

    normalizer = ZScore().fit(training)
    normalizer.transform(test)
    normalizer_from_state("zscore", normalizer.state())  # numpy arrays, as safetensors keeps them

Arithmetic is in float64; results have the floating dtype of their input. Errors, all `UserError`: a table
that is not two-dimensional or has no items, another number of features than was learnt, NaN or infinity, no
fit before transform.
"""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np

from common.cli import UserError


class Normalizer:
    """What the three share; `parameters` are arrays of one value per feature."""

    names: ClassVar[tuple[str, ...]]

    def __init__(self):
        self.parameters: dict[str, np.ndarray] = {}

    def fit(self, x: np.ndarray) -> Self:
        """Learn from training items (items, features)."""
        values = _table(x)
        if len(values) == 0:
            raise UserError("no items to learn the normalization from; check the training data")
        self.parameters = self._learn(values)
        return self

    def transform(self, x: np.ndarray) -> np.ndarray:
        """(items, features) -> the same shape, normalized as the training items were."""
        if not self.parameters:
            raise UserError("the normalization has not been fitted; call fit on training data first")
        values = _table(x)
        learnt = len(self.parameters[self.names[0]])
        if values.shape[1] != learnt:
            raise UserError(
                f"normalization was fitted on {learnt} features, got {values.shape[1]}; use those of training"
            )
        return self._apply(values).astype(_result_dtype(x), copy=False)

    def fit_transform(self, x: np.ndarray) -> np.ndarray:
        return self.fit(x).transform(x)

    def state(self) -> dict[str, np.ndarray]:
        """What was learnt, as named float64 arrays (features,)."""
        return {name: values.copy() for name, values in self.parameters.items()}

    @classmethod
    def from_state(cls, state: dict[str, np.ndarray]) -> Self:
        """The normalizer whose `state` this is."""
        arrays = {name: np.array(values, dtype=np.float64) for name, values in state.items()}
        if set(arrays) != set(cls.names):
            got = ", ".join(sorted(arrays)) or "none"
            raise UserError(
                f"{cls.__name__} needs the arrays {', '.join(cls.names)}, got {got}; train the model again"
            )
        if len({values.shape for values in arrays.values()}) != 1 or arrays[cls.names[0]].ndim != 1:
            raise UserError(f"{cls.__name__}: its arrays differ in shape; train the model again")
        normalizer = cls()
        normalizer.parameters = arrays
        return normalizer

    def _learn(self, values: np.ndarray) -> dict[str, np.ndarray]:
        raise NotImplementedError

    def _apply(self, values: np.ndarray) -> np.ndarray:
        raise NotImplementedError


class MinMax(Normalizer):
    """Each feature's training range becomes 0 ... 1; new items may lie outside it.

    A feature that is constant in training becomes 0 there, and keeps its distance from that constant
    elsewhere.
    """

    names = ("minimum", "scale")

    def _learn(self, values: np.ndarray) -> dict[str, np.ndarray]:
        minimum, extent = values.min(axis=0), np.ptp(values, axis=0)
        return {"minimum": minimum, "scale": np.where(extent == 0, 1.0, extent)}

    def _apply(self, values: np.ndarray) -> np.ndarray:
        return (values - self.parameters["minimum"]) / self.parameters["scale"]


class ZScore(Normalizer):
    """Each feature gets mean 0 and (population) standard deviation 1 over the training items.

    A feature that is constant in training becomes 0 there, and keeps its distance from that constant
    elsewhere.
    """

    names = ("mean", "scale")

    def _learn(self, values: np.ndarray) -> dict[str, np.ndarray]:
        # Compared, not computed: rounding gives a constant 0.1 a standard deviation, tiny but not 0.
        constant = np.ptp(values, axis=0) == 0
        mean = np.where(constant, values[0], values.mean(axis=0))
        return {"mean": mean, "scale": np.where(constant, 1.0, values.std(axis=0))}

    def _apply(self, values: np.ndarray) -> np.ndarray:
        return (values - self.parameters["mean"]) / self.parameters["scale"]


class UnitLength(Normalizer):
    """Each item gets Euclidean length 1; an item of zeros stays so. Learnt is the number of features only."""

    names = ("width",)

    def _learn(self, values: np.ndarray) -> dict[str, np.ndarray]:
        return {"width": np.ones(values.shape[1])}

    def _apply(self, values: np.ndarray) -> np.ndarray:
        # By the largest value first, so that squares neither overflow nor vanish.
        largest = np.abs(values).max(axis=1, keepdims=True, initial=0.0)
        values = values / np.where(largest == 0, 1.0, largest)
        length = np.linalg.norm(values, axis=1, keepdims=True)
        return values / np.where(length == 0, 1.0, length)


NORMALIZATIONS: dict[str, type[Normalizer]] = {"minmax": MinMax, "zscore": ZScore, "unit_length": UnitLength}


def normalizer_from_state(name: str, state: dict[str, np.ndarray]) -> Normalizer:
    """The normalizer called `name` in NORMALIZATIONS, with what it had learnt."""
    if name not in NORMALIZATIONS:
        raise UserError(f"unknown normalization {name!r}; choose from {', '.join(NORMALIZATIONS)}")
    return NORMALIZATIONS[name].from_state(state)


def _table(x: np.ndarray) -> np.ndarray:
    x = np.asarray(x)
    if x.ndim != 2:
        raise UserError(
            f"features must be a table (items, features), got shape {x.shape}; give one row per item"
        )
    values = x.astype(np.float64)
    bad = ~np.isfinite(values)
    if bad.any():
        row, column = np.argwhere(bad)[0]
        raise UserError(
            f"feature {column} of item {row} is {values[row, column]}; check the audio of that item"
        )
    return values


def _result_dtype(x: np.ndarray) -> np.dtype:
    dtype = np.asarray(x).dtype
    return dtype if np.issubdtype(dtype, np.floating) else np.dtype(np.float64)
