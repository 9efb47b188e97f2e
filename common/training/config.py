"""The options of training, the same for every assignment."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from common.cli import UserError
from common.run_folder import MAY_CHANGE


@dataclass(kw_only=True)
class TrainingConfig:
    """Put it into a command's config as a field, or inherit from it.

    A run goes on only with the same options, except those that leave its mathematics alone (MAY_CHANGE).
    `epochs` is not one of them: the learning rate is planned from the first step to the last.
    """

    epochs: int = 20
    """Passes over the training data."""
    batch_size: int = 64
    """Items per step, over all processes together."""
    learning_rate: float = 1e-3
    """Highest step size of AdamW."""
    schedule: Literal["cosine", "constant"] = "cosine"
    """Learning rate after the warm-up: falling to 0 along half a cosine, or constant."""
    warmup: float = 0.05
    """Fraction of all steps, 0 to 1, in which the learning rate rises linearly to its highest."""
    weight_decay: float = 0.01
    """Decoupled weight decay of AdamW per unit of learning rate; biases and norms are exempt."""
    gradient_clip: float = 1.0
    """Longest gradient (L2 norm over all weights); longer ones are scaled down. 0: never."""
    ema: float = 0.0
    """Decay per step, 0 to 1, of a moving average of the weights, which is validated and kept. 0: none."""
    seed: int = 0
    """Seed of initialization, shuffling, augmentation and dropout."""
    amp: Literal["off", "bfloat16", "float16"] = "off"
    """Mixed precision on CUDA; without effect on other devices."""
    patience: int = field(default=0, metadata=MAY_CHANGE)
    """Epochs without a better validation score after which training stops. 0: never."""
    keep_epochs: tuple[int, ...] = field(default=(), metadata=MAY_CHANGE)
    """Epochs whose weights are kept besides the best, each in a model folder RUN/epoch_NNN."""
    device: Literal["auto", "cpu", "cuda", "mps"] = field(default="auto", metadata=MAY_CHANGE)
    """Where to compute; auto takes cuda, else mps (Apple), else cpu."""
    workers: int = field(default=1, metadata=MAY_CHANGE)
    """Processes that read ahead while the model computes. 0: read between the steps."""

    def __post_init__(self) -> None:
        for name, valid, rule in (
            ("epochs", self.epochs >= 1, "at least 1"),
            ("batch_size", self.batch_size >= 1, "at least 1"),
            ("learning_rate", self.learning_rate > 0, "above 0"),
            ("warmup", 0 <= self.warmup < 1, "in [0, 1)"),
            ("weight_decay", self.weight_decay >= 0, "at least 0"),
            ("gradient_clip", self.gradient_clip >= 0, "at least 0"),
            ("ema", 0 <= self.ema < 1, "in [0, 1)"),
            ("seed", self.seed >= 0, "at least 0"),
            ("patience", self.patience >= 0, "at least 0"),
            ("workers", self.workers >= 0, "at least 0"),
        ):
            if not valid:
                option = "--" + name.replace("_", "-")
                raise UserError(f"{option} is {getattr(self, name)}; give a value {rule}")
