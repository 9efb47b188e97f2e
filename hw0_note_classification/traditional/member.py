"""One fitted model: from rows of pooled features to probabilities of the families.

`search.fit_member` learns all of it, and `search.fit_temperature` how sure it may be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from common.normalization import NORMALIZATIONS, Normalizer
from hw0_note_classification.note_index import FAMILIES
from hw0_note_classification.traditional.predictors import Predictor

ROWS = 256  # items predicted at a time: their distances to 289 205 training notes are 600 MB


@dataclass(eq=False)
class Member:
    """A model with all that stands before it and behind it.

    `inputs` (columns of the feature table) are normalized, `selected` of them reach the predictor, whose
    scores, over `temperature`, give the probabilities of `families`: those that had training notes.
    """

    model: str
    inputs: np.ndarray
    normalization: str
    normalizer: Normalizer | None
    selected: np.ndarray
    predictor: Predictor
    families: np.ndarray
    temperature: float = 1.0

    def scores(self, features: np.ndarray) -> np.ndarray:
        """(items, columns of the table) -> (items, len(families)) float64, higher is likelier."""
        parts = np.array_split(features, range(ROWS, len(features), ROWS))
        return np.concatenate([self.predictor.scores(self._prepared(part)) for part in parts])

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """(items, columns of the table) -> (items, 11) float64, rows that sum to 1."""
        probabilities = np.zeros((len(features), len(FAMILIES)))
        probabilities[:, self.families] = softmax(self.scores(features) / self.temperature)
        return probabilities

    def _prepared(self, features: np.ndarray) -> np.ndarray:
        features = features[:, self.inputs]
        if self.normalizer is not None:
            features = self.normalizer.transform(features)
        return features[:, self.selected]


def fit_normalizer(name: str, features: np.ndarray) -> Normalizer | None:
    return None if name == "none" else NORMALIZATIONS[name]().fit(features)


def softmax(scores: np.ndarray) -> np.ndarray:
    """exp(scores), each row divided by its sum."""
    shares = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return shares / shares.sum(axis=-1, keepdims=True)
