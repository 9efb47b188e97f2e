"""What there is to hand in, and that the inference commands are those of the homeworks."""

from __future__ import annotations

import importlib

import pytest
import tyro

from common.assignments import INPUTS, OUT, Assignment, Headline, assignments, find
from common.cli import UserError

HAND_IN = """
from common.assignments import Assignment, Headline
HAND_IN = Assignment("{short}", "{package}", "Title", ("{{inputs}}",), "files", "JSON", (Headline("a", "b"),))
"""


@pytest.fixture
def root(tmp_path):
    """A folder with assignments: `root("final_project/muse", short="muse", package="final_project.muse")`."""

    def add(folder, *, text=HAND_IN, **names):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "hand_in.py").write_text(text.format(**names))
        return tmp_path

    return add


def test_each_homework_says_what_is_handed_in():
    known = assignments()
    assert {"hw0", "hw1", "hw2", "hw3"} <= set(known)
    for short in ("hw0", "hw1", "hw2", "hw3"):
        assignment = known[short]
        package = importlib.import_module(assignment.package)
        assert assignment.short == short and assignment.marker == package.ASSIGNMENT
        assert assignment.script("eval.py") == f"{short}/eval.py" and str(assignment.runs) == f"runs/{short}"
        assert assignment.headlines and INPUTS in assignment.inference
    assert not known["hw0"].pretrained_allowed and known["hw1"].pretrained_allowed


def test_the_limit_of_parameters_is_that_of_the_homework():
    models = importlib.import_module("hw2_source_separation.models")
    assert find("hw2").most_parameters == models.PARAMETER_CAP - 1
    assert {find(short).most_parameters for short in ("hw0", "hw1", "hw3")} == {None}


@pytest.mark.parametrize("short", ["hw0", "hw1", "hw2", "hw3"])
def test_infer_py_understands_its_command(short):
    assignment = find(short)
    words = assignment.infer_command("model", ["a", "b"], "out")
    assert words[:3] == ["python", "-m", f"{assignment.package}.infer"]
    infer = importlib.import_module(f"{assignment.package}.infer")
    config = tyro.cli(infer.InferConfig, args=words[3:], config=(tyro.conf.OmitArgPrefixes,))
    given = config.lyrics if short == "hw3" else config.files
    assert [str(path) for path in given] == ["a", "b"] and str(config.model) == "model" and config.json
    assert str(config.out) == "out" or OUT not in assignment.inference


def test_the_command_as_it_is_typed():
    assignment = Assignment(
        "x", "final_project.x", "X", ("--loud", "{inputs}", "--out", "{out}"), "files", "", ()
    )
    assert assignment.infer_line() == (
        "python -m final_project.x.infer --model model --loud INPUTS --out OUT"
    )
    assert assignment.infer_command("m", ["a b", "c"], "/out")[5:] == ["--loud", "a b", "c", "--out", "/out"]
    assert assignment.script("train.py") == "final_project/x/train.py"
    assert assignment.marker == "x" and assignment.folder.as_posix() == "final_project/x"


@pytest.mark.parametrize(
    "name", ["hw1", "hw1/", "HW1", "hw1_instrument_detection", "./hw1_instrument_detection/"]
)
def test_an_assignment_has_several_names(name):
    assert find(name).short == "hw1"


def test_a_finished_project_is_found_and_an_unfinished_is_not(root):
    root("hw7_x", short="hw7", package="hw7_x")
    folder = root("final_project/muse", short="muse", package="final_project.muse")
    (folder / "final_project" / "begun").mkdir()
    assert list(assignments(folder)) == ["hw7", "muse"]
    assert find("final_project/muse/", folder).headlines == (Headline("a", "b"),)
    with pytest.raises(UserError, match="hw1: is no assignment; choose among hw7, muse"):
        find("hw1", folder)


@pytest.mark.parametrize("text", ["", "HAND_IN = 1", HAND_IN])
def test_a_hand_in_py_of_something_else_is_refused(root, text):
    folder = root("final_project/muse", text=text, short="x", package="final_project.other")
    with pytest.raises(UserError, match="muse/hand_in.py: defines no HAND_IN of this folder"):
        assignments(folder)
