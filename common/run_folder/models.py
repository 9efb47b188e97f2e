"""A model folder: config.json rebuilds the model, model.safetensors fills it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.run_folder.files import (
    FORMAT,
    ModelFolderError,
    check_header,
    json_bytes,
    plain,
    read_json,
    read_tensors,
    tensor_bytes,
    write_atomically,
)

if TYPE_CHECKING:
    import numpy as np
    import torch


def save_model(
    folder: str | Path,
    *,
    assignment: str,
    config: Mapping[str, Any],
    tensors: Mapping[str, torch.Tensor | np.ndarray],
) -> None:
    """Write `config` (what rebuilds the model) as config.json, `tensors` as model.safetensors.

    Traditional models give numpy arrays. Tied weights are written once under each of their names.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "model.safetensors", tensor_bytes(tensors))
    write_atomically(
        folder / "config.json", json_bytes({"format": FORMAT, "assignment": assignment, **plain(config)})
    )


def load_model(folder: str | Path, *, assignment: str) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Config and tensors (on the CPU) of a model folder of `assignment`.

    Errors: ModelFolderError if it is missing, no model folder, of another assignment or format, or broken.
    """
    config_path, tensor_path = Path(folder) / "config.json", Path(folder) / "model.safetensors"
    if not Path(folder).is_dir():
        raise ModelFolderError(f"{folder}: no such folder; give the folder that train.py wrote")
    if not config_path.is_file() or not tensor_path.is_file():
        missing = (tensor_path if config_path.is_file() else config_path).name
        raise ModelFolderError(
            f"{folder}: not a model folder (no {missing}); give the folder that train.py wrote,"
            " once its first epoch is done"
        )
    config = read_json(config_path, ModelFolderError)
    check_header(config, config_path, assignment, ModelFolderError)
    tensors, _ = read_tensors(tensor_path)
    return {key: value for key, value in config.items() if key not in ("format", "assignment")}, tensors


def load_weights(model: torch.nn.Module, tensors: Mapping[str, torch.Tensor], *, where: str | Path) -> None:
    """Put all of `tensors` into `model`. Errors: ModelFolderError if names or shapes differ."""
    try:
        model.load_state_dict(dict(tensors), strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise ModelFolderError(
            f"{where}: the weights do not fit the model ({reason}); train it again"
        ) from error
