"""Metrics of several systems side by side as aligned plain text, at most 100 columns wide."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from common.metrics.classification.text import align

Metrics = Mapping[str, float | int | None]

NAME_WIDTH = 18  # letters of a system's name in a table


class Column(NamedTuple):
    """One measure: its key, heading, digits after the point, what multiplies it, if its interval is shown."""

    key: str
    heading: str
    digits: int
    factor: int = 1
    interval: bool = True


class Table(NamedTuple):
    """Measures beside one another, and what to know about them."""

    title: str
    columns: tuple[Column, ...]
    remarks: tuple[str, ...] = ()


TABLES = (
    Table(
        "likelihood",
        (
            Column("nll", "NLL", 3),
            Column("nll_wrong_lyrics", "with wrong lyrics", 3),
            Column("lyrics_gain", "gain by the lyrics", 3),
        ),
        (
            "NLL: negative log-likelihood of the true notes, nats per note. wrong lyrics: those of another",
            "window. gain: what these cost, over the same notes; 0 without an ear for lyrics.",
        ),
    ),
    Table(
        "gain by attribute",
        (
            Column("lyrics_gain_pitch", "pitch", 3),
            Column("lyrics_gain_duration", "duration", 3),
            Column("lyrics_gain_rest", "rest", 3),
        ),
    ),
    Table(
        "use of lyrics",
        (
            Column("rest_f1", "rest F1", 3),
            Column("rest_mcc", "rest MCC", 3),
            Column("duration_correlation", "duration corr.", 3),
        ),
        (
            "rest F1: given the true notes before, at a threshold that validation windows chose, else .5.",
            "rest MCC, duration corr.: of generated rests and log durations with the true ones; 0 when blind",
            "to the lyrics.",
        ),
    ),
    Table(
        "MMD x 1000",
        (
            Column("mmd", "sum", 1, 1000),
            Column("mmd_pitch", "pitch", 1, 1000, interval=False),
            Column("mmd_duration", "duration", 1, 1000, interval=False),
            Column("mmd_rest", "rest", 1, 1000, interval=False),
        ),
        (
            "MMD: how far from the true windows, 0 is best. Neither this nor what follows shows that lyrics",
            "were used: melodies drawn from the training set do best there.",
        ),
    ),
    Table(
        "histograms",
        (
            Column("interval_distance", "intervals", 3),
            Column("pitch_distance", "pitch", 3),
            Column("duration_distance", "duration", 3),
            Column("rest_distance", "rest", 3),
        ),
        ("histograms: total variation from the truth's. chance: of two draws that differ by chance alone.",),
    ),
    Table(
        "repetition",
        (
            Column("repetitions_2", "2-repetitions", 2),
            Column("repetitions_3", "3-repetitions", 2),
            Column("self_bleu", "self-BLEU, pitches", 3),
        ),
    ),
    Table(
        "pitches",
        (
            Column("span", "span", 2),
            Column("unique_pitches", "unique", 2),
            Column("pitch_class_entropy", "entropy of classes", 2),
        ),
    ),
    Table(
        "tonality",
        (
            Column("scale_consistency", "scale", 3),
            Column("scale_consistency_published", "scale, as published", 3),
            Column("key_clarity", "key clarity", 3),
        ),
    ),
    Table(
        "time",
        (
            Column("notes_without_rest", "notes without rest", 2),
            Column("mean_rest", "mean rest", 3),
            Column("length", "length", 1),
        ),
        ("Nearest to the truth is best. Rests and lengths are in beats of the data.",),
    ),
    Table(
        "bars",
        (
            Column("grooving_similarity", "grooving", 3),
            Column("bar_entropy_1", "entropy, 1 bar", 2),
            Column("bar_entropy_4", "entropy, 4 bars", 2),
        ),
    ),
    Table("long notes", (Column("line_end_long", "at line ends", 3), Column("inner_long", "inside", 3))),
    Table(
        "chord tones",
        (Column("line_end_chord_tone", "at line ends", 3), Column("inner_chord_tone", "inside", 3)),
        (
            "long: longer than the window's median. chord tones: of the tonic or dominant triad. Blind to",
            "the lyrics, line ends are like the notes inside.",
        ),
    ),
)


def format_report(systems: Mapping[str, Metrics]) -> str:
    """Results of `describe` and `evaluate`, by the systems' names, as tables with 95 % intervals.

    A system is a row, in the order given. A table has the measures and rows that have anything to show; one
    without is left out. A dash is what a system does not have, or what is undefined.
    """
    parts = [_count(systems)] if systems else []
    for table in TABLES:
        if rows := table_rows(systems, table):
            parts.append("\n".join([*align(rows), *table.remarks]))
    return "\n\n".join(parts)


def table_rows(systems: Mapping[str, Metrics], table: Table) -> list[list[str]]:
    """The rows of one table, its heading first; none where no system has a measure of it."""
    columns = [column for column in table.columns if any(_has(each, column) for each in systems.values())]
    rows = [[table.title, *(column.heading for column in columns)]]
    for name, metrics in [*systems.items(), ("chance", _chance(systems, columns))]:
        if any(_has(metrics, column) for column in columns):
            rows.append([_shortened(name), *(with_interval(metrics, column) for column in columns)])
    return rows if columns else []


def with_interval(metrics: Metrics, column: Column) -> str:
    """Such as `7.74 (7.41 to 8.05)`; without an interval `7.74`; a dash for what is not there."""
    values = [metrics.get(f"{column.key}{end}") for end in ("", "_low", "_high")]
    if values[0] is None:
        return "-"
    value, *ends = ["-" if v is None else f"{column.factor * v:.{column.digits}f}" for v in values]
    return value if "-" in ends or not column.interval else f"{value} ({ends[0]} to {ends[1]})"


def _chance(systems: Mapping[str, Metrics], columns: list[Column]) -> Metrics:
    """What chance gives in these measures, from the first system that says so: the truth decides it alone."""
    known = [each for each in systems.values() if any(f"{c.key}_chance" in each for c in columns)]
    return {column.key: known[0].get(f"{column.key}_chance") for column in columns} if known else {}


def _has(metrics: Metrics, column: Column) -> bool:
    return metrics.get(column.key) is not None


def _count(systems: Mapping[str, Metrics]) -> str:
    sizes = dict.fromkeys(_size(metrics) for metrics in systems.values())
    return f"{' / '.join(sizes)}; in brackets 95 % intervals"


def _size(metrics: Metrics) -> str:
    of = f" of {metrics['num_groups']} songs" if "num_groups" in metrics else ""
    return f"{metrics['num_windows']} windows, {metrics['num_notes']} notes{of}"


def _shortened(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else f"{name[: NAME_WIDTH - 3]}..."
