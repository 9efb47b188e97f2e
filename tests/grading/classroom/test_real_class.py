"""The commands with the real grader, on four small hand-ins."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from common import cli
from common.assignments import find
from common.cli import UserError
from grading.__main__ import Command, main
from grading.classroom.class_run import RunConfig
from grading.classroom.single import GradeConfig
from grading.classroom.tools import prepare
from grading.plagiarism.command import PlagiarismConfig

BEHAVIOURS = {"r11111111": "honest", "r22222222": "zip slip", "r33333333": "exit", "r44444444": "not a zip"}


@pytest.fixture(scope="module")
def real_zips(hand_ins, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zips")
    for student_id, behaviour in BEHAVIOURS.items():
        hand_ins.hand_in(folder, student_id, behaviour)
    return folder


def test_a_class(real_zips, small_data, unsafe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = Path("out")  # relative, as one types it: the processes of a run start in other folders
    config = RunConfig(real_zips, out, "hw0", data=small_data, wall_seconds=30, unsafe=unsafe)
    assert main(config) == 0
    record = json.loads((out / "class.json").read_text())
    states = {one["student_id"]: one["counts"]["status"] for one in record["students"]}
    scores = {one["student_id"]: one["final_score"] for one in record["students"]}
    assert states == dict(zip(BEHAVIOURS, ["graded", "rejected", "graded", "rejected"], strict=True))
    assert scores["r11111111"] >= 60 > scores["r33333333"] and scores["r22222222"] == scores["r44444444"] == 0
    written = (out / "students/r11111111/grade.json").read_bytes()
    assert json.loads(written)["score"] == scores["r11111111"]
    assert "r1111" not in (out / "students/r33333333/feedback.html").read_text()
    assert not list(out.rglob(".work-*")) and not (out / "work").exists()


def test_a_single_one(real_zips, small_data, unsafe, capsys):
    grade = GradeConfig(real_zips / "r11111111_hw0.zip", data=small_data, unsafe=unsafe)
    assert main(grade) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("hw0, r11111111, on ") and printed.splitlines()[-1].startswith("score ")
    rejected = GradeConfig(real_zips / "r22222222_hw0.zip", data=small_data, unsafe=unsafe)
    assert main(rejected) == 2
    assert "rejected" in capsys.readouterr().out


def test_a_single_one_that_is_not_there_or_does_not_say_what_it_is(tmp_path):
    with pytest.raises(UserError, match="no such file"):
        main(GradeConfig(tmp_path / "x.zip"))
    (tmp_path / "x.zip").write_bytes(b"no zip")
    with pytest.raises(UserError, match="name it with --assignment"):
        main(GradeConfig(tmp_path / "x.zip"))


def test_data_of_an_assignment_without_a_test_are_refused(tmp_path):
    project = replace(find("hw0"), short="taiko", package="final_project.taiko")
    with pytest.raises(UserError, match="taiko has no test data"):
        prepare(project, tmp_path, tmp_path / "task", quick=False)
    assert prepare(project, None, tmp_path / "task", quick=False) is None


def test_the_command_has_three_parts():
    def parsed(*words):
        return cli.parse(Command, list(words), "grading.__main__", None)

    config = parsed("run", "zips", "--assignment", "hw1", "--out", "o", "--again", "a.zip", "--again", "r1")
    assert isinstance(config, RunConfig) and config.again == ("a.zip", "r1") and config.jobs == 2
    assert isinstance(parsed("grade", "x.zip"), GradeConfig)
    assert isinstance(parsed("plagiarism", "zips"), PlagiarismConfig)
