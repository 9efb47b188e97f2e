"""From which probability on a rest is expected: chosen on validation windows, for each system its own.

rest_thresholds.json   {"random": 0.2, "markov": 0.3, "model": 0.31}, in a run folder
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from common.run_folder import ModelFolderError, write_atomically
from common.run_folder.files import json_bytes, read_json

FILE_NAME = "rest_thresholds.json"
MODEL = "model"  # the one that was trained; the others are baselines
USUAL = 0.5


def save_rest_thresholds(folder: Path, thresholds: Mapping[str, float]) -> None:
    """Write them into a run folder."""
    write_atomically(folder / FILE_NAME, json_bytes(dict(thresholds)))


def load_rest_thresholds(folder: Path) -> dict[str, float]:
    """What `folder` says; nothing where it says nothing. Errors: ModelFolderError for anything but shares."""
    path = folder / FILE_NAME
    thresholds = read_json(path, ModelFolderError) if path.is_file() else {}
    if not all(isinstance(value, float) and 0 < value < 1 for value in thresholds.values()):
        raise ModelFolderError(f"{path}: holds other things than shares between 0 and 1; train again")
    return thresholds
