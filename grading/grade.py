"""Grade one hand-in: take it in, run it in the sandbox, score its outputs, judge each item of the rubric.

    grade(Path("r12345678_hw1.zip"), prepared=prepared, out=Path("graded/r12345678"))

writes into `out`:
    grade.json     the grade: the same bytes for the same archive, grader version and test data
    log/           what the hand-in printed, made harmless; grader.txt if the grader itself failed
    timing.json    seconds and memory, which differ from run to run

A fault of the grader is told apart from those of a hand-in: the grade then says so, and nobody loses points
for it unseen.
"""

from __future__ import annotations

import hashlib
import tempfile
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from common.cli import UserError
from common.handin.intake import Intake, take_in
from common.run_folder import write_atomically
from common.run_folder.files import json_bytes
from common.sandbox import Limits, missing
from grading.checks import Evidence, told
from grading.claims import claim_of
from grading.examples import run_on_examples
from grading.printed import log_text, one_line
from grading.records import DECIMALS, Grade, Item
from grading.rubric import Rubric, RubricItem, rubric_of
from grading.running import RunRecord, run_hand_in
from grading.scoring import Scores, score
from grading.scoring.answers import STDERR, STDOUT
from grading.versions import grader_version

if TYPE_CHECKING:
    from grading.tasks import Prepared

OURS = "the grader failed, which is not your fault: no points were judged; your teacher grades it again"
MOST_LOGGED = 1 << 18  # bytes from the beginning, and as many from the end, of what was printed
METRIC_DECIMALS = 6  # beyond these, the order in which a processor's cores add up shows


def grade(
    archive: Path,
    *,
    prepared: Prepared | None,
    out: Path,
    limits: Limits | None = None,
    unsafe: bool = False,
    assignment: str | None = None,
) -> Grade:
    """The grade of `archive`, written into `out` as well.

    prepared: the test data, and the assignment they are for. None for an assignment without any (a final
    project, named by `assignment` or by the archive itself), which is run on its public examples.
    Errors: UserError if there is no sandbox and not `unsafe`; anything else that goes wrong is in the grade.
    """
    if not unsafe and (reason := missing()):
        raise UserError(
            f"{archive}: cannot be run in a sandbox ({reason}); trust it with --unsafe, or use Linux"
        )
    (out / "log").mkdir(parents=True, exist_ok=True)
    with archive.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    grading = Grading(archive, digest, prepared, assignment)
    try:
        with tempfile.TemporaryDirectory(dir=out, prefix=".work-", ignore_cleanup_errors=True) as work:
            result = grading.run(Path(work), out, limits or Limits(), unsafe)
    except Exception as error:
        write_atomically(out / "log" / "grader.txt", traceback.format_exc().encode())
        result = grading.failed(error)
    write_atomically(out / "grade.json", result.to_json().encode())
    return result


class Grading:
    """What is known of a hand-in from the start, and the ways in which its grading can end."""

    def __init__(self, archive: Path, digest: str, prepared: Prepared | None, assignment: str | None) -> None:
        claim = claim_of(archive)
        self.archive, self.digest, self.prepared = archive, digest, prepared
        self.wanted = prepared.assignment if prepared else assignment
        self.assignment = self.wanted or claim.assignment
        self.student_id = claim.student_id
        self.rubric: Rubric = rubric_of(self.assignment)

    def run(self, work: Path, out: Path, limits: Limits, unsafe: bool) -> Grade:
        intake = take_in(self.archive, work / "hand_in", assignment=self.wanted)
        if intake.hand_in is None:
            return self.rejected(intake)
        hand_in = intake.hand_in
        self.assignment, self.student_id = hand_in.assignment.short, hand_in.student_id
        scores, outputs = None, work / "outputs"
        if prepared := self.prepared:
            run = run_hand_in(hand_in, prepared, outputs, limits=limits, unsafe=unsafe)
            scores = score(prepared, outputs)
        else:
            run = run_on_examples(hand_in, outputs, limits=limits, unsafe=unsafe)
        keep_record(run, scores, out)
        evidence = Evidence(intake, prepared, run, scores)
        items = tuple(judged(item, evidence) for item in self.rubric.items)
        return self.result(items, rounded(scores))

    def rejected(self, intake: Intake) -> Grade:
        """No points at all. The first item tells the rules, the others point to it."""
        first, *others = self.rubric.items
        reason = f"rejected, nothing of it was run: {told(intake.violations)}"
        later = f'not judged: the archive was rejected, see "{first.title}"'
        items = (without_points(first, reason), *(without_points(item, later) for item in others))
        return self.result(items, {}, rejected=True)

    def failed(self, error: Exception) -> Grade:
        items = tuple(without_points(item, OURS) for item in self.rubric.items)
        return self.result(items, {}, grader_error=where_it_failed(error))

    def result(self, items: tuple[Item, ...], metrics: dict[str, float], **more) -> Grade:
        data = self.prepared
        return Grade(
            assignment=self.assignment,
            student_id=self.student_id,
            archive_sha256=self.digest,
            grader_version=grader_version(),
            data=f"{data.data_name} ({data.kind}, {data.digest[:12]})" if data else "",
            items=items,
            metrics=metrics,
            **more,
        )


def judged(item: RubricItem, evidence: Evidence) -> Item:
    share, message = item.judge(evidence)
    points = round(item.points * share, DECIMALS)
    return Item(item.id, item.title, points, item.points, one_line(message), item.visibility)


def without_points(item: RubricItem, message: str) -> Item:
    return Item(item.id, item.title, 0.0, item.points, one_line(message), item.visibility)


def rounded(scores: Scores | None) -> dict[str, float]:
    """The metrics, without the last digits."""
    metrics = scores.metrics if scores else {}
    return {name: round(float(metrics[name]), METRIC_DECIMALS) for name in sorted(metrics)}


def keep_record(run: RunRecord, scores: Scores | None, out: Path) -> None:
    """What the hand-in took, and what it printed; its answers on standard output only if some are missing."""
    complete = scores is not None and scores.answered == scores.asked
    printed, timing = (STDERR,) if complete else (STDERR, STDOUT), {}
    for name, outcome in run.rounds.items():
        timing[name] = {key: getattr(outcome, key) for key in ("reason", "seconds", "peak_bytes")}
        for path in (run.outputs / name / file for file in printed):
            if path.is_file() and path.stat().st_size:
                text = log_text(ends_of(path))
                write_atomically(out / "log" / f"{name}.{path.stem}.txt", text.encode())
    write_atomically(out / "timing.json", json_bytes(timing))


def ends_of(path: Path) -> bytes:
    """A file's beginning and end, if it is long."""
    with path.open("rb") as file:
        head = file.read(MOST_LOGGED)
        file.seek(max(file.tell(), path.stat().st_size - MOST_LOGGED))
        tail = file.read(MOST_LOGGED)
    return head + (b"\n...\n" + tail if tail else b"")


def where_it_failed(error: Exception) -> str:
    """The kind of error and the line of the grader that raised it: the same words on every machine."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {Path(frame.filename).name}, {frame.name}; log/grader.txt tells more"
