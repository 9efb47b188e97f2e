"""Small prepared tests and the answers of made-up hand-ins, for the tests of scoring and running."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import soundfile

from grading.prepared import FILE, LABELS_FILE, VERSION, Prepared
from grading.scoring.answers import OUT, STDOUT
from grading.scoring.main import score_outputs

RATE = 44_100


def prepared(folder: Path, assignment: str, labels: dict) -> Prepared:
    """A complete folder; `labels` lack "again", which is here the first input twice asked."""
    names = labels["inputs"]
    again = {names[-1]: names[0]} if len(names) > 1 else {}
    for name in ("inputs", "again", "labels"):
        (folder / name).mkdir(parents=True)
    (folder / "labels" / LABELS_FILE).write_text(json.dumps({**labels, "again": again}))
    record = {
        "version": VERSION,
        "assignment": assignment,
        "data_name": "tiny",
        "kind": "mini",
        "digest": "0",
    }
    (folder / FILE).write_text(json.dumps(record))
    return Prepared.load(folder)


def printed(outputs: Path, rows: object, again: object = None) -> Path:
    """What a hand-in prints in both rounds -> the folder of outputs."""
    for name, content in (("main", rows), ("again", again)):
        (outputs / name / OUT).mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, str) else json.dumps(content)
        (outputs / name / STDOUT).write_text(text)
    return outputs


def write_song(path: Path, samples: np.ndarray, subtype: str = "FLOAT") -> None:
    """(channels, samples) as a recording."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples.T, RATE, subtype=subtype)


def scored(test: Prepared, outputs: Path | None) -> dict:
    """The scores of a folder of outputs, or of no answers, computed in this process."""
    return score_outputs(test.folder, outputs)
