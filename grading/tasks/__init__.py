"""What a hand-in is asked: the inputs of the test split without their labels, and the labels apart from them.

    prepared = find("hw1").prepare(Path("data/slakh2100"), Path("graded/hw1_inputs"))

Final projects have no task: of these, format and report are graded.
"""

from common.cli import UserError
from grading.prepared import Prepared
from grading.tasks import hw0, hw1, hw2, hw3
from grading.tasks.task import Task

__all__ = ["TASKS", "Prepared", "Task", "find"]

TASKS = {task.short: task for task in (hw0.TASK, hw1.TASK, hw2.TASK, hw3.TASK)}


def find(short: str) -> Task:
    """The task of an assignment. Errors: UserError where there is none."""
    if short not in TASKS:
        raise UserError(f"{short}: has no test to run; only {', '.join(TASKS)} have")
    return TASKS[short]
