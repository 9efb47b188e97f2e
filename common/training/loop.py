"""The loop: batches in, gradient steps, validation after each epoch, the best weights kept.

`step(model, batch)` gives the loss of a batch, `validate(model)` gives metrics, of which "score" (higher is
better) chooses the best epoch. All else is here, in the order in which it happens.
"""

from __future__ import annotations

import contextlib
import copy
import math
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader
from tqdm import tqdm

from common.cli import UserError
from common.run_folder import RunFolder, is_main_process, load_model, load_weights, save_model
from common.training.batches import seed_everything, to_device
from common.training.checkpoint import State
from common.training.config import TrainingConfig
from common.training.optimization import adamw, learning_rate, set_learning_rate, update_average
from common.training.processes import (
    distribute,
    from_main_process,
    join_processes,
    mean_over_processes,
    pick_device,
    rank,
)

LOOK_EVERY = 10  # steps between two looks at the loss; each look makes us wait for the GPU

Step = Callable[[nn.Module, Any], Tensor]
Validate = Callable[[nn.Module], dict[str, float]]


def fit(
    model: nn.Module,
    train_loader: DataLoader,
    *,
    step: Step,
    validate: Validate,
    run: RunFolder,
    config: TrainingConfig,
    model_config: dict[str, Any],
) -> dict[str, float]:
    """Train `model`, or go on training it, until its run folder holds the weights of the best epoch.

    model: made after `seed_everything(config.seed)`; it ends with the best weights, on the chosen device.
    train_loader: from `training_loader`; its batches are moved to the device.
    step: (model, batch) -> scalar loss, a mean over the batch's items. It must call `model(...)` as a
        function: under torchrun `model` is wrapped. N processes take the same steps as one, except with
        BatchNorm, which in training sees the statistics of its own process's share.
    validate: model -> metrics with "score"; called in process 0, in eval mode, without gradients.
    model_config: what rebuilds the model, for config.json.
    Returns the metrics of the best epoch, and its number as "epoch". A finished run returns them at once.
    Errors: UserError if the loss is no longer finite, or the checkpoint does not fit; KeyboardInterrupt with
        the epoch after which the same command goes on.
    """
    device = pick_device(config.device)
    join_processes()
    state = begin(model.to(device), config, steps_per_epoch=len(train_loader))
    state.restore(run)
    require_same_epoch(state, run)
    say(opening(state, config))
    parallel = distribute(model, device)
    with interrupt_hint(state), progress_bar(state, config) as bar:
        while not finished(state, config):
            train_loader.batch_sampler.epoch = state.epoch + 1
            seed_everything(config.seed, epoch=state.epoch + 1, process=rank())
            record = train_epoch(parallel, train_loader, step=step, state=state, config=config, bar=bar)
            result = from_main_process(conclude_epoch, record, state, validate, run, config, model_config)
            state.epoch, state.best = result["epoch"], result["best"]
    say(closing(state, config))
    load_weights(model, load_model(run.path, assignment=run.assignment)[1], where=run.path)
    return state.best


def train_epoch(
    model: nn.Module, batches: DataLoader, *, step: Step, state: State, config: TrainingConfig, bar: tqdm
) -> dict[str, Any]:
    """Take one step per batch. Returns what the history says of the epoch."""
    started, total_steps = time.perf_counter(), config.epochs * state.steps_per_epoch
    device = next(model.parameters()).device
    mixed = device.type == "cuda" and config.amp != "off"
    precision = torch.float16 if config.amp == "float16" else torch.bfloat16
    loss_sum = torch.zeros((), device=device)
    model.train()
    for index, batch in enumerate(batches):
        now = state.epoch * state.steps_per_epoch + index
        rate = learning_rate(now, total_steps, config)
        set_learning_rate(state.optimizer, rate)
        with torch.autocast(device.type, dtype=precision, enabled=mixed):
            loss = step(model, to_device(batch, device))
        state.scaler.scale(loss).backward()  # the scaler does nothing unless float16 needs it
        state.scaler.unscale_(state.optimizer)
        if config.gradient_clip:
            nn.utils.clip_grad_norm_(model.parameters(), config.gradient_clip)
        state.scaler.step(state.optimizer)
        state.scaler.update()
        state.optimizer.zero_grad(set_to_none=True)
        if config.ema:
            update_average(state.average, state.model, decay=config.ema, step=now)
        loss_sum += loss.detach()
        bar.update()
        if (index + 1) % LOOK_EVERY == 0 or index + 1 == len(batches):
            mean_loss = loss_sum.item() / (index + 1)
            require_finite(mean_loss, state)  # a NaN stays in the sum, so none is overlooked
            bar.set_postfix_str(f"loss {mean_loss:.4f}, learning rate {rate:.1e}", refresh=False)
    seconds = time.perf_counter() - started
    return {
        "epoch": state.epoch + 1,
        "train_loss": mean_over_processes(mean_loss),
        "learning_rate": rate,
        "seconds": seconds,
        "items_per_second": batches.batch_sampler.items_per_epoch / seconds,
    }


def conclude_epoch(
    record: dict[str, Any],
    state: State,
    validate: Validate,
    run: RunFolder,
    config: TrainingConfig,
    model_config: dict[str, Any],
) -> dict[str, Any]:
    """Validate; keep the weights if they are the best; log; write the checkpoint, last.

    Killed before the checkpoint is there, the run does this epoch again and writes all of this once more.
    `seconds` of the history include the validation, `items_per_second` does not.
    """
    started, epoch = time.perf_counter(), record["epoch"]
    require_finite_weights(state)
    metrics = evaluate(state.average, validate)
    folders = [run.path / f"epoch_{epoch:03d}"] if epoch in config.keep_epochs else []
    best = state.best
    if not best or metrics["score"] > best["score"]:
        best = {"epoch": epoch, **metrics}
        folders.append(run.path)
    for folder in folders:
        save_model(folder, assignment=run.assignment, config=model_config, tensors=state.average.state_dict())
    record = {**record, **metrics, "seconds": record["seconds"] + time.perf_counter() - started}
    run.log(record)
    state.epoch, state.best = epoch, best
    state.save(run)
    say(epoch_line(record, config, is_best=best["epoch"] == epoch))
    return {"epoch": epoch, "best": best}


def begin(model: nn.Module, config: TrainingConfig, *, steps_per_epoch: int) -> State:
    """The state before the first step."""
    return State(
        model=model,
        average=copy.deepcopy(model) if config.ema else model,
        optimizer=adamw(model, config),
        scaler=torch.amp.GradScaler(
            "cuda", enabled=config.amp == "float16" and next(model.parameters()).is_cuda
        ),
        steps_per_epoch=steps_per_epoch,
    )


def finished(state: State, config: TrainingConfig) -> bool:
    """Whether all epochs are done, or the last `patience` of them brought no better score."""
    return state.epoch >= config.epochs or stopped_early(state, config)


def stopped_early(state: State, config: TrainingConfig) -> bool:
    """Whether patience is at its end."""
    return bool(config.patience and state.best) and state.epoch - state.best["epoch"] >= config.patience


@torch.no_grad()
def evaluate(model: nn.Module, validate: Validate) -> dict[str, float]:
    """The metrics of `model` in eval mode. Errors: UserError if the score is NaN."""
    model.eval()
    metrics = {name: float(value) for name, value in validate(model).items()}
    if math.isnan(metrics["score"]):
        raise UserError("the validation score is not a number; check the validation data")
    return metrics


# ---- what could go wrong ----


def require_finite(loss: float, state: State) -> None:
    """Errors: UserError, before anything is written, if training has left the numbers."""
    if not math.isfinite(loss):
        kept = f"the checkpoint of epoch {state.epoch} is kept" if state.epoch else "nothing was written"
        raise UserError(
            f"the loss became {loss} in epoch {state.epoch + 1} ({kept});"
            " give a smaller --learning-rate and another --out, or look for bad numbers in the data"
        )


def require_finite_weights(state: State) -> None:
    """The same for the last step's weights, whose loss nobody has seen yet."""
    sums = torch.stack([weight.detach().float().sum() for weight in state.model.parameters()])
    require_finite(sums.sum().item(), state)


def require_same_epoch(state: State, run: RunFolder) -> None:
    """Errors: UserError if the processes read different checkpoints."""
    if from_main_process(lambda: {"epoch": state.epoch})["epoch"] != state.epoch:
        raise UserError(f"{run.path}: not the same on all machines; give an --out that they share")


@contextlib.contextmanager
def interrupt_hint(state: State) -> Iterator[None]:
    """Let Ctrl-C say what the same command would do next."""
    try:
        yield
    except KeyboardInterrupt:
        next_time = (
            f"goes on after epoch {state.epoch}" if state.epoch else "begins anew, as no epoch was finished"
        )
        raise KeyboardInterrupt(f"the same command {next_time}") from None


# ---- what is shown ----


def say(line: str) -> None:
    """One line on standard error, above the progress bar, from process 0."""
    if line and is_main_process():
        tqdm.write(line, file=sys.stderr)


def progress_bar(state: State, config: TrainingConfig) -> tqdm:
    """Steps done, time left; nothing where standard error is no terminal."""
    steps = state.steps_per_epoch
    return tqdm(
        total=config.epochs * steps,
        initial=state.epoch * steps,
        unit="step",
        dynamic_ncols=True,
        leave=False,
        disable=None if is_main_process() else True,  # None: only in a terminal
    )


def opening(state: State, config: TrainingConfig) -> str:
    """What a resumed run says first."""
    if finished(state, config):
        return "this run is finished already; give another --out to begin anew"
    return f"going on after epoch {state.epoch} of {config.epochs}" if state.epoch else ""


def closing(state: State, config: TrainingConfig) -> str:
    """What every run says last."""
    why = (
        f"stopped early, {config.patience} epochs without a better score; "
        if stopped_early(state, config)
        else ""
    )
    return f"{why}best epoch {state.best['epoch']}, score {state.best['score']:.4f}"


def epoch_line(record: dict[str, Any], config: TrainingConfig, *, is_best: bool) -> str:
    """One line for one epoch."""
    return (
        f"epoch {record['epoch']}/{config.epochs}: loss {record['train_loss']:.4f},"
        f" score {record['score']:.4f}{' (best)' if is_best else ''}, {record['seconds']:.1f} s"
    )
