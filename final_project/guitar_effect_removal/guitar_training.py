"""Training of the models: their losses and their validation, handed to the loop of `common.training`.

A remover minimizes the distance by which it is measured, MR-STFT; the score that chooses its best epoch is
the mean distance over the validation pairs, with the sign turned. MR-STFT does not hear the phase, so a
remover on the waveform, which makes one, minimizes the difference of the waveforms, too. The detector
minimizes HW1's binary cross-entropy; its score is the mean average precision over the effects.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from common.metrics.detection.ranking import class_average_precision
from common.run_folder import RunFolder, is_main_process
from common.training import TrainingConfig, evaluation_loader, fit, training_loader
from common.training.batches import to_device
from common.training.learning_curve import save_learning_curve
from final_project.guitar_effect_removal.models import ModelConfig, to_json
from final_project.guitar_effect_removal.mr_stft import mr_stft
from hw1_instrument_detection.losses import binary_cross_entropy

EVERY = 4  # of the frames, one is compared in training: a step costs half as much, see LOG.md
WAVEFORM_WEIGHT = 0.3  # the magnitudes are to decide; see LOG.md


def train_model(
    model: nn.Module,
    train: Dataset,
    valid: Dataset,
    *,
    config: ModelConfig,
    training: TrainingConfig,
    run: RunFolder,
) -> dict[str, float]:
    """Train, or go on training, until `run` holds the best model. Returns its validation metrics."""
    losses = {"remover": removal_loss, "waveform": waveform_loss, "detector": detection_loss}
    validation = DetectionValidation if config.model == "detector" else RemovalValidation
    best = fit(
        model,
        training_loader(train, training),
        step=losses[config.model],
        validate=validation(valid, training),
        run=run,
        config=training,
        model_config=to_json(config),
    )
    if is_main_process():
        save_learning_curve(run, best_epoch=best["epoch"])
    return best


def removal_loss(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """The mean MR-STFT distance of a batch, on a part of the frames."""
    return mr_stft(model(batch["wet"]), batch["dry"], every=EVERY).mean()


def waveform_loss(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """The same, and WAVEFORM_WEIGHT times the mean |difference| of waveforms, of guitars with RMS 1."""
    estimate, dry = model(batch["wet"]), batch["dry"]
    loudness = dry.square().mean(dim=-1).sqrt().clamp(min=1e-5)  # (B,)
    difference = (estimate - dry).abs().mean(dim=-1) / loudness
    return (mr_stft(estimate, dry, every=EVERY) + WAVEFORM_WEIGHT * difference).mean()


def detection_loss(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """The mean binary cross-entropy of a batch, over all effects."""
    return binary_cross_entropy(model(batch["wet"]), batch["target"])


class RemovalValidation:
    """MR-STFT over the validation pairs: of the estimates, and of the wet guitars as they are.

    Metrics: "score" (minus the mean), "valid_mr_stft", "valid_input_mr_stft".
    """

    def __init__(self, valid: Dataset, training: TrainingConfig) -> None:
        self.loader = evaluation_loader(valid, batch_size=1, device=training.device)
        self.inputs: float | None = None  # always the same: computed once

    def __call__(self, model: nn.Module) -> dict[str, float]:
        device = next(model.parameters()).device
        estimates, inputs = [], []
        for batch in self.loader:
            wet, dry = (to_device(batch[name], device) for name in ("wet", "dry"))
            estimates.append(mr_stft(model(wet), dry).item())
            if self.inputs is None:
                inputs.append(mr_stft(wet, dry).item())
        self.inputs = float(np.mean(inputs)) if inputs else self.inputs
        mean = float(np.mean(estimates))
        return {"score": -mean, "valid_mr_stft": mean, "valid_input_mr_stft": self.inputs}


class DetectionValidation:
    """Mean average precision over the effects that occur among the validation pairs, as "score"."""

    def __init__(self, valid: Dataset, training: TrainingConfig) -> None:
        self.loader = evaluation_loader(valid, batch_size=1, device=training.device)

    def __call__(self, model: nn.Module) -> dict[str, float]:
        logits, targets = predictions(model, self.loader)
        precision = class_average_precision(targets.numpy(), logits.sigmoid().numpy())
        score = float(np.nanmean(precision))
        loss = binary_cross_entropy(logits, targets).item()
        return {"score": score, "valid_mean_average_precision": score, "valid_loss": loss}


@torch.no_grad()
def predictions(model: nn.Module, loader) -> tuple[Tensor, Tensor]:
    """Logits and targets of all pairs, (pairs, effects) each, on the CPU."""
    device = next(model.parameters()).device
    logits, targets = [], []
    for batch in loader:
        logits.append(model(to_device(batch["wet"], device)).float().cpu())
        targets.append(batch["target"])
    return torch.cat(logits), torch.cat(targets)
