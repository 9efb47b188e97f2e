"""The distribution of the final scores as a figure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from common import plots

BINS = 20  # of 5 points each where the most is 100


def distribution_figure(scores: Sequence[float], *, most: float, title: str) -> Figure:
    """Histogram of scores from 0 to `most` with their median; scores beyond, set by hand, widen it."""
    most = max([most, *scores])
    figure = Figure(figsize=(7.0, 3.6), layout="constrained")
    axes = figure.add_subplot(xlabel="final score", ylabel="students")
    if scores:
        axes.hist(scores, bins=BINS, range=(0, most), color=plots.OKABE_ITO[5], edgecolor="white")
        axes.axvline(median(scores), color=plots.OKABE_ITO[1], linestyle="--")
        axes.set_title(plots.literal(f"{title}, median {median(scores):.1f} (dashed)"))
    else:
        axes.text(0.5, 0.5, "no score yet", transform=axes.transAxes, ha="center", color="#777777")
        axes.set_title(plots.literal(title))
    axes.set_xlim(0, most)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axes.grid(color=plots.GRID, linewidth=0.8, axis="y")
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    return figure
