"""Figures of detection, a panel or a row for each class: precision-recall, reliability, scores of models.

Like `common.plots`, whose colours they share and whose `save` writes them: each function returns a
`matplotlib.figure.Figure` of its own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from common.plots import GRID, OKABE_ITO, literal

BLUE, VERMILION, GREEN = OKABE_ITO[:3]
GREY = "#777777"
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "ooo", "---")  # models differ in them too, for print in grey
MOST_COLUMNS = 3  # panels beside one another


class PrecisionRecallPanel(NamedTuple):
    """The curve of one class: recall and precision (thresholds,), and the point that was chosen on it.

    `prevalence`: share of the items that have the class, the precision of everything on.
    """

    label: str
    recall: NDArray
    precision: NDArray
    average_precision: float
    prevalence: float
    chosen: tuple[float, float] | None = None  # recall, precision


class ReliabilityPanel(NamedTuple):
    """Of one class: mean probability, share of positives (NaN for an empty bin) and items of each bin."""

    label: str
    probability: NDArray
    share: NDArray
    count: NDArray
    error: float


class ModelScores(NamedTuple):
    """A model's score of each class, (classes,), and unless they are None the ends of the intervals."""

    name: str
    values: ArrayLike
    low: ArrayLike | None = None
    high: ArrayLike | None = None


def precision_recall_figure(panels: Sequence[PrecisionRecallPanel], *, title: str = "") -> Figure:
    """A panel for each class: its curve, the chosen point, and what everything on would reach.

    A class that no item has keeps an empty panel that says so.
    """
    figure, grid = _grid(len(panels), title, "recall", "precision")
    for axes, panel in zip(grid, panels, strict=True):
        axes.set_title(f"{panel.label}, AP {_text(panel.average_precision)}", fontsize="medium")
        if math.isnan(panel.average_precision):
            axes.text(0.5, 0.5, "no item has it", ha="center", va="center", color=GREY)
            continue
        axes.axhline(panel.prevalence, color=VERMILION, linestyle="--", label="everything on")
        # Precision between two thresholds is that of the next: a staircase, as average precision sums it.
        recall, precision = np.concatenate([[0], panel.recall]), np.concatenate([[1], panel.precision])
        axes.step(recall, precision, where="pre", color=BLUE, linewidth=1.3, label="at every threshold")
        if panel.chosen is not None:
            axes.plot(*panel.chosen, "o", markersize=7, color="black", label="at the chosen threshold")
    _legend(figure, grid)
    return figure


def reliability_figure(panels: Sequence[ReliabilityPanel], *, title: str = "") -> Figure:
    """A panel for each class with its calibration error: how often it is there for each probability given.

    The grey bars say which share of the items got that probability. On the diagonal a probability means what
    it says; below it the class is there less often than said.
    """
    figure, grid = _grid(len(panels), title, "probability given", "share that has the class")
    for axes, panel in zip(grid, panels, strict=True):
        axes.set_title(f"{panel.label}, error {_text(panel.error)}", fontsize="medium")
        bins = len(panel.count)
        shares = panel.count / max(1, panel.count.sum())
        where = (np.arange(bins) + 0.5) / bins
        axes.bar(where, shares, 0.9 / bins, color="#CCCCCC", label="share of the items")
        axes.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="as said")
        filled = panel.count > 0
        probability, share = panel.probability[filled], panel.share[filled]
        axes.plot(probability, share, color=BLUE, linewidth=1)
        sizes = 10 + 90 * shares[filled]  # a dot of few items says little
        axes.scatter(probability, share, sizes, color=BLUE, zorder=3, clip_on=False, label="as it is")
    _legend(figure, grid)
    return figure


def class_score_figure(
    labels: Sequence[str],
    models: Sequence[ModelScores],
    *,
    value_label: str,
    baseline: tuple[str, ArrayLike] | None = None,
    title: str = "",
) -> Figure:
    """Bars of each class, one for each model with its interval, first class on top.

    `baseline`: a name and the trivial score of each class (classes,), marked across its bars.
    """
    if not models:
        raise ValueError("models must have at least one entry, got none")
    models = [ModelScores(*model) for model in models]
    height = 0.8 / len(models)
    rows = np.arange(len(labels))
    figure = Figure(figsize=(7.5, (0.24 * len(models) + 0.24) * len(labels) + 1.4), layout="constrained")
    axes = figure.add_subplot(title=literal(title), xlabel=literal(value_label))
    for index, model in enumerate(models):
        at = rows - 0.4 + (index + 0.5) * height
        face, hatch = OKABE_ITO[(5 - index) % len(OKABE_ITO)], HATCHES[index % len(HATCHES)]
        values = np.nan_to_num(_floats(model.values, len(labels)))
        axes.barh(
            at, values, 0.9 * height, color=face, hatch=hatch, edgecolor="white", label=literal(model.name)
        )
        if model.low is not None and model.high is not None:
            _draw_intervals(
                axes, at, values, _floats(model.low, len(labels)), _floats(model.high, len(labels))
            )
    if baseline is not None:
        name, values = baseline
        values = _floats(values, len(labels))
        axes.vlines(values, rows - 0.45, rows + 0.45, color=VERMILION, linewidth=2.2, label=name)
    axes.set_yticks(rows, labels)
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(0, 1), ylim=(len(labels) - 0.5, -0.5))
    _clean(axes)
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def _draw_intervals(axes: Axes, at: NDArray, values: NDArray, low: NDArray, high: NDArray) -> None:
    """The intervals that are known; the value need not lie within."""
    known = ~np.isnan(low) & ~np.isnan(high)
    axes.hlines(at[known], low[known], high[known], color="black", linewidth=1.2)
    for ends in (low, high):
        axes.plot(ends[known], at[known], "|", color="black", markersize=6)


def _grid(count: int, title: str, xlabel: str, ylabel: str) -> tuple[Figure, list[Axes]]:
    """Square panels with both axes from 0 to 1, and a figure around them."""
    if count < 1:
        raise ValueError("panels must have at least one entry, got none")
    columns = min(MOST_COLUMNS, count)
    rows = -(-count // columns)
    figure = Figure(figsize=(3.1 * columns + 0.4, 2.9 * rows + 0.8), layout="constrained")
    figure.suptitle(literal(title))
    grid = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    for axes in grid[count:]:
        axes.set_visible(False)
    for number, axes in enumerate(grid[:count]):
        axes.set(xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal")
        if number + columns >= count:  # the lowest one of each column
            axes.set_xlabel(xlabel)
        if number % columns == 0:
            axes.set_ylabel(ylabel)
        _clean(axes)
    return figure, grid[:count]


def _legend(figure: Figure, grid: Sequence[Axes]) -> None:
    """One legend for all panels, whatever each of them shows."""
    handles: Mapping[str, object] = {}
    for axes in grid:
        handles = dict(zip(*axes.get_legend_handles_labels()[::-1], strict=True)) | handles
    if handles:
        figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=3, frameon=False)


def _clean(axes: Axes) -> None:
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _floats(values: ArrayLike, count: int) -> NDArray[np.float64]:
    """Values (count,) as floats, None as NaN."""
    values = np.array([math.nan if value is None else float(value) for value in values])
    if values.shape != (count,):
        raise ValueError(f"every class needs one value, got {values.shape[0]} for {count} classes")
    return values


def _text(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
