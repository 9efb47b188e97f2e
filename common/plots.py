"""Figures of the assignments: confusion tables, learning curves, spectrograms, searches, comparisons.

Each function returns a `matplotlib.figure.Figure` of its own; `save` writes it. Nothing here touches pyplot,
so figures neither need a screen nor share state, and can be made in any thread.
Colours tell apart for all common kinds of colour vision: lines and bars in those of Okabe and Ito (2008),
heat maps of even lightness ("Blues", "magma").
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import ArrayLike, NDArray

from common.cli import UserError

OKABE_ITO = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = "osD^vPX"  # lines differ in their markers too, for print in grey
GRID = "#DDDDDD"
NO_ITEMS = "#EEEEEE"
DYNAMIC_RANGE = 80.0  # dB below the loudest cell, as librosa's power_to_db
HERTZ_TICKS = (60, 125, 250, 500, 1000, 2000, 4000, 8000, 16000)
DOTS_PER_INCH = 150

# No date and no version in a file: the same figure gives the same PNG and PDF again.
METADATA = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None, "Producer": None}}


class SpectrogramPanel(NamedTuple):
    """One spectrogram: power in dB (mels, frames), and the centre of each mel band in Hz (mels,)."""

    title: str
    level: NDArray
    sample_rate: int
    hop_length: int
    mel_frequencies: NDArray


class Bar(NamedTuple):
    """One bar: a value and, unless both are None, the ends of its interval."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None


def literal(text: str) -> str:
    """`text`, a file's name perhaps, so that matplotlib draws it letter by letter.

    Between two $ it expects a formula, and fails over what is none; bytes that are not UTF-8 become ?.
    """
    return text.replace("$", r"\$").encode("utf-8", errors="replace").decode()


def confusion_figure(table: ArrayLike, labels: Sequence[str], *, title: str = "") -> Figure:
    """Confusion table (classes, classes), true classes in rows: counts as text, share of the row as colour.

    Rows without any item are grey. The number of items of a class stands behind its name. The colour goes
    with the square root of the share, so that confusions of a few percent still show.
    """
    table = np.asarray(table)
    if table.shape != (len(labels), len(labels)):
        raise ValueError(f"table must be (classes, classes) for {len(labels)} labels, got {table.shape}")
    support = table.sum(axis=1)
    shares = table / np.maximum(support, 1)[:, None]
    side = max(4.0, 0.56 * len(labels) + 1.6)
    figure = Figure(figsize=(side + 1.2, side), layout="compressed")
    axes = figure.add_subplot(title=literal(title), xlabel="predicted class", ylabel="true class (items)")
    image = axes.imshow(shares, cmap="Blues", norm=PowerNorm(0.5, vmin=0, vmax=1))
    axes.set_xticks(range(len(labels)), labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(labels)), [f"{label} ({n})" for label, n in zip(labels, support, strict=True)])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    _write_counts(axes, table, shares)
    for row in np.flatnonzero(support == 0):
        axes.add_patch(Rectangle((-0.5, row - 0.5), len(labels), 1, color=NO_ITEMS, zorder=1.5))
        axes.text((len(labels) - 1) / 2, row, "no items", ha="center", va="center", color="#777777")
    ticks = (0, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1)
    figure.colorbar(image, ax=axes, label="share of the true class", ticks=ticks, aspect=30, pad=0.02)
    return figure


def learning_curve_figure(
    history: Sequence[Mapping[str, float | None]],
    *,
    metrics: Sequence[str] | None = None,
    best_epoch: int | None = None,
) -> Figure:
    """Losses, and beside them the metrics, over the epochs of a training history.

    Each entry has "epoch" and any of "train_loss", "valid_loss" and metrics; what is missing leaves a gap.
    `metrics`: the keys of the second panel, by default all other "train_..." and "valid_..." ones.
    `best_epoch` is marked in both.
    """
    if not history:
        raise ValueError("history must have at least one epoch, got none")
    if metrics is None:
        keys = dict.fromkeys(key for entry in history for key in entry)
        metrics = [key for key in keys if key.startswith(("train_", "valid_")) and not key.endswith("_loss")]
    # Each panel with its first colour: the same colour never stands for two things.
    panels = [("loss", 0, ["train_loss", "valid_loss"])] + ([("score", 2, list(metrics))] if metrics else [])
    figure = Figure(figsize=(5.0 * len(panels), 3.6), layout="constrained")
    epochs = [entry["epoch"] for entry in history]
    for axes, (ylabel, first, keys) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True
    ):
        for index, key in enumerate(keys, start=first):
            values = [_number(entry.get(key)) for entry in history]
            if not np.isnan(values).all():
                _line(axes, epochs, values, index, label=key.replace("_", " "))
        if best_epoch is not None:
            axes.axvline(best_epoch, color="#777777", linestyle=":", label=f"best epoch ({best_epoch})")
        axes.set(xlabel="epoch", ylabel=ylabel)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        _finish(axes)
    return figure


def spectrogram_figure(
    panels: Sequence[SpectrogramPanel],
    *,
    rows: int,
    columns: int,
    title: str = "",
    dynamic_range: float = DYNAMIC_RANGE,
) -> Figure:
    """Mel spectrograms in a grid, row by row, with one dB scale for all: seconds across, Hz (mel-spaced) up.

    `dynamic_range` (dB): what lies further below the loudest cell of all panels gets the darkest colour.
    Frame t is drawn around t * hop_length / sample_rate, as in a centred STFT.
    """
    panels = [SpectrogramPanel(*panel) for panel in panels]
    if not 1 <= len(panels) <= rows * columns:
        raise ValueError(f"panels must be 1 to rows x columns = {rows * columns}, got {len(panels)}")
    figure = Figure(figsize=(3.4 * columns + 0.8, 2.4 * rows + 0.5), layout="constrained")
    figure.suptitle(literal(title))
    grid = figure.subplots(rows, columns, squeeze=False)
    loudest = max(float(np.max(panel.level)) for panel in panels)
    for axes, panel in zip(grid.flat, panels, strict=False):
        image = draw_spectrogram(axes, panel)
        image.set_clim(loudest - dynamic_range, loudest)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes in grid.flat[max(0, len(panels) - columns) : len(panels)]:  # the lowest one of each column
        axes.set_xlabel("time (s)")
    for axes in grid[:, 0]:
        axes.set_ylabel("frequency (Hz)")
    figure.colorbar(image, ax=grid, label="power (dB)", shrink=0.8, aspect=40, pad=0.01)
    return figure


def search_figure(
    rows: Sequence[Mapping[str, object]],
    *,
    parameter: str,
    curve: str | None = None,
    score: str = "score",
    std: str = "std",
    score_label: str = "cross-validated score",
) -> Figure:
    """Score of a hyper-parameter search against the value of one parameter, +- one standard deviation.

    Each row has its value under `parameter`, its `score` and, if known, its `std`; rows with another value
    under `curve` make another curve. Positive values that span a factor of 100 are drawn on a logarithmic
    axis, words as categories. The best row is ringed.
    """
    if not rows:
        raise ValueError("rows must have at least one result, got none")
    figure = Figure(figsize=(6.0, 4.0), layout="constrained")
    axes = figure.add_subplot(xlabel=parameter, ylabel=score_label)
    position = _positions(axes, [row[parameter] for row in rows])
    curves = list(dict.fromkeys(row.get(curve) for row in rows)) if curve else [None]
    for index, name in enumerate(curves):
        of_curve = [row for row in rows if curve is None or row.get(curve) == name]
        of_curve.sort(key=lambda row: position[row[parameter]])
        x = [position[row[parameter]] for row in of_curve]
        y = np.array([_number(row[score]) for row in of_curve])
        spread = np.nan_to_num([_number(row.get(std)) for row in of_curve])
        _line(axes, x, y, index, label=f"{curve} = {name}" if curve else None)
        axes.fill_between(
            x, y - spread, y + spread, color=OKABE_ITO[index % len(OKABE_ITO)], alpha=0.15, linewidth=0
        )
    _ring_best(axes, rows, parameter, score, position)
    _finish(axes)
    return figure


def bar_figure(
    bars: Sequence[Bar],
    *,
    value_label: str,
    baselines: Mapping[str, float] | None = None,
    title: str = "",
    digits: int = 3,
) -> Figure:
    """Horizontal bars with their intervals, first on top; `baselines` (name to value) are vertical lines."""
    if not bars:
        raise ValueError("bars must have at least one entry, got none")
    bars = [Bar(*bar) for bar in bars]
    figure = Figure(figsize=(7.0, 0.5 * len(bars) + 1.6), layout="constrained")
    axes = figure.add_subplot(title=literal(title), xlabel=literal(value_label))
    axes.barh(range(len(bars)), [_number(bar.value) for bar in bars], height=0.62, color=OKABE_ITO[5])
    axes.axvline(0, color="black", linewidth=0.8)
    for index, bar in enumerate(bars):
        _write_interval(axes, bar, index, digits)
    for index, (name, value) in enumerate((baselines or {}).items()):
        style = dict(color=OKABE_ITO[1 + index % 3], linestyle=("--", ":", "-.")[index % 3])
        axes.axvline(value, **style, label=f"{name} ({value:.{digits}f})")
    axes.set_yticks(range(len(bars)), [literal(bar.label) for bar in bars])
    axes.tick_params(axis="y", length=0)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    _finish(axes, legend=False)
    axes.grid(visible=False, axis="y")
    if baselines:
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure as .png, .svg or .pdf, by the name; beside it first, then renamed. Returns the path."""
    path = Path(path)
    kind = path.suffix.lower().removeprefix(".")
    if kind not in METADATA:
        raise UserError(f"{path}: no figure format of this name; end it in .png, .svg or .pdf")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        figure.savefig(unfinished, format=kind, dpi=DOTS_PER_INCH, metadata=METADATA[kind])
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return path


def _write_counts(axes: Axes, table: NDArray, shares: NDArray) -> None:
    """The count of every cell that has one; empty cells stay empty, so that the errors stand out."""
    size = min(9.0, 30.0 / len(str(table.max(initial=0))))
    for row, column in np.argwhere(table > 0):
        color = "white" if shares[row, column] > 0.52 else "black"  # contrast of 4.5 : 1 and more (WCAG 2.1)
        axes.text(column, row, str(table[row, column]), ha="center", va="center", color=color, fontsize=size)


def _write_interval(axes: Axes, bar: Bar, row: int, digits: int) -> None:
    """The interval of a bar, and its value in figures behind it."""
    end = _number(bar.value)
    if bar.low is not None and bar.high is not None:
        error = [[bar.value - bar.low], [bar.high - bar.value]]
        axes.errorbar(bar.value, row, xerr=error, ecolor="black", capsize=4, linewidth=1.2)
        end = bar.high
    text = "-" if math.isnan(end) else f"{bar.value:.{digits}f}"
    axes.annotate(text, (np.nan_to_num(end), row), (6, 0), textcoords="offset points", va="center_baseline")


def draw_spectrogram(axes: Axes, panel: SpectrogramPanel) -> AxesImage:
    """One spectrogram into axes of the caller's: seconds across, Hz (mel-spaced) up."""
    level, frequencies = np.asarray(panel.level), np.asarray(panel.mel_frequencies)
    if level.ndim != 2 or len(frequencies) != len(level) or len(level) < 2:
        raise ValueError(f"level must be (mels, frames) for {len(frequencies)} mels, got {level.shape}")
    hop = panel.hop_length / panel.sample_rate
    extent = (-hop / 2, (level.shape[1] - 0.5) * hop, -0.5, len(level) - 0.5)
    image = axes.imshow(
        level, origin="lower", aspect="auto", extent=extent, cmap="magma", interpolation="nearest"
    )
    # Rows are equally high, that is, equally spaced in mel; each tick stands where its frequency falls.
    axes.set_yticks(*_hertz_ticks(frequencies))
    axes.set_title(literal(panel.title), fontsize="medium")
    return image


def _hertz_ticks(frequencies: NDArray) -> tuple[list[float], list[str]]:
    """Rows and names of the round frequencies within the bands, from the top, none on top of another."""
    rows, names = [], []
    top = 1.001 * frequencies[-1] ** 2 / frequencies[-2]  # the upper edge of the last band
    for hertz in sorted(HERTZ_TICKS, reverse=True):
        row = float(np.interp(hertz, frequencies, np.arange(len(frequencies))))
        if frequencies[0] <= hertz <= top and (not rows or rows[-1] - row >= 0.08 * len(frequencies)):
            rows.append(row)
            names.append(str(hertz))
    return rows, names


def _positions(axes: Axes, values: Sequence[object]) -> dict[object, float]:
    """Where each parameter value stands on the x axis, which is set up for numbers or for words."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        if min(values) > 0 and max(values) / min(values) >= 100:
            axes.set_xscale("log")
        return {value: float(value) for value in values}
    words = list(dict.fromkeys(values))
    axes.set_xticks(range(len(words)), [str(word) for word in words])
    return {word: float(index) for index, word in enumerate(words)}


def _ring_best(
    axes: Axes, rows: Sequence[Mapping], parameter: str, score: str, position: Mapping[object, float]
) -> None:
    scored = [row for row in rows if not math.isnan(_number(row[score]))]
    if not scored:
        return
    best = max(scored, key=lambda row: row[score])
    ring = dict(marker="o", markersize=13, fillstyle="none", color="black", linestyle="none")
    axes.plot(position[best[parameter]], best[score], **ring, label=f"best: {best[score]:.3f}")


def _line(axes: Axes, x: Sequence[float], y: Sequence[float], index: int, label: str | None) -> None:
    color, marker = OKABE_ITO[index % len(OKABE_ITO)], MARKERS[index % len(MARKERS)]
    every = max(1, len(x) // 20)  # a long training is a line, not a chain of markers
    axes.plot(x, y, color=color, marker=marker, markersize=4.5, markevery=every, label=label)


def _finish(axes: Axes, *, legend: bool = True) -> None:
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    if legend and axes.get_legend_handles_labels()[0]:
        axes.legend(facecolor="white", edgecolor="none", framealpha=0.85)


def _number(value: object) -> float:
    return math.nan if value is None else float(value)
