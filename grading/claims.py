"""What an archive says that it is, before anything of it is trusted: whose, and for which assignment.

Its manifest says so, else its name. Used to choose a rubric for an archive that may well be rejected; the
intake decides on its own whether the claim holds.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from common.assignments import assignments
from common.handin import archive as zips
from common.handin import manifest as manifests
from common.handin.rules import IntakeLimits

NAME = re.compile(r"([A-Za-z][A-Za-z0-9]{4,19})_(\w{1,40})", re.ASCII)


@dataclass(frozen=True)
class Claim:
    """Each is "" if the archive says nothing that could be true."""

    assignment: str
    student_id: str


def claim_of(archive: Path) -> Claim:
    """What the manifest says, else the name of the file. Never raises for what is in the file."""
    record = _manifest(archive)
    named = NAME.match(archive.name)
    assignment = next(
        (known for known in (record.get("assignment"), named and named[2]) if known in assignments()), ""
    )
    student_id = next(
        (known for known in (record.get("student_id"), named and named[1]) if _is_id(known)), ""
    )
    return Claim(assignment, student_id.lower())


def _is_id(value: object) -> bool:
    return isinstance(value, str) and manifests.STUDENT_ID.fullmatch(value.lower()) is not None


def _manifest(archive: Path) -> dict[str, str]:
    """The words at the top of the manifest, as far as one can be read."""
    limits = IntakeLimits()
    try:
        with archive.open("rb") as file:
            entry = next(each for each in zips.read_entries(file, limits) if each.name == manifests.NAME)
            if entry.size > limits.json_bytes:
                return {}
            record = json.loads(b"".join(zips.chunks(file, entry)))
        return {key: value for key, value in record.items() if isinstance(value, str)}
    except (zips.Rejected, StopIteration, ValueError, AttributeError, RecursionError, OSError):
        return {}
