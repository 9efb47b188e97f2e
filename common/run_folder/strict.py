"""From the JSON of a config back to its dataclass, with nothing ignored and nothing guessed."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from common.run_folder.files import ModelFolderError

Instance = TypeVar("Instance")


def strict_dataclass(cls: type[Instance], values: Mapping[str, Any], *, where: str | Path) -> Instance:
    """An instance of the dataclass `cls` from a JSON object; nested dataclasses, tuples and paths too.

    Errors: ModelFolderError naming `where` and the key, if one is unknown, missing, or of a wrong type.
    """
    names = {field.name for field in dataclasses.fields(cls) if field.init}
    for wrong, keys in (("unknown", values.keys() - names), ("missing", names - values.keys())):
        if keys:
            raise ModelFolderError(
                f"{where}: {wrong} key {', '.join(sorted(keys))};"
                " it was written by another version of this code: use that one, or train again"
            )
    hints = typing.get_type_hints(cls)
    return cls(**{name: _typed(hints[name], value, f"{where}: {name}") for name, value in values.items()})


def _typed(hint: Any, value: Any, where: str) -> Any:
    """`value`, which came from JSON, as the type `hint`."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return _typed(arguments[0], value, where)
    if origin in (typing.Union, types.UnionType):
        for choice in arguments:
            try:
                return _typed(choice, value, where)
            except ModelFolderError:
                continue
    elif dataclasses.is_dataclass(hint) and isinstance(value, dict):
        return strict_dataclass(hint, value, where=where)
    elif origin in (tuple, list) and isinstance(value, list):
        inner = arguments[:1] * len(value) if origin is list or arguments[-1] is ... else arguments
        if len(inner) == len(value):
            return origin(map(_typed, inner, value, [where] * len(value)))
    elif (
        hint is Any
        or value is None
        and hint is types.NoneType
        or origin is typing.Literal
        and value in arguments
    ):
        return value
    elif hint is Path and isinstance(value, str):
        return Path(value)
    elif hint is float and type(value) in (int, float):
        return float(value)
    elif isinstance(origin or hint, type) and type(value) is (origin or hint):
        return value
    expected = hint.__name__ if isinstance(hint, type) else hint
    raise ModelFolderError(f"{where}: expected {expected}, got {value!r}; train again")
