"""Training of the CNN: its regularization, loss and validation, handed to the loop of `common.training`.

The validation score that chooses the best epoch is top-1 accuracy, by which the assignment is judged.
Sources: mixup, Zhang et al. 2018, eq. 1; label smoothing, Szegedy et al. 2016, section 7.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from common.cli import UserError
from common.metrics.classification import top_k_accuracy
from common.run_folder import RunFolder, is_main_process
from common.training import (
    TrainingConfig,
    collate_readable,
    evaluation_loader,
    fit,
    logits_and_targets,
    seed_everything,
    training_loader,
)
from common.training.learning_curve import save_learning_curve
from hw0_note_classification.models import CNNConfig, NoteCNN
from hw0_note_classification.note_dataset import NoteDataset
from hw0_note_classification.note_index import NoteIndex

QUIETEST_NOISE = -60.0  # dB below the note: below what 16-bit recordings of quiet notes have anyway


@dataclass(kw_only=True)
class RegularizationConfig:
    """What keeps the CNN from learning the notes by heart; equalizer and masks are in the CNN itself."""

    noise_db: float = QUIETEST_NOISE
    """Loudest white noise (dB relative to the note) added to every other training note; drawn from -60 dB up.
    -60: none."""
    mixup: float = 0.0
    """Mixup's alpha: training notes are mixed in pairs, in shares from Beta(alpha, alpha). 0: none."""
    label_smoothing: float = 0.1
    """Share of the target, 0 to 1, that is spread over all families."""
    class_weights: bool = False
    """Weigh each training note by the inverse of its family's frequency."""

    def __post_init__(self) -> None:
        for option, value, valid, rule in (
            ("--noise-db", self.noise_db, self.noise_db >= QUIETEST_NOISE, f"at least {QUIETEST_NOISE:g}"),
            ("--mixup", self.mixup, self.mixup >= 0, "at least 0"),
            ("--label-smoothing", self.label_smoothing, 0 <= self.label_smoothing < 1, "in [0, 1)"),
        ):
            if not valid:
                raise UserError(f"{option} is {value}; give a value {rule}")


def fit_cnn(
    train: NoteIndex,
    valid: NoteIndex,
    *,
    cnn: CNNConfig,
    training: TrainingConfig,
    regularization: RegularizationConfig,
    run: RunFolder,
) -> dict[str, float]:
    """Train, or go on training, until `run` holds the best model and figures/learning_curve.png.

    Returns the validation metrics of the best epoch. Errors: see `common.training.fit`.
    """
    seed_everything(training.seed)
    model = NoteCNN(cnn)
    dataset = NoteDataset(train, augment=AddNoise(regularization.noise_db), sample_rate=cnn.sample_rate)
    best = fit(
        model,
        training_loader(dataset, training),
        step=Objective(regularization, train.class_counts()),
        validate=Validation(valid, training, sample_rate=cnn.sample_rate),
        run=run,
        config=training,
        model_config={"model": "cnn", **asdict(cnn)},
    )
    dataset.problems().report(train.folder)
    if is_main_process():
        save_learning_curve(run, best_epoch=best["epoch"])
    return best


@dataclass(frozen=True)
class AddNoise:
    """Augmentation of one waveform (samples,): in every other case white noise below it, up to `noise_db`."""

    noise_db: float

    def __call__(self, waveform: Tensor, generator: np.random.Generator) -> Tensor:
        if self.noise_db == QUIETEST_NOISE or generator.random() < 0.5:
            return waveform
        noise = torch.from_numpy(generator.standard_normal(len(waveform), dtype=np.float32))
        level = 10 ** (generator.uniform(QUIETEST_NOISE, self.noise_db) / 20)
        return waveform + level * waveform.square().mean().sqrt() * noise


class Objective:
    """The loss of a batch: cross-entropy, with label smoothing, class weights and mixup if asked for."""

    def __init__(self, config: RegularizationConfig, train_counts: np.ndarray) -> None:
        self.config = config
        self.weights = inverse_frequencies(train_counts) if config.class_weights else None

    def __call__(self, model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        waveform, target = batch["waveform"], batch["target"]  # (B, samples), (B,)
        if not self.config.mixup:
            return self.losses(model(waveform), target).mean()
        share, partner = draw_mixup(len(target), self.config.mixup)
        share, partner = share.to(waveform.device), partner.to(waveform.device)
        logits = model(share[:, None] * waveform + (1 - share[:, None]) * waveform[partner])  # (B, 11)
        of_both = share * self.losses(logits, target) + (1 - share) * self.losses(logits, target[partner])
        return of_both.mean()

    def losses(self, logits: Tensor, target: Tensor) -> Tensor:
        """Loss of each item, (B, 11), (B,) -> (B,)."""
        smoothing = self.config.label_smoothing
        losses = F.cross_entropy(logits, target, label_smoothing=smoothing, reduction="none")
        # Weighed here, not in cross_entropy: that divides by the batch's sum of weights, and the loss of a
        # batch would depend on how it is shared among processes.
        return losses if self.weights is None else losses * self.weights.to(losses.device)[target]


class Validation:
    """Metrics of a model on the validation notes: "score" is top-1 accuracy."""

    def __init__(self, valid: NoteIndex, config: TrainingConfig, *, sample_rate: int) -> None:
        self.loader = evaluation_loader(
            NoteDataset(valid, replace_broken=False, sample_rate=sample_rate),
            batch_size=config.batch_size,
            workers=config.workers,
            device=config.device,
            collate=collate_readable,
        )

    def __call__(self, model: nn.Module) -> dict[str, float]:
        logits, target = logits_and_targets(model, self.loader)  # (notes, 11), (notes,)
        top1, top3 = (top_k_accuracy(target, logits, k) for k in (1, 3))
        loss = F.cross_entropy(logits, target).item()
        return {"score": top1, "valid_loss": loss, "valid_top1": top1, "valid_top3": top3}


def draw_mixup(items: int, alpha: float) -> tuple[Tensor, Tensor]:
    """For each item the share it keeps, in [0, 1], and the item that gives the rest: two tensors (items,)."""
    share = torch.distributions.Beta(alpha, alpha).sample((items,))
    return share, torch.randperm(items)


def inverse_frequencies(counts: np.ndarray) -> Tensor:
    """Weights (classes,) under which each present class counts the same; their mean over items is 1."""
    present = counts > 0
    weights = np.where(present, counts.sum() / (present.sum() * np.maximum(counts, 1)), 0.0)
    return torch.tensor(weights, dtype=torch.float32)
