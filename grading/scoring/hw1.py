"""HW1: F1 of what is said to be "active", average precision of the probabilities, over all steps of 5 s.

The truth has the whole steps of each track; what is said of a rest behind them does not count. A step without
an answer has every class wrong: said to be on where it is off and the reverse, with probabilities as wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.metrics.detection import evaluate
from grading.prepared import Prepared
from grading.scoring.answers import Answers, read_list, share
from grading.scoring.select import selected
from hw1_instrument_detection.classes import CLASSES, KEYS

STEP = 5.0  # seconds
START_TOLERANCE = 0.1  # seconds
MOST_STEPS = 4096  # almost six hours
TOLERANCE = 1e-3  # of probabilities, when the same is asked again
F1_KEYS, RANKING_KEYS = ("macro_f1", "micro_f1"), ("mean_average_precision",)
BASELINES = ("everything_on_macro_f1", "everything_on_micro_f1")


@dataclass(frozen=True)
class Activity:
    """What was said of the steps of a track, (steps, 9) each."""

    probabilities: NDArray[np.float64]
    active: NDArray[np.bool_]


def read(folder: Path, names: Mapping[str, str], labels: Mapping[str, Any]) -> Answers:
    """What was printed; a track is answered in full if all of its steps are."""
    steps = dict(zip(labels["inputs"], map(len, labels["targets"]), strict=True))
    answers = read_list(folder, names, parse)
    for name, activity in answers.found.items():
        if (said := len(activity.active)) < (due := steps[names[name]]):
            answers.incomplete.add(name)
            answers.add_problem(f"{name}: {said} of {due} steps are answered; answer every 5 seconds")
    return answers


def parse(row: dict[str, Any]) -> Activity:
    """The steps of an answer, in order of time. Errors: ValueError."""
    steps = row.get("activity")
    if not isinstance(steps, list) or not 1 <= len(steps) <= MOST_STEPS:
        raise ValueError('"activity" is no list of steps; give an object for every 5 seconds')
    parsed = [_step(number, step) for number, step in enumerate(steps)]
    probabilities, active = zip(*parsed, strict=True)
    return Activity(np.array(probabilities, dtype=np.float64), np.array(active, dtype=bool))


def _step(number: int, step: Any) -> tuple[list[float], list[bool]]:
    start = step.get("start") if isinstance(step, dict) else None
    if type(start) not in (int, float) or abs(start - number * STEP) > START_TOLERANCE:
        raise ValueError(f"step {number} begins at {start!r:.40}; let one begin every 5 seconds")
    probabilities, active = step.get("probabilities"), step.get("active")
    if not isinstance(probabilities, dict) or probabilities.keys() != set(KEYS):
        raise ValueError(f"step {number} has not the probabilities of the nine classes; give all of them")
    if not isinstance(active, list) or any(key not in KEYS for key in active) or len(active) > len(KEYS):
        raise ValueError(f'step {number} has no list "active" of classes; name those that play')
    shares = [share(probabilities[key], f"step {number}: the probability of {key}") for key in KEYS]
    return shares, [key in active for key in KEYS]


def differ(first: Activity, second: Activity) -> bool:
    """Whether the probabilities are not as before."""
    if first.probabilities.shape != second.probabilities.shape:
        return True
    return bool((np.abs(first.probabilities - second.probabilities) > TOLERANCE).any())


def measure(prepared: Prepared, labels: Mapping[str, Any], found: Mapping[str, Activity]) -> dict[str, Any]:
    """Scores with intervals over tracks, beside "everything is on" and constant probabilities."""
    truths = [np.array(rows, dtype=np.int64) for rows in labels["targets"]]
    targets = np.concatenate(truths)
    completed = [
        complete(truth, found.get(name)) for name, truth in zip(labels["inputs"], truths, strict=True)
    ]
    probabilities = np.concatenate([each.probabilities for each in completed])
    active = np.concatenate([each.active for each in completed])
    groups = np.repeat(labels["groups"], [len(truth) for truth in truths])
    of_active = evaluate(targets, active.astype(np.float64), labels=CLASSES, groups=groups)
    of_probabilities = evaluate(targets, probabilities, labels=CLASSES, groups=groups)
    # Constant probabilities rank nothing, whichever they are: their average precision is a class' share.
    constant = of_probabilities["everything_on_mean_average_precision"]
    return {
        **selected(of_active, F1_KEYS, BASELINES),
        **selected(of_probabilities, RANKING_KEYS),
        "prevalence_mean_average_precision": constant,
    }


def complete(truth: NDArray[np.int64], said: Activity | None) -> Activity:
    """What was said of the steps of `truth` (steps, 9); all wrong where nothing was."""
    probabilities, active = 1.0 - truth, truth == 0
    if said is not None:
        steps = min(len(truth), len(said.active))
        probabilities[:steps], active[:steps] = said.probabilities[:steps], said.active[:steps]
    return Activity(probabilities, active)
