"""What a teaching assistant's intake will say of a zip, and, if wanted, what the model in it answers.

Nothing is left of it on the disk, and nothing of it is run unless that is asked for, and then in the sandbox.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.assignments import write_examples
from common.cli import UserError
from common.handin.intake import HandIn, Intake, take_in
from common.handin.pdf_facts import PdfFacts
from common.handin.rules import FAULTS, REJECTIONS, Violation

PLACEHOLDER = "(to be written)"  # common.report.EMPTY_NOTE, which would bring the typesetter and torch
LONGEST_HEADING = 60  # characters
SHOWN_LINES = 12  # of what the command printed
SHOWN_FILES = 12
WIDTH = 104
OUT = "/out"
INPUTS = "/inputs"


@dataclass(frozen=True)
class Checked:
    """What came of a check: lines to show, and what was found against the hand-in."""

    lines: tuple[str, ...]
    broken: tuple[Violation, ...]
    ran: bool = True  # whether the command, if it was run, ended well

    @property
    def acceptable(self) -> bool:
        return not self.broken and self.ran


def check(archive: Path, *, run: bool = False, unsafe: bool = False) -> Checked:
    """Take in `archive` into a folder of its own, which is removed; `run`: try the model on three examples.

    Errors: UserError if there is no such file, or no sandbox here to run it in.
    """
    if not archive.is_file():
        missing = "is a folder, not a zip" if archive.is_dir() else "no such file"
        raise UserError(f"{archive}: {missing}; name the zip that `python -m common.handin pack` wrote")
    with tempfile.TemporaryDirectory(prefix="check_") as scratch:
        intake = take_in(archive, Path(scratch) / "hand_in")
        lines = [*rule_table(intake), *about(intake.hand_in)]
        broken = (*intake.violations, *intake.faults)
        if not run or intake.hand_in is None:
            return Checked(tuple(lines), broken)
        ended_well, told = try_out(intake.hand_in, Path(scratch), unsafe=unsafe)
        return Checked((*lines, "", *told), broken, ended_well)


def rule_table(intake: Intake) -> Iterator[str]:
    """Which rules hold: those that reject a hand-in in one line, those that cost points one by one."""
    rejecting = {violation.rule for violation in intake.violations}
    if rejecting:
        yield from (f"{rule:26} REJECTED" for rule in REJECTIONS if rule in rejecting)
        yield f"{'the other rules':26} not all can be checked before"
        return
    yield f"{'archive, names, kinds':26} passed    {len(REJECTIONS)} rules"
    failed = {fault.rule for fault in intake.faults}
    yield from (f"{rule:26} {'FAILED' if rule in failed else 'passed'}" for rule in FAULTS)


def verdict(intake: Intake) -> str:
    """What an intake comes to, in a few words."""
    if intake.violations:
        return f"rejected, {counted(len(intake.violations), 'violation')}"
    return f"accepted, {counted(len(intake.faults), 'fault')}"


def counted(number: int, noun: str) -> str:
    return f"{number or 'no'} {noun}{'s' if number != 1 else ''}"


def about(hand_in: HandIn | None) -> Iterator[str]:
    """What a hand-in is, and which pages of its report wait for words."""
    if hand_in is None:
        return
    yield ""
    yield f"{hand_in.assignment.title}, by {hand_in.student_id}; {hand_in.parameters:,} parameters"
    yield report_line(hand_in)
    yield f"inference: {hand_in.assignment.infer_line()}"


def report_line(hand_in: HandIn) -> str:
    """What there is to say of the report: pages, and those without words."""
    facts = hand_in.report_facts
    if not isinstance(facts, PdfFacts):
        return f"report: {facts}"
    empty = pages_without_words(facts.text_by_page)
    waiting = f"no words yet for {', '.join(empty)}" if empty else "none left empty"
    return f"report: {facts.pages} pages, {waiting}"


def pages_without_words(pages: Sequence[str]) -> list[str]:
    """The headings of the pages, given as text, that say that they are to be written."""
    return [heading(page) for page in pages if PLACEHOLDER in " ".join(page.split())]


def heading(page: str) -> str:
    return next((line.strip() for line in page.splitlines() if line.strip()), "")[:LONGEST_HEADING]


def try_out(hand_in: HandIn, scratch: Path, *, unsafe: bool) -> tuple[bool, list[str]]:
    """Run the inference command on three examples -> whether it ended well, and what there is to see."""
    from common import sandbox  # only here: most checks need none

    examples = write_examples(hand_in.assignment, scratch / "examples")
    names = [f"{INPUTS}/{path.name}" for path in examples]
    command = hand_in.assignment.infer_command(inputs=names, out=OUT)
    (scratch / "out").mkdir()
    outcome = sandbox.run(
        command, code=hand_in.root, inputs=scratch / "examples", out=scratch / "out", unsafe=unsafe
    )
    answers = answers_of(outcome.stdout)
    told = [f"$ {' '.join(command)}", *shown(outcome.stdout, answers)]
    told += [f"in OUT: {line}" for line in left_in(scratch / "out")]
    told.append(f"{outcome.explain()}, {outcome.seconds:.1f} s, {outcome.peak_bytes / 1e9:.1f} GB")
    count = sum("error" not in answer for answer in answers)
    told.append(f"answers: {count} of {len(examples)} examples")
    return outcome.ok and count == len(examples), told


def answers_of(printed: bytes) -> list[dict[str, Any]]:
    """The objects of the JSON list on standard output; none if it is no such list."""
    try:
        results = json.loads(printed)
    except (ValueError, RecursionError):
        return []
    found = results if isinstance(results, list) else []
    return [result for result in found if isinstance(result, dict)]


def shown(printed: bytes, answers: Sequence[dict[str, Any]]) -> list[str]:
    """An answer a line, or what was printed instead."""
    lines = [json.dumps(answer, ensure_ascii=False) for answer in answers]
    return beginning(lines or printed.decode("utf-8", "replace").splitlines())


def left_in(folder: Path) -> list[str]:
    """The files that the command left, with their sizes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{path.relative_to(folder)}, {path.stat().st_size:,} bytes" for path in files]
    return beginning(lines, SHOWN_FILES)


def beginning(lines: Sequence[str], count: int = SHOWN_LINES) -> list[str]:
    """The first lines, printable, and how many more there are."""
    shown = ["".join(c for c in line if c.isprintable()) for line in lines[:count]]
    shown = [f"{line[:WIDTH]} ..." if len(line) > WIDTH else line for line in shown]
    return shown + ([f"... {len(lines) - count} lines more"] if len(lines) > count else [])
