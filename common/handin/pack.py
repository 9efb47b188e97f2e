"""Packs a hand-in: code, one trained model and the report in one zip, the same bytes for the same contents.

    pack(PackOrder(find("hw1"), run, "r12345678", report=Path("r12345678_report.pdf"), out=Path("handin")))

What is written is taken in at once by the very rules that a teaching assistant applies; what they would
refuse, or the assignment forbids, is not left behind.
"""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import assignments
from common.assignments import Assignment
from common.cli import UserError, say
from common.handin.code_files import code_files, model_files
from common.handin.finished_run import FinishedRun, evaluate_line
from common.handin.intake import Intake, take_in
from common.handin.manifest import NAME as MANIFEST
from common.handin.manifest import STUDENT_ID, manifest_of
from common.handin.readme import readme_text

EPOCH = (1980, 1, 1, 0, 0, 0)  # the first date that a zip can tell
READABLE = 0o100644 << 16  # a file that its owner may write
UNIX = 3
STORED_SUFFIXES = (".safetensors", ".pdf", ".png")  # packing gains next to nothing
TEXT_SUFFIXES = (".json", ".jsonl", ".txt")  # from which the path of the root is taken out
SHOWN = 5  # of the files that were left out
FORBIDDEN = {  # faults that would cost points; a hand-in with them is not even written
    "one-model",
    "wrong-model",
    "model-missing",
    "too-many-parameters",
    "pretrained-model",
    "report-missing",
    "report-unreadable",
    "report-aspect",
}


@dataclass(frozen=True)
class PackOrder:
    """What goes into a hand-in. report: the finished PDF. out: the folder for the zip."""

    assignment: Assignment
    run: FinishedRun
    student_id: str
    report: Path
    out: Path
    root: Path = field(default_factory=lambda: assignments.ROOT)

    @property
    def archive(self) -> Path:
        return self.out / f"{self.student_id}_{self.assignment.short}.zip"


def require_student_id(text: str) -> str:
    """A student id in lower case. Errors: UserError for what is none."""
    if not STUDENT_ID.fullmatch(text.lower()):
        raise UserError(f"--student-id {text}: give 5 to 20 letters and digits, a letter first: r12345678")
    return text.lower()


def pack(order: PackOrder) -> Intake:
    """Write the zip -> what the intake says of it. Errors: UserError if it would be refused; none is left."""
    order.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".packing_", dir=order.out) as scratch:
        archive = Path(scratch) / order.archive.name
        write_zip(archive, gathered(order, Path(scratch)))
        intake = take_in(archive, Path(scratch) / "unpacked", assignment=order.assignment.short)
        refused = [*intake.violations, *(fault for fault in intake.faults if fault.rule in FORBIDDEN)]
        if refused:
            for one in refused[1:]:
                say(f"also: {one}")
            raise UserError(f"{order.archive}: was not written: {refused[0]}")
        archive.replace(order.archive)
    return intake


def gathered(order: PackOrder, scratch: Path) -> dict[str, Path]:
    """Every file of the hand-in: its path in the zip -> where it lies; in `scratch`, what is made for it."""
    code = code_files(order.assignment, order.root)
    tell_left_out([f"{path}: {reason}" for path, reason in code.left_out])
    files = {str(path): order.root / path for path in code.taken}
    files |= {f"model/{name}": order.run.path / name for name in model_files(order.run.path)}
    files[f"{order.student_id}_report.pdf"] = order.report

    def make(name: str, text: str) -> None:
        files[name] = scratch / name
        files[name].parent.mkdir(exist_ok=True)
        files[name].write_text(text.replace(f"{order.root}/", ""), encoding="utf-8")

    for name in sorted(files):
        if name.startswith("model/") and name.endswith(TEXT_SUFFIXES):
            make(name, files[name].read_text(encoding="utf-8"))
    make("model/run.json", as_json(without_places(order.run.record)))
    make("README.md", readme_text(order.assignment, student_id=order.student_id, run=order.run))
    make(MANIFEST, as_json(manifest(order, files)))
    return files


def manifest(order: PackOrder, files: Mapping[str, Path]) -> dict[str, Any]:
    session = order.run.last_session
    return manifest_of(
        files,
        assignment=order.assignment.short,
        student_id=order.student_id,
        versions=session["versions"],
        git_commit=session.get("git_commit"),
        commands={
            "train": [command.replace(f"{order.root}/", "") for command in order.run.commands],
            "evaluate": evaluate_line(order.assignment, order.run).replace(f"{order.root}/", ""),
            "infer": order.assignment.infer_line(),
        },
        parameters=order.run.parameters,
    )


def write_zip(path: Path, files: Mapping[str, Path]) -> None:
    """A zip of `files` (path in it -> file), which depends on their contents alone."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, file in sorted(files.items()):
            entry = zipfile.ZipInfo(name, date_time=EPOCH)
            entry.create_system, entry.external_attr = UNIX, READABLE
            stored = file.suffix in STORED_SUFFIXES
            entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            entry.file_size = file.stat().st_size  # decides about zip64
            with file.open("rb") as source, archive.open(entry, "w") as target:
                shutil.copyfileobj(source, target, 1 << 20)


def without_places(record: Mapping[str, Any]) -> dict[str, Any]:
    """A run.json without where on the disk the run was begun: nobody else has that folder."""
    sessions = [
        {key: value for key, value in session.items() if key != "working_directory"}
        for session in record["sessions"]
    ]
    return {**record, "sessions": sessions}


def as_json(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) + "\n"


def tell_left_out(lines: list[str]) -> None:
    """Say which files do not go along, so that nobody misses one in the hand-in."""
    for line in lines[:SHOWN]:
        say(f"left out: {line}")
    if len(lines) > SHOWN:
        say(f"left out: {len(lines) - SHOWN} files more, for the same reasons")


def size_of(path: Path) -> str:
    """A file's size to read: 3.2 MB."""
    return f"{path.stat().st_size / 1e6:.1f} MB"
