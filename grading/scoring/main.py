"""What the scoring process does: limit itself, read labels and outputs, write scores."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any, Protocol

MOST_MEMORY = 8 << 30  # bytes
MOST_WRITTEN = 64 << 20
MOST_FILES = 256


def limit(seconds: int) -> None:
    """From here on this process cannot take more."""
    for what, most in (
        (resource.RLIMIT_AS, MOST_MEMORY),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, MOST_WRITTEN),
        (resource.RLIMIT_NOFILE, MOST_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (most, most))


class Scorer(Protocol):
    """One assignment's module."""

    def read(self, folder: Path, names: dict[str, str], labels: dict[str, Any]) -> Any:
        """The `Answers` of a round in `folder`; names: of its inputs -> those in the labels."""
        ...

    def differ(self, first: Any, second: Any) -> bool:
        """Whether two answers to the same input are not the same."""
        ...

    def measure(self, prepared: Any, labels: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
        """The metrics of the answers, by the names of the labels; None where one is undefined."""
        ...


def score_outputs(folder: Path, outputs: Path | None) -> dict[str, Any]:
    """The scores of `outputs` (None: of no answers) for the test prepared in `folder`, ready for JSON."""
    from grading.prepared import Prepared
    from grading.scoring import hw0, hw1, hw2, hw3
    from grading.scoring.answers import Answers

    scorers: dict[str, Scorer] = {"hw0": hw0, "hw1": hw1, "hw2": hw2, "hw3": hw3}
    prepared = Prepared.load(folder)
    labels, scorer = prepared.read_labels(), scorers[prepared.assignment]
    rounds = {"main": {name: name for name in labels["inputs"]}, "again": labels["again"]}
    main, again = (
        scorer.read(outputs / name, names, labels) if outputs else Answers() for name, names in rounds.items()
    )
    differ = [
        name not in again.found
        or meant not in main.found
        or scorer.differ(main.found[meant], again.found[name])
        for name, meant in labels["again"].items()
    ]
    return {
        "metrics": scorer.measure(prepared, labels, main.found),
        "answered": len(main.found) - len(main.incomplete),
        "asked": len(labels["inputs"]),
        "repeats_differ": sum(differ),
        "repeats": len(differ),
        "problems": main.problems + [f"asked again: {line}" for line in again.problems],
    }


def main() -> None:
    """FOLDER OUTPUTS RESULT SECONDS: score, and write RESULT."""
    folder, outputs, result, seconds = sys.argv[1:]
    limit(int(seconds))
    # What follows takes memory, and is taken only now that it is limited.
    from grading.scoring.process import NOTHING

    scores = score_outputs(Path(folder), None if outputs == NOTHING else Path(outputs))
    Path(result).write_text(json.dumps(scores, allow_nan=False))
