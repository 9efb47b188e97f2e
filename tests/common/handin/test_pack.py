"""Packing: what is in the zip and what never is, the same bytes each time, and what is refused beforehand."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from common.assignments import ROOT, assignments
from common.cli import UserError
from common.handin import take_in
from common.handin.code_files import code_files
from common.handin.finished_run import open_run
from common.handin.pack import pack, require_student_id

CONTENTS = {
    "LICENSE",
    "MANIFEST.json",
    "README.md",
    "common/__init__.py",
    "common/shouting.py",
    "final_project/tiny/README.md",
    "final_project/__init__.py",
    "final_project/tiny/__init__.py",
    "final_project/tiny/eval.py",
    "final_project/tiny/hand_in.py",
    "final_project/tiny/infer.py",
    "final_project/tiny/words/loud.txt",
    "model/config.json",
    "model/history.jsonl",
    "model/metrics.json",
    "model/model.safetensors",
    "model/report.txt",
    "model/run.json",
    "model/validation.json",
    "pyproject.toml",
    "r12345678_report.pdf",
    "requirements.txt",
}


def git(root, *words):
    settings = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    subprocess.run(["git", "-C", str(root), *settings, *words], check=True, capture_output=True)


def packed(project, folder):
    """The opened zip of the project."""
    order = project.order(folder)
    pack(order)
    return zipfile.ZipFile(order.archive)


def test_exactly_what_belongs_in_is_in_with_and_without_git(project, tmp_path, capsys):
    assert set(packed(project, tmp_path / "bare").namelist()) == CONTENTS
    git(project.root, "init")
    git(project.root, "add", "common", ".gitignore")
    (project.root / "common" / "__pycache__").mkdir()
    (project.root / "common" / "__pycache__" / "x.py").write_text("")  # ignored
    (project.root / "common" / "new.py").write_text("")  # not yet added
    archive = packed(project, tmp_path / "git")
    assert set(archive.namelist()) == CONTENTS | {"common/new.py"}
    assert capsys.readouterr().err == ""


def test_what_is_left_out_of_the_code_is_told_with_the_reason(project, monkeypatch):
    folder = project.root / "final_project" / "tiny"
    for name, text in {"a.npz": "", "conftest.py": "", ".env": "", "big.json": " " * 2_000_001}.items():
        (folder / name).write_text(text)
    (folder / "link.py").symlink_to("/etc/passwd")
    for name in ("data", "runs/loud"):  # data within the code; a package of that name is code
        (folder / name).mkdir(parents=True)
        (folder / name / "a.json").write_text("{}")
    (folder / "runs" / "__init__.py").write_text("")
    code = code_files(project.assignment, project.root)
    reasons = {path.name: reason for path, reason in code.left_out}
    assert set(reasons) == {"a.npz", "conftest.py", ".env", "big.json", "link.py"}
    assert reasons["link.py"] == "a link" and reasons["big.json"] == "2.0 MB are data, not code"
    assert "pytest" in reasons["conftest.py"]
    taken = {str(path.relative_to("final_project/tiny")) for path in code.taken if "tiny" in path.parts}
    assert {"runs/__init__.py", "runs/loud/a.json"} < taken and "data/a.json" not in taken


def test_the_same_contents_give_the_same_bytes(project, tmp_path):
    first = packed(project, tmp_path / "first")
    for path in project.root.rglob("*"):
        os.utime(path, (1e9, 1e9))
    (project.root / "common" / "shouting.py").chmod(0o700)
    second = packed(project, tmp_path / "second")
    assert Path(first.filename).read_bytes() == Path(second.filename).read_bytes()
    assert {entry.date_time for entry in second.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert second.namelist() == sorted(second.namelist())


def test_manifest_and_readme_say_how_it_was_made_and_how_it_is_run(project, tmp_path):
    archive = packed(project, tmp_path)
    manifest, readme = json.loads(archive.read("MANIFEST.json")), archive.read("README.md").decode()
    command = "python -m final_project.tiny.infer --model model INPUTS --out OUT --json"
    assert manifest["commands"] == {
        "train": ["python final_project/tiny/train.py --data data"],
        "evaluate": "python final_project/tiny/eval.py --model runs/tiny/loud --data data",
        "infer": command,
    }
    assert manifest["parameters"] == 6 and manifest["git_commit"] == "abc"
    assert f"\n    {command}\n" in readme and "python final_project/tiny/train.py --data data" in readme


def test_nothing_tells_where_the_project_lay(project, tmp_path):
    archive = packed(project, tmp_path)
    assert all(str(project.root).encode() not in archive.read(name) for name in archive.namelist())
    assert "working_directory" not in archive.read("model/run.json").decode()


def spoil(project, name, **changes):
    path = project.run_folder / name
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda p: shutil.rmtree(p.run_folder), "no such folder; give the folder that .*tiny/train.py wrote"),
        (lambda p: (p.run_folder / "run.json").unlink(), "not a run folder"),
        (lambda p: (p.run_folder / "model.safetensors").unlink(), "has no model yet"),
        (lambda p: (p.run_folder / "validation.json").unlink(), "not finished; go on with it: python final_"),
        (lambda p: spoil(p, "run.json", assignment="hw0_x"), "a run of hw0_x, not of tiny; choose another"),
        (lambda p: spoil(p, "config.json", encoder={"kind": "huggingface"}), "holds a pretrained encoder"),
        (lambda p: (p.run_folder / "run.json").write_text("{"), "run.json: not valid"),
        (lambda p: (p.run_folder / "model.safetensors").write_bytes(b"x"), "broken .*copy it again or train"),
    ],
)
def test_a_run_that_cannot_be_handed_in_is_refused_at_once(project, harm, message):
    harm(project)
    with pytest.raises(UserError, match=message):
        project.run()


def test_a_model_that_is_too_large_is_refused_and_the_limit_is_allowed(project, making):
    for count in (99, 100):
        header = {"weight": {"dtype": "U8", "shape": [count], "data_offsets": [0, count]}}
        header |= {"n.running_mean": {"dtype": "U8", "shape": [5], "data_offsets": [count, count + 5]}}
        content = making.tensor_file(header, bytes(count + 5))
        (project.run_folder / "model.safetensors").write_bytes(content)
        if count == 99:
            assert project.run().parameters == 99  # statistics of batch norm are not learned
    with pytest.raises(UserError, match="100 parameters, tiny allows 99; train a smaller model"):
        project.run()


def test_homework_2_allows_fewer_than_ten_million(making, tmp_path):
    hw2 = assignments(ROOT)["hw2"]
    for name, record in {"run": {"assignment": hw2.marker, "sessions": [{}]}, "config": {}}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(record))
    (tmp_path / "validation.json").write_text("{}")
    for count in (9_999_999, 10_000_000):
        header = {"weight": {"dtype": "U8", "shape": [count], "data_offsets": [0, count]}}
        (tmp_path / "model.safetensors").write_bytes(making.tensor_file(header, bytes(count)))
        if count < 10_000_000:
            open_run(hw2, tmp_path)
    with pytest.raises(UserError, match="10,000,000 parameters, hw2 allows 9,999,999"):
        open_run(hw2, tmp_path)


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda p, making: p.report.write_bytes(making.slides(8, 1024, 768)), "not 16:9"),
        (lambda p, making: p.report.write_bytes(b"no PDF"), "cannot be read as a PDF"),
        (lambda p, making: (p.root / "common" / "a.py").write_bytes(b"PK\x03\x04"), "nested-archive"),
    ],
)
def test_what_the_intake_would_refuse_is_not_written(project, making, tmp_path, harm, message):
    harm(project, making)
    with pytest.raises(UserError, match=message):
        pack(project.order(tmp_path / "out"))
    assert list((tmp_path / "out").iterdir()) == []


def test_a_zip_that_was_there_stays_when_the_new_one_is_refused(project, tmp_path):
    order = project.order(tmp_path / "out")
    pack(order)
    before = order.archive.read_bytes()
    project.report.write_bytes(b"no PDF")
    with pytest.raises(UserError):
        pack(order)
    assert order.archive.read_bytes() == before


def test_student_ids():
    assert require_student_id("R12345678") == "r12345678"
    for wrong in ("", "12345678", "r123", "r" * 21, "r1234/678", "../r1234"):
        with pytest.raises(UserError, match="give 5 to 20 letters and digits"):
            require_student_id(wrong)


def test_the_code_runs_from_the_unpacked_zip_and_not_from_this_project(project, tmp_path):
    order = project.order(tmp_path)
    pack(order)
    unpacked = tmp_path / "unpacked"
    assert take_in(order.archive, unpacked).faults == ()
    (unpacked / "final_project/tiny/infer.py").write_text("import common; print(common.__file__)")
    command = [sys.executable, *project.assignment.infer_command()[1:]]
    printed = subprocess.run(command, cwd=unpacked, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == str(unpacked / "common" / "__init__.py")
