"""The figures of eval.py: where in the beat the true notes are hard to tell, and the rules beside Bach.

Voices and systems are in the colours of `common.plots`; dashed is the Markov baseline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from common.plots import GRID, MARKERS, OKABE_ITO, literal
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, VOICES, Chorale
from final_project.muse2bach.rule_scores import Metrics

BLUE, GREY = OKABE_ITO[0], "#777777"
PLACES = ("on the beat", "2nd sixteenth", "half way", "4th sixteenth")
UNITS = {"tertian": "share of the chords", "sample_nll": "nats per token"}  # the others: per 100 quarters
RULE_TITLES = {
    "parallel_fifths": "parallel fifths",
    "parallel_octaves": "parallel octaves",
    "crossings": "crossed voices",
    "wide_spacings": "wide spacings",
    "tertian": "triads and sevenths",
    "sample_nll": "NLL by the model",
}


def beat_figure(
    chorales: Sequence[Chorale], systems: Mapping[str, Sequence[NDArray]], *, title: str
) -> Figure:
    """NLL of each voice by the place in the beat. systems: log-likelihoods (frames, 4), of one or two."""
    figure = Figure(figsize=(7.5, 4.6), layout="constrained")
    axes = figure.add_subplot(title=literal(title), ylabel="nats per token")
    for name, line in zip(systems, ("-", "--"), strict=False):
        curves = nll_by_place(chorales, systems[name])
        for voice, label in enumerate(VOICES):
            style = {"color": OKABE_ITO[voice], "marker": MARKERS[voice], "linestyle": line}
            axes.plot(curves[:, voice], **style, label=f"{label}, {literal(name)}")
    axes.set_xticks(range(FRAMES_PER_QUARTER), PLACES)
    axes.set_ylim(bottom=0)
    _clean(axes)
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def nll_by_place(chorales: Sequence[Chorale], log_likelihoods: Sequence[NDArray]) -> NDArray[np.float64]:
    """Mean NLL, (place in the beat, voice); NaN where there is no frame."""
    places = np.concatenate([places_in_beat(chorale) for chorale in chorales])
    lost = -np.concatenate(list(log_likelihoods)).astype(np.float64)  # (frames, 4)
    here = [lost[places == place] for place in range(FRAMES_PER_QUARTER)]
    return np.stack([each.mean(axis=0) if len(each) else np.full(len(VOICES), np.nan) for each in here])


def places_in_beat(chorale: Chorale) -> NDArray[np.int64]:
    """The place of each frame in its beat, (frames,), from 0; a chorale without bars begins on a beat."""
    position = np.arange(len(chorale)) if chorale.position is None else chorale.position
    return position.astype(np.int64) % FRAMES_PER_QUARTER


def rules_figure(systems: Mapping[str, Metrics], *, title: str) -> Figure:
    """Each measure of each system with its interval, a panel a measure; a band for the first, Bach."""
    figure = Figure(figsize=(10.5, 0.62 * len(systems) + 3.4), layout="constrained")
    figure.suptitle(literal(title))
    bach = next(iter(systems.values()))
    panels = figure.subplots(2, 3, sharey=True).flat
    for axes, (key, label) in zip(panels, RULE_TITLES.items(), strict=True):
        low, high = (_number(bach.get(f"{key}_{end}")) for end in ("low", "high"))
        if not np.isnan(low):
            axes.axvspan(low, high, color="#DDDDDD", linewidth=0)
        for row, metrics in enumerate(systems.values()):
            _draw_interval(axes, metrics, key, row)
        axes.set_yticks(range(len(systems)), [literal(name) for name in systems])
        axes.set_ylim(len(systems) - 0.4, -0.6)
        axes.set_title(label, fontsize="medium")
        axes.set_xlabel(UNITS.get(key, "per 100 quarters"))
        axes.margins(x=0.1)
        _clean(axes)
        axes.grid(visible=False, axis="y")
    return figure


def _draw_interval(axes: Axes, metrics: Metrics, key: str, row: int) -> None:
    value, low, high = (_number(metrics.get(f"{key}{end}")) for end in ("", "_low", "_high"))
    color = GREY if row == 0 else BLUE
    axes.hlines(row, low, high, color=color, linewidth=2)
    axes.plot(value, row, "o", color=color, markersize=6)
    if not np.isnan(value):
        axes.annotate(
            f"{value:.2f}", (value, row), (0, 5), textcoords="offset points", ha="center", fontsize="small"
        )


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)


def _clean(axes: Axes) -> None:
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
