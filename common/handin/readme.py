"""The README.md of a hand-in: who, what, and the exact command that runs the model."""

from __future__ import annotations

from common.assignments import Assignment
from common.handin.finished_run import FinishedRun, evaluate_line

TEXT = """\
# {title}

Hand-in of {student} for {short}. All commands are typed in this folder, in which README.md lies.

## Inference

    {infer}

INPUTS stands for {takes}{out}. It leaves {output}.
{scores}
## Environment

    python -m pip install -r requirements.txt

Python {python}. Nothing needs to be installed of the hand-in itself: the code runs from this folder.

## What is here

    {folder:<{width}}  the code of the assignment; its README.md and LOG.md say more
    {common:<{width}}  the code that it shares with other assignments
    {model:<{width}}  the one trained model, with the configuration and the history of its training
    {report:<{width}}  the report, 16:9
    {manifest:<{width}}  every file with its size and SHA-256, versions and commands

The model was trained and evaluated, in the project that this is a part of, with

{made}
"""

SCORES = """
## Scores on a test set

    python -m {package}.eval --model model --data DIR

DIR stands for a data folder with a test split. It prints the scores and writes them into model/.
"""


def readme_text(assignment: Assignment, *, student_id: str, run: FinishedRun) -> str:
    """The README of a hand-in, with the commands of the run as they were typed."""
    folder, report = f"{assignment.folder.as_posix()}/", f"{student_id}_report.pdf"
    commands = [*run.commands, evaluate_line(assignment, run)]
    return TEXT.format(
        title=assignment.title,
        student=student_id,
        short=assignment.short,
        infer=assignment.infer_line(),
        takes=assignment.takes,
        out=", OUT for a folder of the results" if "{out}" in assignment.inference else "",
        output=assignment.output,
        scores=SCORES.format(package=assignment.package) if assignment.evaluates_alone else "",
        python=run.last_session["versions"]["python"],
        folder=folder,
        common="common/",
        model="model/",
        report=report,
        manifest="MANIFEST.json",
        width=max(len(folder), len(report)),
        made="\n".join(f"    {line}" for line in commands),
    )
