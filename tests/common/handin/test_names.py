"""Names in an archive: harmless ones pass, each kind of harm has its rule."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from common.handin.names import name_violations
from common.handin.rules import IntakeLimits

ROOT = Path(__file__).parents[3]
LIMITS = IntakeLimits()

HARMFUL = {
    "absolute-path": ["/etc/passwd", "//server/share", "/"],
    "parent-path": ["../x", "a/../../x", "a/..", "..", "a\\..\\x"],
    "backslash": ["a\\b", "..\\x", "\\\\server\\share"],
    "drive-letter": ["C:/x", "C:x", "a/b.txt:stream"],
    "control-character": ["a\0b", "a\nb", "a\x1b[2Jb", "a\x7f", "a\u202egpj.py", "a\u200bb", "a\u2028b"],
    "odd-path": ["a//b", "./a", "a/./b", "", "a./b", "a ", " a", "con", "a/NUL.txt", "com1.py", "a?"],
    "path-length": ["a" * 241, "音" * 81, "/".join("a" * 13)],
    "pickle": ["a.pkl", "model/A.PT", "a.pth", "a.ckpt", "a.bin", "a.joblib", "model/pytorch_model.bin"],
    "nested-archive": ["a.zip", "a.tar.gz", "a.tar", "a.TGZ", "a.7z", "a.rar", "a.whl", "a.npz"],
    "test-settings": ["conftest.py", "common/conftest.py", "CONFTEST.PY", "pytest.ini", "setup.cfg"],
    "startup-file": [
        *("sitecustomize.py", "a/usercustomize.py", "sitecustomize/__init__.py", "x.pth", "python311._pth"),
        *("pyvenv.cfg", "evil-1.0.dist-info/entry_points.txt", "evil.egg-info/PKG-INFO"),
    ],
    "compiled-code": ["a.so", "a.cpython-311.so", "a.so.1", "a.pyd", "a.pyc", "__pycache__/a", "a.exe"],
    "shadows-standard-library": ["random.py", "json/__init__.py", "json/a/b.py", "zipfile.pyi", "io.py"],
    "shadows-package": ["numpy.py", "torch/__init__.py", "pytest.py", "_pytest/x.py", "grading/__init__.py"],
}  # fmt: skip
HARMLESS = [
    *("LICENSE", "model/", "model/model.safetensors", "r12345678_report.pdf", "common/audio.py"),
    *("common/random.py", "hw1_instrument_detection/json/io.py", "common/numpy.py"),  # within a package
    *("random.txt", "json/notes.txt", "numpy/figure.png", "Random.py"),  # nothing imports them
    *("common/音樂.py", "common/.hidden", "a-b_c (1).py", "common/a..b", "x.tarot", "bin/run.py", "a.sow"),
    *("final_project/muse2bach/infer.py", "common/__init__.py", "contest.py", "my_conftest.py", "console.py"),
]


@pytest.mark.parametrize(
    ("rule", "name"), [(rule, name) for rule, names in HARMFUL.items() for name in names]
)
def test_a_harmful_name_is_told_by_its_rule(rule, name):
    assert rule in {found.rule for found in name_violations(["README.md", name], LIMITS)}


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_name_passes(name):
    assert name_violations(["README.md", name], LIMITS) == []


def test_the_project_itself_passes():
    names = subprocess.run(["git", "ls-files", "common", "hw*_*"], cwd=ROOT, capture_output=True, text=True)
    assert name_violations(names.stdout.split("\n")[:-1], LIMITS) == []


def test_no_module_of_python_can_be_hidden():
    found = name_violations([f"{module}.py" for module in sys.stdlib_module_names], LIMITS)
    shadows = {one.where for one in found if one.rule == "shadows-standard-library"}
    assert shadows == {f"{module}.py" for module in sys.stdlib_module_names}


CLASHES = {
    "duplicate-name": [["a", "a"], ["a/", "a/"], ["a/b", "c", "a/b"]],
    "clashing-name": [
        *(
            ["a", "A"],
            ["a/x", "A/y"],
            ["é", "e\u0301"],
            ["ﬁ.py", "fi.py"],
            ["straße", "STRASSE"],
            ["a/", "A/b"],
        ),
    ],
    "file-as-folder": [["a", "a/b"], ["a/b", "a"], ["a/b", "a/b/c/d"]],
}


@pytest.mark.parametrize(("rule", "names"), [(rule, names) for rule in CLASHES for names in CLASHES[rule]])
def test_names_that_are_one_on_some_disk_are_told(rule, names):
    assert [found.rule for found in name_violations(names, LIMITS)] == [rule]


def test_a_name_of_many_folders_takes_no_memory():
    tracemalloc.start()
    found = name_violations(["a/" * 20_000 + "x"], LIMITS)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert {one.rule for one in found} == {"path-length"} and most < 50 << 20


def test_a_folder_may_be_named_before_and_after_its_files():
    assert name_violations(["a/", "a/b", "a/c/", "a/c/d"], LIMITS) == []
    assert name_violations(["a/c/d", "a/c/", "a/"], LIMITS) == []


def test_a_message_shows_a_hostile_name_on_one_line_and_cut():
    (found, *_) = name_violations(["a\n\x1b[31mPASSED" + "x" * 300], LIMITS)
    assert "\n" not in str(found) and "\x1b" not in str(found)
    assert found.where.startswith("a\\n\\x1b[31mPASSED") and len(found.where) == 160
