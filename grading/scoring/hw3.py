"""HW3: whether each text has one note per syllable, what the melodies are like, whether the lyrics were used.

The melody of a MIDI file are the notes of its first track that has any, there of the lowest channel; others
are chords. Times are rounded to a 24th of a quarter note and counted in beats of the data.

A text whose melody is missing, or has another number of notes than the text has syllables, counts as the
worst answer: no note in the scale, line ends short and notes inside long, rests exactly where there are none,
durations the reverse of the true ones. With all texts answered, the measures are those of
`common.metrics.melody`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common.metrics.melody import (
    Windows,
    cadences,
    duration_correlation,
    rest_mcc,
    scale_consistency,
)
from common.metrics.melody.pooled import Pooled, mean
from grading.prepared import Prepared
from grading.readers import MidiNotes, OutputError, read_midi
from grading.scoring.answers import OUT, Answers

MOST_BYTES, MOST_NOTES = 1 << 20, 20_000  # of a MIDI file
GRID = 24  # times of a quarter note
LOWEST_PITCH = 60  # of melodies that are none
COLUMNS = ("pitch", "duration", "rest")


@dataclass(frozen=True)
class Melody:
    """Notes in order, times in quarter notes; each column (notes,)."""

    pitch: NDArray[np.int64]
    duration: NDArray[np.float64]
    rest: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.pitch)


def read(folder: Path, names: Mapping[str, str], labels: Mapping[str, Any]) -> Answers:
    """OUT/NAME.mid of each text."""
    answers = Answers()
    for name in names:
        path = folder / OUT / f"{Path(name).stem}.mid"
        try:
            answers.found[name] = melody_of(read_midi(path, MOST_BYTES, MOST_NOTES))
        except OutputError as error:
            answers.add_problem(str(error))
    return answers


def melody_of(notes: MidiNotes) -> Melody:
    """The melody among the notes of a file; overlapping notes have no rest between them."""
    chosen = np.zeros(len(notes), dtype=bool)
    if len(notes):
        first = notes.track == notes.track.min()
        chosen = first & (notes.channel == notes.channel[first].min())
    onset, end = (_on_grid(column[chosen], notes.ticks_per_beat) for column in (notes.onset, notes.end))
    before = np.concatenate([[0.0], np.maximum.accumulate(end)])[: len(onset)]
    return Melody(
        pitch=notes.pitch[chosen],
        duration=np.maximum(end - onset, 1 / GRID),
        rest=np.maximum(onset - before, 0.0),
    )


def _on_grid(ticks: NDArray[np.int64], ticks_per_beat: int) -> NDArray[np.float64]:
    return np.round(ticks / ticks_per_beat * GRID) / GRID


def differ(first: Melody, second: Melody) -> bool:
    """Whether a note is not as before."""
    return any(not np.array_equal(getattr(first, name), getattr(second, name)) for name in COLUMNS)


def measure(prepared: Prepared, labels: Mapping[str, Any], found: Mapping[str, Melody]) -> dict[str, Any]:
    """All measures with intervals over songs, and what random melodies reach."""
    truth = Windows(**{name: labels[name] for name in (*COLUMNS, "lines")})
    melodies = [found.get(name) for name in labels["inputs"]]
    right = np.array([each is not None and len(each) == truth.num_notes for each in melodies])
    windows = windows_of(truth, melodies, right, labels["quarters_per_beat"])
    pooled = {"right_length": mean(right)} | measures(windows, right)
    pooled["rest_mcc"] = rest_mcc(windows.rest, truth.rest)
    pooled["duration_correlation"] = duration_correlation(windows.duration, truth.duration)
    metrics = {}
    for name, each in pooled.items():
        metrics[name] = each.value
        metrics[f"{name}_low"], metrics[f"{name}_high"] = each.interval(labels["groups"])
    known = {name: float(value) if np.isfinite(value) else None for name, value in metrics.items()}
    return known | {f"random_{name}": value for name, value in labels["random"].items()}


def windows_of(
    truth: Windows, melodies: list[Melody | None], right: NDArray[np.bool_], quarters_per_beat: float
) -> Windows:
    """The melodies in beats of the data; where one is not right, rests and durations against the truth."""
    pitch = np.full(truth.pitch.shape, LOWEST_PITCH)
    rest = (truth.rest == 0).astype(np.float64)
    # Reversed on a scale of logarithms, as the correlation is of these.
    duration = 1 / truth.duration
    for place in np.flatnonzero(right):
        melody = melodies[place]
        pitch[place] = melody.pitch
        rest[place] = melody.rest / quarters_per_beat
        duration[place] = melody.duration / quarters_per_beat
    return Windows(pitch, duration, rest, lines=truth.lines)


def measures(windows: Windows, right: NDArray[np.bool_] | None = None) -> dict[str, Pooled]:
    """What needs no truth, where `right` says whether a melody counts; all do by default."""
    right = np.ones(len(windows), dtype=bool) if right is None else right
    ends = cadences(windows)
    long = {
        name: _worst(ends[name], right, worst=name == "inner_long")
        for name in ("line_end_long", "inner_long")
    }
    sums = np.concatenate([each.sums for each in long.values()], axis=1)
    gain = Pooled(sums, lambda s: _ratio(s[:, 0], s[:, 1]) - _ratio(s[:, 2], s[:, 3]))
    scale = mean(np.where(right, scale_consistency(windows.pitch), 0.0))
    return {"scale_consistency": scale, **long, "line_end_gain": gain}


def _worst(share: Pooled, right: NDArray[np.bool_], *, worst: bool) -> Pooled:
    """A share of which windows that are not right have all (`worst`) or nothing."""
    hits, count = share.sums.T
    hits = np.where(right, hits, count * worst)
    return replace(share, sums=np.stack([hits, count], axis=1))


def _ratio(part: NDArray, whole: NDArray) -> NDArray:
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)


def describe(windows: Windows) -> dict[str, float | None]:
    """The measures that need no truth, without intervals: of random melodies."""
    values = {name: each.value for name, each in measures(windows).items()}
    return {name: value if np.isfinite(value) else None for name, value in values.items()}
