"""Training of the LSTM-GAN: epochs of turns, melodies measured after each, the best weights kept.

As in `common.training.fit`, whose parts it is made of, but with two losses, neither of which says how good
the melodies are: if both sit still, the networks may be in balance at any level. `gan_validation.py` chooses
the epoch, and watches for mode collapse. What is validated and kept is a moving average of the weights, which
themselves circle around the balance (Yazici et al. 2019); the published model has none.

Windows should not be transposed in training: the generator would have to sing in all registers.
"""

from __future__ import annotations

import copy
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from common.cli import UserError
from common.run_folder import RunFolder, load_model, load_weights
from common.training import pick_device, seed_everything, training_loader
from common.training.batches import to_device
from common.training.checkpoint import CHECKPOINT, State
from common.training.learning_curve import save_learning_curve
from common.training.loop import (
    LOOK_EVERY,
    closing,
    conclude_epoch,
    finished,
    interrupt_hint,
    opening,
    progress_bar,
    require_finite,
    say,
)
from common.training.optimization import learning_rate, set_learning_rate, update_average
from common.training.processes import world_size
from hw3_melody_generation.encoding import LINE, SYLLABLE, collate
from hw3_melody_generation.gan_turns import GanTrainingConfig, adversarial_turns, least_squares_turn
from hw3_melody_generation.gan_validation import GanValidation
from hw3_melody_generation.lstm_gan import LstmGan
from hw3_melody_generation.melody_model import MelodyModelConfig
from hw3_melody_generation.skip_gram import skip_gram
from hw3_melody_generation.songs import Song
from hw3_melody_generation.window_dataset import collate_songs

BETAS = (0.5, 0.99)  # of Adam


def fit_gan(
    model: LstmGan,
    train: Dataset,
    valid: Sequence[Song],
    *,
    config: MelodyModelConfig,
    training: GanTrainingConfig,
    run: RunFolder,
) -> dict[str, float]:
    """Train, or go on training, until `run` holds the best model and figures/learning_curve.png.

    model: made after `seed_everything(training.seed)`. train: a WindowDataset; valid: windows of one length.
    Returns the validation metrics of the best epoch. As in `common.training.fit`, a run that was stopped goes
    on to the same weights, on the CPU to the last bit; one process only.
    Errors: UserError if a loss is no longer finite, or the checkpoint does not fit.
    """
    if world_size() > 1:
        raise UserError("the LSTM-GAN trains in one process; start it without torchrun")
    validate = GanValidation(valid, config)
    loader = training_loader(train, training, collate=collate_songs)
    if not (run.path / CHECKPOINT).exists():
        prepare(model, train, steps=training.skip_gram_steps, seed=training.seed)
    state = begin(model.to(pick_device(training.device)), training, steps_per_epoch=len(loader))
    state.restore(run)
    say(opening(state, training))
    with interrupt_hint(state), progress_bar(state, training) as bar:
        while not finished(state, training):
            loader.batch_sampler.epoch = state.epoch + 1
            seed_everything(training.seed, epoch=state.epoch + 1)
            record = train_epoch(loader, state=state, config=training, bar=bar)
            conclude_epoch(record, state, validate, run, training, asdict(config))
    say(closing(state, training))
    load_weights(model, load_model(run.path, assignment=run.assignment)[1], where=run.path)
    save_learning_curve(run, best_epoch=state.best["epoch"])
    return state.best


def prepare(model: LstmGan, train: Dataset, *, steps: int, seed: int) -> None:
    """Fit what is fixed during training: the scale of notes, and the vectors of syllables."""
    songs = [train[index] for index in range(len(train))]
    data = collate([song.lyrics[:, : LINE + 1] for song in songs], [song.notes for song in songs])
    model.scale.fit(data["notes"][data["mask"]])
    size, dimensions = model.syllables.shape
    lines = data["lyrics"][..., SYLLABLE]
    vectors = skip_gram(lines, data["mask"], size=size, dimensions=dimensions, steps=steps, seed=seed)
    model.syllables.copy_(vectors)


def begin(model: LstmGan, config: GanTrainingConfig, *, steps_per_epoch: int) -> State:
    """The state before the first step.

    One optimizer with a group for each network serves as two: it passes over weights without a gradient, and
    only the network whose turn it is has gradients.
    """
    groups = [
        {"params": list(model.generator.parameters()), "lr_scale": 1.0},
        {"params": list(model.discriminator.parameters()), "lr_scale": config.discriminator_rate},
    ]
    rate, decay = config.learning_rate, config.weight_decay
    if config.optimizer == "adam":
        optimizer = torch.optim.AdamW(groups, lr=rate, weight_decay=decay, betas=BETAS)
    else:
        optimizer = torch.optim.SGD(groups, lr=rate, weight_decay=decay)
    return State(
        model=model,
        average=copy.deepcopy(model) if config.ema else model,
        optimizer=optimizer,
        scaler=torch.amp.GradScaler("cuda", enabled=False),
        steps_per_epoch=steps_per_epoch,
    )


def train_epoch(batches: DataLoader, *, state: State, config: GanTrainingConfig, bar: tqdm) -> dict[str, Any]:
    """A turn of each network per batch. Returns what the history says of the epoch."""
    model, started = state.model.train(), time.perf_counter()
    device, total_steps = next(model.parameters()).device, config.epochs * state.steps_per_epoch
    sums: dict[str, Tensor] = defaultdict(lambda: torch.zeros((), device=device))
    turns = least_squares_turn if state.epoch < config.pretraining else adversarial_turns
    for index, batch in enumerate(batches):
        now = state.epoch * state.steps_per_epoch + index
        rate = learning_rate(now, total_steps, config)
        set_learning_rate(state.optimizer, rate)
        for name, value in turns(model, to_device(batch, device), state.optimizer, config).items():
            sums[name] += value.detach()
        if config.ema:
            update_average(state.average, model, decay=config.ema, step=now)
        bar.update()
        if (index + 1) % LOOK_EVERY == 0 or index + 1 == len(batches):
            means = {name: total.item() / (index + 1) for name, total in sums.items()}
            require_finite(sum(means.values()), state)
            told = ", ".join(f"{name.replace('_', ' ')} {mean:.3f}" for name, mean in means.items())
            bar.set_postfix_str(told, refresh=False)
    seconds = time.perf_counter() - started
    return {
        "epoch": state.epoch + 1,
        **means,
        "learning_rate": rate,
        "seconds": seconds,
        "items_per_second": batches.batch_sampler.items_per_epoch / seconds,
    }
