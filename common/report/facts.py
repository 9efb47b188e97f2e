"""What a run folder says of itself, as text for a report."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.cli import UserError
from common.handin.tensor_header import count_parameters, read_header
from common.run_folder import RunFolder
from common.run_folder.files import read_json

if TYPE_CHECKING:
    from common.assignments import Assignment, Headline

ROOT = Path(__file__).parents[2]
ABSENT = "–"
Pairs = list[tuple[str, str]]


@dataclass(frozen=True)
class Run:
    """A trained and evaluated run."""

    path: Path
    record: dict[str, Any]  # run.json
    history: list[dict[str, Any]]
    metrics: dict[str, Any]
    report: str  # report.txt
    data: dict[str, Any]  # training_data.json

    @property
    def shown_path(self) -> str:
        return without_root(str(self.path))


def open_run(path: Path, assignment: Assignment) -> Run:
    """Read a run folder. Errors: UserError if it is none, of another assignment, or not evaluated yet."""
    folder = RunFolder.open(path)
    if folder.assignment != assignment.marker:
        raise UserError(f"{path}: a run of {folder.assignment}, not of {assignment.short}; name another run")
    for name in ("metrics.json", "report.txt"):
        if not (path / name).is_file():
            raise UserError(
                f"{path}: not evaluated yet (no {name}); run {evaluate_command(assignment, path)}"
            )
    return Run(
        path=path,
        record=read_json(path / "run.json"),
        history=folder.history(),
        metrics=read_json(path / "metrics.json"),
        report=without_root((path / "report.txt").read_text(encoding="utf-8")),
        data=read_json(path / "training_data.json") if (path / "training_data.json").is_file() else {},
    )


def without_root(text: str) -> str:
    """`text` with paths as seen from the project's folder: where that lies is nobody's business."""
    return text.replace(f"{ROOT}/", "")


def evaluate_command(assignment: Assignment, run: Path) -> str:
    """The command that evaluates a run."""
    return shlex.join(["python", assignment.script("eval.py"), "--model", without_root(str(run))])


def headline_row(headline: Headline, metrics: Mapping[str, Any]) -> tuple[str, str, str, str]:
    """Label, score, 95 % interval (over groups where there are groups) and the trivial baseline."""
    digits = 2 if headline.unit == "dB" else 3

    def shown(key: str | None) -> str:
        value = metrics.get(key) if key else None
        return f"{value:.{digits}f}" if _is_number(value) else ABSENT

    interval = ABSENT
    for group in ("_group", ""):
        low, high = shown(f"{headline.key}{group}_low"), shown(f"{headline.key}{group}_high")
        if ABSENT not in (low, high):
            interval = f"{low} to {high}"
            break
    label = f"{headline.label}, {headline.unit}" if headline.unit else headline.label
    return label, shown(headline.key), interval, shown(headline.baseline_key)


def data_line(run: Run) -> str:
    """Which data the scores belong to; scores on mini data say so."""
    name = str(run.metrics.get("data", "unknown data"))
    line = f"Test split of {name}"
    if split := run.metrics.get("split"):
        line += f", {split} split"
    if run.metrics.get("is_mini_data"):
        line += ": mini data, never to be set beside scores on the published data set"
    return f"{line}."


def configuration(run: Run) -> list[tuple[str, Pairs]]:
    """The run's options by group: those of the command itself first."""
    config = run.record["config"]
    own = [(key, value_text(value)) for key, value in config.items() if not isinstance(value, dict)]
    groups = [("command", own)] if own else []
    for key, value in config.items():
        if isinstance(value, dict):
            groups.append((key, [(name, value_text(inner)) for name, inner in _flat(value)]))
    return groups


def training_facts(run: Run) -> Pairs:
    """Model, data, epochs, seconds and versions."""
    sessions = run.record["sessions"]
    size = count_parameters(read_header(run.path / "model.safetensors"))
    facts = [
        ("model", value_text(run.record["config"].get("model"))),
        ("parameters", f"{size:,}"),
        ("trained on", value_text(run.data.get("name"))),
        *_epochs(run.history),
        ("seed", value_text(run.record.get("seed"))),
        ("versions", ", ".join(f"{name} {version}" for name, version in sessions[-1]["versions"].items())),
        ("computed on", value_text(sessions[-1].get("platform"))),
        ("code", _commit(sessions[-1].get("git_commit"))),
    ]
    if sessions[-1].get("processes", 1) > 1:
        facts.append(("processes", str(sessions[-1]["processes"])))
    if len(sessions) > 1:
        facts.append(("started", f"{len(sessions)} times"))
    return facts


def command_lines(run: Run, assignment: Assignment) -> Pairs:
    """How to train, evaluate and use the model."""
    commands = dict.fromkeys(without_root(session["command"]) for session in run.record["sessions"])
    return [
        *(("train", command) for command in commands),
        ("evaluate", evaluate_command(assignment, run.path)),
        ("infer", shlex.join(assignment.infer_command(model=run.shown_path))),
    ]


def _epochs(history: list[dict[str, Any]]) -> Pairs:
    """How many epochs, and their time; nothing for a model that is not trained in epochs."""
    if not history:
        return []
    scored = [record for record in history if _is_number(record.get("score"))]
    best = f", best {max(scored, key=lambda record: record['score'])['epoch']}" if scored else ""
    seconds = [record["seconds"] for record in history if _is_number(record.get("seconds"))]
    time = f"{duration(sum(seconds))}, {sum(seconds) / len(seconds):.3g} s an epoch" if seconds else ABSENT
    return [("epochs", f"{len(history)}{best}"), ("training time", time)]


def duration(seconds: float) -> str:
    """`754.2` -> "12 min 34 s"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


def value_text(value: Any) -> str:
    """A value of the configuration, short."""
    if value is None:
        return ABSENT
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list):
        shown = " ".join(map(value_text, value[:12]))
        return f"{shown} ... ({len(value)})" if len(value) > 12 else shown or "none"
    text = without_root(str(value))
    return text if len(text) <= 120 else f"{text[:117]}..."


def _flat(config: Mapping[str, Any], before: str = "") -> Pairs:
    pairs = []
    for key, value in config.items():
        pairs += _flat(value, f"{before}{key}.") if isinstance(value, dict) else [(before + key, value)]
    return pairs


def _commit(commit: str | None) -> str:
    """The first figures of the commit; whether files were changed since stays."""
    return re.sub(r"([0-9a-f]{10})[0-9a-f]*", r"\1", commit) if commit else ABSENT


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
