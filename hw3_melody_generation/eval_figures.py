"""The figures of eval.py: what melodies are made of, how likely the true notes are, where a model looks.

Truth is grey; models, and the baselines, which do not see the lyrics, are in the colours of `common.plots`.
Syllables of songs appear in few figures, and only in those of the run folder: most lyrics belong to somebody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from common.metrics.melody import Metrics, Windows, interval_histogram, value_histogram
from common.metrics.melody.histograms import WIDEST
from common.plots import GRID, MARKERS, OKABE_ITO, literal
from hw3_melody_generation.encoding import ATTRIBUTES
from hw3_melody_generation.eval_systems import Likelihoods
from hw3_melody_generation.songs import Lyrics

TRUTH_COLOR = "#BBBBBB"
RAREST = 0.005  # share of a duration or rest that has a place of its own
BLUE = OKABE_ITO[0]


def distributions_figure(truth: Windows, systems: Mapping[str, Windows], *, title: str) -> Figure:
    """Shares of intervals, durations and rests: bars for the truth, a line for each system."""
    figure = Figure(figsize=(9.5, 9.0), layout="constrained")
    figure.suptitle(literal(title))
    above, *below = figure.subplots(3, 1)
    everything = [truth, *systems.values()]
    shares = [_shares(interval_histogram(windows.pitch)) for windows in everything]
    names = [f"<-{WIDEST}", *map(str, range(-WIDEST, WIDEST + 1)), f">{WIDEST}"]
    _draw_shares(above, names, shares, list(systems))
    above.set(xlabel="interval to the note before, semitones", ylabel="share of intervals")
    for axes, name, label in zip(below, ATTRIBUTES[1:], ("duration", "rest before the note"), strict=True):
        values = [getattr(windows, name) for windows in everything]
        _draw_shares(axes, *value_shares(values), list(systems))
        axes.set(xlabel=f"{label}, beats", ylabel="share of notes")
    handles, labels = above.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda place: labels[place] != "truth")  # the truth first
    figure.legend(
        [handles[place] for place in order],
        [labels[place] for place in order],
        loc="outside lower center",
        ncols=min(6, len(labels)),
        frameon=False,
    )
    return figure


def value_shares(systems: Sequence[NDArray]) -> tuple[list[str], list[NDArray]]:
    """The values (W, T) of several systems as shares: the names of the bins, and (bins,) for each system.

    Values that are rare in all of them share a last bin, "other".
    """
    bins = np.unique(np.concatenate([values.ravel() for values in systems]))
    shares = np.stack([_shares(value_histogram(values, bins)) for values in systems])
    common = (shares >= RAREST).any(axis=0)
    names = [f"{value:.4g}" for value in bins[common]]
    kept = [row[common] for row in shares]
    if common.all():
        return names, kept
    rest = shares[:, ~common].sum(axis=1)
    return [*names, "other"], [np.append(row, other) for row, other in zip(kept, rest, strict=True)]


def likelihood_figure(systems: Mapping[str, Likelihoods], *, title: str) -> Figure:
    """NLL of the true notes by their place in the window, a panel for each attribute and one for their sum.

    Dashed: with the lyrics of other songs. A line that lies on its dashed one does not see the lyrics.
    """
    figure = Figure(figsize=(10.0, 6.4), layout="constrained")
    figure.suptitle(literal(title))
    columns = (slice(None), *(slice(place, place + 1) for place in range(3)))
    for axes, name, column in zip(figure.subplots(2, 2).flat, ("all", *ATTRIBUTES), columns, strict=True):
        for index, (system, told) in enumerate(systems.items()):
            color, marker = OKABE_ITO[index % len(OKABE_ITO)], MARKERS[index % len(MARKERS)]
            right = _nats(told.right, column)
            places = np.arange(1, len(right) + 1)
            axes.plot(places, right, color=color, marker=marker, markersize=3.5, label=literal(system))
            if told.wrong is not None:
                axes.plot(places, _nats(told.wrong, column), color=color, linestyle="--", linewidth=1.2)
        axes.set(
            xlabel="note of the window", ylabel="nats per note", xticks=places[:: max(1, len(places) // 10)]
        )
        axes.set_title(name, fontsize="medium")
        _clean(axes)
    axes.plot([], [], color="black", linestyle="--", label="with other songs' lyrics")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=5, frameon=False)
    return figure


def gain_figure(models: Mapping[str, Metrics], *, title: str) -> Figure:
    """How many nats per note the right lyrics are worth to each model, with 95 % intervals over songs."""
    figure = Figure(figsize=(7.5, 0.5 * len(models) + 2.6), layout="constrained")
    axes = figure.add_subplot(title=literal(title))
    keys = ("lyrics_gain", *(f"lyrics_gain_{name}" for name in ATTRIBUTES))
    height = 0.8 / max(1, len(models))
    for index, (name, metrics) in enumerate(models.items()):
        color, marker = OKABE_ITO[index % len(OKABE_ITO)], MARKERS[index % len(MARKERS)]
        for row, key in enumerate(keys):
            value, low, high = (_float(metrics.get(f"{key}{end}")) for end in ("", "_low", "_high"))
            at = row + height * (index - (len(models) - 1) / 2)
            axes.hlines(at, low, high, color=color, linewidth=2)
            axes.plot(value, at, marker, color=color, markersize=6, label=literal(name) if not row else None)
            text = "-" if np.isnan(value) else f"{value:.3f}"
            place = (np.nan_to_num(value), at)
            axes.annotate(text, place, (0, 4), textcoords="offset points", ha="center", fontsize="small")
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(keys)), ("all", *ATTRIBUTES))
    axes.set(xlabel="NLL with other songs' lyrics less NLL with the right ones, nats per note")
    axes.set_ylim(len(keys) - 0.4, -0.7)
    axes.margins(x=0.1)
    _clean(axes)
    axes.grid(visible=False, axis="y")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=4, frameon=False)
    return figure


def alignment_figure(weights: NDArray, lyrics: Lyrics, *, title: str) -> Figure:
    """Where each note of a window looks among the syllables: the mean over heads, a panel for each layer.

    weights: (layers, heads, notes, syllables), rows sum to one.
    """
    layers = np.asarray(weights).mean(axis=1)
    figure = Figure(figsize=(4.6 * len(layers) + 1.0, 5.7), layout="constrained")
    figure.suptitle(literal(title))
    syllables = [literal(syllable) for syllable in lyrics.syllables]
    for number, (axes, layer) in enumerate(
        zip(figure.subplots(1, len(layers), squeeze=False)[0], layers, strict=True)
    ):
        image = axes.imshow(layer, cmap="Blues", vmin=0, vmax=max(0.05, float(layers.max())))
        axes.set_xticks(range(len(syllables)), syllables, rotation=90, fontsize="small")
        axes.set_yticks(range(len(syllables)), range(1, len(syllables) + 1), fontsize="small")
        axes.set_title(f"layer {number + 1}", fontsize="medium")
        axes.set(xlabel="syllable", ylabel="" if number else "note")
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
    figure.colorbar(
        image, ax=figure.axes, label="attention, mean over heads", shrink=0.8, aspect=30, pad=0.01
    )
    return figure


def _draw_shares(axes: Axes, names: Sequence[str], shares: Sequence[NDArray], systems: Sequence[str]) -> None:
    """The truth's shares, which come first, as bars; the others as lines."""
    places = np.arange(len(names))
    axes.bar(places, shares[0], width=0.85, color=TRUTH_COLOR, label="truth")
    for index, (name, row) in enumerate(zip(systems, shares[1:], strict=True)):
        color, marker = OKABE_ITO[index % len(OKABE_ITO)], MARKERS[index % len(MARKERS)]
        axes.plot(places, row, marker=marker, color=color, markersize=5, linewidth=1.2, label=literal(name))
    axes.set_xticks(places, names)
    axes.set_ylim(bottom=0)
    _clean(axes)
    axes.grid(visible=False, axis="x")


def _shares(counts: NDArray) -> NDArray[np.float64]:
    """(W, bins) -> (bins,)"""
    total = counts.sum(axis=0)
    return total / max(1, total.sum())


def _nats(log_probability: NDArray, column: slice) -> NDArray[np.float64]:
    """Mean NLL at each place: (W, T, 3) -> (T,)"""
    return -log_probability[..., column].astype(np.float64).sum(axis=-1).mean(axis=0)


def _float(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _clean(axes: Axes) -> None:
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
