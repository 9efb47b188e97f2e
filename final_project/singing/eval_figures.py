"""The figures of eval.py: the pitch of a song over its notes, and which vowels are taken for which."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from common import plots
from common.metrics.classification import confusion_table
from common.plots import GRID, OKABE_ITO, literal
from final_project.singing.evaluation import joined, onsets
from final_project.singing.f0_trackers import HOP
from final_project.singing.song_measures import SongMeasures
from final_project.singing.vowels import VOWELS

SHOWN = 12.0  # s of a song
MOST_SHOWN = 0.15  # s, of onset errors


def pitch_figure(song: SongMeasures) -> Figure:
    """The first seconds of a song: notes as bars, the pitch by both trackers as lines, onsets as ticks."""
    figure = Figure(figsize=(11.0, 4.2), layout="constrained")
    about = song.take.song
    axes = figure.add_subplot(title=literal(f"{about.title}, sung by {about.singer.name}"))
    for note, error in zip(about.notes, song.take.sung.onsets, strict=True):
        axes.fill_between([note.start, note.end], note.pitch - 0.5, note.pitch + 0.5, color="#DDDDDD")
        if np.isfinite(error):
            axes.plot([note.start + error] * 2, [note.pitch - 0.9, note.pitch + 0.9], color="black", lw=1)
    for color, (name, pitch) in zip(OKABE_ITO, song.take.sung.pitch.items(), strict=False):
        axes.plot(np.arange(len(pitch)) * HOP, pitch, color=color, linewidth=1.2, label=name)
    pitches = [note.pitch for note in about.notes]
    begin = about.notes[0].start - 0.5
    axes.set(xlim=(begin, begin + SHOWN), ylim=(min(pitches) - 3, max(pitches) + 3))
    axes.set(
        xlabel="time (s); bars: the notes, 50 cents up and down; ticks: onsets heard", ylabel="MIDI pitch"
    )
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False, ncols=2, loc="upper right")
    return figure


def confusion_figure(songs: Sequence[SongMeasures], heard: str) -> Figure:
    """The confusion table of sung or of spoken vowels: `heard` is "heard_sung" or "heard_spoken"."""
    targets, found = joined([s.targets for s in songs]), joined([getattr(s, heard) for s in songs])
    table = confusion_table(targets, found, num_classes=len(VOWELS))
    how = heard.removeprefix("heard_")
    return plots.confusion_figure(table, VOWELS, title=f"{how} vowels, {np.mean(targets == found):.3f} right")


def onset_figure(songs: Sequence[SongMeasures]) -> Figure:
    """How late the vowels are heard: shares of the notes, sung and read aloud."""
    figure = Figure(figsize=(7.0, 3.6), layout="constrained")
    axes = figure.add_subplot(xlabel="onset heard less onset of the note (ms)", ylabel="share of onsets")
    bins = np.linspace(-1000 * MOST_SHOWN, 1000 * MOST_SHOWN, 61)
    for color, (label, speech) in zip(OKABE_ITO, (("sung", False), ("read aloud", True)), strict=False):
        errors = 1000 * onsets(songs, speech=speech)
        weights = np.full(len(errors), 1 / max(len(errors), 1))
        axes.hist(errors, bins, weights=weights, histtype="step", color=color, linewidth=1.6, label=label)
    axes.grid(color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
    return figure
