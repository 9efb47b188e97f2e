"""What is in a folder of outputs, and what it was made from: so that a second call goes on where one ended.

separation.json is written last. As long as the recording, the model and the options are those it tells of,
and its files are as they were written, nothing needs to be done again.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.cli import UserError
from common.run_folder import write_atomically
from common.run_folder.files import json_bytes, read_json

RECORD = "separation.json"
FORMAT = 1


def made_from(recording: Path, model: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """What decides the outputs: the recording, the model folder's content, the options."""
    state = recording.stat()
    source = {
        "file": os.fsencode(recording.resolve()).decode(errors="backslashreplace"),  # it may be no UTF-8
        "bytes": state.st_size,
        "modified_ns": state.st_mtime_ns,
        "model": fingerprint(model),
        "options": options,
    }
    return json.loads(json_bytes(source))  # as it will be read again


def fingerprint(model: Path) -> str:
    """A hash of a model folder's configuration and weights."""
    content = hashlib.sha256()
    for name in ("config.json", "model.safetensors"):
        content.update((model / name).read_bytes())
    return content.hexdigest()


def finished(folder: Path, source: Mapping[str, Any]) -> dict[str, Path] | None:
    """The files in `folder` by output, if they were made from `source` and are complete; else None."""
    try:
        record = read_json(folder / RECORD)
        if record["format"] != FORMAT or record["made_from"] != source:
            return None
        found = {name: folder / file["file"] for name, file in record["outputs"].items()}
        sizes = [file["bytes"] for file in record["outputs"].values()]
    except (OSError, UserError, KeyError, TypeError, AttributeError):  # no record, or none of ours
        return None
    complete = all(
        path.is_file() and path.stat().st_size == size
        for path, size in zip(found.values(), sizes, strict=True)
    )
    return found if complete else None


def forget(folder: Path) -> None:
    """Take the record away: what it tells of is about to be replaced."""
    (folder / RECORD).unlink(missing_ok=True)


def remember(folder: Path, source: Mapping[str, Any], paths: Mapping[str, Path]) -> None:
    """Record that the files `paths` in `folder` were made from `source`."""
    outputs = {name: {"file": path.name, "bytes": path.stat().st_size} for name, path in paths.items()}
    record = {"format": FORMAT, "outputs": outputs, "made_from": source}
    write_atomically(folder / RECORD, json_bytes(record))
