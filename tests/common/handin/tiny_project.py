"""A whole project in little: a final project that shouts, the code it shares, and a run of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from common.assignments import Assignment, find
from common.handin.finished_run import FinishedRun, open_run
from common.handin.pack import PackOrder

STUDENT = "r12345678"
HAND_IN = """
from common.assignments import Assignment, Headline

HAND_IN = Assignment(
    short="tiny",
    package="final_project.tiny",
    title="Final project: shouting",
    inference=("{inputs}", "--out", "{out}", "--json"),
    takes="text files",
    output="OUT/NAME.txt for each",
    headlines=(Headline("loudness", "loudness", "random_loudness", "dB"),),
    most_parameters=99,
    pretrained_allowed=False,
)


def examples(folder):
    paths = [folder / f"{name}.txt" for name in ("one", "two", "three")]
    for path in paths:
        path.write_text(path.stem)
    return paths
"""
INFER = """
import json, sys
from pathlib import Path

from common.shouting import shout

files, out = sys.argv[3 : sys.argv.index("--out")], Path(sys.argv[sys.argv.index("--out") + 1])
assert json.loads(Path("model/config.json").read_text())["volume"] == 11
results = []
for file in map(Path, files):
    (out / file.name).write_text(shout(file.read_text()))
    results.append({"file": str(file), "text": shout(file.read_text())})
print(json.dumps(results))
"""
EVAL = """
import json, sys
from pathlib import Path

run = Path(sys.argv[sys.argv.index("--model") + 1])
(run / "metrics.json").write_text(json.dumps({"arguments": sys.argv[1:]}))
"""
FILES = {
    "requirements.txt": "numpy\n",
    "pyproject.toml": "[project]\nname = 'tiny'\n",
    "LICENSE": "MIT\n",
    ".gitignore": "/data/\n/runs/\n__pycache__/\n",
    "common/__init__.py": "",
    "common/shouting.py": "def shout(text):\n    return text.upper() + '!'\n",
    "final_project/__init__.py": "",
    "final_project/tiny/__init__.py": "",
    "final_project/tiny/hand_in.py": HAND_IN,
    "final_project/tiny/infer.py": INFER,
    "final_project/tiny/eval.py": EVAL,
    "final_project/tiny/README.md": "# Shouting\n",
    "final_project/tiny/words/loud.txt": "hey\n",
    "final_project/other/infer.py": "",
    "data/secret.json": "{}",
}
RUN_FILES = {
    "config.json": {"format": 1, "assignment": "tiny", "volume": 11},
    "validation.json": {"loudness": 5.0},
    "metrics.json": {"loudness": 4.5, "random_loudness": 1.0},
    "baselines.json": {},
}


@dataclass
class Project:
    root: Path
    report: Path

    @property
    def run_folder(self) -> Path:
        return self.root / "runs" / "tiny" / "loud"

    @property
    def assignment(self) -> Assignment:
        return find("tiny")

    def run(self) -> FinishedRun:
        return open_run(self.assignment, self.run_folder)

    def order(self, out: Path) -> PackOrder:
        return PackOrder(self.assignment, self.run(), STUDENT, self.report, out, self.root)


def make_project(root: Path, making: SimpleNamespace) -> Project:
    """Write it into the folder `root`, its run into runs/tiny/loud. making: the fixture."""
    project = Project(root, root / "slides.pdf")
    for name, text in FILES.items():
        write(root / name, text)
    for name, record in RUN_FILES.items():
        write(project.run_folder / name, json.dumps(record))
    session = {
        "command": f"python final_project/tiny/train.py --data {root}/data",
        "working_directory": "../../..",
        "git_commit": "abc",
        "versions": {"python": "3.11.7", "numpy": "2.4.6"},
    }
    record = {"format": 1, "assignment": "tiny", "config": {"data": f"{root}/data"}, "sessions": [session]}
    write(project.run_folder / "run.json", json.dumps(record))
    write(project.run_folder / "history.jsonl", '{"epoch": 1}\n')
    write(project.run_folder / "report.txt", f"test split of {root}/data\n")
    for name in ("model", "checkpoint", "baselines", "epoch_005/model"):
        path = project.run_folder / f"{name}.safetensors"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(making.tensor_file())
    project.report.write_bytes(making.slides())
    return project


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
