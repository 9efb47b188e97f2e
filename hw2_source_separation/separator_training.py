"""Training of a separator: its chunks, its loss and its validation, handed to the loop of `common.training`.

The validation score that chooses the best epoch is the SDR, median over the 1-second windows of a song,
then the mean over songs and targets: the mean, because the median of a handful of songs jumps from one song
to another.
"""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from common.cli import UserError
from common.metrics.separation import SongScorer, evaluate, sdr_windows, song_median, song_metrics
from common.metrics.separation.evaluation import Metrics
from common.run_folder import RunFolder, is_main_process
from common.training import TrainingConfig, evaluation_loader, fit, item_generator, training_loader
from common.training.batches import collate_readable, to_device
from common.training.learning_curve import save_learning_curve
from hw2_source_separation.chunk_dataset import ExcerptDataset
from hw2_source_separation.losses import LossName, separation_loss
from hw2_source_separation.models import SeparationModel
from hw2_source_separation.separator import Separator
from hw2_source_separation.umx import Umx

STATISTICS_CHUNKS = 64  # training mixtures that Open-Unmix's scales are fitted to


def fit_separator(
    model: SeparationModel,
    train: Dataset,
    valid: Dataset,
    *,
    loss: LossName,
    training: TrainingConfig,
    run: RunFolder,
    compile_network: bool = False,
) -> dict[str, float]:
    """Train, or go on training, until `run` holds the best model and figures/learning_curve.png.

    train, valid: chunks and excerpts with "sources", the model's targets first. Returns the validation
    metrics of the best epoch. Errors: see `common.training.fit`.
    """
    if isinstance(model.network, Umx):
        model.network.fit_scales(*magnitude_statistics(model, train, seed=training.seed))
    if compile_network:
        model.network.compile()
    best = fit(
        model,
        training_loader(train, training),
        step=Objective(model, loss),
        validate=Validation(valid, device=training.device),
        run=run,
        config=training,
        model_config=asdict(model.config),
    )
    if is_main_process():
        save_learning_curve(run, best_epoch=best["epoch"])
    return best


class Objective:
    """The loss of a batch of chunks; `model` is the one that training wraps."""

    def __init__(self, model: SeparationModel, loss: LossName) -> None:
        self.model, self.loss = model, loss

    def __call__(self, model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        sources = batch["sources"]  # (B, outputs, 2, S)
        estimates = model(sources.sum(dim=1), as_spectra=True)  # -> (B, targets, 2, F, T)
        truth = self.model.spectrum(sources[:, : estimates.shape[1]])
        return separation_loss(self.loss, estimates, truth)


class Validation:
    """Metrics of a model on excerpts of the validation songs: "score" is the mean of the songs' median SDR,
    dB."""

    def __init__(self, valid: ExcerptDataset, *, device: str) -> None:
        self.loader = evaluation_loader(valid, batch_size=1, device=device, collate=collate_readable)

    def __call__(self, model: SeparationModel) -> dict[str, float]:
        targets, medians = model.config.targets, []
        for batch in self.loader:
            if batch is not None:
                medians.append(song_median(target_windows(model, batch["sources"])))  # (targets,)
        if not np.isfinite(medians).any():
            raise UserError("nobody sings in the validation songs; name others in validation.txt")
        sdr = np.nanmean(np.array(medians), axis=0)  # over songs
        scores = {f"valid_{target}_sdr": float(value) for target, value in zip(targets, sdr, strict=True)}
        return {"score": float(np.nanmean(sdr)), **scores}


def target_windows(model: SeparationModel, sources: Tensor) -> np.ndarray:
    """SDR (targets, windows) of what the model finds in the mix of `sources` (1, outputs, 2, S)."""
    estimates = model(to_device(sources.sum(dim=1), next(model.parameters()).device))[0].float().cpu()
    truth = sources[0, : len(estimates)]
    return sdr_windows(truth.numpy(), estimates.numpy(), sample_rate=model.config.sample_rate)


def validate(separator: Separator, valid: ExcerptDataset) -> Metrics:
    """Metrics of a finished separator on the excerpts, with the mixture as estimate beside it."""
    songs = {}
    for (number, start), item in zip(valid.places, valid, strict=True):
        if item is None:
            continue
        sources = item["sources"]  # (outputs, 2, S)
        mixture = sources.sum(dim=0)
        scorers = {"model": SongScorer(sample_rate=separator.sample_rate)}
        scorers["mixture"] = SongScorer(sample_rate=separator.sample_rate)
        scorers["model"].add(sources.numpy(), separator.separate(mixture[None])[0].numpy())
        scorers["mixture"].add(sources.numpy(), mixture.expand_as(sources).numpy())
        scores = {name: scorer.scores() for name, scorer in scorers.items()}
        name = f"{valid.songs[number].name}, sample {start}"
        songs[name] = song_metrics(separator.outputs, scores["model"], mixture=scores["mixture"])
    return evaluate(songs, separator.outputs)


@torch.no_grad()
def magnitude_statistics(model: SeparationModel, train: Dataset, *, seed: int) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation (F,) of the magnitudes of training mixtures, over channels and frames."""
    count = min(STATISTICS_CHUNKS, len(train))
    sums = squares = 0.0
    for index in range(count):
        sources = torch.as_tensor(train.draw(index, item_generator(seed, 0, index))["sources"])
        magnitude = model.spectrum(sources.sum(dim=0)).abs().double()  # (C, F, T)
        sums = sums + magnitude.mean(dim=(0, 2))
        squares = squares + magnitude.square().mean(dim=(0, 2))
    mean = sums / count
    return mean.float(), (squares / count - mean.square()).clamp_min(0).sqrt().float()
