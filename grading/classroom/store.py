"""The folder of a class: `hand_ins/` with what grading found, kept from call to call, and `work/`.

    hand_ins/NAME-HASH/grade.json, log/      what the grader wrote of one archive, untouched afterwards
    hand_ins/NAME-HASH/done.json             for which archive, grader and data; written last
    hand_ins/NAME-HASH/grader.txt            what the grading process itself said
    work/                                    hand-ins that are being graded; moved when they are done

A hand-in is graded once for the same archive, grader version and test data.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.cli import UserError
from common.run_folder.files import json_bytes, read_json, write_atomically
from grading.classroom.names import file_sha256, folder_name
from grading.records import Grade

MOST_OF_A_LINE = 300  # characters
KEPT = {"grade.json", "log", "timing.json", "done.json", "grader.txt", "error.txt"}


@dataclass(frozen=True)
class Job:
    """One archive to be graded, and the folder where its grade belongs."""

    archive: Path
    sha256: str
    folder: Path
    key: dict[str, Any]
    """What the grade depends on: archive, grader version, test data."""


@dataclass(frozen=True)
class Graded:
    """What came of a job: a grade, or why there is none."""

    job: Job
    grade: Grade | None
    failure: str = ""
    seconds: float = 0.0
    peak_bytes: int = 0


def make_job(archive: Path, out: Path, *, grader_version: str, data: str) -> Job:
    sha256 = file_sha256(archive)
    key = {"sha256": sha256, "grader_version": grader_version, "data": data}
    return Job(archive, sha256, out / "hand_ins" / folder_name(archive, sha256), key)


def finished(job: Job) -> Graded | None:
    """What an earlier call found, if it was the same archive, grader and data, and went well."""
    try:
        done = read_json(job.folder / "done.json")
        if done["key"] != job.key:
            return None
        grade = Grade.from_json((job.folder / "grade.json").read_text(encoding="utf-8"))
        return Graded(job, grade, seconds=done["seconds"], peak_bytes=done["peak_bytes"])
    except (OSError, UserError, KeyError):
        return None


def keep(job: Job, work: Path, *, failure: str) -> Graded:
    """Move the folder in which a job was graded to its place. `failure`: why it ended badly; "" if well."""
    grade, measured = None, {"seconds": 0.0, "peak_bytes": 0}
    try:
        measured |= json.loads((work / "measured.json").read_text())
        grade = Grade.from_json((work / "grade.json").read_text(encoding="utf-8"))
        failure = failure or one_line(grade.grader_error)
    except (OSError, ValueError, UserError) as error:
        failure = failure or one_line(f"the grader left no grade ({error})")
    if failure:
        (work / "grade.json").unlink(missing_ok=True)
        grade = None
    else:
        write_atomically(work / "done.json", json_bytes({"key": job.key} | measured))
    for path in work.iterdir():
        if path.name not in KEPT:
            remove(path)  # what was unpacked, if the process could not tidy up
    replace_folder(work, job.folder)
    return Graded(job, grade, failure, measured["seconds"], measured["peak_bytes"])


def replace_folder(new: Path, place: Path) -> None:
    """Put a folder in the place of another. A crash between the two renames leaves the place empty."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists():
        old = new.with_name(f"{new.name}.old")
        place.rename(old)
        new.rename(place)
        remove(old)
    else:
        new.rename(place)


def remove(folder: Path) -> None:
    """Delete a folder, though a hand-in may have left subfolders in it that nobody may enter."""

    def allow(function, path, _) -> None:
        try:
            os.chmod(os.path.dirname(path), stat.S_IRWXU)
            if not os.path.islink(path):
                os.chmod(path, stat.S_IRWXU)
            shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
        except OSError:
            pass  # the class goes on; the next call tries again

    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder, onerror=allow)


def one_line(text: str) -> str:
    """The last line of a text, short and printable, for a table."""
    line = (text.strip().splitlines() or [""])[-1][:MOST_OF_A_LINE]
    return "".join(letter if letter.isprintable() else "?" for letter in line)


@contextmanager
def only_call(out: Path) -> Iterator[None]:
    """Hold the class's folder for this call. UserError if another call is at work in it."""
    out.mkdir(parents=True, exist_ok=True)
    with (out / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)  # gone with the process, however that ends
        except OSError as error:
            raise UserError(f"{out}: another call grades into it; wait, or give another --out") from error
        remove(out / "work")  # of a call that was killed
        (out / "work").mkdir()
        try:
            yield
        finally:
            remove(out / "work")
