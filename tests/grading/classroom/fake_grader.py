"""A grader for the tests of the class run: the "zip" is JSON that says what shall become of it.

    {"student_id": "r12345678", "points": 7.5, "top1": 0.4, "does": "honest", "log": "..."}

does: "honest", "reject", or what befalls the grading process: "raise", "kill", "exit", "hang", "fail".
Each grading adds a line to the file that $FAKE_GRADER_LOG names.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from common.cli import UserError
from grading.records import Grade, Item


def grade(archive: Path, *, out: Path, slow: float = 0.0, log: str = "") -> Grade:
    text = archive.read_bytes()
    wish = json.loads(text)
    if log:
        with open(log, "a") as file:
            file.write(f"{archive.name}\n")
    time.sleep(slow)
    mischief(wish.get("does", "honest"), out)
    rejected = wish.get("does") == "reject"
    points = 0.0 if rejected else wish.get("points", 7.5)
    message = wish.get("message", "3 of 4 answers are right")
    result = Grade(
        assignment="hw0",
        student_id=wish.get("student_id", ""),
        archive_sha256=hashlib.sha256(text).hexdigest(),
        grader_version="1",
        data="tiny (mini, 0123456789ab)",
        items=(
            Item("form", "Form", 0.0 if rejected else 10.0, 10.0, message),
            Item("results", "Results", points, 10.0, "top-1 accuracy"),
        ),
        metrics={} if rejected else {"top1": wish.get("top1", 0.4), "baseline_majority_top1": 0.2},
        rejected=rejected,
        grader_error="TypeError in scoring.py" if wish.get("does") == "fail" else "",
    )
    (out / "log").mkdir()
    (out / "log" / "main.stdout.txt").write_text(wish.get("log", ""))
    (out / "grade.json").write_text(result.to_json())
    return result


def mischief(does: str, out: Path) -> None:
    if does == "raise":
        raise ValueError("first line\nit is broken")
    if does == "user error":
        raise UserError("no sandbox here")
    if does == "kill":
        (out / ".work-1").mkdir()
        os.kill(os.getpid(), signal.SIGKILL)
    if does == "exit":
        os._exit(3)
    if does == "hang":
        child = subprocess.Popen(
            [sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True
        )
        (out.parent.parent / "child.pid").write_text(str(child.pid))
        time.sleep(60)
