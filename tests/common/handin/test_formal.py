"""Formal faults: one example for each, and what is none; a hand-in with faults is still taken."""

from __future__ import annotations

import io
import json
import struct
from dataclasses import replace

import numpy as np
import pytest

from common import assignments
from common.handin import FAULTS, take_in
from common.handin.pdf_facts import PdfFacts

REPORT = "r12345678_report.pdf"
MOST_PARAMETERS = 10


def array(value) -> bytes:
    file = io.BytesIO()
    np.save(file, value)
    return file.getvalue()


def faulty(making) -> dict[str, object]:
    """For each fault: other names of the zip, or changed contents by name (None: taken out)."""
    config = {"format": 1, "assignment": "hw0_note_classification"}
    pretrained = config | {"encoder": {"kind": "huggingface", "model_type": "hubert"}}
    marker = "hw0_note_classification"
    return {
        "manifest-differs": [{"MANIFEST.json": making.manifest({}, "hw0")}],
        "readme-command": [{"README.md": b"run it"}, {"README.md": None}],
        "code-missing": [{f"{marker}/infer.py": None}],
        "unknown-entry": [{"data/notes.wav": b"RIFF"}, {".DS_Store": b"x"}, {"hw9_x/a.py": b""}],
        "archive-name": ["r87654321_hw0.zip", "r12345678_hw1.zip"],
        "model-missing": [{"model/config.json": None}, {"model/model.safetensors": None}],
        "one-model": [
            {"model/second.safetensors": making.tensor_file()},
            {"model/old/model.safetensors": making.tensor_file()},
            {f"{marker}/best.onnx": b"x"},
            {"common/weights.npy": array(np.zeros(1 << 18))},
        ],
        "wrong-model": [{"model/config.json": json.dumps(config | {"assignment": "hw1_x"}).encode()}],
        "too-many-parameters": [{"model/model.safetensors": tensors(making, MOST_PARAMETERS + 1)}],
        "pretrained-model": [{"model/config.json": json.dumps(pretrained).encode()}],
        "report-missing": [{REPORT: None}],
        "report-name": [{REPORT: None, "report.pdf": making.slides()}],
        "report-unreadable": [{REPORT: b"%PDF-1.7 hello"}],
        "report-aspect": [{REPORT: making.slides(8, 960, 720)}],
        "report-short": [{REPORT: making.slides(7)}],
    }


def test_every_fault_has_its_example(making):
    assert faulty(making).keys() == FAULTS.keys()


@pytest.mark.parametrize("rule", FAULTS)
def test_a_fault_is_told_and_the_hand_in_still_taken(rule, zipped, making, tmp_path, monkeypatch):
    if not rule.startswith("report"):  # nothing starts a process then
        facts = PdfFacts(pages=8, aspect=(1280, 720), text_by_page=("",) * 8, fonts_embedded=True)
        monkeypatch.setattr("common.handin.formal.pdf_facts", lambda _: facts)
    if rule == "too-many-parameters":
        allow(monkeypatch, MOST_PARAMETERS)
    for number, changes in enumerate(faulty(making)[rule]):
        named = changes if isinstance(changes, str) else f"{making.STUDENT}_hw0.zip"
        changes = {} if isinstance(changes, str) else dict(changes)
        files = making.hand_in_files() | changes
        files = {name: data for name, data in files.items() if data is not None}
        if "MANIFEST.json" not in changes:
            files.pop("MANIFEST.json")
            files["MANIFEST.json"] = making.manifest(files, "hw0", parameters=parameters(files))
        intake = take_in(zipped(files, named), tmp_path / f"unpacked{number}")
        assert intake.violations == () and intake.hand_in is not None
        told = {found.rule for found in intake.faults}
        assert told == {rule} | ({"report-missing"} if rule == "report-name" else set())
        assert all(found.message.endswith(FAULTS[found.rule]) for found in intake.faults)


def tensors(making, count: int) -> bytes:
    """A model of that many parameters."""
    record = {"dtype": "F32", "shape": [count], "data_offsets": [0, 4 * count]}
    return making.tensor_file({"weight": record}, bytes(4 * count))


def allow(monkeypatch, most: int) -> None:
    """Let HW0 allow that many parameters and no more."""
    changed = replace(assignments.find("hw0"), most_parameters=most)
    monkeypatch.setattr("common.assignments.assignments", lambda *_: {"hw0": changed})


def parameters(files: dict[str, bytes]) -> int:
    """What a true manifest says of these files."""
    data = files.get("model/model.safetensors")
    return 0 if data is None else (len(data) - 8 - struct.unpack("<Q", data[:8])[0]) // 4


def test_the_number_of_parameters_is_counted_not_believed(zipped, making, tmp_path):
    intake = take_in(zipped(making.hand_in_files(parameters=5)), tmp_path / "unpacked")
    assert intake.hand_in.parameters == 6
    assert [found.rule for found in intake.faults] == ["manifest-differs"]


def test_exactly_as_many_parameters_as_allowed_are_fine(zipped, making, tmp_path, monkeypatch):
    allow(monkeypatch, 6)
    assert take_in(zipped(making.hand_in_files()), tmp_path / "unpacked").faults == ()


def test_an_encoder_of_ones_own_is_no_pretrained_one(zipped, making, tmp_path):
    config = {
        "format": 1,
        "assignment": "hw0_note_classification",
        "encoder": {"kind": "mel"},
        "pretrained": None,
    }
    files = making.hand_in_files() | {"model/config.json": json.dumps(config).encode()}
    told = take_in(zipped(files), tmp_path / "unpacked").faults
    assert {found.rule for found in told} == {"manifest-differs"}
