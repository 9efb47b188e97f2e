"""HW0: top-1, top-3 and macro F1 over all notes, from the "top3" of each.

A note without an answer, or with one that is none (an unknown family, one twice, a probability that is none),
was taken for another family: it counts as wrong at every k.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.metrics.classification import evaluate
from grading.prepared import Prepared
from grading.scoring.answers import Answers, read_list, share
from grading.scoring.select import selected
from hw0_note_classification.note_index import FAMILIES

TOP = 3
TOLERANCE = 1e-3  # of probabilities, when the same is asked again
KEYS = ("top1", "top3", "macro_f1")
BASELINES = ("baseline_majority_top1", "baseline_majority_top3", "baseline_majority_macro_f1")

Top = dict[str, float]  # probability by family, likeliest first


def read(folder: Path, names: Mapping[str, str], labels: Mapping[str, Any]) -> Answers:
    """What was printed."""
    return read_list(folder, names, parse)


def parse(row: dict[str, Any]) -> Top:
    """The families of an answer. Errors: ValueError."""
    entries = row.get("top3")
    if not isinstance(entries, list) or not 1 <= len(entries) <= TOP:
        raise ValueError('"top3" is no list of 1 to 3 families; give the likeliest first')
    found: Top = {}
    for entry in entries:
        family = entry.get("family") if isinstance(entry, dict) else None
        if family not in FAMILIES or family in found:
            raise ValueError(f"family {family!r:.40} is unknown or stands twice; give NSynth's names")
        found[family] = share(entry.get("probability"), f"the probability of {family}")
    return found


def differ(first: Top, second: Top) -> bool:
    """Whether a family is not as probable as before; one that is not named is at most as the last one."""
    lowest = [min(top.values()) for top in (first, second)]
    return any(
        abs(first.get(family, lowest[0]) - second.get(family, lowest[1])) > TOLERANCE
        for family in first.keys() | second.keys()
    )


def measure(prepared: Prepared, labels: Mapping[str, Any], found: Mapping[str, Top]) -> dict[str, Any]:
    """Scores with intervals over instruments, beside those of the commonest training families."""
    targets = np.array(labels["families"], dtype=np.int64)
    metrics = evaluate(
        targets,
        scores_of(targets, [found.get(name, {}) for name in labels["inputs"]]),
        labels=FAMILIES,
        train_counts=labels["train_counts"],
        groups=labels["groups"],
    )
    return selected(metrics, KEYS, BASELINES)


def scores_of(targets: NDArray[np.int64], answers: list[Top]) -> NDArray[np.float64]:
    """(notes, families): what is named, in its order, above all else, and the truth last if it is not."""
    scores = np.zeros((len(targets), len(FAMILIES)))
    scores[np.arange(len(targets)), targets] = -1.0
    for row, top in zip(scores, answers, strict=True):
        for place, family in enumerate(top):
            row[FAMILIES.index(family)] = TOP - place
    return scores
