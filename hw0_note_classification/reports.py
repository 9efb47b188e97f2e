"""What eval.py says, as aligned text: one model in full, several side by side, every instrument."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from common.metrics.classification import (
    Metrics,
    confusion_table,
    format_confusion,
    format_report,
    snake_case,
    top_k_hits,
    worst_confusions,
)
from common.metrics.classification.text import align
from hw0_note_classification.note_index import FAMILIES, NoteIndex

MOST_INSTRUMENTS = 20  # more fill the screen: they are shown when asked for
WORST = 8
SCORES = (("top1", "top-1"), ("top3", "top-3"), ("macro_f1", "macro F1"))


def model_report(metrics: Metrics, notes: NoteIndex, probabilities: NDArray) -> str:
    """Scores, families, confusion table and worst confusions of one model; groups are instruments."""
    table = confusion_table(notes.family, probabilities.argmax(axis=1), num_classes=len(FAMILIES))
    parts = [
        format_report(metrics, FAMILIES),
        format_confusion(table, FAMILIES),
        format_worst_confusions(table),
    ]
    return "\n\n".join(parts)


def format_worst_confusions(table: NDArray) -> str:
    """The commonest errors of a confusion table (classes, classes), one a line."""
    worst = worst_confusions(table, FAMILIES, n=WORST)
    rows = [["worst confusions", "notes", "of the family"]]
    rows += [[f"{c.true} taken for {c.predicted}", str(c.count), f"{c.share:.0%}"] for c in worst]
    return "\n".join(align(rows)) if worst else "worst confusions: none, every note is right"


def comparison_report(metrics: Mapping[str, Metrics], differences: Mapping[str, tuple[float, ...]]) -> str:
    """Models side by side, and the trivial guesses below: scores, then the F1 of every family.

    metrics: of each model by name. differences: top-1 less that of the first model, with its interval.
    """
    header = ["", "top-1", "95 % over groups", "top-3", "95 % over groups", "macro F1", "top-1 less first"]
    rows = [header]
    for name, model in metrics.items():
        row = [name]
        for key in ("top1", "top3"):
            row += [number(model[key]), interval(model[f"{key}_group_low"], model[f"{key}_group_high"])]
        row += [number(model["macro_f1"]), format_difference(differences.get(name))]
        rows.append(row)
    rows += baseline_rows(next(iter(metrics.values())))
    return "\n\n".join(["\n".join(align(rows)), format_families(metrics)])


def baseline_rows(metrics: Metrics) -> list[list[str]]:
    """What guessing reaches, as rows of the comparison; none where the training counts are unknown."""
    if "baseline_majority_top1" not in metrics:
        return []
    guesses = (("majority", "commonest in training"), ("random", "guessed by training shares"))
    return [
        [
            title,
            number(metrics[f"baseline_{guess}_top1"]),
            "",
            number(metrics[f"baseline_{guess}_top3"]),
            "",
            number(metrics.get(f"baseline_{guess}_macro_f1")),
            "",
        ]
        for guess, title in guesses
    ]


def format_families(metrics: Mapping[str, Metrics]) -> str:
    """F1 of each family, one column per model."""
    rows = [["F1", *metrics, "notes"]]
    for family in FAMILIES:
        key = snake_case(family)
        scores = [number(model[f"f1_{key}"]) for model in metrics.values()]
        rows.append([family, *scores, str(next(iter(metrics.values()))[f"support_{key}"])])
    return "\n".join(align(rows))


def instrument_report(notes: NoteIndex, probabilities: Mapping[str, NDArray]) -> str:
    """Accuracy on each instrument, one line each, and what the first model mostly hears in it.

    probabilities: (notes, 11) of each model by name.
    """
    one = len(probabilities) == 1
    columns = [f"{'' if one else name + ' '}top-{k}" for name in probabilities for k in (1, 3)]
    hits = [top_k_hits(notes.family, scores, k) for scores in probabilities.values() for k in (1, 3)]
    heard = next(iter(probabilities.values())).argmax(axis=1)
    rows = [["instrument", "notes", *columns, "mostly heard as"]]
    for instrument in np.unique(notes.instrument):
        own = notes.instrument == instrument
        name = notes[int(np.flatnonzero(own)[0])].instrument_str
        mostly = FAMILIES[np.bincount(heard[own]).argmax()]
        rows.append([name, str(own.sum()), *(number(hit[own].mean()) for hit in hits), mostly])
    return "\n".join(align(rows))


def format_difference(difference: tuple[float, ...] | None) -> str:
    """Such as `-0.041 (-0.066 to -0.012)`."""
    if difference is None:
        return "-"
    value, low, high = difference
    return f"{value:+.3f}" + ("" if np.isnan(low) else f" ({low:+.3f} to {high:+.3f})")


def number(value: float | None) -> str:
    """Three digits, or a dash for what is undefined."""
    return "-" if value is None else f"{value:.3f}"


def interval(low: float | None, high: float | None) -> str:
    """Such as `0.512 to 0.634`, or a dash."""
    return "-" if low is None or high is None else f"{low:.3f} to {high:.3f}"
