"""Takes in a hand-in: unpacks the zip if it keeps the rules, and says which ones it breaks if not.

    intake = take_in(Path("r12345678_hw1.zip"), Path("unpacked"))
    intake.violations    # not empty: rejected, `unpacked` is empty, nothing may be run
    intake.faults        # formal faults, which cost points
    intake.hand_in       # what is in `unpacked`, or None

A student's `check` and the grader call this same function. Nothing is repaired, nothing is imported or run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from common import assignments
from common.assignments import Assignment
from common.cli import UserError
from common.handin.archive import Entry, Rejected, chunks, read_entries
from common.handin.contents import content_violation
from common.handin.formal import formal_faults, parameters_of, report_facts, report_name
from common.handin.manifest import NAME as MANIFEST
from common.handin.manifest import STUDENT_ID, JsonError, read_json
from common.handin.names import name_violations
from common.handin.pdf_facts import PdfFacts
from common.handin.rules import DEFAULT_LIMITS, IntakeLimits, Violation, violation

MOST_VIOLATIONS = 50  # told; a hostile zip may break rules by the hundred
FILE_MODE, FOLDER_MODE = 0o644, 0o755


@dataclass(frozen=True)
class HandIn:
    """A hand-in that was accepted, unpacked in `root`.

    model: its model folder. report: the PDF, None if missing; report_facts: what is in it, or why that cannot
    be read. parameters: counted in the model file, not taken from the manifest.
    """

    root: Path
    assignment: Assignment
    student_id: str
    model: Path
    report: Path | None
    parameters: int
    manifest: dict[str, Any]
    report_facts: PdfFacts | str = "not read"


@dataclass(frozen=True)
class Intake:
    """The verdict. violations: if any, nothing is run. faults: cost points. hand_in: None if rejected."""

    violations: tuple[Violation, ...]
    faults: tuple[Violation, ...]
    hand_in: HandIn | None


def take_in(
    archive: Path, folder: Path, *, assignment: str | None = None, limits: IntakeLimits = DEFAULT_LIMITS
) -> Intake:
    """Unpack `archive` into the empty `folder`, which is made if missing, and judge it.

    assignment: the one it has to be for, if that is known. On a rejection `folder` is left empty.
    Errors: UserError if the archive is not there or the folder is not empty; never for what is in the zip.
    """
    if not archive.is_file():
        raise UserError(f"{archive}: no such file; name the zip that was handed in")
    wanted = assignments.find(assignment) if assignment is not None else None
    with _emptied_on_failure(folder):
        try:
            with archive.open("rb") as file:
                unpack(file, folder, limits)
            return _judged(folder, archive.name, wanted, limits)
        except Rejected as rejected:
            _clear(folder)
            return Intake(rejected.violations[:MOST_VIOLATIONS], (), None)


def unpack(file: BinaryIO, folder: Path, limits: IntakeLimits) -> None:
    """The files of a zip, once names and kinds are found harmless. Errors: Rejected, files stay behind."""
    entries = read_entries(file, limits)
    broken = name_violations([entry.name for entry in entries], limits)
    broken += [found for entry in entries if (found := _link_violation(entry))]
    if broken:
        raise Rejected(*broken)
    for entry in entries:
        path = folder / entry.name
        (path if entry.is_folder else path.parent).mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        if entry.is_folder:
            continue
        _write(file, entry, path, limits)
        if found := content_violation(entry.name, path, limits):
            broken.append(found)
    if broken:
        raise Rejected(*broken)


def _link_violation(entry: Entry) -> Violation | None:
    """Entries that are neither files nor folders, or that cannot decide."""
    if entry.is_link:
        return violation("link", entry.name)
    if entry.is_special:
        return violation("special-file", entry.name)
    return None


def _write(file: BinaryIO, entry: Entry, path: Path, limits: IntakeLimits) -> None:
    """Write the contents of `entry`, as a new file, for as long as they are in proportion."""
    size, most = 0, max(limits.ratio_from, limits.ratio * entry.packed)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, FILE_MODE), "wb") as target:
        for chunk in chunks(file, entry):
            size += len(chunk)
            if size > most:
                raise Rejected(violation("zip-bomb", entry.name, f"more than {limits.ratio} times its size"))
            target.write(chunk)


def _judged(folder: Path, archive_name: str, wanted: Assignment | None, limits: IntakeLimits) -> Intake:
    """The hand-in in `folder`, which is safe to read, and its faults. Errors: Rejected if it is unknown."""
    manifest = _manifest(folder, limits)
    assignment = _assignment(manifest, wanted)
    student_id = manifest["student_id"]
    report = folder / report_name(student_id)
    hand_in = HandIn(
        root=folder,
        assignment=assignment,
        student_id=student_id,
        model=folder / "model",
        report=report if report.is_file() else None,
        parameters=parameters_of(folder, limits),
        manifest=manifest,
        report_facts=report_facts(report if report.is_file() else None, limits),
    )
    faults = formal_faults(
        folder,
        assignment,
        manifest,
        parameters=hand_in.parameters,
        report=hand_in.report_facts,
        archive_name=archive_name,
        limits=limits,
    )
    return Intake((), tuple(faults), hand_in)


def _manifest(folder: Path, limits: IntakeLimits) -> dict[str, Any]:
    """The manifest, once it says for whom and for what it is."""
    if not (folder / MANIFEST).is_file():
        inner = sorted(path.parent.name for path in folder.glob(f"*/{MANIFEST}"))
        hint = f"it lies in {inner[0]}/, zip what is in that folder" if inner else ""
        raise Rejected(violation("manifest-missing", MANIFEST, hint))
    try:
        manifest = read_json(folder / MANIFEST, limits)
    except JsonError as error:
        raise Rejected(violation("manifest-unreadable", MANIFEST, str(error))) from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("assignment"), str):
        raise Rejected(violation("manifest-unreadable", MANIFEST))
    student_id = manifest.get("student_id")
    if not isinstance(student_id, str) or not STUDENT_ID.fullmatch(student_id):
        raise Rejected(violation("student-id", MANIFEST, str(student_id)[:40]))
    return manifest


def _assignment(manifest: dict[str, Any], wanted: Assignment | None) -> Assignment:
    """The assignment that the manifest names by its short name."""
    known, named = assignments.assignments(), manifest["assignment"]
    if named not in known:
        raise Rejected(violation("unknown-assignment", MANIFEST, named[:40]))
    if wanted is not None and known[named] != wanted:
        raise Rejected(violation("wrong-assignment", MANIFEST, f"it is for {named}, not for {wanted.short}"))
    return known[named]


@contextmanager
def _emptied_on_failure(folder: Path) -> Iterator[None]:
    """`folder`, made if need be, is empty at first, and again if something goes wrong."""
    if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
        raise UserError(f"{folder}: is not an empty folder; name a new or empty one")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        _clear(folder)
        raise


def _clear(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
