"""MANIFEST.json: true for what was packed, and every later change shows; JSON is read within bounds."""

from __future__ import annotations

import json

import pytest

from common.handin.manifest import JsonError, manifest_faults, manifest_of, read_json
from common.handin.rules import IntakeLimits


@pytest.fixture
def packed(tmp_path):
    """A folder of two files, and its manifest."""
    root = tmp_path / "root"
    for name, text in (("README.md", "hello"), ("common/a.py", "A = 1\n")):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    files = {name: root / name for name in ("common/a.py", "README.md")}
    versions = {"torch": "2.11.0", "python": "3.11.7"}
    manifest = manifest_of(
        files,
        assignment="hw0",
        student_id="R12345678",
        versions=versions,
        git_commit=None,
        commands={"infer": "python"},
        parameters=6,
    )
    (root / "MANIFEST.json").write_text(json.dumps(manifest))
    return root, manifest


def test_it_holds_sizes_and_digests_in_order_and_no_time(packed):
    _, manifest = packed
    assert list(manifest["files"]) == ["README.md", "common/a.py"]
    assert manifest["files"]["README.md"] == {
        "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "bytes": 5,
    }
    assert list(manifest["versions"]) == ["python", "torch"] and manifest["student_id"] == "r12345678"


def test_it_is_true_for_what_was_packed(packed):
    root, manifest = packed
    assert manifest_faults(manifest, root) == []


def test_every_change_shows(packed):
    root, manifest = packed
    (root / "README.md").write_text("jello")
    (root / "common/a.py").unlink()
    (root / "common/b.py").write_text("")
    found = {fault.where: fault.message for fault in manifest_faults(manifest, root)}
    assert list(found) == ["README.md", "common/a.py", "common/b.py"]
    assert [message.split(":")[0] for message in found.values()] == [
        "has changed since it was packed",
        "is listed, but not there",
        "is not listed",
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"files": []},
        {"extra": 1},
        {"files": {"README.md": None, "common/a.py": 3}},
        {"files": {}},
    ],
)
def test_another_form_is_a_fault_and_never_an_error(packed, change):
    root, manifest = packed
    faults = manifest_faults(manifest | change, root)
    assert faults and {fault.rule for fault in faults} == {"manifest-differs"}


def test_paths_of_a_hostile_manifest_are_compared_not_opened(packed):
    root, manifest = packed
    names = ["/etc/passwd", "../../x", "a\n\x1b"]
    files = manifest["files"] | {name: {"sha256": "", "bytes": 0} for name in names}
    faults = manifest_faults(manifest | {"files": files}, root)
    assert len(faults) == 3 and all("is listed, but not there" in fault.message for fault in faults)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 50_000 + "]" * 50_000, "nested too deeply"),
        ('{"a":' * 65 + "1" + "}" * 65, "nested more than 64 deep"),
        ('{"a": 1, "a": 2}', "a key stands twice"),
        ("9" * 5000, "not valid"),
        ('{"a": ', "not valid"),
        (b'"\xff"', "not valid"),
        ('"' + "x" * 999 + '"', "more than 1,000 bytes"),
    ],
)
def test_json_beyond_bounds_is_refused(tmp_path, text, message):
    path = tmp_path / "a.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    limits = IntakeLimits(json_bytes=1000) if message.startswith("more than") else IntakeLimits()
    with pytest.raises(JsonError, match=message):
        read_json(path, limits)


def test_json_within_bounds_is_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a":' * 64 + "1" + "}" * 64)
    read_json(tmp_path / "a.json")
    (tmp_path / "a.json").write_text('[1, {"音": [null, 0.5]}]')
    assert read_json(tmp_path / "a.json") == [1, {"音": [None, 0.5]}]
