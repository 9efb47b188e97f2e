"""The activity of a whole track as a picture: a row per class, time across, prediction above truth.

Drawn from above: how probable each class is at every moment, if known; in every step; where its probability
reaches its threshold; and where it sounds in truth. What is right, missed and wrongly heard differs in
colour (Okabe and Ito 2008), and for print in grey in its filling too: full, dotted, hatched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MultipleLocator
from numpy.typing import ArrayLike, NDArray

from common.plots import GRID, OKABE_ITO, literal
from hw1_instrument_detection.activity_table import clock
from hw1_instrument_detection.classes import CLASSES, NUM_CLASSES

BLUE, VERMILION, YELLOW = OKABE_ITO[0], OKABE_ITO[1], OKABE_ITO[4]
TICK_SECONDS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
MOST_TICKS = 9
MOST_STEP_LINES = 150  # more of them would hide what they separate
MOST_COLUMNS = 1200  # of a heat map, fewer than its pixels: more moments are drawn as means over several
BAR_HEIGHT = 0.78  # of the row


class Look(NamedTuple):
    """How a kind of bar is drawn."""

    label: str
    face: str
    edge: str
    hatch: str | None


PLAYS = Look("on", BLUE, BLUE, None)
CORRECT = Look("on, correct", BLUE, BLUE, None)
FALSE_ALARM = Look("on, but not in truth (false alarm)", YELLOW, "black", "////")
MISSED = Look("off, but in truth (missed)", "#FBE6DA", VERMILION, "....")
TRUE = Look("sounds in truth", "#444444", "#444444", None)


def activity_figure(
    probabilities: ArrayLike,
    thresholds: ArrayLike,
    *,
    step_seconds: float,
    title: str,
    truth: ArrayLike | None = None,
    frame_probabilities: ArrayLike | None = None,
    frames_per_second: float | None = None,
) -> Figure:
    """Probabilities, what they say at the thresholds, and the truth, of one track.

    probabilities (steps, 9) of steps of `step_seconds`; thresholds (9,): a class is on from there; truth
    (steps, 9) of 0 and 1; frame_probabilities (frames, 9), `frames_per_second` of them. Errors: ValueError
    for shapes that do not fit.
    """
    probabilities = _rows(probabilities, "probabilities")
    active = probabilities >= np.asarray(thresholds, dtype=np.float64)
    on_off = ["predicted"] if truth is None else ["predicted", "truth"]
    finer = [] if frame_probabilities is None else ["moments"]
    figure, panels = _panels([*finer, "steps", *on_off], title)
    images = [draw_heat(panels["steps"], probabilities, step_seconds)]
    panels["steps"].set_title(f"probability, per {step_seconds:g} s", loc="left", fontsize="medium")
    if frame_probabilities is not None:
        if not frames_per_second:
            raise ValueError("frame_probabilities need frames_per_second, got none")
        draw_heat(panels["moments"], _rows(frame_probabilities, "frame_probabilities"), 1 / frames_per_second)
        panels["moments"].set_title("probability at each moment", loc="left", fontsize="medium")
    _write_thresholds(panels["predicted"], thresholds)
    looks = draw_decisions(panels, active, None if truth is None else _rows(truth, "truth"), step_seconds)
    for axes in panels.values():
        _draw_steps(axes, len(probabilities), step_seconds)
    _time_axis(list(panels.values())[-1], len(probabilities) * step_seconds)
    heats = [panels[name] for name in ("moments", "steps") if name in panels]
    figure.colorbar(images[0], ax=heats, label="probability", aspect=12 * len(heats), pad=0.01, fraction=0.04)
    patches = [Patch(facecolor=o.face, edgecolor=o.edge, hatch=o.hatch, label=o.label) for o in looks]
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), frameon=False)
    return figure


def draw_heat(axes: Axes, probabilities: NDArray, seconds: float) -> AxesImage:
    """Probabilities (moments, 9), one for every `seconds`, as colour: white for 0, dark blue for 1."""
    edges = np.linspace(0, len(probabilities), min(len(probabilities), MOST_COLUMNS) + 1).round().astype(int)
    columns = np.add.reduceat(probabilities, edges[:-1]) / np.diff(edges)[:, None]
    extent = (0, len(probabilities) * seconds, NUM_CLASSES - 0.5, -0.5)
    return axes.imshow(
        columns.T, aspect="auto", extent=extent, cmap="Blues", vmin=0, vmax=1, interpolation="nearest"
    )


def draw_decisions(
    panels: dict[str, Axes], active: NDArray, truth: NDArray | None, step_seconds: float
) -> list[Look]:
    """What is on, (steps, 9) bool, into "predicted", and `truth` into "truth". Returns the looks used."""
    if truth is None:
        panels["predicted"].set_title("on or off at the thresholds", loc="left", fontsize="medium")
        draw_bars(panels["predicted"], active, step_seconds, PLAYS)
        return [PLAYS]
    if truth.shape != active.shape:
        raise ValueError(f"truth must be as probabilities, got {truth.shape} and {active.shape}")
    panels["predicted"].set_title("prediction: on or off at the thresholds", loc="left", fontsize="medium")
    panels["truth"].set_title("truth", loc="left", fontsize="medium")
    truth = truth > 0.5
    draw_bars(panels["predicted"], active & truth, step_seconds, CORRECT)
    draw_bars(panels["predicted"], active & ~truth, step_seconds, FALSE_ALARM)
    draw_bars(panels["predicted"], ~active & truth, step_seconds, MISSED)
    draw_bars(panels["truth"], truth, step_seconds, TRUE)
    return [CORRECT, FALSE_ALARM, MISSED, TRUE]


def draw_bars(axes: Axes, on: NDArray, step_seconds: float, look: Look) -> None:
    """A bar for every run of steps in which a class is on, (steps, 9) bool."""
    for row in range(NUM_CLASSES):
        bars = [(first * step_seconds, (end - first) * step_seconds) for first, end in runs(on[:, row])]
        axes.broken_barh(
            bars,
            (row - BAR_HEIGHT / 2, BAR_HEIGHT),
            facecolor=look.face,
            edgecolor=look.edge,
            hatch=look.hatch,
            linewidth=0.6 if look.hatch and len(on) <= MOST_STEP_LINES else 0,
        )


def runs(on: NDArray) -> list[tuple[int, int]]:
    """The stretches of a row (steps,) bool that are true: first step, and the one after the last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], on, [False]]).astype(np.int8)))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def _panels(names: Sequence[str], title: str) -> tuple[Figure, dict[str, Axes]]:
    """Panels below one another with a common time axis, a row per class."""
    figure = Figure(figsize=(11.0, 2.05 * len(names) + 1.1), layout="constrained")
    figure.suptitle(literal(title))
    grid = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    for axes in grid:
        axes.set_yticks(range(NUM_CLASSES), CLASSES, fontsize="small")
        axes.set_ylim(NUM_CLASSES - 0.5, -0.5)
        axes.tick_params(axis="y", length=0)
    return figure, dict(zip(names, grid, strict=True))


def _write_thresholds(axes: Axes, thresholds: ArrayLike) -> None:
    """The threshold of each class at the right of its row."""
    thresholds = np.asarray(thresholds, dtype=np.float64)
    if thresholds.shape != (NUM_CLASSES,):
        raise ValueError(f"thresholds must be ({NUM_CLASSES},), got {thresholds.shape}")
    for row, value in enumerate(thresholds):
        axes.annotate(
            f"≥ {value:.2f}",
            (1, row),
            (5, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            va="center",
            fontsize="small",
            color="#444444",
        )


def _draw_steps(axes: Axes, steps: int, step_seconds: float) -> None:
    """Lines between the rows, and between the steps where they are few."""
    axes.hlines(np.arange(NUM_CLASSES - 1) + 0.5, 0, steps * step_seconds, color=GRID, linewidth=0.6)
    if steps <= MOST_STEP_LINES:
        edges = step_seconds * np.arange(1, steps)
        axes.vlines(edges, -0.5, NUM_CLASSES - 0.5, color=GRID, linewidth=0.6)


def _time_axis(axes: Axes, duration: float) -> None:
    """Minutes and seconds from 0 to `duration` (s)."""
    axes.set_xlim(0, duration)
    every = next((tick for tick in TICK_SECONDS if duration / tick <= MOST_TICKS), TICK_SECONDS[-1])
    axes.xaxis.set_major_locator(MultipleLocator(every))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda seconds, _: clock(seconds)))
    axes.set_xlabel("time (min:s)")


def _rows(values: ArrayLike, name: str) -> NDArray:
    """`values` as floats (moments, 9), at least one of them."""
    values = np.asarray(values, dtype=np.float64)
    if values.ndim != 2 or values.shape[1] != NUM_CLASSES or not len(values):
        raise ValueError(f"{name} must be (at least one, {NUM_CLASSES}), got {values.shape}")
    return values
