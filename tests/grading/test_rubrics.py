"""The rubrics are read strictly, and the ones that are there fit the rest of the grader."""

from __future__ import annotations

import pytest

from common.cli import UserError
from common.report import EMPTY_NOTE, REQUIRED_HEADINGS
from grading.claims import claim_of
from grading.rubric import FOLDER, read_rubric, rubric_of
from grading.tasks import TASKS
from grading.versions import ROOT, grader_version, sources

ITEM = """
[[item]]
id = "{id}"
title = "A line"
points = {points}
check = "{check}"
"""


@pytest.fixture
def written(tmp_path):
    """`written(text)` -> a rubric file; `written(points=50)` -> one of a single item."""

    def write(text: str = ITEM, **changes):
        path = tmp_path / "rubric.toml"
        values = {"id": "archive", "points": 100, "check": "accepted"} | changes
        path.write_text('title = "A rubric"\n' + text.format(**values))
        return path

    return write


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.toml")), ids=lambda path: path.stem)
def test_each_rubric_asks_for_the_report_that_is_made(path):
    items = {item.id: item for item in read_rubric(path).items}
    assert items["headings"].options.headings == REQUIRED_HEADINGS
    assert items["filled"].options.notes == (EMPTY_NOTE,)
    assert next(iter(items)) == "archive"  # which tells why an archive was rejected


def test_each_task_has_a_rubric_of_its_own_and_all_else_is_a_project():
    assert {path.stem for path in FOLDER.glob("*.toml")} == {*TASKS, "final_project"}
    assert rubric_of("muse2bach") == rubric_of("../rubrics/hw0") == rubric_of("final_project")


def test_a_rubric_is_read(written):
    rubric = read_rubric(written())
    assert rubric.title == "A rubric" and rubric.items[0].points == 100.0 and rubric.max_score == 100.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"points": 99}, "the points add up to 99; make them 100"),
        ({"points": '"many"'}, "item archive: points: expected float, got 'many'; mend"),
        ({"points": -1}, "points must be above 0"),
        ({"check": "luck"}, "no check called 'luck'; choose among accepted, "),
        ({"text": ITEM + "colour = 1\n"}, "unknown key colour; mend the rubric"),
        ({"text": ITEM + "options.colour = 1\n"}, "unknown key colour; mend the rubric"),
        ({"text": "[[item]]\nid = 'a'\n"}, "item a: missing key check, points, title; mend"),
        ({"text": ITEM * 2, "points": 50}, "two items called archive"),
        ({"text": "item = 3\n"}, "a rubric; it has a title"),
        ({"text": "[[item"}, "not valid TOML"),
        ({"check": "pages"}, "missing key least"),
        (
            {"check": "rules_kept", "text": ITEM + "options = {{rules = ['x'], fine = ''}}\n"},
            "no fault called x",
        ),
    ],
)
def test_what_is_wrong_with_a_rubric_is_told(written, changes, words):
    path = written(**changes)
    with pytest.raises(UserError, match="rubric.toml") as caught:
        read_rubric(path)
    assert words in str(caught.value) and "\n" not in str(caught.value)


MEASURE = "options = {{ measure = 'f1', baseline = 0.0, full = {full} }}\n"


@pytest.mark.parametrize(
    "full", ["{ mini = 1.0 }", "{ mini = 1.0, real = 'all' }", "{ mini = 1, other = 1 }"]
)
def test_a_measure_has_a_target_for_each_kind_of_data(written, full):
    with pytest.raises(UserError, match="f1"):
        read_rubric(written(ITEM + MEASURE, full=full, check="measure"))


def test_an_archive_is_heard_but_its_claim_must_be_possible(hand_ins, tmp_path):
    archive = hand_ins.hand_in(tmp_path, "r12345678", "honest")
    claim = claim_of(archive.rename(tmp_path / "b99999999_hw3.zip"))
    assert (claim.assignment, claim.student_id) == ("hw0", "r12345678")
    broken = tmp_path / "B99999999_hw3 (1).zip"
    broken.write_bytes(b"PK")
    assert (claim_of(broken).assignment, claim_of(broken).student_id) == ("hw3", "b99999999")
    assert claim_of(broken.rename(tmp_path / "homework.zip")).assignment == ""


def test_the_version_follows_from_names_and_contents(tmp_path):
    (tmp_path / "grading").mkdir()
    source = tmp_path / "grading" / "a.py"
    source.write_text("1")
    first = grader_version(tmp_path)
    source.write_text("2")
    grader_version.cache_clear()
    second = grader_version(tmp_path)
    source.rename(tmp_path / "grading" / "b.py")
    grader_version.cache_clear()
    assert len({first, second, grader_version(tmp_path)}) == 3
    names = {path.relative_to(ROOT).as_posix() for path in sources(ROOT)}
    assert {"grading/rubrics/hw0.toml", "common/metrics/intervals.py", "requirements.txt"} <= names
