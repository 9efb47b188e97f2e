"""Training of the network and of the plain GRU: losses and validation, handed to `common.training`.

One pass of the network's trunk serves two questions: the likelihood with nothing given, and that with a
random part given, which is what harmonizing needs. The validation score is minus the first, in nats per token
(a voice in a sixteenth). The plain GRU has the first question alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from common.run_folder import RunFolder, is_main_process
from common.training import TrainingConfig, fit, training_loader
from common.training.learning_curve import save_learning_curve
from common.training.loop import Step, Validate
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.chorale_dataset import collate
from final_project.muse2bach.frame_batch import FrameBatch
from final_project.muse2bach.frame_gru import FrameGru
from final_project.muse2bach.harmonizer import GRU, Harmonizer
from final_project.muse2bach.network import ChoraleNetwork, whole
from final_project.muse2bach.tokens import UNKNOWN_TOKEN
from final_project.muse2bach.validation import measure

ODD_SHARE = 4  # of the odd frames, one in so many is asked in a step


def fit_network(
    model: nn.Module,
    train: Dataset,
    *,
    step: Step,
    validate: Validate,
    training: TrainingConfig,
    run: RunFolder,
    model_config: dict[str, Any],
) -> dict[str, float]:
    """Train, or go on training, until `run` holds the best model and figures/learning_curve.png.

    step, validate: as in `common.training.fit`. model_config: for config.json. Returns the validation metrics
    of the best epoch. Errors: see `fit`.
    """
    best = fit(
        model,
        training_loader(train, training, collate=collate),
        step=step,
        validate=validate,
        run=run,
        config=training,
        model_config=model_config,
    )
    if is_main_process():
        save_learning_curve(run, best_epoch=best["epoch"])
    return best


class Objective:
    """Nats per token of a batch with nothing given, and of a share of its items with something given."""

    def __init__(self, *, given_share: float) -> None:
        self.given_share = given_share

    def __call__(self, model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        tokens, asked = batch["tokens"], asked_frames(batch["tokens"].shape[1]).to(batch["tokens"].device)
        frames = FrameBatch(**{name: batch[name] for name in FrameBatch.__dataclass_fields__})
        rows = round(self.given_share * len(tokens))
        given = frames.rows(slice(rows)) if rows else None
        alone, seen = model(nothing_told(frames), given, tokens, asked)
        weight = batch["mask"][:, asked] * torch.where(asked % 2 == 1, float(ODD_SHARE), 1.0)
        loss = weighted_nll(alone, weight[..., None].expand_as(alone))
        if given is None:
            return loss
        open_cells = given.given[:, asked] == UNKNOWN_TOKEN
        return loss + self.given_share * weighted_nll(seen, weight[:rows, :, None] * open_cells)


def asked_frames(frames: int) -> Tensor:
    """The frames of which a step trains the heads: all even ones, and one in ODD_SHARE of the odd ones.

    In an odd sixteenth hardly a voice moves: they take half of the time and teach little. Those that are
    asked count ODD_SHARE times, so that the loss is, on average, that of all.
    """
    odd = torch.randperm(frames // 2)[: frames // 2 // ODD_SHARE] * 2 + 1
    return torch.cat([torch.arange(0, frames, 2), odd]).sort().values


def nothing_told(frames: FrameBatch) -> FrameBatch:
    """The same frames with nothing given."""
    given = torch.full_like(frames.given, UNKNOWN_TOKEN)
    return replace(frames, given=given, ahead=torch.zeros_like(frames.ahead))


def weighted_nll(log_p: Tensor, weight: Tensor) -> Tensor:
    """Minus the weighted mean of log_p."""
    return -(log_p * weight).sum() / weight.sum().clamp_min(1)


class Validation:
    """Metrics of a model on chorales: with nothing given, and with the soprano given."""

    def __init__(self, chorales: Sequence[Chorale]) -> None:
        self.open = [whole(chorale) for chorale in chorales]
        self.soprano = [whole(chorale, given=(0,)) for chorale in chorales]

    def __call__(self, model: ChoraleNetwork) -> dict[str, float]:
        nll = nats_per_token(model, self.open)
        return {
            "score": -nll,
            "valid_nll": nll,
            "valid_harmonization_nll": nats_per_token(model, self.soprano),
        }


def nats_per_token(model: ChoraleNetwork, chorales: Sequence[tuple[FrameBatch, Tensor]]) -> float:
    """Mean negative log-likelihood of the cells that are not given, of chorales as `whole` gives them."""
    nats, count = 0.0, 0
    for batch in chorales:
        frames, tokens = (each.to(model.device) for each in batch)
        nats -= model.told(frames, tokens).sum(dtype=torch.float64).item()
        count += int((frames.given == UNKNOWN_TOKEN).sum())
    return nats / count


# ---- the plain GRU ----


def gru_loss(model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """Nats per token of a batch."""
    log_p = model(batch["tokens"])
    return weighted_nll(log_p, batch["mask"][..., None].expand_as(log_p))


def gru_metrics(model: FrameGru, valid: Sequence[Chorale]) -> dict[str, float]:
    """As `Validation` has them."""
    metrics = measure(Harmonizer(GRU, model), valid)
    return {
        "score": -metrics["nll"],
        "valid_nll": metrics["nll"],
        "valid_harmonization_nll": metrics["harmonization_nll"],
    }
