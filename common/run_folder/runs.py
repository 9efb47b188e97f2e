"""A run folder: what was asked for (run.json), how it went (history.jsonl), what came of it (a model)."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from common.cli import UserError
from common.run_folder.files import (
    FORMAT,
    check_header,
    json_bytes,
    json_line,
    plain,
    read_json,
    write_atomically,
)

MAY_CHANGE = {"may_change": True}  # metadata of a config field that a resumed run may give another value


@dataclasses.dataclass
class RunFolder:
    """One run of one training command: make it with `create`, look at it with `open`.

    Under torchrun only process 0 writes; in the others `create` and `log` leave the disk alone.
    """

    path: Path
    assignment: str
    config: dict[str, Any]

    @classmethod
    def create(cls, path: str | Path, *, assignment: str, config: Any) -> RunFolder:
        """Begin a run in the folder `path`, or go on with the one that is there.

        config: the dataclass behind the command line. To go on, it must equal the run's own, but for fields
        with metadata=MAY_CHANGE and paths that are the run folder itself.
        Errors: UserError for another assignment, other options, or a folder of other things.
        """
        run = cls(Path(path), assignment, plain(config))
        if is_main_process():
            sessions = run._earlier_sessions(config)
            run.path.mkdir(parents=True, exist_ok=True)
            record = {"format": FORMAT, "assignment": assignment, "seed": _find_seed(run.config)}
            record |= {"config": run.config, "sessions": [*sessions, _session(run.path)]}
            write_atomically(run.path / "run.json", json_bytes(record))
        return run

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """The run in the folder `path`. Errors: UserError where there is none."""
        if not (Path(path) / "run.json").is_file():
            raise UserError(f"{path}: not a run folder (no run.json); give the folder that train.py wrote")
        record = read_json(Path(path) / "run.json")
        return cls(Path(path), record["assignment"], record["config"])

    def log(self, record: Mapping[str, Any]) -> None:
        """Append one line to history.jsonl, safe on the disk; NaN and infinity are written as null."""
        if not is_main_process():
            return
        path = self.path / "history.jsonl"
        if path.exists() and not path.read_bytes().endswith(b"\n"):
            self._write_history(self.history())  # mend the torn line, lest ours be glued to it
        with path.open("ab") as file:
            file.write(json_line(record))
            file.flush()
            os.fsync(file.fileno())

    def history(self) -> list[dict[str, Any]]:
        """All records, oldest first. A last line that a power loss tore is left out.

        Errors: UserError for a broken line elsewhere, which no interruption explains.
        """
        path = self.path / "history.jsonl"
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
        records = []
        for number, line in enumerate(lines, start=1):
            try:
                records.append(json.loads(line))
            except json.JSONDecodeError as error:
                if number < len(lines):
                    raise UserError(f"{path}: line {number} is not JSON; mend or delete it") from error
        return records

    def rewind(self, epoch: int) -> None:
        """Forget what the history says of epochs after `epoch`: they were not finished and are done again."""
        records = self.history()
        kept = [record for record in records if record["epoch"] <= epoch]
        if is_main_process() and len(kept) < len(records):
            self._write_history(kept)

    def _write_history(self, records: list[dict[str, Any]]) -> None:
        write_atomically(self.path / "history.jsonl", b"".join(map(json_line, records)))

    def _earlier_sessions(self, config: Any) -> list[dict[str, Any]]:
        """The sessions of the run that is in our folder already, once it is clear that it may go on."""
        if not (self.path / "run.json").is_file():
            if self.path.is_dir() and any(not file.name.endswith(".part") for file in self.path.iterdir()):
                raise UserError(
                    f"{self.path}: holds other things than a run; choose a new or empty folder with --out"
                )
            return []
        record = read_json(self.path / "run.json")
        check_header(record, self.path / "run.json", self.assignment, UserError)
        if changes := ", ".join(_changes(config, record["config"], self.path)):
            raise UserError(
                f"{self.path}: was begun with other options ({changes});"
                " give the same ones to go on, or another --out to begin anew"
            )
        return record["sessions"]


def is_main_process() -> bool:
    """Whether this is the only process, or number 0 of those that torchrun started."""
    return int(os.environ.get("RANK", "0")) == 0


def _changes(config: Any, earlier: Mapping[str, Any], folder: Path) -> Iterator[str]:
    """`--option then, now value` for every field of `config` that differs from the earlier JSON."""
    for field in dataclasses.fields(config):
        value, then = getattr(config, field.name), earlier.get(field.name)
        if field.metadata.get("may_change") or (isinstance(value, Path) and value == folder):
            continue
        if dataclasses.is_dataclass(value):
            yield from _changes(value, then if isinstance(then, dict) else {}, folder)
        elif plain(value) != then:
            yield f"--{field.name.replace('_', '-')} {then}, now {plain(value)}"


def _session(folder: Path) -> dict[str, Any]:
    """How this process was started. Paths are relative, so that the folder can be moved and shown."""
    import torch  # here, as whoever looks at a run has no use for it

    program = os.path.relpath(sys.argv[0]) if os.path.isabs(sys.argv[0]) else sys.argv[0]
    return {
        "started": datetime.now().astimezone().isoformat(timespec="seconds"),
        "command": shlex.join(["python", program, *sys.argv[1:]]),
        "working_directory": os.path.relpath(Path.cwd(), folder),  # as seen from the run folder
        "processes": int(os.environ.get("WORLD_SIZE", "1")),
        "git_commit": _git_commit(),
        "platform": platform.platform(),
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "numpy": np.__version__,
        },
    }


def _git_commit() -> str | None:
    """The commit of this code, with "-dirty" if files were changed since; None without git or a commit."""
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        answer = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return answer.stdout.strip()


def _find_seed(config: Mapping[str, Any]) -> int | None:
    """The seed of the config or of a config within it."""
    if "seed" in config:
        return config["seed"]
    inner = [_find_seed(value) for value in config.values() if isinstance(value, dict)]
    return next((seed for seed in inner if seed is not None), None)
