"""Grade hand-ins: a whole class, a single one, or look for copies.

    python -m grading run ZIPS --assignment hw1 --out graded/hw1          # a class; called again, it goes on
    python -m grading grade r12345678_hw1.zip                             # one, with the table on the screen
    python -m grading plagiarism ZIPS --out graded/hw1_pairs              # who wrote like whom

Test data are given with --data; without it the project's own mini data are used. README.md beside this file
says what to do in which order, SECURITY.md what hand-ins can and cannot do to the grader.
"""

from __future__ import annotations

from typing import Annotated

import tyro

from common import cli
from grading.classroom.class_run import RunConfig, run_class
from grading.classroom.single import GradeConfig, grade_single
from grading.classroom.tools import grading_tools
from grading.plagiarism.command import PlagiarismConfig
from grading.plagiarism.command import main as find_copies

Command = (
    Annotated[RunConfig, tyro.conf.subcommand("run")]
    | Annotated[GradeConfig, tyro.conf.subcommand("grade")]
    | Annotated[PlagiarismConfig, tyro.conf.subcommand("plagiarism")]
)


def main(command: Command) -> int | None:
    match command:
        case RunConfig():
            return run_class(command, grading_tools)
        case GradeConfig():
            return grade_single(command, grading_tools)
        case _:
            return find_copies(command)


if __name__ == "__main__":
    cli.run(main, Command)
