"""Tiny hand-ins of HW0, honest and hostile: `hand_in(folder, "r12345678", "exit")` -> the zip.

Their model is four zeros and their infer.py needs nothing but the standard library, so a run takes a tenth
of a second. An honest one gets all points for form, run and report; its answers depend on a sound's bytes.
"""

from __future__ import annotations

import hashlib
import json
import runpy
import struct
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

PACKAGE = "hw0_note_classification"
COMMAND = f"python -m {PACKAGE}.infer --model model INPUTS --json"
HEADINGS = ("Novelty", "Methodology", "Results", "Findings", "Details", "Analysis and discussion")
WORDS = "What was done here is told in a sentence, and why in a second one: the page is not empty."

CODE: dict[str, str] = runpy.run_path(str(Path(__file__).with_name("mischief.py")))["CODE"]

Files = dict[str, bytes]

INFER = '''
"""Name the instrument family of sounds, from the first byte of their digest."""

import argparse
import hashlib
import json
import sys
from pathlib import Path

FAMILIES = "bass brass flute guitar keyboard mallet organ reed string synth_lead vocal".split()


def sounds(paths):
    for path in paths:
        yield from sorted(path.rglob("*.wav")) if path.is_dir() else [path]


def answer(path):
    start = hashlib.sha256(path.read_bytes()).digest()[0]
    top = [FAMILIES[(start + step) % len(FAMILIES)] for step in range(3)]
    shares = zip(top, (0.5, 0.3, 0.1))
    return {"file": str(path), "top3": [{"family": name, "probability": share} for name, share in shares]}


def mischief(results):
    return results


# CODE
if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--model")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("inputs", nargs="+", type=Path)
    print(json.dumps(mischief([answer(path) for path in sounds(parser.parse_args().inputs)])))
'''


def hand_in(folder: Path, student_id: str = "r12345678", behaviour: str = "honest") -> Path:
    """Write `folder`/STUDENT_hw0.zip. behaviour: "honest", "not a zip", or a key of CODE or ARCHIVES."""
    archive = folder / f"{student_id}_hw0.zip"
    if behaviour == "not a zip":
        archive.write_bytes(b"This is no zip.\n")
        return archive
    files = honest(student_id, CODE.get(behaviour, ""))
    spoil = ARCHIVES.get(behaviour, lambda files: None)
    if behaviour not in ("honest", *CODE, *ARCHIVES):
        raise KeyError(behaviour)
    spoil(files)
    files.setdefault("MANIFEST.json", manifest(files, student_id))
    write_zip(archive, files, behaviour)
    return archive


def honest(student_id: str, code: str = "") -> Files:
    """All files of a hand-in but its manifest; `code` goes into infer.py and may define `mischief` anew."""
    return {
        "LICENSE": b"MIT\n",
        "README.md": f"# HW0 by {student_id}\n\n```\n{COMMAND}\n```\n".encode(),
        "common/__init__.py": b"",
        f"{PACKAGE}/__init__.py": b"",
        f"{PACKAGE}/README.md": b"# HW0\n",
        f"{PACKAGE}/infer.py": infer(code),
        "model/config.json": json.dumps({"format": 1, "assignment": PACKAGE}).encode(),
        "model/model.safetensors": safetensors({"w": 4}),
        "pyproject.toml": b"[project]\nname = 'solution'\nversion = '1'\n",
        "requirements.txt": b"numpy\n",
        f"{student_id}_report.pdf": report(student_id),
    }


def infer(code: str) -> bytes:
    return INFER.lstrip().replace("# CODE\n", code).encode()


def safetensors(sizes: dict[str, int], *, claimed: int | None = None) -> bytes:
    """Zeros as a safetensors file: float32 vectors of these sizes; `claimed` lies about the first one's."""
    header, end = {}, 0
    for name, size in sizes.items():
        header[name] = {"dtype": "F32", "shape": [claimed or size], "data_offsets": [end, end + 4 * size]}
        end += 4 * size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(end)


@lru_cache
def report(student_id: str, headings: tuple[str, ...] = HEADINGS, *, width: str = "33.867cm") -> bytes:
    """A PDF: a cover, a page for each heading with a sentence on it, and a last page."""
    import typst  # a tenth of a second

    pages = [f"= HW0\n{student_id}", *(f"= {heading}\n{WORDS}" for heading in headings), f"= More\n{WORDS}"]
    source = f"#set page(width: {width}, height: 19.05cm)\n" + "\n#pagebreak()\n".join(pages)
    return typst.compile(source.encode())


def manifest(files: Files, student_id: str) -> bytes:
    """MANIFEST.json over `files`."""
    digests = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in sorted(files.items())
    }
    commands = {
        "train": ["python hw0/train.py"],
        "evaluate": "python hw0/eval.py --model model",
        "infer": COMMAND,
    }
    record = {"format": 1, "assignment": "hw0", "student_id": student_id, "files": digests}
    record |= {"versions": {"python": "3.11"}, "git_commit": None, "commands": commands, "parameters": 4}
    return json.dumps(record, indent=2).encode()


def write_zip(archive: Path, files: Files, behaviour: str) -> None:
    """The files in order, all of the same date. A "link" points outside; a "bomb" claims 2 GB."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name)
            entry.external_attr, entry.compress_type = 0o100644 << 16, zipfile.ZIP_DEFLATED
            zipped.writestr(entry, files[name])
        if behaviour == "link":
            entry = zipfile.ZipInfo("common/link")
            entry.external_attr = 0o120777 << 16
            zipped.writestr(entry, "/etc/passwd")
        if behaviour == "bomb":
            zipped.filelist[-1].file_size = 2_000_000_000  # as the table of contents has it


def adding(name: str, data: bytes = b"") -> Callable[[Files], None]:
    return lambda files: files.update({name: data})


def without(name: str) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        for known in [known for known in files if known.endswith(name)]:
            del files[known]

    return spoil


def replacing(name: str, data: bytes) -> Callable[[Files], None]:
    def spoil(files: Files) -> None:
        files.update({known: data for known in files if known.endswith(name)})

    return spoil


REWRITE_REPORTS = b"""
import pytest

@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    report.outcome = "passed"
    return report
"""

# What is done to the files of an honest hand-in. The first group must be rejected, the second costs points.
REJECTED: dict[str, Callable[[Files], None]] = {
    "conftest": adding("conftest.py", REWRITE_REPORTS),
    "pytest.ini": adding("common/pytest.ini", b"[pytest]\n"),
    "sitecustomize": adding("sitecustomize.py", b"print('hello')\n"),
    "zip slip": adding("../outside.py", b"print('outside')\n"),
    "absolute": adding("/tmp/outside.py"),
    "pickle": adding("model/model.pt", b"\x80\x04."),
    "nested": adding("common/more.zip", b"PK\x03\x04"),
    "bomb": lambda files: None,
    "many files": lambda files: files.update({f"common/file_{number}.py": b"" for number in range(600)}),
    "huge header": replacing("model.safetensors", safetensors({"w": 4}, claimed=10**12)),
    "link": lambda files: None,
}
FAULTY: dict[str, Callable[[Files], None]] = {
    "no report": without("_report.pdf"),
    "square report": lambda files: files.update(
        {name: report("square", width="19.05cm") for name in files if name.endswith(".pdf")}
    ),
    "short report": lambda files: files.update(
        {name: report("short", HEADINGS[:2]) for name in files if name.endswith(".pdf")}
    ),
    "no command": replacing("README.md", b"# HW0\n"),
    "false manifest": lambda files: files.update(
        {"MANIFEST.json": manifest(files | {"LICENSE": b"other"}, "r12345678")}
    ),
}


def sloppy(files: Files) -> None:
    """Many faults at once, and answers that change."""
    [pdf] = [name for name in files if name.endswith(".pdf")]
    files[pdf] = report("sloppy", HEADINGS[:2], width="19.05cm")
    files[f"{PACKAGE}/infer.py"] = infer(CODE["random"])
    for name in ("no command", "false manifest"):
        FAULTY[name](files)


FAULTY["sloppy"] = sloppy
ARCHIVES = REJECTED | FAULTY
