"""feedback.html: what one student is told, one page that is complete in itself.

It holds the score and how it came about, each item of the rubric with its points and what would help, the
measures beside their baseline, and the end of what the program printed. Nothing of other students is in it,
nor what a teacher alone should know. Whatever comes from the hand-in is escaped and short.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from common.assignments import Assignment
from common.pages import fill
from grading.classroom.log_tail import log_tails
from grading.classroom.measures import Measure, measures
from grading.classroom.students import Student
from grading.records import Item

TEMPLATE = Path(__file__).with_name("feedback.html")
MOST_OF_A_MESSAGE = 4000  # characters


def feedback_page(student: Student, assignment: Assignment, *, name: str = "") -> str:
    """The page of a student, HTML. `name`: what the leaderboard calls the student, if not by the id."""
    entry = student.counts
    parts = {
        "title": escape(assignment.title),
        "student": escape(student.student_id or "student unknown"),
        "file": escape(entry.file),
        "score": _score(student),
        "verdict": _verdict(student),
        "sum": _sum(student),
        "items": "".join(_item(item, student) for item in student.items),
        "measures": _measures(measures(assignment, entry.grade), entry.grade.data if entry.grade else ""),
        "log": _log(entry.graded.job.folder / "log"),
        "more": _more(student, name),
    }
    return fill(TEMPLATE, parts)


def _points(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _score(student: Student) -> str:
    if student.final is None:
        return "not graded yet"
    most = student.counts.grade.max_score if student.counts.grade else 0
    return f"{_points(student.final)}" + (f" <small>of {_points(most)}</small>" if most else "")


def _verdict(student: Student) -> str:
    """A box for what comes before all points: rejected, or not graded through no fault of the student."""
    if student.counts.status == "failed":
        text = "The grader could not grade this hand-in. That is for the course to mend, not for you."
    elif student.counts.status == "rejected":
        text = (
            "The archive was rejected: it breaks a rule of the intake, so nothing in it was run."
            " <code>python -m common.handin check YOUR.zip</code> says the same before you hand in."
        )
    else:
        return ""
    return f'<p class="verdict" role="alert">{text}</p>'


def _sum(student: Student) -> str:
    """How the score came about, a row for each step."""
    if student.raw is None and not student.set_score:
        return ""
    rows = []
    if student.raw is not None:
        by_hand = " (some set by hand)" if student.raw != student.automatic else ""
        rows.append((f"Items below{by_hand}", _points(student.raw)))
        if received := student.counts.received:
            late = f"{student.counts.late.explain().capitalize()}, received {received:%Y-%m-%d %H:%M %Z}"
            rows.append((late, f"-{_points(student.penalty)}" if student.penalty else "0"))
    if student.set_score:
        rows.append((f"Score set by hand: {student.set_score.reason or 'no reason given'}", ""))
    rows.append(("Score", _points(student.final)))
    return "".join(f"<tr><th scope=row>{escape(text)}</th><td>{value}</td></tr>" for text, value in rows)


def _item(item: Item, student: Student) -> str:
    """One item: title, points, a bar, and what was found. What is not to be seen yet has its points alone."""
    state = "full" if item.full else "none" if item.points <= 0 else "part"
    share = min(1.0, max(0.0, item.points / item.max_points)) if item.max_points else 1.0
    message = item.message if item.visibility == "visible" else "What was found is not shown."
    by_hand = next((one for one in student.overrides if one.item == item.id), None)
    override = ""
    if by_hand:
        before = next((one.points for one in student.counts.grade.items if one.id == item.id), 0.0)
        said = f"Set by hand from {_points(before)} to {_points(by_hand.points)}"
        reason = by_hand.reason or "no reason given"
        override = f'<p class="hand">{escape(said)}: {escape(reason)}</p>'
    return (
        f'<article class="{state}"><h3>{escape(item.title)}</h3>'
        f'<p class="points">{_points(item.points)} <small>of {_points(item.max_points)}</small></p>'
        f'<div class="bar"><i style="width:{share:.0%}"></i></div>'
        f'<p class="message">{_with_code(message[:MOST_OF_A_MESSAGE])}</p>{override}</article>'
    )


def _with_code(text: str) -> str:
    """Text, escaped; what stands between backticks looks like code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def _measures(rows: list[Measure], data: str) -> str:
    """The measures beside their baseline, or nothing."""
    if not rows:
        return ""
    lines = "".join(
        f"<tr><th scope=row>{escape(row.label)}</th><td>{escape(row.value_text)}</td>"
        f"<td>{escape(row.interval_text)}</td><td>{escape(row.baseline_text)}</td></tr>"
        for row in rows
    )
    return (
        f"<h2>Measures</h2><p>On {escape(data)}.</p><table><thead><tr><th></th><td>yours</td>"
        f"<td>95 %</td><td>baseline</td></tr></thead><tbody>{lines}</tbody></table>"
    )


def _log(folder: Path) -> str:
    """The ends of what the program printed, folded up."""
    blocks = "".join(
        f"<details><summary>{escape(name)}</summary><pre>{escape(text)}</pre></details>"
        for name, text in log_tails(folder)
    )
    if not blocks:
        return ""
    return f"<h2>What your program printed</h2><p>The end of it, in its own words.</p>{blocks}"


def _more(student: Student, name: str) -> str:
    lines = [f"On the leaderboard you are <b>{escape(name)}</b>."] if name else []
    if student.others:
        files = ", ".join(escape(entry.file) for entry in student.others)
        lines.append(f"You handed in more than once. The last one counts; these do not: {files}.")
    return "".join(f"<p>{line}</p>" for line in lines)
