"""Training of a detector's head on the cached features of its frozen encoder: seconds an epoch become one.

As `fit_detector`, with one difference: clips come as they are, without remixes and without augmentation,
because a feature can be looked up only for a clip that was heard before.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from common.run_folder import RunFolder, is_main_process
from common.training import TrainingConfig, evaluation_loader, fit, from_main_process, training_loader
from common.training.learning_curve import save_learning_curve
from common.training.processes import pick_device, world_size
from hw1_instrument_detection.clip_index import ClipIndex
from hw1_instrument_detection.detector_training import Objective, Validation
from hw1_instrument_detection.feature_cache import CachedDetector, CachedFeatures, FeatureCache
from hw1_instrument_detection.losses import Loss
from hw1_instrument_detection.models import InstrumentDetector


def fit_cached_detector(
    model: InstrumentDetector,
    train: ClipIndex,
    valid: ClipIndex,
    *,
    folder: Path,
    loss: Loss,
    training: TrainingConfig,
    run: RunFolder,
) -> dict[str, float]:
    """Train, or go on training, the head of a detector until `run` holds the best one, a whole detector.

    model: with a frozen encoder (`freeze_encoder=True`). folder: for the features. Returns the validation
    metrics of the best epoch. Errors: UserError if no clip can be read; see also `common.training.fit`.
    """
    cache = FeatureCache(folder, model.encoder.to(pick_device(training.device)))

    def features() -> list[CachedFeatures]:
        return [cache.dataset(clips, workers=training.workers) for clips in (train, valid)]

    if world_size() > 1:  # one process computes them, the others find them
        from_main_process(lambda: {"clips": [len(found) for found in features()]})
    train_features, valid_features = features()
    best = fit(
        CachedDetector(model),
        training_loader(train_features, training),
        step=Objective(loss),
        validate=CachedValidation(valid_features, training, loss=loss),
        run=run,
        config=training,
        model_config=asdict(model.config),
    )
    if is_main_process():
        save_learning_curve(run, best_epoch=best["epoch"])
    return best


class CachedValidation(Validation):
    """`Validation` on cached features."""

    def __init__(self, valid: CachedFeatures, config: TrainingConfig, *, loss: Loss) -> None:
        self.loss = loss
        self.loader = evaluation_loader(
            valid, batch_size=config.batch_size, workers=config.workers, device=config.device
        )
