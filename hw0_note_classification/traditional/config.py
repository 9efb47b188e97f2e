"""The options of the traditional models, and the rules that they obey together."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from common.cli import UserError
from common.run_folder import MAY_CHANGE
from hw0_note_classification.traditional.features import FeatureSettings

ModelName = Literal["knn", "svm", "forest", "ridge", "logistic", "boosting"]
Normalization = Literal["zscore", "minmax", "unit_length", "none"]
Fusion = Literal["early", "late-mean", "late-vote"]


@dataclass(kw_only=True)
class TraditionalConfig(FeatureSettings):
    """How a traditional model hears, learns and is tuned."""

    normalization: Normalization = "zscore"
    """Scaling of the pooled features, learnt from training notes: mean 0 and deviation 1, range 0 to 1, or
    each note to length 1."""
    selection: Literal["none", "univariate", "model"] = "none"
    """Keep only the best pooled features: by the F test of each alone, or by the importances of a forest."""
    selection_size: int = 100
    """Pooled features to keep with --selection."""
    penalty: Literal["l1", "l2"] = "l2"
    """What large weights cost: l1 makes many of them zero (logistic, and svm with --kernel linear)."""
    kernel: Literal["rbf", "linear"] = "rbf"
    """Kernel of svm."""
    balance: bool = False
    """Train on equally many notes of each family: as many as the rarest one has, drawn at random."""
    max_notes: int = 0
    """Most training notes to use, drawn at random. 0: all."""
    search: Literal["off", "small", "wide"] = "small"
    """Hyper-parameters tried: the usual ones only, a handful, or some dozens."""
    search_notes: int = 6000
    """Most training notes to search with, drawn at random; the chosen ones are trained on all. 0: all."""
    folds: int = 3
    """Parts of the cross-validation; the notes of an instrument are always in the same part."""
    fusion: Fusion = "early"
    """early: all features side by side into one model. late: models of their own, whose mean probability or
    majority vote decides."""
    members: tuple[ModelName, ...] = ()
    """Models that late fusion joins to --model. None: one --model for each of --features."""
    jobs: int = field(default=2, metadata=MAY_CHANGE)
    """Fits at a time."""
    feature_cache: Path | None = field(default=None, metadata=MAY_CHANGE)
    """Folder that keeps the features of notes for the next model. Default: feature_cache beside the run."""
    seed: int = 0
    """Seed of the folds, of the notes drawn, and of the models."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, lowest in (("selection_size", 1), ("folds", 2), ("jobs", 1), ("seed", 0)):
            self._at_least(name, lowest)
        for name in ("max_notes", "search_notes"):
            self._at_least(name, 0)
        if self.members and self.fusion == "early":
            raise UserError("--members are for late fusion; add --fusion late-mean or late-vote")

    def check_model(self, model: str) -> None:
        """Errors: UserError where `model`, or one fused with it, does not go with the other options."""
        together = (model, *self.members)
        if unknown := [name for name in together if name not in get_args(ModelName)]:
            raise UserError(f"unknown model {unknown[0]!r}; choose from {', '.join(get_args(ModelName))}")
        if len(set(together)) < len(together):
            raise UserError(f"late fusion of {', '.join(together)}: name each model once")
        if self.penalty == "l2":
            return
        for name in together:
            if name == "svm" and self.kernel == "rbf":
                raise UserError("--penalty l1 needs weights to make sparse; add --kernel linear")
            if name not in ("svm", "logistic"):
                raise UserError(f"--penalty l1 does not go with {name}; use logistic, or svm --kernel linear")

    def feature_settings(self) -> FeatureSettings:
        """The part that says how notes become features."""
        return FeatureSettings(**{name: getattr(self, name) for name in FeatureSettings.names()})


QUICK = TraditionalConfig(
    features=("mfcc", "spectral_centroid"), poolings=("mean", "std"), search="off", folds=2, max_notes=600
)
"""Seconds, to see that everything works: the preset `quick`."""
