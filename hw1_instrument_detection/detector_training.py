"""Training of a detector: its clips, its loss and its validation, handed to the loop of `common.training`.

The validation score that chooses the best epoch is the mean average precision over the classes: it asks how
well each class's clips are ranked, and so needs no threshold, which would have to be chosen each time anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict
from functools import partial
from pathlib import Path

import numpy as np
from torch import Tensor, nn
from torch.utils.data import Dataset

from common.metrics.detection import class_average_precision
from common.run_folder import RunFolder, is_main_process
from common.training import (
    TrainingConfig,
    collate_readable,
    evaluation_loader,
    fit,
    from_main_process,
    logits_and_targets,
    pick_device,
    training_loader,
)
from common.training.learning_curve import save_learning_curve
from common.training.processes import world_size
from hw1_instrument_detection.clip_dataset import ClipDataset
from hw1_instrument_detection.clip_index import ClipIndex
from hw1_instrument_detection.feature_cache import CachedDetector, CachedFeatures, FeatureCache
from hw1_instrument_detection.losses import Loss
from hw1_instrument_detection.models import InstrumentDetector, MelEncoder
from hw1_instrument_detection.remix import ClipMixDataset, RemixDataset
from hw1_instrument_detection.remix_config import RemixConfig
from hw1_instrument_detection.spectrogram_cache import open_spectrograms
from hw1_instrument_detection.spectrogram_detector import SpectrogramDetector
from hw1_instrument_detection.stem_cache import open_stems
from hw1_instrument_detection.stem_players import SpectrogramPlayer, WaveformPlayer
from hw1_instrument_detection.thresholds import choose_thresholds, macro_f1
from hw1_instrument_detection.tracks import Track


def fit_detector(
    model: InstrumentDetector | SpectrogramDetector | CachedDetector,
    train: Dataset,
    valid: Dataset,
    *,
    loss: Loss,
    training: TrainingConfig,
    run: RunFolder,
) -> dict[str, float]:
    """Train, or go on training, until `run` holds the best model and figures/learning_curve.png.

    train, valid: clips at the model's rate, or for a CachedDetector their features; a SpectrogramDetector may
    be given spectrograms. Returns the
    validation metrics of the best epoch. Errors: see `common.training.fit`.
    """
    best = fit(
        model,
        training_loader(train, training),
        step=Objective(loss),
        validate=Validation(valid, training, loss=loss),
        run=run,
        config=training,
        model_config=asdict(model.config),
    )
    if is_main_process():
        save_learning_curve(run, best_epoch=best["epoch"])
    return best


class Objective:
    """The loss of a batch of clips."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss

    def __call__(self, model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        return self.loss(model(batch["waveform"]), batch["target"])  # (B, S) -> (B, 9) -> ()


class Validation:
    """Metrics of a model on the validation clips, which `valid` reads: "score" is the mean average precision.

    "valid_macro_f1" is that of the thresholds which are best on these very clips: it flatters, but not from
    epoch to epoch.
    """

    def __init__(self, valid: Dataset, config: TrainingConfig, *, loss: Loss) -> None:
        self.loss = loss
        self.loader = evaluation_loader(
            valid,
            batch_size=config.batch_size,
            workers=config.workers,
            device=config.device,
            collate=collate_readable,
        )

    def __call__(self, model: nn.Module) -> dict[str, float]:
        logits, targets = logits_and_targets(model, self.loader)  # (clips, 9) twice
        logits = logits.double()
        loss = self.loss(logits, targets).item()
        probabilities, targets = logits.sigmoid().numpy(), targets.numpy()
        score = float(np.nanmean(class_average_precision(targets, probabilities)))  # of the classes there
        f1 = macro_f1(targets, probabilities, choose_thresholds(targets, probabilities))
        return {"score": score, "valid_loss": loss, "valid_map": score, "valid_macro_f1": f1}


def labelled_share(train: ClipIndex, share: float, *, seed: int) -> ClipIndex:
    """The clips of a share (0, 1] of the tracks, at least one: those whose labels training may use.

    Which tracks depends on `seed` alone, and a smaller share is part of a larger one, so that its results
    differ by the number of labels only.
    """
    tracks = sorted({train.tracks[number] for number in np.unique(train.track)})
    order = np.random.default_rng(seed).permutation(len(tracks))
    chosen = {tracks[position] for position in order[: max(1, round(share * len(tracks)))]}
    return train.subset(np.array([train.tracks[number] in chosen for number in train.track]))


def remixed_clips(
    config: RemixConfig,
    train: ClipIndex,
    tracks: Sequence[Track] | None,
    *,
    encoder: nn.Module,
    data: Path,
    epochs: int = 1,
) -> ClipDataset:
    """The training clips for `encoder`, remixed: waveforms, or mel spectrograms if `config` says so.

    tracks: those that `train.tracks` names, whose stems are decoded here, once, into a folder of `data`; None
    if the data have no stems: then waveforms, whatever `config` says.
    """
    if tracks is None:
        return ClipMixDataset(train, sample_rate=encoder.sample_rate, config=config)
    used = [tracks[number] for number in np.unique(train.track)]
    open_player = partial(
        spectrogram_player if config.remix_domain == "spectrogram" else waveform_player,
        config,
        used,
        encoder,
        data,
    )
    if world_size() > 1:  # one process fills the cache, the others find it filled
        from_main_process(lambda: {"player": type(open_player()).__name__})
    return RemixDataset(train, tracks, open_player(), config=config, epochs=epochs)


def waveform_player(
    config: RemixConfig, tracks: Sequence[Track], encoder: nn.Module, data: Path
) -> WaveformPlayer:
    """What plays the stems of `tracks` as waveforms, kept in the data folder."""
    rate = encoder.sample_rate
    folder = (config.remix_cache or data) / f".cache_{rate}"
    stems = open_stems(tracks, sample_rate=rate, folder=folder, limit_gb=config.remix_cache_gb)
    return WaveformPlayer(stems, config.sound(rate), seconds=config.remix_seconds)


def spectrogram_player(
    config: RemixConfig, tracks: Sequence[Track], encoder: MelEncoder, data: Path
) -> SpectrogramPlayer:
    """What plays the stems of `tracks` as mel spectrograms, kept in the data folder."""
    mel, rate = deepcopy(encoder.mel).cpu(), encoder.sample_rate
    name = f"{rate}_{mel.n_fft}_{mel.hop_length}_{mel.n_mels}_{config.remix_semitones:g}"
    spectrograms = open_spectrograms(
        tracks,
        mel,
        sample_rate=rate,
        speeds=config.speeds(),
        folder=(config.remix_cache or data) / f".spectrograms_{name}",
        limit_gb=config.remix_cache_gb,
    )
    return SpectrogramPlayer(
        spectrograms,
        seconds=config.remix_seconds,
        gain_db=config.remix_gain_db,
        equalizer_db=config.remix_equalizer_db,
    )


def cached_features(
    model: InstrumentDetector, splits: Sequence[ClipIndex], *, training: TrainingConfig, folder: Path
) -> list[CachedFeatures]:
    """The clips of each split as features of the frozen encoder of `model`; it hears them here, once."""
    cache = FeatureCache(folder, model.encoder.to(pick_device(training.device)))
    open_cache = partial(cache.dataset, batch_size=training.batch_size, workers=training.workers)
    if world_size() > 1:
        from_main_process(lambda: {"clips": [len(open_cache(clips)) for clips in splits]})
    return [open_cache(clips) for clips in splits]
