"""A small run folder, as train.py and eval.py leave one, and a report made of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import safetensors.numpy
from PIL import Image

from common.assignments import Assignment, Headline
from common.report import build_report

FIGURES = {
    "learning_curve": (1500, 540),
    "confusion": (1344, 1164),
    "f1_by_class": (1200, 405),
    "sdr_by_epoch": (1080, 420),
    "spectrograms_Olga - 晓 'x'": (1950, 885),
}
REPORT = """\
test notes of data/mini (mini data)

        score  95 % over items
top-1   0.500   0.401 to 0.599
macro   0.400   0.301 to 0.499

note: `raw` #set text(fill: red) $ stays

class   F1
中文   .5
"""
WORDS = """\
<!-- a question that is not shown -->
Name: 王小明
Title: 以頻譜辨識樂器, 识别乐器

# Novelty

#set page(width: 1cm) *slanted* **strong**(not a call) $x_i^2$ `code` <label> @reference

# Methodology

| a | b |
|---|--:|
| one | 2 |

![My picture](pictures/mine.png)

# Results

Better than chance.

---

More of it.

# Findings

1. one
2. two

# Details

<!-- What? -->

# Analysis and discussion

WORDS
""".replace(
    "WORDS", "\n\n".join(f"Paragraph {i}: " + "many words follow one another, " * 12 for i in range(20))
)


@pytest.fixture(scope="session")
def assignment() -> Assignment:
    return Assignment(
        short="hw9",
        package="hw9_example",
        title="HW9: an example",
        inference=("{inputs}", "--json"),
        takes="files",
        output="a list",
        headlines=(
            Headline("top1", "top-1 accuracy", "baseline_top1"),
            Headline("sdr", "SDR", unit="dB"),
            Headline("absent", "another", "nowhere"),
        ),
    )


@pytest.fixture(scope="session")
def _run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "cnn"
    (folder / "figures").mkdir(parents=True)
    session = {
        "command": "python hw9/train.py --preset quick",
        "git_commit": "18c8890dbc812e009d55104d2e121e91dd217502-dirty",
        "platform": "Linux",
        "processes": 1,
        "versions": {"python": "3.11.7", "torch": "2.11.0"},
    }
    options = {"epochs": 2, "learning_rate": 0.003, "keep": list(range(20)), "inner": {"deep": None}}
    many = {f"option_{i}": i for i in range(24)}  # more than a column holds at the largest size
    config = {"model": "cnn", "data": None, "training": options, "many": many}
    record = {"format": 1, "assignment": "hw9_example", "seed": 7, "config": config, "sessions": [session]}
    epochs = [{"epoch": i, "seconds": 30.5, "score": score} for i, score in ((1, 0.6), (2, 0.5))]
    metrics = {
        "data": "mini",
        "is_mini_data": True,
        "top1": 0.5,
        "top1_low": 0.1,
        "top1_high": 0.9,
        "top1_group_low": 0.401,
        "top1_group_high": 0.599,
        "baseline_top1": 0.125,
        "sdr": -1.234,
    }
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "history.jsonl").write_text("".join(json.dumps(epoch) + "\n" for epoch in epochs))
    (folder / "metrics.json").write_text(json.dumps(metrics))
    (folder / "report.txt").write_text(REPORT, encoding="utf-8")
    (folder / "training_data.json").write_text('{"name": "mini", "is_mini": true}')
    tensors = {"layer.weight": np.zeros((3, 5), np.float32), "layer.bias": np.zeros(3, np.float32)}
    safetensors.numpy.save_file(tensors, folder / "model.safetensors")
    for name, size in FIGURES.items():
        Image.new("RGB", size, "gray").save(folder / "figures" / f"{name}.png", dpi=(150, 150))
    return folder


@pytest.fixture
def run_folder(_run, tmp_path) -> Path:
    """A run of this test's own, to spoil."""
    return shutil.copytree(_run, tmp_path / "runs" / "cnn")


@pytest.fixture(scope="session")
def words_file(tmp_path_factory) -> Path:
    """A report.md in which one page is empty."""
    path = tmp_path_factory.mktemp("homework") / "report.md"
    path.write_text(WORDS, encoding="utf-8")
    (path.parent / "pictures").mkdir()
    Image.new("RGB", (400, 300), "blue").save(path.parent / "pictures" / "mine.png")
    return path


@pytest.fixture(scope="session")
def built(assignment, _run, words_file, tmp_path_factory) -> SimpleNamespace:
    """A report: `result`, and the arguments it was built with, to build it again."""
    arguments = dict(run=_run, student_id="R12345678", words=words_file)
    result = build_report(assignment, **arguments, out=tmp_path_factory.mktemp("out"))
    return SimpleNamespace(result=result, arguments=arguments)
