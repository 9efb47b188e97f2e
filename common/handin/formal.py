"""The formal faults of a hand-in that was accepted: they cost points, but it runs all the same.

Nothing here runs or imports what was handed in: files are read as text, JSON, tensor headers and PDF.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common.assignments import Assignment
from common.handin.manifest import NAME as MANIFEST
from common.handin.manifest import STUDENT_ID, JsonError, manifest_faults, read_json
from common.handin.pdf_facts import PdfError, PdfFacts, pdf_facts
from common.handin.rules import IntakeLimits, Violation, violation
from common.handin.tensor_header import count_parameters, read_header

WEIGHTS = "model/model.safetensors"
CONFIG = "model/config.json"
TOP_FILES = frozenset(
    (MANIFEST, "README.md", "requirements.txt", "requirements-mert.txt", "pyproject.toml", "LICENSE")
)
MODEL_FILES = re.compile(r"model/(?:[^/]+\.json|history\.jsonl|report\.txt|model\.safetensors)")
OTHER_WEIGHTS = (
    *(".safetensors", ".h5", ".hdf5", ".keras", ".onnx", ".gguf", ".ggml", ".tflite", ".pb", ".msgpack"),
    *(".mlmodel", ".pdparams", ".caffemodel", ".weights", ".params", ".npy"),
)
LEAST_WEIGHTS = 1 << 20  # bytes from which a .npy beside the code is taken for weights, not for a table
FEWEST_PAGES = 8
README_BYTES = 1 << 20
PRETRAINED_KINDS = frozenset({"huggingface", "note"})  # encoders of HW1 that were trained before


def parameters_of(root: Path, limits: IntakeLimits) -> int:
    """How many numbers the model has learned; 0 if there is none."""
    path = root / WEIGHTS
    return count_parameters(read_header(path, most_bytes=limits.header_bytes)) if path.is_file() else 0


def report_facts(path: Path | None, limits: IntakeLimits) -> PdfFacts | str:
    """The facts of the report, or why there are none."""
    if path is None:
        return "there is none"
    if path.stat().st_size > limits.report_bytes:
        return f"more than {limits.report_bytes >> 20} MB"
    try:
        return pdf_facts(path)
    except PdfError as error:
        return str(error)


def formal_faults(
    root: Path,
    assignment: Assignment,
    manifest: dict[str, Any],
    *,
    parameters: int,
    report: PdfFacts | str,
    archive_name: str = "",
    limits: IntakeLimits,
) -> list[Violation]:
    """All faults, sorted by kind, then by file."""
    student_id = manifest["student_id"]
    names = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    return [
        *manifest_faults(manifest, root),
        *_archive_name(archive_name, student_id, assignment.short),
        *_unknown(names, assignment, student_id),
        *_code(root, assignment),
        *_one_model(root, names),
        *_model(root, assignment, manifest, parameters, limits),
        *_report(names, student_id, report),
    ]


def report_name(student_id: str) -> str:
    return f"{student_id}_report.pdf"


def _archive_name(name: str, student_id: str, short: str) -> Iterator[Violation]:
    """A zip that has the form of pack's names, but another id or assignment in it."""
    found = re.fullmatch(rf"({STUDENT_ID.pattern})_({re.escape(short)}|hw[0-9])\.zip", name.lower())
    if found and found.groups() != (student_id, short):
        yield violation("archive-name", name, f"the manifest says {student_id} and {short}")


def _unknown(names: list[str], assignment: Assignment, student_id: str) -> Iterator[Violation]:
    """What stands at the top and is not part of a hand-in, each once."""
    folder = assignment.folder.as_posix()
    inits = {(parent / "__init__.py").as_posix() for parent in assignment.folder.parents if parent.name}
    allowed = TOP_FILES | inits | {report_name(student_id)}
    inside = ("common/", "model/", f"{folder}/", *(f"{package}/" for package in assignment.builds_on))
    others = {name.split("/")[0] for name in names if name not in allowed and not name.startswith(inside)}
    others -= {name for name in others if name.lower().endswith(".pdf")}  # told as a report of a wrong name
    yield from (violation("unknown-entry", other) for other in sorted(others))


def _code(root: Path, assignment: Assignment) -> Iterator[Violation]:
    script = assignment.folder / "infer.py"
    if not (root / script).is_file():
        yield violation("code-missing", script.as_posix())
    command = " ".join(assignment.infer_line().split())
    if command not in " ".join(_text(root / "README.md").split()):
        yield violation("readme-command", "README.md", f"it should hold `{command}`")


def _text(path: Path) -> str:
    """The beginning of a text file; empty if there is none."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return file.read(README_BYTES).decode("utf-8", "replace")


def _one_model(root: Path, names: list[str]) -> Iterator[Violation]:
    """Everything that holds weights, or lies with the model, and is not the one model."""
    for name in names:
        if name.startswith("model/"):
            if not MODEL_FILES.fullmatch(name):
                yield violation("one-model", name)
        elif name.lower().endswith(OTHER_WEIGHTS) and not _is_table(root / name):
            yield violation("one-model", name)


def _is_table(path: Path) -> bool:
    return path.suffix.lower() == ".npy" and path.stat().st_size < LEAST_WEIGHTS


def _model(
    root: Path, assignment: Assignment, manifest: dict[str, Any], parameters: int, limits: IntakeLimits
) -> Iterator[Violation]:
    for name in (CONFIG, WEIGHTS):
        if not (root / name).is_file():
            yield violation("model-missing", name)
    if manifest.get("parameters") != parameters:
        yield violation("manifest-differs", MANIFEST, f"the model has {parameters:,} parameters")
    most = assignment.most_parameters
    if most is not None and parameters > most:
        yield violation("too-many-parameters", WEIGHTS, f"{parameters:,} parameters, at most {most:,}")
    config = model_config(root, limits)
    if config and config.get("assignment") != assignment.marker:
        yield violation("wrong-model", CONFIG, f"it says {str(config.get('assignment'))[:60]}")
    if not assignment.pretrained_allowed and is_pretrained(config):
        yield violation("pretrained-model", CONFIG)


def model_config(root: Path, limits: IntakeLimits) -> dict[str, Any]:
    """config.json of the model; empty if there is none. Its JSON was judged before."""
    try:
        config = read_json(root / CONFIG, limits)
    except (OSError, JsonError):
        return {}
    return config if isinstance(config, dict) else {}


def is_pretrained(value: Any) -> bool:
    """Whether a model's config says, at any depth, that a part of it was trained before."""
    if isinstance(value, list):
        return any(map(is_pretrained, value))
    if not isinstance(value, dict):
        return False
    kind = value.get("kind")
    marked = isinstance(kind, str) and kind in PRETRAINED_KINDS
    named = any(key.startswith("pretrained") and inner for key, inner in value.items())
    return marked or named or "model_type" in value or any(map(is_pretrained, value.values()))


def _report(names: list[str], student_id: str, facts: PdfFacts | str) -> Iterator[Violation]:
    right = report_name(student_id)
    others = [name for name in names if "/" not in name and name.lower().endswith(".pdf") and name != right]
    yield from (violation("report-name", name, f"it should be {right}") for name in others)
    if right not in names:
        yield violation("report-missing", right)
    elif isinstance(facts, str):
        yield violation("report-unreadable", right, facts)
    else:
        if not facts.is_16_9:
            yield violation("report-aspect", right, "{:.4g} x {:.4g} points".format(*facts.aspect))
        if facts.pages < FEWEST_PAGES:
            yield violation("report-short", right, f"{facts.pages} pages, at least {FEWEST_PAGES}")
