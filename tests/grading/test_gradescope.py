"""A grade survives its JSON, and becomes what Gradescope reads."""

import json
import math

import pytest

from common.cli import UserError
from grading.gradescope import results
from grading.printed import last_lines, log_text, one_line
from grading.records import Grade, Item
from grading.rubric import rubric_of


def make_grade(**changes) -> Grade:
    items = (
        Item("archive", "The archive breaks no rule", 5.0, 5.0, "it does not"),
        Item("top1", "Accuracy", 3.21, 20.0, "low", visibility="hidden"),
    )
    facts = {"assignment": "hw0", "student_id": "r12345678", "archive_sha256": "ab", "grader_version": "cd"}
    metrics = {"top3": math.nan, "top1": 0.25}
    return Grade(**facts | {"data": "mini", "items": items, "metrics": metrics} | changes)


def test_a_grade_survives_its_json():
    grade = make_grade()
    again = Grade.from_json(grade.to_json())
    assert again.items == grade.items and again.score == 8.21 and again.max_score == 25
    assert again.metrics["top1"] == 0.25 and math.isnan(again.metrics["top3"])
    assert again.to_json() == grade.to_json()
    assert json.loads(grade.to_json())["metrics"] == {"top1": 0.25, "top3": None}


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "items": 3}'])
def test_what_is_no_grade_is_refused(text):
    with pytest.raises(UserError, match="x.json"):
        Grade.from_json(text, where="x.json")


def test_the_status_tells_the_graders_faults_from_a_students():
    assert make_grade().status == "graded"
    assert make_grade(rejected=True).status == "rejected"
    assert make_grade(grader_error="KeyError").status == "grader error"


def test_results_have_gradescopes_keys():
    record = results(make_grade(), rubric_of("hw0"), printed="| Traceback")
    assert record["score"] == 8.21
    first, second = record["tests"]
    assert first == {
        "name": "The archive breaks no rule",
        "score": 5.0,
        "max_score": 5.0,
        "status": "passed",
        "output": "it does not",
        "output_format": "text",
        "visibility": "visible",
    }
    assert second["status"] == "failed" and second["visibility"] == "hidden"
    assert record["leaderboard"] == [{"name": "top1", "value": 0.25, "order": "desc"}]
    assert record["output"].endswith("\n| Traceback") and record["output_format"] == "text"
    json.dumps(record, allow_nan=False)


def test_results_of_a_graders_fault_say_so():
    record = results(make_grade(grader_error="KeyError in x.py"), rubric_of("hw0"))
    assert "not your fault" in record["output"]


def test_what_was_printed_can_do_no_harm():
    text = "a\x1b[2K\x1b[1Ab\x07\u202ec\x00\r\n\x1b]0;title\x07PASSED\n".encode() + b"\xff\n"
    assert last_lines(text, 5) == ["| ab c", "| PASSED", "| \N{REPLACEMENT CHARACTER}"]
    assert last_lines(b"1%\r50%\r100%\rdone\n", 5) == ["| done"]
    assert last_lines(b"x" * 1_000_000, 5) == ["| " + "x" * 196 + " ..."]
    assert last_lines(b"\n".join(b"%d" % number for number in range(99)), 2) == ["| 97", "| 98"]
    assert "\x1b" not in log_text(text) and one_line("two\nlines") == "two lines"
