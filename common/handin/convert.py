"""Turns a model that torch has pickled (.pt, .pth, .ckpt, .bin, .pkl) into safetensors, which runs nothing.

    python -m common.handin convert model.pt        # writes model.safetensors beside it

The file is the student's own, and still only tensors are taken from it: torch.load(weights_only=True), which
refuses whatever else a pickle could call. A checkpoint that keeps the weights beside other things, under
"model" or "state_dict", gives those alone.
"""

from __future__ import annotations

import pickle
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.cli import UserError

WEIGHTS_KEYS = ("state_dict", "model_state_dict", "model", "weights", "net")  # in this order
MOST_TOLD = 5


@dataclass(frozen=True)
class Converted:
    """target: the new file. tensors, parameters: how many. left_out: what was no tensor."""

    target: Path
    tensors: int
    parameters: int
    left_out: tuple[str, ...]

    def __str__(self) -> str:
        line = f"{self.target}: {self.tensors} tensor{'s' * (self.tensors != 1)}, {self.parameters:,} numbers"
        if not self.left_out:
            return line
        more = ", ..." if len(self.left_out) > MOST_TOLD else ""
        return f"{line}; left out, as no tensor: {', '.join(self.left_out[:MOST_TOLD])}{more}"


def convert(source: Path, target: Path | None = None) -> Converted:
    """Write the tensors of the pickle `source` as safetensors: to `target`, else beside it.

    Errors: UserError if it is not there, is no such file, holds no tensors, or needs code to be loaded; or if
    `target` exists.
    """
    from common.run_folder import tensor_bytes, write_atomically  # torch, which takes seconds to import

    if source.suffix.lower() == ".safetensors":
        raise UserError(f"{source}: is safetensors already; hand it in as it is")
    target = source.with_suffix(".safetensors") if target is None else target
    if target.exists():
        raise UserError(f"{target}: is there already; delete it, or name another with --out")
    found = weights_of(load(source))
    tensors, left_out = flattened(found)
    if not tensors:
        raise UserError(f"{source}: holds no tensors; save model.state_dict() and convert that")
    write_atomically(target, tensor_bytes(tensors))
    count = sum(tensor.numel() for tensor in tensors.values())
    return Converted(target, len(tensors), count, tuple(left_out))


def load(source: Path) -> Any:
    """What torch finds in the file, of tensors and plain containers. Errors: UserError."""
    import torch

    if not source.is_file():
        raise UserError(f"{source}: no such file; name the model that torch.save wrote")
    try:
        with warnings.catch_warnings(action="ignore"):  # of a pickle's protocol; what matters raises
            return torch.load(source, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserError(
            f"{source}: {_refused(error)}; load it where you trained it and save model.state_dict() alone"
        ) from error
    except (RuntimeError, EOFError, ValueError, KeyError, zipfile.BadZipFile, IndexError) as error:
        raise UserError(
            f"{source}: broken, or not a file of torch.save; save model.state_dict() again"
        ) from error


def weights_of(found: Any) -> Any:
    """The weights of a checkpoint that holds them beside other things; else what was found."""
    while isinstance(found, Mapping):
        inner = next((found[key] for key in WEIGHTS_KEYS if isinstance(found.get(key), Mapping)), None)
        if inner is None:
            return found
        found = inner
    return found


def flattened(found: Any, prefix: str = "") -> tuple[dict[str, Any], list[str]]:
    """Tensors by their names, "outer.inner" if nested; and the names of what is no tensor."""
    import torch

    if not isinstance(found, Mapping):
        return {}, []
    tensors, left_out = {}, []
    for key, value in found.items():
        name = f"{prefix}{key}"
        if isinstance(value, torch.Tensor):
            tensors[name] = value
        elif isinstance(value, Mapping) and not prefix:
            inner, others = flattened(value, f"{name}.")
            tensors |= inner
            left_out += others
        else:
            left_out.append(name)
    return tensors, left_out


def _refused(error: Exception) -> str:
    """What torch would have had to run, from its long explanation."""
    text = " ".join(str(error).split())
    _, found, rest = text.partition("Unsupported global: GLOBAL ")
    if found:
        return f"needs {rest.split(' ')[0]} to be loaded, which is code, not a tensor"
    return "is no pickle, or one of other things than tensors"
