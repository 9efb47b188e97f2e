"""Tiny hand-ins, right and wrong, made as zips."""

from __future__ import annotations

import hashlib
import importlib.util
import io
import json
import struct
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import pytest
from pypdf import PdfWriter

from common.assignments import find

STUDENT = "r12345678"


def tensor_file(header: Mapping | bytes | None = None, data: bytes = b"\0" * 24) -> bytes:
    """A safetensors file with this header before these bytes; by default one 2 x 3 matrix of F32."""
    if header is None:
        header = {"weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def slides(pages: int = 8, width: float = 1280, height: float = 720) -> bytes:
    """A PDF of empty pages."""
    writer, file = PdfWriter(), io.BytesIO()
    for _ in range(pages):
        writer.add_blank_page(width, height)
    writer.write(file)
    return file.getvalue()


def manifest(files: Mapping[str, bytes], short: str, **changes) -> bytes:
    """The manifest that is true for `files`, but for `changes`."""
    listed = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)} for name, data in files.items()
    }
    record = {"format": 1, "assignment": short, "student_id": STUDENT, "parameters": 6, "files": listed}
    return json.dumps({**record, "versions": {}, "git_commit": None, "commands": {}, **changes}).encode()


def hand_in_files(short: str = "hw0", **changes) -> dict[str, bytes]:
    """A whole hand-in without a fault. changes: to its manifest."""
    assignment = find(short)
    files = {
        "README.md": f"# Mine\n\n    {assignment.infer_line()}\n".encode(),
        f"{STUDENT}_report.pdf": slides(),
        "common/audio.py": b"RATE = 16000\n",
        f"{assignment.folder.as_posix()}/infer.py": b"print('[]')\n",
        "model/config.json": json.dumps({"format": 1, "assignment": assignment.marker}).encode(),
        "model/model.safetensors": tensor_file(),
        "model/history.jsonl": b'{"epoch": 1}\n',
    }
    return files | {"MANIFEST.json": manifest(files, short, **changes)}


def zip_bytes(
    entries: Mapping[str, bytes] | Iterable[tuple[str | zipfile.ZipInfo, bytes]], **options
) -> bytes:
    """A zip of names, or of ZipInfo where more than the name matters, and contents."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, **options) as archive:
        for name, data in entries.items() if isinstance(entries, Mapping) else entries:
            archive.writestr(name, data)
    return file.getvalue()


@pytest.fixture
def zipped(tmp_path) -> Callable[..., Path]:
    """Write a zip, given as bytes or as `zip_bytes` takes it."""

    def write(contents, name: str = f"{STUDENT}_hw0.zip") -> Path:
        path = tmp_path / name
        path.write_bytes(contents if isinstance(contents, bytes) else zip_bytes(contents))
        return path

    return write


@pytest.fixture(scope="session")
def making():
    """The functions above, which a test module cannot import."""
    from types import SimpleNamespace

    names = (tensor_file, slides, manifest, hand_in_files, zip_bytes)
    return SimpleNamespace(**{each.__name__: each for each in names}, STUDENT=STUDENT)


@pytest.fixture
def project(making, tmp_path, monkeypatch):
    """A tiny final project with a finished run, in a folder of its own that is taken for the root."""
    spec = importlib.util.spec_from_file_location("tiny_project", Path(__file__).with_name("tiny_project.py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules["tiny_project"] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    made = module.make_project(tmp_path / "project", making)
    monkeypatch.setattr("common.assignments.ROOT", made.root)
    return made
