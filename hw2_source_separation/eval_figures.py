"""The figures of eval.py: SDR of every song, over epochs, of models side by side; and one song in detail.

Wherever a model is drawn, floor (the mixture as estimate) and ceiling (ideal ratio mask) are beside it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from common.metrics.separation import Metrics, column
from common.metrics.separation.evaluation import IDEAL, MIXTURE
from common.plots import GRID, MARKERS, OKABE_ITO, SpectrogramPanel, draw_spectrogram, literal
from hw2_source_separation.reports import shortened
from hw2_source_separation.spectrogram_picture import HIGHEST, LOWEST, ROWS, log_spectrogram

BLUE, VERMILION, GREEN = OKABE_ITO[:3]
GREY = "#777777"
WINDOW_RANGE = 25.0  # dB
SPECTROGRAM_RANGE = 70.0  # dB below the loudest of all panels
LONGEST_NAME = 34  # letters of a song's name beside an axis
SDR = "SDR, dB"


class Windows(NamedTuple):
    """SDR of the 1-s windows of a song, each (outputs, windows), NaN where there is none."""

    model: NDArray
    mixture: NDArray
    ideal_ratio_mask: NDArray


class Point(NamedTuple):
    """SDR of every output after an epoch, (outputs,) each, with the ends of the intervals, NaN if unknown."""

    epoch: int
    value: NDArray
    low: NDArray
    high: NDArray

    @classmethod
    def of(cls, epoch: int, metrics: Metrics, outputs: Sequence[str], *, key: str = "") -> Point:
        """From metrics such as "epoch_025_vocals_sdr", with "epoch_025_" as key."""
        ends = ("", "_low", "_high")
        values = [[_float(metrics[f"{key}{output}_sdr{end}"]) for output in outputs] for end in ends]
        return cls(epoch, *map(np.array, values))


def songs_figure(songs: Mapping[str, Metrics], outputs: Sequence[str], *, title: str) -> Figure:
    """A line for each song from the mixture's SDR to that of the ideal mask, with the model's on it.

    The song with the best first output is on top.
    """
    order = np.argsort(np.nan_to_num(column(songs, f"{outputs[0]}_sdr"), nan=-np.inf))  # lowest first
    figure = Figure(figsize=(3.2 * len(outputs) + 2.6, 0.24 * len(songs) + 1.7), layout="constrained")
    figure.suptitle(literal(title))
    grid = figure.subplots(1, len(outputs), squeeze=False, sharey=True)[0]
    rows = np.arange(len(songs))
    for axes, output in zip(grid, outputs, strict=True):
        model, floor, ceiling = (
            column(songs, f"{prefix}{output}_sdr")[order] for prefix in ("", MIXTURE, IDEAL)
        )
        axes.hlines(rows, np.fmin(floor, model), np.fmax(ceiling, model), color="#BBBBBB", linewidth=1.4)
        axes.plot(floor, rows, "s", color=GREY, markersize=4.5, label="mixture")
        axes.plot(ceiling, rows, "^", color=GREEN, markersize=5, label="ideal mask")
        axes.plot(model, rows, "o", color=BLUE, markersize=6, label="model")
        axes.axvline(np.nanmedian(model), color=BLUE, linestyle=":", linewidth=1, label="model, median")
        axes.set(xlabel=SDR, ylim=(-0.7, len(songs) - 0.3))
        axes.set_title(output, fontsize="medium")
        _clean(axes)
        axes.grid(visible=False, axis="y")
    names = [literal(shortened(list(songs)[index], LONGEST_NAME)) for index in order]
    grid[0].set_yticks(rows, names, fontsize="small")
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def epochs_figure(
    points: Sequence[Point], outputs: Sequence[str], *, floor: ArrayLike, best: Point | None, title: str
) -> Figure:
    """SDR of each output over the epochs that were kept, with 95 % intervals; the best one is ringed.

    floor: the mixture's SDR, (outputs,): written above, as it would squeeze what differs.
    """
    figure = Figure(figsize=(3.4 * len(outputs) + 0.4, 3.4), layout="constrained")
    figure.suptitle(literal(title))
    grid = figure.subplots(1, len(outputs), squeeze=False)[0]
    for index, (axes, output) in enumerate(zip(grid, outputs, strict=True)):
        epochs = [point.epoch for point in points]
        value, low, high = (
            np.array([getattr(point, name)[index] for point in points]) for name in ("value", "low", "high")
        )
        _error_bars(axes, epochs, value, low, high)
        if best is not None:
            label = f"best on validation ({best.epoch})"
            axes.vlines(best.epoch, best.low[index], best.high[index], color="black", linewidth=1.5)
            axes.plot(best.epoch, best.value[index], "o", markersize=12, fillstyle="none", color="black")
            axes.plot([], [], "o", markersize=9, fillstyle="none", color="black", label=label)
        axes.set(xlabel="epoch", ylabel=SDR if index == 0 else "")
        axes.set_title(f"{output} (mixture: {np.asarray(floor)[index]:.2f})", fontsize="medium")
        axes.set_xticks(epochs)
        axes.margins(x=0.1)
        _clean(axes)
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, frameon=False)
    return figure


def comparison_figure(models: Mapping[str, Metrics], outputs: Sequence[str], *, title: str) -> Figure:
    """SDR of the models, a panel for each output, with intervals over songs, between floor and ceiling."""
    first = next(iter(models.values()))
    figure = Figure(figsize=(3.2 * len(outputs) + 1.6, 0.4 * len(models) + 1.9), layout="constrained")
    figure.suptitle(literal(title))
    grid = figure.subplots(1, len(outputs), squeeze=False, sharey=True)[0]
    for axes, output in zip(grid, outputs, strict=True):
        key = f"{output}_sdr"
        for row, (metrics, color) in enumerate(zip(models.values(), _colors(len(models)), strict=True)):
            value, low, high = (_float(metrics.get(f"{key}{end}")) for end in ("", "_low", "_high"))
            axes.hlines(row, low, high, color=color, linewidth=2)
            axes.plot(value, row, MARKERS[row % len(MARKERS)], color=color, markersize=7)
            axes.annotate(
                "-" if np.isnan(value) else f"{value:.2f}",
                (value if np.isfinite(value) else 0, row),
                xytext=(0, 6),
                textcoords="offset points",
                ha="center",
                fontsize="small",
            )
        for prefix, name, color, style in (
            (MIXTURE, "mixture", VERMILION, "--"),
            (IDEAL, "ideal mask", GREEN, "-."),
        ):
            axes.axvline(_float(first.get(f"{prefix}{key}")), color=color, linestyle=style, label=name)
        axes.set(xlabel=f"{SDR}, 95 % over songs", ylim=(len(models) - 0.5, -0.6))
        axes.set_title(output, fontsize="medium")
        axes.margins(x=0.1)
        _clean(axes)
        axes.grid(visible=False, axis="y")
    grid[0].set_yticks(range(len(models)), [literal(shortened(name, LONGEST_NAME)) for name in models])
    figure.legend(*grid[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return figure


def windows_figure(
    windows: Windows, outputs: Sequence[str], levels: NDArray, *, heard: str, title: str
) -> Figure:
    """SDR of each second of a song, a panel for each output; above, how loud the output `heard` is in truth.

    levels: root mean square of each second, (seconds,). Gaps: seconds without an SDR. What is further than
    WINDOW_RANGE from the middle is cut off: a second that fades into silence would squeeze all others.
    """
    figure = Figure(figsize=(9.0, 1.2 + 1.5 + 1.9 * len(outputs)), layout="constrained")
    figure.suptitle(literal(title))
    ratios = [0.7, *[1] * len(outputs)]
    above, *grid = figure.subplots(1 + len(outputs), 1, sharex=True, height_ratios=ratios)
    edges = np.arange(len(levels) + 1)
    above.stairs(np.maximum(_decibels(levels), -60), edges, baseline=-60, fill=True, color=OKABE_ITO[5])
    above.set(ylabel="level, dB", ylim=(-60, 0))
    above.set_title(f"true {heard}", fontsize="medium", loc="left")
    _clean(above)
    looks = (("ideal mask", GREEN, "^", 1.0), ("mixture", GREY, "s", 1.0), ("model", BLUE, "o", 1.8))
    for index, (axes, output) in enumerate(zip(grid, outputs, strict=True)):
        curves = (windows.ideal_ratio_mask, windows.mixture, windows.model)
        for (label, color, marker, width), curve in zip(looks, curves, strict=True):
            values = np.where(np.isfinite(curve[index]), curve[index], np.nan)
            middles = np.arange(len(values)) + 0.5
            median = "-" if np.isnan(values).all() else f"{np.nanmedian(values):.2f}"
            label = f"{label}, median {median}"
            size = 3.5 if len(values) <= 100 else 0
            axes.plot(
                middles, values, color=color, linewidth=width, marker=marker, markersize=size, label=label
            )
        axes.set(ylabel=SDR)
        _limit(axes, np.stack([curve[index] for curve in curves]))
        axes.set_title(output, fontsize="medium", loc="left")
        axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False, fontsize="small")
        _clean(axes)
    grid[-1].set(xlabel="time (s)", xlim=(0, max(1, len(levels))))
    return figure


def spectrograms_figure(
    mixture: NDArray,
    estimates: NDArray,
    truth: NDArray,
    outputs: Sequence[str],
    *,
    sample_rate: int,
    title: str,
) -> Figure:
    """A row for each output, estimate and truth; to their left the mixture, and errors of outputs below it.

    mixture (2, samples); estimates, truth (outputs, 2, samples). All in dB on one scale. The error of the
    last output is not drawn: with two outputs it is that of the first.
    """
    figure = Figure(figsize=(13.0, 2.5 * len(outputs) + 0.9), layout="constrained")
    figure.suptitle(literal(title))
    grid = figure.subplots(len(outputs), 3, squeeze=False)
    left = [("mixture", mixture)]
    left += [(f"error in {output}", error) for output, error in zip(outputs, estimates - truth, strict=True)]
    images, loudest = [], -np.inf
    for row, output in enumerate(outputs):
        sounds = [left[row], (f"{output}, estimate", estimates[row]), (f"{output}, truth", truth[row])]
        for axes, (name, sound) in zip(grid[row], sounds, strict=True):
            panel = _panel(name, sound, sample_rate)
            images.append(draw_spectrogram(axes, panel))
            loudest = max(loudest, float(panel.level.max()))
    for image in images:
        image.set_clim(loudest - SPECTROGRAM_RANGE, loudest)
    for axes in grid[-1]:
        axes.set_xlabel("time (s)")
    for axes in grid[:, 0]:
        axes.set_ylabel("frequency (Hz)")
    figure.colorbar(images[0], ax=grid, label="level, dB", aspect=40, pad=0.01)
    return figure


def _panel(name: str, sound: NDArray, sample_rate: int) -> SpectrogramPanel:
    """A spectrogram with a logarithmic frequency axis."""
    levels = log_spectrogram(sound, sample_rate=sample_rate)
    edges = np.geomspace(LOWEST, HIGHEST, ROWS + 1)
    centres = np.sqrt(edges[:-1] * edges[1:])
    return SpectrogramPanel(name, levels, sample_rate, sound.shape[-1] / levels.shape[1], centres)


def _limit(axes: Axes, values: NDArray) -> None:
    """Show the values that are not further than WINDOW_RANGE from their median."""
    finite = values[np.isfinite(values)]
    if len(finite):
        middle = np.median(finite)
        near = finite[np.abs(finite - middle) <= WINDOW_RANGE]
        axes.set_ylim(near.min() - 2, near.max() + 2)


def _error_bars(axes: Axes, x: Sequence[int], value: NDArray, low: NDArray, high: NDArray) -> None:
    axes.plot(x, value, "o-", color=BLUE, markersize=5, label="kept epochs, 95 % over songs")
    axes.vlines(x, low, high, color=BLUE, linewidth=1.5)


def _colors(count: int) -> list[str]:
    return [OKABE_ITO[index % len(OKABE_ITO)] for index in (0, 3, 4, 5, 6, 1, 2) * (1 + count // 7)][:count]


def _decibels(levels: NDArray) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return 20 * np.log10(levels)


def _float(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _clean(axes: Axes) -> None:
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
