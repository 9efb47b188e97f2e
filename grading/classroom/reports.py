"""Write what comes of a class, from the students; each file whole or not at all, the same bytes each time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from common import plots
from common.assignments import Assignment
from common.cli import UserError
from common.run_folder import write_atomically
from common.run_folder.files import read_json
from grading.classroom.aliases import draw_names
from grading.classroom.distribution import distribution_figure
from grading.classroom.feedback import feedback_page
from grading.classroom.gradebook import class_bytes, gradebook_bytes
from grading.classroom.leaderboard import leaderboard_bytes, leaderboard_page, make_leaderboard
from grading.classroom.students import Student
from grading.classroom.tools import Tools

NAMES_FILE = "leaderboard_names.csv"


def check_assignment(out: Path, assignment: Assignment) -> None:
    """UserError if `out` holds another assignment's class."""
    if (out / "class.json").is_file():
        earlier = read_json(out / "class.json").get("assignment")
        if earlier != assignment.short:
            raise UserError(f"{out}: holds the grades of {earlier}; give another --out")


def write_reports(
    out: Path,
    students: Sequence[Student],
    assignment: Assignment,
    tools: Tools,
    problems: Sequence[str],
    anonymous: bool,
) -> list[str]:
    """All files of a class but the grader's own. Returns a line for each folder that is nobody's now."""
    ids = [student.student_id for student in students if student.student_id]
    drawn = draw_names(ids, out / NAMES_FILE) if anonymous else {}
    for student in students:
        write_student(out / "students" / student.folder, student, assignment, drawn)
    stale = stale_folders(out / "students", students)
    places = make_leaderboard(students, assignment, drawn or None)
    page = leaderboard_page(places, assignment, data=tools.data_name)
    record = class_bytes(
        students,
        assignment=assignment.short,
        data=tools.data,
        grader_version=tools.version,
        problems=[*problems, *stale],
    )
    write_atomically(out / "leaderboard.csv", leaderboard_bytes(places))
    write_atomically(out / "leaderboard.html", page.encode())
    write_atomically(out / "gradebook.csv", gradebook_bytes(students))
    write_atomically(out / "class.json", record)
    write_distribution(out / "distribution.png", students, assignment)
    return stale


def write_student(folder: Path, student: Student, assignment: Assignment, drawn: dict[str, str]) -> None:
    """A student's page, and the grade as the grader wrote it; none for a hand-in that could not be graded."""
    folder.mkdir(parents=True, exist_ok=True)
    page = feedback_page(student, assignment, name=drawn.get(student.student_id, ""))
    write_atomically(folder / "feedback.html", page.encode(errors="replace"))
    if student.counts.grade:
        written = (student.counts.graded.job.folder / "grade.json").read_bytes()
        write_atomically(folder / "grade.json", written)
    else:
        (folder / "grade.json").unlink(missing_ok=True)


def stale_folders(folder: Path, students: Sequence[Student]) -> list[str]:
    present = {student.folder for student in students}
    return [
        f"students/{path.name}: is of an earlier call and of no hand-in in the folder; delete it"
        for path in sorted(folder.iterdir())
        if path.name not in present
    ]


def write_distribution(path: Path, students: Sequence[Student], assignment: Assignment) -> None:
    scores = [student.final for student in students if student.final is not None]
    most = max((student.counts.grade.max_score for student in students if student.counts.grade), default=100)
    title = f"{assignment.title}: {len(scores)} students"
    figure = distribution_figure(scores, most=most or 100, title=title)
    plots.save(figure, path)
