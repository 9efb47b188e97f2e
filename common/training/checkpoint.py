"""The state of training in one safetensors file: weights, moving average, AdamW's moments, progress.

No state of random generators: each epoch seeds them anew. No state of a schedule: it is a function of
the step.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from common.cli import UserError
from common.run_folder import (
    ModelFolderError,
    RunFolder,
    load_weights,
    read_tensors,
    tensor_bytes,
    write_atomically,
)

CHECKPOINT = "checkpoint.safetensors"


@dataclass
class State:
    """All that changes from step to step."""

    model: nn.Module
    average: nn.Module  # what is validated and kept: the moving average, or `model` itself
    optimizer: torch.optim.Optimizer
    scaler: torch.amp.GradScaler
    steps_per_epoch: int
    epoch: int = 0  # finished ones
    best: dict[str, Any] = field(default_factory=dict)  # epoch and metrics of the best one so far

    def save(self, run: RunFolder) -> None:
        """Write the checkpoint, whole or not at all."""
        progress = {
            "epoch": self.epoch,
            "best": self.best,
            "steps_per_epoch": self.steps_per_epoch,
            "scaler": self.scaler.state_dict(),
        }
        data = tensor_bytes(self._tensors(), metadata={"progress": json.dumps(progress)})
        write_atomically(run.path / CHECKPOINT, data)

    def restore(self, run: RunFolder) -> None:
        """Take the state from the checkpoint of `run`, if it has one; and forget unfinished epochs.

        Errors: UserError for a broken checkpoint, or one of another model or other data.
        """
        path = run.path / CHECKPOINT
        if path.exists():
            tensors, metadata = read_tensors(path)
            try:
                self._take(tensors, json.loads(metadata["progress"]))
            except (KeyError, ModelFolderError) as error:
                raise UserError(
                    f"{path}: not of this model ({error}); give another --out to begin anew"
                ) from error
        run.rewind(self.epoch)

    def _parts(self) -> dict[str, nn.Module]:
        return {"model": self.model} | ({"average": self.average} if self.average is not self.model else {})

    def _tensors(self) -> dict[str, torch.Tensor]:
        tensors = {
            f"{part}/{name}": tensor
            for part, module in self._parts().items()
            for name, tensor in module.state_dict().items()
        }
        for name, weight in self.model.named_parameters():
            for key, tensor in self.optimizer.state.get(weight, {}).items():  # step, exp_avg, exp_avg_sq
                tensors[f"optimizer/{name}/{key}"] = tensor
        return tensors

    def _take(self, tensors: dict[str, torch.Tensor], progress: dict[str, Any]) -> None:
        if progress["steps_per_epoch"] != self.steps_per_epoch:
            raise UserError(
                f"the training data have changed: {progress['steps_per_epoch']} batches an epoch then,"
                f" {self.steps_per_epoch} now; restore them, or give another --out to begin anew"
            )
        for part, module in self._parts().items():
            load_weights(module, _below(f"{part}/", tensors), where=part)
        for name, weight in self.model.named_parameters():
            for key, tensor in _below(f"optimizer/{name}/", tensors).items():
                home = "cpu" if key == "step" else weight.device  # AdamW counts its steps on the CPU
                self.optimizer.state[weight][key] = tensor.to(home)
        if progress["scaler"]:  # none if the run began on a device without float16
            self.scaler.load_state_dict(progress["scaler"])
        self.epoch, self.best = progress["epoch"], progress["best"]


def _below(prefix: str, tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
