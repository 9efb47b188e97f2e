"""What eval.py says, as aligned text: one model in full, several side by side, phases, epochs, every song."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from common.metrics.classification.text import align
from common.metrics.detection.text import number
from common.metrics.separation import Difference, Metrics, column, format_difference, format_report
from common.metrics.separation.evaluation import IDEAL, MIXTURE
from common.metrics.separation.scores import song_median
from common.metrics.separation.text import interval

MOST_SONGS = 20  # more fill the screen: they are shown when asked for
LONGEST_NAME = 36  # letters of a song's name in a table
LONGEST_TITLE = 24  # of a system's
BOUNDS = ((MIXTURE, "mixture"), (IDEAL, "ideal mask"))
OTHER_SCORES = (("SI-SDR", "si_sdr", 2), ("conv.", "spectral_convergence", 3))
OTHER_SCORES += (("dist.", "log_magnitude_distance", 2),)
PHASES = (
    "Griffin-Lim seeks phases from random ones; warm: from the model's, as MISI, which keeps the sum. SDR",
    "compares waveforms: other phases lower it, heard or not. truth: how far that goes even with the true",
    "magnitudes, warm there from the mixture's phases. conv. and dist. (dB) compare magnitudes alone,",
    "0 is best.",
)
EPOCHS = (
    "The best epoch was chosen on the validation songs. Those that were kept are scored on the test songs",
    "to report them: nothing is chosen by that.",
)
SIDE_BY_SIDE = (
    "SDR, dB: median over the 1-s windows of a song, as museval's, then over songs; differences are over",
    "the same songs. mixture: taken as the estimate of everything. ideal mask: the true magnitudes' shares",
    "of the mixture, with its phase. conv. and dist. (dB): of magnitudes, blind to phase, 0 is best.",
)


class Row(NamedTuple):
    """One way of separating: its scores, "vocals_sdr" and so on, and less those of another row."""

    title: str
    metrics: Metrics
    differences: Mapping[str, Difference] | None = None


def model_report(
    metrics: Metrics,
    outputs: Sequence[str],
    *,
    phases: Sequence[Row] = (),
    epochs: Sequence[Row] = (),
) -> str:
    """Scores of one model beside floor and ceiling; if there are any, its phases and its epochs.

    phases, epochs: all rows of these tables but for floor and ceiling, which come from `metrics`.
    """
    return "\n\n".join([format_report(metrics, outputs), *details(metrics, outputs, phases, epochs)])


def details(
    metrics: Metrics, outputs: Sequence[str], phases: Sequence[Row], epochs: Sequence[Row], name: str = ""
) -> list[str]:
    """The tables of phases and of epochs, those there are, of the model called `name`."""
    of = f"{name}: " if name else ""
    parts = []
    if phases:
        rows = [*phases, *bound_rows(metrics)]
        parts += [f"{of}phases", *output_tables(outputs, rows, phases[0].title), "\n".join(PHASES)]
    if epochs:
        rows = [*epochs, *bound_rows(metrics)]
        parts += [f"{of}epochs", *output_tables(outputs, rows, epochs[-1].title), "\n".join(EPOCHS)]
    return parts


def comparison_report(metrics: Metrics, outputs: Sequence[str], rows: Sequence[Row]) -> str:
    """Models side by side, floor and ceiling (from `metrics`) below; less the first one, with intervals."""
    tables = output_tables(outputs, [*rows, *bound_rows(metrics)], rows[0].title)
    return "\n\n".join([*tables, "\n".join(SIDE_BY_SIDE)])


def bound_rows(metrics: Metrics) -> list[Row]:
    """Floor and ceiling from the result of `evaluate`."""
    return [
        Row(title, {key.removeprefix(prefix): metrics[key] for key in metrics if key.startswith(prefix)})
        for prefix, title in BOUNDS
    ]


def output_tables(outputs: Sequence[str], rows: Sequence[Row], first: str) -> list[str]:
    """A table for each output: a row for each system, and how much better than `first` it is."""
    return ["\n".join(align(output_rows(output, rows, first))) for output in outputs]


def output_rows(output: str, rows: Sequence[Row], first: str) -> list[list[str]]:
    """The rows of such a table."""
    compared = any(row.differences for row in rows)
    header = [output, "SDR", "95 % over songs"] + [f"less {shortened(first, 20)}"] * compared
    table = [header + [title for title, _, _ in OTHER_SCORES]]
    for row in rows:
        difference = (row.differences or {}).get(f"{output}_sdr")
        cells = [number(row.metrics.get(f"{output}_sdr"), 2), interval(row.metrics, f"{output}_sdr")]
        cells += [format_difference(difference) if difference else ""] * compared
        cells += [number(row.metrics.get(f"{output}_{key}"), digits) for _, key, digits in OTHER_SCORES]
        table.append([shortened(row.title, LONGEST_TITLE), *cells])
    return table


def song_report(models: Mapping[str, Mapping[str, Metrics]], outputs: Sequence[str]) -> str:
    """SDR on each song, one line each: of every model (song -> its metrics), of floor and ceiling."""
    return "\n\n".join("\n".join(align(song_rows(models, output))) for output in outputs)


def song_rows(models: Mapping[str, Mapping[str, Metrics]], output: str) -> list[list[str]]:
    """The rows of one output, and their medians."""
    first, key = next(iter(models.values())), f"{output}_sdr"
    names = [shortened(name, 20) for name in models] if len(models) > 1 else ["model"]
    columns = [column(songs, key) for songs in models.values()]
    columns += [column(first, f"{prefix}{key}") for prefix, _ in BOUNDS]
    rows = [[f"{output} SDR, dB", *names, *(title for _, title in BOUNDS)]]
    for song, *scores in zip(first, *columns, strict=True):
        rows.append([shortened(song, LONGEST_NAME), *(number(score, 2) for score in scores)])
    return [*rows, ["median", *(number(float(song_median(scores)), 2) for scores in columns)]]


def model_line(name: str, metrics: Metrics) -> str:
    """Such as `bandsplit: 412,345 parameters, best epoch 47, 24.3 x real time`."""
    epoch = f", best epoch {metrics['best_epoch']}" if metrics.get("best_epoch") is not None else ""
    speed = metrics["audio_seconds"] / max(metrics["seconds"], 1e-9)
    return f"{name}: {metrics['parameters']:,} parameters{epoch}, {speed:.1f} x real time"


def shortened(name: str, longest: int) -> str:
    """A name of at most so many letters."""
    return name if len(name) <= longest else f"{name[: longest - 3]}..."
