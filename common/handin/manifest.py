"""MANIFEST.json: what a hand-in consists of, and how it was made.

    {"format": 1, "assignment": "hw1", "student_id": "r12345678", "parameters": 94849,
     "files": {"README.md": {"sha256": "...", "bytes": 1234}, ...},      every file but MANIFEST.json itself
     "versions": {"python": "3.11.7", ...}, "git_commit": "..." or null,
     "commands": {"train": ["..."], "evaluate": "...", "infer": "..."}}

No time stamps: the same files give the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from common.handin.rules import DEFAULT_LIMITS, IntakeLimits, Violation, violation

NAME = "MANIFEST.json"
FORMAT = 1
STUDENT_ID = re.compile(r"[a-z][a-z0-9]{4,19}")  # in lower case; to be matched in full
SHA256 = re.compile(r"[0-9a-f]{64}")
KEYS = ("format", "assignment", "student_id", "files", "versions", "git_commit", "commands", "parameters")


class JsonError(ValueError):
    """JSON of a hand-in that cannot be read safely; the text says why."""


def manifest_of(
    files: Mapping[str, Path],
    *,
    assignment: str,
    student_id: str,
    versions: Mapping[str, str],
    git_commit: str | None,
    commands: Mapping[str, Any],
    parameters: int,
) -> dict[str, Any]:
    """The manifest of a hand-in. files: the path in the zip -> the file whose contents go there."""
    return {
        "format": FORMAT,
        "assignment": assignment,
        "student_id": student_id.lower(),
        "parameters": parameters,
        "versions": dict(sorted(versions.items())),
        "git_commit": git_commit,
        "commands": dict(commands),
        "files": {name: file_record(path) for name, path in sorted(files.items()) if name != NAME},
    }


def file_record(path: Path) -> dict[str, Any]:
    """SHA-256 and length of a file."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {"sha256": digest, "bytes": path.stat().st_size}


def manifest_faults(manifest: Mapping[str, Any], root: Path) -> list[Violation]:
    """Where the manifest and the files below `root` disagree."""
    files = manifest.get("files")
    if manifest.keys() != set(KEYS) or manifest["format"] != FORMAT or not isinstance(files, dict):
        return [violation("manifest-differs", NAME, "it is not of the form that pack writes")]
    found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
    found.pop(NAME, None)
    faults = [violation("manifest-differs", name, "is not listed") for name in found.keys() - files.keys()]
    faults += [
        violation("manifest-differs", name, "is listed, but not there")
        for name in files.keys() - found.keys()
    ]
    for name in files.keys() & found.keys():
        if files[name] != file_record(found[name]):
            faults.append(violation("manifest-differs", name, "has changed since it was packed"))
    return sorted(faults, key=lambda fault: fault.where)


def read_json(path: Path, limits: IntakeLimits = DEFAULT_LIMITS) -> Any:
    """The JSON in a file of a hand-in: bounded in length and depth, no key twice. Errors: JsonError."""
    with path.open("rb") as file:
        data = file.read(limits.json_bytes + 1)
    if len(data) > limits.json_bytes:
        raise JsonError(f"more than {limits.json_bytes:,} bytes")
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_unique)
    except JsonError:
        raise
    except RecursionError:
        raise JsonError("nested too deeply") from None
    except ValueError as error:
        raise JsonError(f"not valid ({type(error).__name__})") from None
    if _deeper_than(value, limits.json_depth):
        raise JsonError(f"nested more than {limits.json_depth} deep")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise JsonError("a key stands twice")
    return record


def _deeper_than(value: Any, most: int) -> bool:
    """Whether lists and objects are nested more than `most` deep, found layer by layer."""
    layer = [value]
    for _ in range(most):
        inner = [item for item in layer if isinstance(item, (dict, list))]
        if not inner:
            return False
        layer = [item for container in inner for item in _items(container)]
    return any(isinstance(item, (dict, list)) for item in layer)


def _items(container: dict | list) -> list[Any]:
    return list(container.values()) if isinstance(container, dict) else container
