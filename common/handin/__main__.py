"""Hand in a homework: its report, the zip of code, model and report, and what the intake will say of it.

    python -m common.handin report hw1 --student-id r12345678 --name 王小明
    python -m common.handin pack hw1 --student-id r12345678 [--run runs/hw1/cnn]
    python -m common.handin check handin/r12345678_hw1.zip --run
    python -m common.handin convert model.pt                    # a pickle becomes model.safetensors

`--help` after one of them explains its options.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from common import cli
from common.assignments import Assignment, find
from common.cli import UserError, say
from common.handin.check import check, report_line, verdict
from common.handin.finished_run import FinishedRun, ensure_evaluated, open_run
from common.handin.pack import PackOrder, pack, require_student_id, size_of
from common.handin.report_file import ReportOrder, default_words, ensure_report, tell_empty_pages


@dataclass(kw_only=True)
class Of:
    """What report and pack are about."""

    assignment: tyro.conf.Positional[str]
    """Which: hw0, hw1, hw2, hw3, or the name of a final project."""
    student_id: str
    """A letter, then letters and digits: r12345678."""
    name: str = ""
    """Your name, for the cover of the report. Default: as report.md says, else as it was given last."""
    run: Path | None = None
    """Run folder that train.py wrote: the one model that you hand in. Default: the newest finished one."""
    words: Path | None = None
    """Markdown with your words. Default: report.md in the homework's folder, put there as a template."""
    out: Path = Path("handin")
    """Folder for the zip; the report lies in OUT/hw1, with its source beside it."""

    def opened(self) -> tuple[Assignment, FinishedRun]:
        """The assignment and its run, evaluated. Errors: UserError for what cannot be handed in."""
        assignment = find(self.assignment)
        self.student_id = require_student_id(self.student_id)
        run = open_run(assignment, self.run or newest(assignment))
        ensure_evaluated(assignment, run)
        return assignment, run

    def report_order(self, assignment: Assignment, run: FinishedRun) -> ReportOrder:
        if self.words is not None and not self.words.is_file():
            raise UserError(f"--words {self.words}: no such file; write your words there, or leave it out")
        words = self.words or default_words(assignment)
        return ReportOrder(
            assignment, run.path, self.student_id, self.name, words, self.out / assignment.short
        )


@dataclass(kw_only=True)
class Report(Of):
    """Make the report, 16:9 slides in PDF, of a run's results and your words in report.md."""

    def execute(self) -> int:
        order = self.report_order(*self.opened())
        pdf = ensure_report(order)
        tell_empty_pages(order)
        print(pdf)
        return 0


@dataclass(kw_only=True)
class Pack(Of):
    """Pack code, one model and the report into a zip. Evaluates and makes the report if need be."""

    report: Path | None = None
    """A PDF to hand in as it is. Default: the report that is made of the run and your words, made anew if
    they have changed."""

    def execute(self) -> int:
        assignment, run = self.opened()
        report = self.report or ensure_report(self.report_order(assignment, run))
        order = PackOrder(assignment, run, self.student_id, report, self.out)
        intake = pack(order)
        for fault in intake.faults:
            say(f"{order.archive}: costs points: {fault}")
        count = len(intake.hand_in.manifest["files"]) + 1
        print(report_line(intake.hand_in))
        print(f"{order.archive}: {count} files, {run.parameters:,} parameters; {verdict(intake)}")
        print(f"try it first: python -m common.handin check {order.archive} --run")
        print(f"upload {order.archive} ({size_of(order.archive)})")
        return 0


@dataclass(kw_only=True)
class Check:
    """Apply the rules of the intake to a zip, before somebody else does.

    The exit code is 2 if one is broken.
    """

    archive: tyro.conf.Positional[Path]
    """The zip to be uploaded."""
    run: bool = False
    """Run its inference command on three examples, too; in a sandbox, nothing is installed."""
    unsafe: bool = False
    """Run it without a sandbox, where there is none: only what you trust."""

    def execute(self) -> int:
        checked = check(self.archive, run=self.run, unsafe=self.unsafe)
        print("\n".join(checked.lines))
        for one in checked.broken:
            say(f"error: {one}")
        print(f"\n{self.archive}: {'acceptable' if checked.acceptable else 'not acceptable, see above'}")
        return 0 if checked.acceptable else 2


@dataclass(kw_only=True)
class Convert:
    """Convert weights that torch.save wrote into safetensors, which can be opened without running code."""

    weights: tyro.conf.Positional[Path]
    """The .pt, .pth or .ckpt file."""
    out: Path | None = None
    """The file to write. Default: the same name, ending in .safetensors."""

    def execute(self) -> int:
        from common.handin.convert import convert  # only here: it brings torch

        print(convert(self.weights, self.out))
        return 0


def newest(assignment: Assignment) -> Path:
    """The run that was finished last. Errors: UserError if there is none."""
    from common.commands import newest_run  # only here: it brings torch

    return newest_run(assignment.runs, script=assignment.script("train.py"), option="--run")


def main(command: Report | Pack | Check | Convert) -> int:
    return command.execute()


if __name__ == "__main__":
    cli.run(main, Report | Pack | Check | Convert)
