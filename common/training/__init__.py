"""Training in plain torch: `loop.py` is the loop, the rest is what it needs.

    loader = training_loader(dataset, config, collate=...)
    best = fit(model, loader, step=step, validate=validate, run=run, config=config, model_config=...)

    config.py       TrainingConfig: the options that every train.py has
    loop.py         fit: epochs, validation, early stopping, checkpoints, progress
    optimization.py AdamW, the schedule, learning rates by layer, the moving average of the weights
    batches.py      seeded shuffling, augmentation and sharding; DataLoaders
    checkpoint.py   the whole state in one file, without pickle
    processes.py    the device, and several processes under torchrun

Resuming is exact: nothing random outlives an epoch. Shuffling, augmentation and dropout of epoch e are drawn
from (seed, e), so a run that was killed does its unfinished epoch again and ends, on the CPU, in the same
weights to the last bit as one that was left alone.
"""

from common.training.batches import (
    collate_readable,
    evaluation_loader,
    item_generator,
    logits_and_targets,
    seed_everything,
    to_device,
    training_loader,
)
from common.training.config import TrainingConfig
from common.training.loop import fit
from common.training.optimization import layer_decay
from common.training.processes import from_main_process, pick_device, share_cores

__all__ = [
    "TrainingConfig",
    "collate_readable",
    "evaluation_loader",
    "fit",
    "from_main_process",
    "item_generator",
    "layer_decay",
    "logits_and_targets",
    "pick_device",
    "seed_everything",
    "share_cores",
    "to_device",
    "training_loader",
]
