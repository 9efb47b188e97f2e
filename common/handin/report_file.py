"""The report of a hand-in: made when it is not there, made anew when the run or the words have changed.

Beside STUDENTID_report.pdf lies STUDENTID_made_from.json, which says of what it was made: of which run, of
which words. Modification times would not do: a report of another run may well be the newer one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from common import assignments
from common.assignments import Assignment
from common.cli import UserError, say
from common.handin.manifest import JsonError, read_json

RECORD = "made_from.json"
WORDS = "report.md"
CHANGES = {"run": "another run", "words": "other words", "cover": "another name"}


@dataclass(frozen=True)
class ReportOrder:
    """What a report is to be made of, and the folder that it is for."""

    assignment: Assignment
    run: Path
    student_id: str
    name: str
    words: Path
    out: Path

    @property
    def pdf(self) -> Path:
        return self.out / f"{self.student_id}_report.pdf"

    @property
    def record(self) -> Path:
        return self.out / f"{self.student_id}_{RECORD}"

    def made_from(self) -> dict[str, str]:
        """A digest for each thing that the report shows."""
        return {
            "run": _digest(_files_of(self.run)),
            "words": _digest([self.words]),
            "cover": f"{self.assignment.short} {self.student_id} {self.name}",
        }


def ensure_report(order: ReportOrder) -> Path:
    """The report, made or made anew if need be; which it is, and why, is told.

    Errors: UserError if somebody has changed it by hand and it no longer fits the run.
    """
    ensure_words(order)
    order = named(order)
    reason = why_outdated(order)
    if reason is None:
        say(f"report: {order.pdf} is up to date")
        return order.pdf
    say(f"report: {reason}; making it")
    return make_report(order)


def make_report(order: ReportOrder) -> Path:
    """Make the report, whatever is there already."""
    from common.report import build_report  # only here: it brings the typesetter

    order.out.mkdir(parents=True, exist_ok=True)
    result = build_report(
        order.assignment,
        order.run,
        student_id=order.student_id,
        name=order.name,
        words=order.words,
        out=order.out,
    )
    record = order.made_from() | {"name": order.name, "pdf": _digest([order.pdf])}
    order.record.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    say(f"report: {order.pdf}, {result.pages} pages; its source: {result.source}")
    return order.pdf


def ensure_words(order: ReportOrder) -> None:
    """Put the template where the student's words are to be, if there are none."""
    from common.report import template

    if not order.words.exists():
        order.words.write_text(template(order.assignment), encoding="utf-8")
        say(f"report: wrote {order.words} for your words, heading by heading; fill it in and do this again")


def named(order: ReportOrder) -> ReportOrder:
    """With the name that the report was made with last, if neither --name nor report.md gives one now."""
    from common.report import read_words

    if order.name or not order.pdf.is_file() or read_words(order.words).name:
        return order
    return replace(order, name=_record(order.record).get("name", ""))


def why_outdated(order: ReportOrder) -> str | None:
    """Why the report is to be made; None if it is as it should be.

    Errors: UserError if making it would destroy what was changed by hand.
    """
    if not order.pdf.is_file():
        return f"{order.pdf} is not there yet"
    record = _record(order.record)
    changed = [key for key, digest in order.made_from().items() if record.get(key) != digest]
    if not changed:
        return None
    if record.get("pdf") != _digest([order.pdf]):
        raise UserError(
            f"{order.pdf}: was not made by this command, or changed since; hand it in as it is with"
            " pack --report, or delete it"
        )
    return f"{order.pdf} was made of {' and '.join(CHANGES[key] for key in changed)}"


def tell_empty_pages(order: ReportOrder) -> None:
    """Say which pages wait for words, if any do."""
    from common.report import read_words

    if empty := read_words(order.words).empty_sections:
        say(f"report: no words yet for {', '.join(empty)}; write them into {order.words}")


def default_words(assignment: Assignment) -> Path:
    """Where the student's own words lie: report.md beside the homework."""
    path = assignments.ROOT / assignment.folder / WORDS
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _files_of(run: Path) -> Iterator[Path]:
    """What a report may show of a run."""
    yield run / "model.safetensors"
    for pattern in ("*.json", "*.jsonl", "*.txt", "*.csv", "figures/*"):
        yield from sorted(run.glob(pattern))


def _digest(files: Iterator[Path] | list[Path]) -> str:
    sums = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            sums.update(f"{path.name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
    return sums.hexdigest()


def _record(path: Path) -> dict[str, str]:
    try:
        record = read_json(path) if path.is_file() else {}
    except JsonError:
        return {}
    if not isinstance(record, dict):
        return {}
    return {key: value for key, value in record.items() if isinstance(value, str)}
