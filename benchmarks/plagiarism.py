"""Seconds, memory and scores of the list of copies, on a made class in which the copies are known.

    python benchmarks/plagiarism.py [--out FILE.json]

Every hand-in is this repository's HW1 with `common`, and code of its own from Python's standard library,
which different people wrote. Part of the class has copied from another part, in disguise
(`plagiarism_class.py`). The comparison runs in a process of its own: seconds and memory are those of this
process, start-up included. In the last row are pairs of this repository's own scripts, such as hw0/train.py
and hw1/train.py: the hardest case, written by the same hand to look alike.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.plagiarism_class import write_class
from common import cli
from grading.plagiarism.own_code import own_file
from grading.plagiarism.similarity import Owned, compare

ROOT = Path(__file__).resolve().parents[1]
INDEPENDENT = "independent"
SCRIPTS = ("data.py", "models.py", "train.py", "eval.py", "infer.py", "reports.py", "losses.py")


@dataclass
class BenchmarkConfig:
    """Make a class, compare it, and see where copies and independent hand-ins come out."""

    hand_ins: int = 60
    """Zips in the class."""
    copies: int = 4
    """Copies of each kind (disguised, reworked, a part) among them."""
    seed: int = 0
    """Of the class: who has what, and how copies are disguised."""
    keep: Path | None = None
    """Folder to leave the class and the pages in; default: nowhere."""
    out: Path | None = None
    """JSON file for the results."""


def main(config: BenchmarkConfig) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = config.keep or Path(temporary)
        zips, pages = folder / "class", folder / "pages"
        zips.mkdir(parents=True, exist_ok=True)
        known = write_class(zips, hand_ins=config.hand_ins, copies=config.copies, seed=config.seed)
        start = time.perf_counter()
        cost = json.loads(_in_own_process(zips, pages))
        seconds = time.perf_counter() - start
        scores = by_kind(pages / "pairs.csv", known, pairs=config.hand_ins * (config.hand_ins - 1) // 2)
    scores["same hand"] = same_hand()
    cpu_seconds, peak_mb = cost["cpu_seconds"], cost["peak_mb"]
    print(f"{config.hand_ins} hand-ins: {seconds:.1f} s, {cpu_seconds:.1f} s of a core, {peak_mb:.0f} MB")
    print(f"{'':14}{'pairs':>7}{'lowest':>8}{'median':>8}{'95 %':>8}{'highest':>9}")
    for kind, values in scores.items():
        lowest, median, high, highest = np.quantile(values, (0, 0.5, 0.95, 1))
        print(f"{kind:14}{len(values):7,}{lowest:8.2f}{median:8.2f}{high:8.2f}{highest:9.2f}")
    if config.out:
        config.out.write_text(json.dumps({"seconds": seconds, **cost, "scores": scores}, indent=1))


def by_kind(table: Path, known: dict[tuple[str, str], str], *, pairs: int) -> dict[str, list[float]]:
    """The scores of all pairs, by what is known of them; pairs that are not in the table have 0."""
    scores: dict[str, list[float]] = {kind: [] for kind in (*sorted(set(known.values())), INDEPENDENT)}
    missing = dict(known)
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            kind = missing.pop((row["first"], row["second"]), INDEPENDENT)
            scores[kind].append(float(row["score"]))
    for kind in missing.values():
        scores[kind].append(0.0)
    scores[INDEPENDENT] += [0.0] * (pairs - sum(map(len, scores.values())))
    return {kind: sorted(values) for kind, values in scores.items() if values}


def same_hand() -> list[float]:
    """The scores of all two scripts of the same name in two homeworks."""
    scores = []
    for name in SCRIPTS:
        paths = sorted(ROOT.glob(f"hw?_*/{name}"))
        files = [own_file(path.read_text(encoding="utf-8")) for path in paths]
        class_ = [
            Owned(str(path), str(path), file.fingerprints) for path, file in zip(paths, files, strict=True)
        ]
        scores += [pair.score for pair in compare(class_, [], frequent_share=1.0).pairs]
    return sorted(scores)


def _in_own_process(zips: Path, pages: Path) -> str:
    command = [sys.executable, "-m", "benchmarks.plagiarism", "--probe", str(zips), str(pages)]
    return subprocess.run(
        command, cwd=ROOT, check=True, text=True, stdout=subprocess.PIPE
    ).stdout.splitlines()[-1]


def _probe(zips: Path, pages: Path) -> str:
    import resource

    from benchmarks.memory import peak_megabytes
    from grading.plagiarism import command

    command.main(command.PlagiarismConfig(folder=zips, out=pages))
    cpu_seconds = time.process_time()
    return json.dumps({"cpu_seconds": cpu_seconds, "peak_mb": peak_megabytes(resource.RUSAGE_SELF)})


if __name__ == "__main__":
    if sys.argv[1:2] == ["--probe"]:
        print(_probe(Path(sys.argv[2]), Path(sys.argv[3])))
    else:
        cli.run(main, BenchmarkConfig)
