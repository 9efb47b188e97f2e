"""Batches whose every random choice follows from (seed, epoch, item), whoever reads them.

A data set is a torch map-style `Dataset`. If it has a method `draw(index, generator)`, training calls that
instead of `dataset[index]`, with a numpy generator of this item in this epoch: the place for augmentation,
random crops and random mixtures. The same item then comes out the same for any number of workers, of
processes, and after a resume. If it has an attribute `epoch`, training sets it before: the place for a
curriculum.
"""

from __future__ import annotations

import math
import random
import signal
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, default_collate

from common.cli import UserError
from common.training.config import TrainingConfig
from common.training.processes import pick_device, rank, world_size

ITEM, SHUFFLE, MODEL = range(3)  # separate streams of random numbers


def _stream(seed: int, *place: int) -> np.random.SeedSequence:
    return np.random.SeedSequence(seed, spawn_key=place)


def item_generator(seed: int, epoch: int, index: int) -> np.random.Generator:
    """The generator of item `index` in `epoch` (from 1)."""
    return np.random.default_rng(_stream(seed, ITEM, epoch, index))


def seed_everything(seed: int, *, epoch: int = 0, process: int = 0) -> None:
    """Seed the global generators: before the model is made (epoch 0), then each epoch, for dropout."""
    state = _stream(seed, MODEL, epoch, process).generate_state(2, np.uint32).tolist()
    random.seed(state[0])
    np.random.seed(state[0])  # noqa: NPY002 (for code of others that draws from it)
    torch.manual_seed(state[0] << 32 | state[1])


class EpochBatches:
    """Batches of (epoch, index) for one process, in an order that `epoch` decides; `fit` sets `epoch`.

    The order is cut into global batches of `batch_size`, and process r takes the items r, r + world, ... of
    each: however many processes there are, a step sees the same items. The rest that fills no batch is left
    out; it is another in each epoch. A data set smaller than one batch is one batch, padded by its first
    items to a multiple of the processes. So all shares are equal, and the mean of their means is the mean.
    """

    def __init__(self, items: int, *, batch_size: int, seed: int) -> None:
        if items == 0:
            raise UserError("the training data set is empty; check --data")
        if batch_size % world_size():
            raise UserError(
                f"--batch-size {batch_size} cannot be shared by {world_size()} processes; give a multiple"
            )
        self.items, self.batch_size, self.seed = items, batch_size, seed
        self.epoch = 1

    def __len__(self) -> int:
        return max(1, self.items // self.batch_size)

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        epoch = self.epoch
        order = np.random.default_rng(_stream(self.seed, SHUFFLE, epoch)).permutation(self.items)
        if self.items < self.batch_size:
            order = np.resize(order, math.ceil(self.items / world_size()) * world_size())
        for start in range(0, len(self) * self.batch_size, self.batch_size):
            batch = order[start : start + self.batch_size][rank() :: world_size()]
            yield [(epoch, index) for index in batch.tolist()]

    @property
    def items_per_epoch(self) -> int:
        """Items that all processes together see in an epoch."""
        return min(self.items, len(self) * self.batch_size)


class _DrawnItems(Dataset):
    """The items of `dataset` by (epoch, index): no worker need be told the epoch."""

    def __init__(self, dataset: Dataset, seed: int) -> None:
        self.dataset, self.seed = dataset, seed

    def __getitem__(self, place: tuple[int, int]) -> Any:
        epoch, index = place
        if hasattr(self.dataset, "epoch"):
            self.dataset.epoch = epoch
        if hasattr(self.dataset, "draw"):
            return self.dataset.draw(index, item_generator(self.seed, epoch, index))
        return self.dataset[index]


def training_loader(
    dataset: Dataset, config: TrainingConfig, *, collate: Callable[[list[Any]], Any] | None = None
) -> DataLoader:
    """Shuffled batches, of this process's share, for `fit`."""
    return DataLoader(
        _DrawnItems(dataset, config.seed),
        batch_sampler=EpochBatches(len(dataset), batch_size=config.batch_size, seed=config.seed),
        collate_fn=collate,
        **_reading(config.workers, pick_device(config.device)),
    )


def evaluation_loader(
    dataset: Dataset,
    *,
    batch_size: int,
    workers: int = 0,
    device: str = "auto",
    collate: Callable[[list[Any]], Any] | None = None,
) -> DataLoader:
    """All items in order, the last batch shorter, the same in every process."""
    return DataLoader(
        dataset, batch_size=batch_size, collate_fn=collate, **_reading(workers, pick_device(device))
    )


def collate_readable(items: list[dict | None]) -> dict[str, torch.Tensor] | None:
    """A batch of the items that could be read; None if there is none."""
    items = [item for item in items if item is not None]
    return default_collate(items) if items else None


@torch.no_grad()
def logits_and_targets(model: nn.Module, loader: DataLoader) -> tuple[torch.Tensor, torch.Tensor]:
    """What `model` says of the waveforms of all batches, float32 on the CPU, and the targets: (items, ...).

    None among the batches, where not a single item can be read, is passed over.
    """
    device = next(model.parameters()).device
    logits, targets = [], []
    for batch in loader:
        if batch is not None:
            logits.append(model(to_device(batch["waveform"], device)).float().cpu())
            targets.append(batch["target"])
    return torch.cat(logits), torch.cat(targets)


def _reading(workers: int, device: torch.device) -> dict[str, Any]:
    return {
        "num_workers": workers,
        "persistent_workers": workers > 0,
        "pin_memory": device.type == "cuda",  # copies to the GPU then run beside the computing
        "worker_init_fn": _ignore_interrupt,
        "generator": torch.Generator(),  # else each epoch takes a number from dropout's generator
    }


def _ignore_interrupt(_worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the main process answers and ends us


def to_device(batch: Any, device: torch.device) -> Any:
    """`batch`, a tensor or tuples, lists and dicts of such, on `device`; other things stay as they are."""
    if isinstance(batch, torch.Tensor):
        return batch.to(device, non_blocking=True)
    if isinstance(batch, dict):
        return {key: to_device(value, device) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):
        return type(batch)(*(to_device(value, device) for value in batch))
    if isinstance(batch, (list, tuple)):
        return type(batch)(to_device(value, device) for value in batch)
    return batch
