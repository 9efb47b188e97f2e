"""Task 2 of HW0: traditional models on pooled features.

    waveform -> features.py -> normalization, selection, a model from scikit-learn -> 11 probabilities

Train with `fit_traditional`, use with `TraditionalClassifier.load(folder).probabilities(waveforms)`.
"""

from hw0_note_classification.traditional.classifier import TraditionalClassifier
from hw0_note_classification.traditional.config import QUICK, ModelName, TraditionalConfig
from hw0_note_classification.traditional.features import FeatureExtractor, FeatureSettings
from hw0_note_classification.traditional.training import fit_traditional

__all__ = [
    "QUICK",
    "FeatureExtractor",
    "FeatureSettings",
    "ModelName",
    "TraditionalClassifier",
    "TraditionalConfig",
    "fit_traditional",
]
