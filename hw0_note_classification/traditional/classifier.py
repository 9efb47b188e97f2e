"""A trained traditional model: waveforms in, probabilities of the families out, kept in a model folder.

    classifier = TraditionalClassifier.load("runs/hw0/svm")
    classifier.probabilities(waveforms)  # (batch, samples) float32 at 16 kHz -> (batch, 11)

No pickle, and nothing of scikit-learn: config.json says which arrays of model.safetensors are what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch

from common.cli import UserError
from common.normalization import normalizer_from_state
from common.run_folder import ModelFolderError, load_model, save_model, strict_dataclass
from hw0_note_classification import ASSIGNMENT
from hw0_note_classification.note_index import FAMILIES, SAMPLE_RATE
from hw0_note_classification.traditional.config import Fusion, Normalization
from hw0_note_classification.traditional.features import FeatureExtractor, FeatureSettings
from hw0_note_classification.traditional.member import Member
from hw0_note_classification.traditional.predictors import PREDICTORS


@dataclass(kw_only=True)
class MemberConfig:
    """What config.json says of one member; its arrays are called member<number>.<array>."""

    model: str
    predictor: str
    normalization: Normalization
    temperature: float


@dataclass(kw_only=True)
class ClassifierConfig:
    """config.json. `trained_with` is for people to read: versions, parameters, scores of the search."""

    model: str
    sample_rate: int
    families: tuple[str, ...]
    features: FeatureSettings
    fusion: Fusion
    members: tuple[MemberConfig, ...]
    trained_with: dict[str, Any] = field(default_factory=dict)


class TraditionalClassifier:
    """Pooled features, then one model, or several whose probabilities are fused."""

    sample_rate = SAMPLE_RATE

    def __init__(self, model: str, settings: FeatureSettings, members: Sequence[Member], fusion: Fusion):
        self.model, self.members, self.fusion = model, list(members), fusion
        self.extractor = FeatureExtractor(settings)

    def probabilities(self, waveforms: torch.Tensor) -> np.ndarray:
        """waveforms (batch, samples) float32 at 16 kHz, any length -> (batch, 11) float64, rows sum to 1.

        Errors: UserError for waveforms whose features are NaN or infinite.
        """
        if waveforms.ndim != 2 or waveforms.shape[-1] == 0:
            raise UserError(f"waveforms must be (batch, samples), got {tuple(waveforms.shape)}; reshape them")
        return self.probabilities_of_features(self.extractor(waveforms.float().cpu()))

    def probabilities_of_features(self, features: np.ndarray) -> np.ndarray:
        """Rows of the feature table (items, columns) -> (items, 11)."""
        return fuse([member.probabilities(features) for member in self.members], self.fusion)

    def save(self, folder: Path, trained_with: dict[str, Any]) -> None:
        """Write config.json and model.safetensors into `folder`."""
        config = ClassifierConfig(
            model=self.model,
            sample_rate=SAMPLE_RATE,
            families=FAMILIES,
            features=self.extractor.settings,
            fusion=self.fusion,
            members=tuple(_member_config(member) for member in self.members),
            trained_with=trained_with,
        )
        tensors = {}
        for number, member in enumerate(self.members):
            tensors |= {f"member{number}.{name}": array for name, array in _member_arrays(member).items()}
        entries = {entry.name: getattr(config, entry.name) for entry in fields(config)}
        save_model(folder, assignment=ASSIGNMENT, config=entries, tensors=tensors)

    @classmethod
    def load(cls, folder: str | Path) -> TraditionalClassifier:
        """The classifier that `save` wrote. Errors: ModelFolderError for anything else."""
        entries, tensors = load_model(folder, assignment=ASSIGNMENT)
        if entries.get("model") == "cnn":
            raise ModelFolderError(f"{folder}: holds a CNN, not a traditional model; give another folder")
        config = strict_dataclass(ClassifierConfig, entries, where=Path(folder) / "config.json")
        if config.families != FAMILIES or config.sample_rate != SAMPLE_RATE or not config.members:
            raise ModelFolderError(f"{folder}: is for other families or another rate; train it again")
        try:
            classifier = cls(config.model, config.features, [], config.fusion)
            columns = classifier.extractor.num_columns
            arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
            classifier.members = [
                _member(described, _taken(arrays, f"member{number}."), columns)
                for number, described in enumerate(config.members)
            ]
        except UserError as error:
            raise ModelFolderError(f"{folder}: {error}; copy it again or train again") from error
        if arrays:
            raise ModelFolderError(f"{folder}: holds unknown arrays, {', '.join(arrays)}; train it again")
        return classifier


def fuse(probabilities: Sequence[np.ndarray], fusion: Fusion) -> np.ndarray:
    """Probabilities of several models, each (items, 11), as one.

    "late-mean" is their mean. "late-vote" counts for each family the models that put it first, and lets the
    mean, as one more and divided vote, decide between equals. One model alone ("early") is left as it is.
    """
    if fusion == "early":
        return probabilities[0]
    stacked = np.stack(probabilities)  # (models, items, 11)
    mean = stacked.mean(axis=0)
    if fusion == "late-mean":
        return mean
    votes = np.eye(stacked.shape[-1])[stacked.argmax(axis=-1)].sum(axis=0)
    return (votes + mean) / (len(stacked) + 1)


def _member_config(member: Member) -> MemberConfig:
    kind = type(member.predictor).__name__
    return MemberConfig(
        model=member.model,
        predictor=kind,
        normalization=member.normalization,
        temperature=member.temperature,
    )


def _member_arrays(member: Member) -> dict[str, np.ndarray]:
    arrays = {"inputs": member.inputs, "selected": member.selected, "families": member.families}
    if member.normalizer is not None:
        arrays |= {f"normalizer.{name}": array for name, array in member.normalizer.state().items()}
    return arrays | {f"predictor.{name}": array for name, array in member.predictor.state().items()}


def _member(described: MemberConfig, arrays: dict[str, np.ndarray], columns: int) -> Member:
    """The member of these arrays, each of which must fit. Errors: UserError."""
    inputs = _indices(arrays, "inputs", columns)
    selected = _indices(arrays, "selected", len(inputs))
    families = _indices(arrays, "families", len(FAMILIES))
    normalizer = None
    if described.normalization != "none":
        normalizer = normalizer_from_state(described.normalization, _taken(arrays, "normalizer."))
        if any(array.shape != inputs.shape for array in normalizer.state().values()):
            raise ModelFolderError("the normalization is for another number of features")
    if described.predictor not in PREDICTORS:
        raise ModelFolderError(f"unknown predictor {described.predictor!r}")
    if not described.temperature > 0:
        raise ModelFolderError(f"the temperature must be above 0, got {described.temperature}")
    predictor = PREDICTORS[described.predictor].from_state(
        _taken(arrays, "predictor."), columns=len(selected), classes=len(families)
    )
    if arrays:
        raise ModelFolderError(f"unknown arrays {', '.join(arrays)}")
    return Member(
        model=described.model,
        inputs=inputs,
        normalization=described.normalization,
        normalizer=normalizer,
        selected=selected,
        predictor=predictor,
        families=families,
        temperature=described.temperature,
    )


def _taken(arrays: dict[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names begin with `prefix`, without it; taken out of `arrays`."""
    names = [name for name in arrays if name.startswith(prefix)]
    return {name.removeprefix(prefix): arrays.pop(name) for name in names}


def _indices(arrays: dict[str, np.ndarray], name: str, end: int) -> np.ndarray:
    """Different whole numbers from 0 to end - 1, taken out of `arrays`."""
    indices = arrays.pop(name, np.empty(0))
    fits = indices.ndim == 1 and np.issubdtype(indices.dtype, np.integer) and len(indices) > 0
    if not fits or indices.min() < 0 or indices.max() >= end or len(np.unique(indices)) < len(indices):
        raise ModelFolderError(f"the array {name} must hold different whole numbers from 0 to {end - 1}")
    return indices
