"""A batch in the training of the LSTM-GAN: two networks take turns, each against the other.

    discriminator   true melodies -> "true", the generator's -> "false"; then it holds still:
    generator       its melodies -> "true", in the discriminator's judgement

What keeps them in balance, with its source; all are options, and in brackets stands what the authors took:

- The generator maximizes log D(fake) instead of minimizing log(1 - D(fake)), whose gradient fades while the
  discriminator is sure of itself (Goodfellow et al. 2014, section 3). [minimax]
- Truth is worth 0.9 and not 1: a discriminator that is never in doubt teaches nothing (one-sided label
  smoothing, Salimans et al. 2016). [1]
- Adam with little momentum, as both losses change under its feet (Radford et al. 2016). [plain gradient
  descent, its rate 0.1, the discriminator's 0.3 times that]
- True notes move about a little in their cells: see NoteScale. [not at all]
- Feature matching: the discriminator's mean features of true and of generated melodies are to agree (Salimans
  et al. 2016). [in the authors' code, switched off]
- True melodies with the lyrics of others are "false", too, so that the lyrics cannot be ignored
  (matching-aware discriminator, Reed et al. 2016). [in the authors' code, switched off]
- In the first epochs the generator may learn the mean melody by least squares. [1 epoch]
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from common.cli import UserError, at_least
from common.training import TrainingConfig
from hw3_melody_generation.lstm_gan import LstmGan


@dataclass(kw_only=True)
class GanTrainingConfig(TrainingConfig):
    """Options of adversarial training; `learning_rate` is the generator's."""

    epochs: int = 16
    batch_size: int = 128
    learning_rate: float = 2e-3
    warmup: float = 0.0
    weight_decay: float = 0.0
    gradient_clip: float = 5.0
    ema: float = 0.995
    optimizer: Literal["adam", "sgd"] = "adam"
    """Adam, or plain gradient descent as published."""
    discriminator_rate: float = 0.5
    """The discriminator's learning rate, in units of the generator's. Published: 0.3."""
    adversarial_loss: Literal["non-saturating", "minimax"] = "non-saturating"
    """What the generator minimizes: -log D(fake), or log(1 - D(fake)) as published."""
    label_smoothing: float = 0.1
    """How much less than 1 "true" is worth to the discriminator, from 0 as published to below 0.5."""
    jitter: float = 0.3
    """How much of its cell a true note may stand in: from 0, in the middle as published, to 1, anywhere."""
    feature_matching: float = 0.0
    """Weight of the distance between mean features of true and generated melodies."""
    wrong_lyrics: float = 0.0
    """Weight of true melodies under the lyrics of others, which the discriminator is to call false."""
    pretraining: int = 0
    """First epochs in which the generator learns by least squares, without a discriminator. Published: 1."""
    skip_gram_steps: int = 1000
    """Steps in which the vectors of syllables are learnt beforehand."""

    def __post_init__(self) -> None:
        super().__post_init__()
        at_least(0, feature_matching=self.feature_matching, wrong_lyrics=self.wrong_lyrics)
        at_least(0, pretraining=self.pretraining)
        at_least(1, skip_gram_steps=self.skip_gram_steps)
        if not 0 <= self.jitter <= 1:
            raise UserError(f"--jitter is {self.jitter}; give a value in [0, 1]")
        if self.discriminator_rate <= 0 or not 0 <= self.label_smoothing < 0.5:
            raise UserError("--discriminator-rate must be above 0, and --label-smoothing in [0, 0.5)")
        if self.amp != "off":
            raise UserError(f"--amp {self.amp}: the LSTM-GAN is trained in full precision; leave it off")


def adversarial_turns(
    model: LstmGan, batch: dict[str, Tensor], optimizer: torch.optim.Optimizer, config: GanTrainingConfig
) -> dict[str, Tensor]:
    """A step of the discriminator, then one of the generator: what the history calls losses, and accuracy."""
    condition, real, fake = make(model, batch, config)
    loss, accuracy = discriminator_loss(model, real, fake.detach(), condition, batch["mask"], config)
    update(optimizer, model.discriminator, loss, config)
    with holding_still(model.discriminator):
        generator_loss_ = generator_loss(model, real, fake, condition, batch["mask"], config)
        update(optimizer, model.generator, generator_loss_, config)
    return {"train_loss": generator_loss_, "discriminator_loss": loss, "discriminator_accuracy": accuracy}


def least_squares_turn(
    model: LstmGan, batch: dict[str, Tensor], optimizer: torch.optim.Optimizer, config: GanTrainingConfig
) -> dict[str, Tensor]:
    """A step of the generator towards the true melodies: it learns where notes are on average."""
    _, real, fake = make(model, batch, config)
    loss = mean((real - fake).square().mean(dim=-1), batch["mask"])
    update(optimizer, model.generator, loss, config)
    return {"train_loss": loss}


def make(
    model: LstmGan, batch: dict[str, Tensor], config: GanTrainingConfig
) -> tuple[Tensor, Tensor, Tensor]:
    """The condition (B, T, C), true melodies and generated ones as points (B, T, 3)."""
    condition, notes = model.condition(batch), batch["notes"]
    place = 0.5 + config.jitter * (torch.rand(notes.shape).to(notes.device) - 0.5)
    noise = model.noise(*notes.shape[:2]).to(notes.device)
    return condition, model.scale.points(notes, place), model.generator(condition, noise)


def discriminator_loss(
    model: LstmGan, real: Tensor, fake: Tensor, condition: Tensor, mask: Tensor, config: GanTrainingConfig
) -> tuple[Tensor, Tensor]:
    """Binary cross-entropy of "true" and "false", halves added; and the share of right judgements."""
    true, _ = model.discriminator(real, condition, mask)
    false, _ = model.discriminator(fake, condition, mask)
    loss = cross_entropy(true, 1 - config.label_smoothing, mask) + cross_entropy(false, 0.0, mask)
    if config.wrong_lyrics:
        strange, _ = model.discriminator(real, condition.roll(1, dims=0), mask)
        loss = loss + config.wrong_lyrics * cross_entropy(strange, 0.0, mask)
    neutral = math.log(
        (1 - config.label_smoothing) / (1 + config.label_smoothing)
    )  # its logit if it knew nothing
    right = (mean((true > neutral).float(), mask) + mean((false < neutral).float(), mask)) / 2
    return loss, right


def generator_loss(
    model: LstmGan, real: Tensor, fake: Tensor, condition: Tensor, mask: Tensor, config: GanTrainingConfig
) -> Tensor:
    """How far from "true" the discriminator finds the generated melodies, and their features if asked."""
    logits, features = model.discriminator(fake, condition, mask)
    if config.adversarial_loss == "minimax":
        loss = -cross_entropy(logits, 0.0, mask)  # log(1 - D)
    else:
        loss = cross_entropy(logits, 1.0, mask)  # -log D
    if config.feature_matching:
        with torch.no_grad():
            _, true_features = model.discriminator(real, condition, mask)
        weight = mask[..., None] / mask.sum()
        distance = ((features - true_features) * weight).sum(dim=(0, 1))  # (B, T, H) -> (H,)
        loss = loss + config.feature_matching * distance.square().sum()
    return loss


def update(
    optimizer: torch.optim.Optimizer, network: nn.Module, loss: Tensor, config: GanTrainingConfig
) -> None:
    """One step of `network` alone: no other weights have gradients."""
    loss.backward()
    if config.gradient_clip:
        nn.utils.clip_grad_norm_(network.parameters(), config.gradient_clip)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


@contextmanager
def holding_still(network: nn.Module) -> Iterator[None]:
    """Gradients pass through `network`, and leave nothing in it."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)


def cross_entropy(logits: Tensor, target: float, mask: Tensor) -> Tensor:
    """-target log sigmoid(logits) - (1 - target) log(1 - sigmoid(logits)), its mean where mask (B, T) is."""
    return mean(
        F.binary_cross_entropy_with_logits(logits, torch.full_like(logits, target), reduction="none"), mask
    )


def mean(values: Tensor, mask: Tensor) -> Tensor:
    """The mean of values (B, T) where there is a syllable."""
    return (values * mask).sum() / mask.sum()
