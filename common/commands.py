"""What train.py, eval.py and infer.py of all homeworks share: which data, which run, what to type next."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from common.cli import UserError
from common.run_folder import write_atomically
from common.run_folder.files import json_bytes
from common.training import from_main_process
from common.training_data import DataRecord, folder_name

Item = TypeVar("Item")
EnsureData = Callable[..., Path]  # ensure_data(path or None, quick=...) of a homework


def shared_data(ensure_data: EnsureData, data: Path | None, *, quick: bool) -> Path:
    """The data folder of a training, which process 0 makes if need be."""
    return Path(from_main_process(lambda: {"data": str(ensure_data(data, quick=quick))})["data"])


def next_command(script: str, option: str, run: Path, *, data: Path | None) -> str:
    """How to use the finished `run`: `python SCRIPT OPTION RUN`, on the same `data` if they were given."""
    command = ["python", script, option, str(run)]
    return shlex.join(command + (["--data", str(data)] if data else []))


def places(run: Path) -> list[str]:
    """Lines that say where a training left its model and its figures."""
    figures = sorted(run.glob("figures/*"))
    return [f"model folder: {run}", *(f"figure: {path}" for path in figures)]


def newest_run(runs: Path, *, script: str, option: str = "--model") -> Path:
    """The run folder below `runs` that `script` finished last; it is told, and that `option` chooses another.

    Errors: UserError if there is none.
    """
    finished = [path for path in runs.glob("*/validation.json") if (path.parent / "config.json").is_file()]
    if not finished:
        raise UserError(f"{runs}: no finished run; train one with {script}, or name one with {option}")
    newest = max(finished, key=lambda path: path.stat().st_mtime).parent
    print(f"model: {newest}, the newest run; {option} chooses another", file=sys.stderr)
    return newest


def model_names(folders: Sequence[Path]) -> list[str]:
    """What to call the models: by their folders' names where these differ, else by the whole path."""
    short = [folder_name(folder) for folder in folders]
    return short if len(set(short)) == len(short) else [str(folder) for folder in folders]


def data_trained_on(
    models: Sequence[Path],
    known: Iterable[DataRecord | None],
    *,
    default_data: Callable[..., Path],
    ensure_data: EnsureData,
) -> Path:
    """The mini data that all `models` were trained on, made if need be.

    known: what each model's folder says of its data. Errors: UserError if these are other data, or unknown.
    """
    found = sorted({record.name for record in known if record})
    for quick in (False, True):
        if found == [folder_name(default_data(quick=quick))]:
            return ensure_data(None, quick=quick)
    reason = (
        f"trained on {' and '.join(found)}" if found else "the folder does not say what it was trained on"
    )
    raise UserError(f"{models[0]}: {reason}; say with --data what to evaluate on")


def results_folder(model: Path, trained_on: DataRecord | None, data: Path) -> Path:
    """Where results on `data` go: into the folder of the model if it was trained on them, else below it."""
    at_home = trained_on is not None and trained_on.name == folder_name(data)
    return model if at_home else model / f"eval_{folder_name(data)}"


def save_results(folder: Path, metrics: dict, report: str) -> list[Path]:
    """Write metrics.json and report.txt; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / "metrics.json", json_bytes(metrics))
    write_atomically(folder / "report.txt", f"{report}\n".encode())
    return [folder / "metrics.json", folder / "report.txt"]


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """`count` of the items, or all if there are fewer, evenly from the first to the last."""
    count = min(count, len(items))
    return [items[round(position)] for position in np.linspace(0, len(items) - 1, count)] if count else []
