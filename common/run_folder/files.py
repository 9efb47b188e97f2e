"""The files under both kinds of folder: JSON and safetensors, written whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import safetensors

from common.cli import UserError

if TYPE_CHECKING:  # torch takes seconds to import, and whoever reads JSON alone has no use for it
    import torch

FORMAT = 1  # of run.json and config.json; raised when an old reader would misread a new folder


class ModelFolderError(UserError):
    """A model folder that cannot be used."""


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` so that, after a crash at any moment, `path` holds the old content or the new one."""
    beside = path.with_name(f".{path.name}.part")  # the same each time: a crash's leftovers are overwritten
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException as error:
        beside.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename is None:
            error.filename = str(path)  # a full disk does not say whose write failed
        raise
    if os.name == "posix":  # the new name, too, must survive a power loss
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def tensor_bytes(
    tensors: Mapping[str, torch.Tensor | np.ndarray], metadata: dict[str, str] | None = None
) -> bytes:
    """The content of a safetensors file."""
    import safetensors.torch
    import torch

    apart = {  # safetensors refuses tensors that share memory: each gets its own
        name: torch.from_numpy(value.copy())
        if isinstance(value, np.ndarray)
        else value.detach().to("cpu", copy=True).contiguous()
        for name, value in tensors.items()
    }
    return safetensors.torch.save(apart, metadata)


def plain(value: Any) -> Any:
    """`value` in the types of JSON: dataclasses become objects, arrays and tuples lists, paths strings."""
    if dataclasses.is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # arrays and scalars of numpy, tensors
        return value.tolist()
    return value.as_posix() if isinstance(value, Path) else value


def json_bytes(value: Any) -> bytes:
    """Indented JSON for people to read."""
    return (json.dumps(plain(value), indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()


def json_line(record: Mapping[str, Any]) -> bytes:
    """One line of JSON for programs to read; NaN and infinity, which JSON does not know, become null."""

    def finite(value: Any) -> Any:
        return None if isinstance(value, float) and not math.isfinite(value) else value

    mended = {key: finite(value) for key, value in plain(record).items()}
    return (json.dumps(mended, ensure_ascii=False, allow_nan=False) + "\n").encode()


def read_json(path: Path, error_class: type[UserError] = UserError) -> dict[str, Any]:
    """The JSON object in a file. Errors: `error_class` if it is none."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise error_class(f"{path}: not valid JSON ({error}); restore it or train again") from error
    if not isinstance(record, dict):
        raise error_class(f"{path}: not a JSON object; restore it or train again")
    return record


def read_tensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file. Errors: ModelFolderError if it is broken."""
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except safetensors.SafetensorError as error:
        raise ModelFolderError(f"{path}: broken ({error}); copy it again or train again") from error


def check_header(record: Mapping[str, Any], path: Path, assignment: str, error: type[UserError]) -> None:
    """Refuse what another version of this code, or another assignment, has written."""
    if record.get("format") != FORMAT:
        raise error(
            f"{path}: format {record.get('format')} is unknown (this code reads {FORMAT}); use newer code"
        )
    if record.get("assignment") != assignment:
        raise error(
            f"{path}: belongs to {record.get('assignment')}, not to {assignment}; give another folder"
        )
