"""The activity of a recording in words and numbers: on the screen, as CSV, as JSON.

Classes come in the order of their strength: how far the log odds of their mean probability lie above those of
their threshold. A probability of 0.4 is much for a class that plays from 0.1 on, little for one with 0.5.
"""

from __future__ import annotations

import csv
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hw1_instrument_detection.classes import CLASSES, KEYS
from hw1_instrument_detection.streaming import Activity

SHADES = "·░▒▓█"  # of a stretch of steps: none is active, up to a third, up to two, some more, all
PLAIN_SHADES = ".-+*#"  # for a terminal that cannot show those
SMALLEST = 1e-6  # a probability of 0 or 1 counts as this far away from it
DIGITS = 6  # of probabilities in JSON and CSV
MOST_COLUMNS = 120  # of the strip, however wide the terminal is
FIRST_COLUMNS = max(map(len, CLASSES)) + 35  # name, shares, times


@dataclass(frozen=True)
class ClassSummary:
    """One class in a whole recording.

    active_share: of the steps, 0 to 1; first, last: seconds at which it first begins and last ends to play,
    or None if it never does; strength: see above, positive where the mean probability passes the threshold.
    """

    index: int
    active_share: float
    mean_probability: float
    strength: float
    first: float | None
    last: float | None


def summarize(activity: Activity) -> list[ClassSummary]:
    """The classes of a recording, strongest first."""
    means = activity.probabilities.mean(axis=0)
    strengths = log_odds(means) - log_odds(activity.thresholds)
    summaries = []
    for index in np.argsort(-strengths, kind="stable"):
        active = activity.active[:, index]
        steps = np.flatnonzero(active)
        summaries.append(
            ClassSummary(
                int(index),
                float(active.mean()),
                float(means[index]),
                float(strengths[index]),
                float(activity.edges[steps[0]]) if len(steps) else None,
                float(activity.edges[steps[-1] + 1]) if len(steps) else None,
            )
        )
    return summaries


def log_odds(probability: NDArray) -> NDArray:
    """log(p / (1 - p)), of any shape, finite for 0 and 1 too."""
    probability = np.clip(probability, SMALLEST, 1 - SMALLEST)
    return np.log(probability) - np.log1p(-probability)


def table(path: Path, activity: Activity, *, width: int) -> str:
    """What the screen shows of a file: a line for each class, strongest first, not longer than `width`."""
    columns = max(10, min(width - FIRST_COLUMNS, MOST_COLUMNS, len(activity.probabilities)))
    end = clock(activity.duration)
    axis = "0:00" + end.rjust(columns - 4) if columns >= 5 + len(end) else ""
    name = max(map(len, CLASSES))
    lines = [
        f"{path}: {extent(activity)}",
        f"{'':{name}}  active   mean     from       to  {axis}".rstrip(),
    ]
    for of_class in summarize(activity):
        shares = f"{of_class.active_share:6.0%}  {of_class.mean_probability:5.3f}"
        times = f"{clock(of_class.first):>7}  {clock(of_class.last):>7}"
        strip = activity_strip(activity.active[:, of_class.index], columns)
        lines.append(f"{CLASSES[of_class.index]:{name}}  {shares}  {times}  {strip}")
    return "\n".join(lines)


def extent(activity: Activity) -> str:
    """3:25, 41 steps of 5 s."""
    steps = len(activity.probabilities)
    return f"{clock(activity.duration)}, {steps} step{'s' * (steps > 1)} of {activity.step_seconds:g} s"


def activity_strip(active: NDArray, columns: int) -> str:
    """Steps, true where active, (steps,), as a character each, or as `columns` ones if there are more."""
    columns = min(columns, len(active))
    edges = np.linspace(0, len(active), columns + 1).round().astype(int)
    shares = np.add.reduceat(active.astype(float), edges[:-1]) / np.diff(edges)
    levels = np.where(shares == 1, 4, np.ceil(3 * shares)).astype(int)
    shades = shades_of(getattr(sys.stdout, "encoding", None))
    return "".join(shades[level] for level in levels)


def shades_of(encoding: str | None) -> str:
    """SHADES if the encoding has them."""
    try:
        SHADES.encode(encoding or "ascii")
    except UnicodeEncodeError:
        return PLAIN_SHADES
    return SHADES


def clock(seconds: float | None) -> str:
    """0:07, 12:30 or 1:02:05, whole seconds that have passed, as players count; a dash for None."""
    if seconds is None:
        return "-"
    minutes, second = divmod(int(seconds + 1e-6), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02d}:{second:02d}" if hours else f"{minute}:{second:02d}"


def to_json(activity: Activity) -> dict[str, Any]:
    """All about a recording but its name: duration, classes strongest first, activity step by step."""
    return {
        "duration": round(activity.duration, DIGITS),
        "step_seconds": activity.step_seconds,
        "classes": {
            KEYS[of_class.index]: {
                "active_share": round(of_class.active_share, DIGITS),
                "mean_probability": round(of_class.mean_probability, DIGITS),
            }
            for of_class in summarize(activity)
        },
        "activity": [
            {
                "start": round(float(start), DIGITS),
                "end": round(float(end), DIGITS),
                "probabilities": {
                    key: round(float(value), DIGITS) for key, value in zip(KEYS, probabilities, strict=True)
                },
                "active": [key for key, active in zip(KEYS, actives, strict=True) if active],
            }
            for start, end, probabilities, actives in rows(activity)
        ],
    }


def to_csv(activity: Activity, *, file: str | None = None, header: bool = True) -> str:
    """A line for each step: its seconds, the probability of each class, 1 or 0 for each class.

    With `file` the first column says of which file.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if header:
        names = [f"{key}_probability" for key in KEYS] + [f"{key}_active" for key in KEYS]
        writer.writerow(["file"] * (file is not None) + ["start", "end", *names])
    for start, end, probabilities, actives in rows(activity):
        seconds = [f"{time:.3f}" for time in (start, end)]
        values = [f"{probability:.{DIGITS}f}" for probability in probabilities]
        writer.writerow([file] * (file is not None) + seconds + values + [int(active) for active in actives])
    return text.getvalue()


def rows(activity: Activity):
    """Of each step: start, end (s), probabilities (9,), whether each class is active (9,)."""
    return zip(activity.edges[:-1], activity.edges[1:], activity.probabilities, activity.active, strict=True)
