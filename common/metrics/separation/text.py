"""Metrics of separation as aligned plain text, at most 100 columns wide: each output in its row, with floor
and ceiling beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from common.metrics.classification.text import align
from common.metrics.detection import Difference
from common.metrics.detection.text import number
from common.metrics.separation.evaluation import IDEAL, MIXTURE, MODEL

Metrics = Mapping[str, float | int | None]

COLUMNS = (  # score, heading, digits
    ("song_sdr", "song SDR", 2),
    ("si_sdr", "SI-SDR", 2),
    ("isr", "ISR", 2),
    ("sir", "SIR", 2),
    ("sar", "SAR", 2),
    ("spectral_convergence", "convergence", 3),
    ("log_magnitude_distance", "log distance", 2),
)
SYSTEM_TITLES = ((MODEL, "model"), (MIXTURE, "mixture"), (IDEAL, "ideal mask"))
EXPLANATION = (
    "SDR, dB: median over the 1-s windows of a song, as museval's, then over songs. song SDR: one a song,",
    "mean over songs. SI-SDR: one for a song, whatever the estimate's level. convergence, log distance",
    "(dB): of magnitudes, blind to phase, 0 is best. mixture: taken as the estimate of everything. ideal",
    "mask: the true magnitudes' shares of the mixture, with its phase.",
)


def format_report(metrics: Metrics, outputs: Sequence[str]) -> str:
    """The result of `evaluate` as aligned text: SDR with interval, floor and ceiling, then other scores."""
    parts = [[_count(metrics)], align(_sdr_rows(metrics, outputs)), align(_score_rows(metrics, outputs))]
    if missing := _unscored(metrics, outputs):
        parts.append(missing)
    return "\n\n".join("\n".join(part) for part in [*parts, EXPLANATION])


def interval(metrics: Metrics, key: str) -> str:
    """The interval of a metric, such as `4.91 to 6.10`, or a dash where it has none."""
    low, high = metrics.get(f"{key}_low"), metrics.get(f"{key}_high")
    return "-" if low is None or high is None else f"{low:.2f} to {high:.2f}"


def format_difference(difference: Difference) -> str:
    """Such as `+0.41 (+0.12 to +0.66)`, in dB."""
    value, low, high = difference
    return f"{value:+.2f}" + ("" if low != low else f" ({low:+.2f} to {high:+.2f})")


def _count(metrics: Metrics) -> str:
    songs, windows = metrics["num_songs"], metrics.get("num_windows", 0)
    return f"{songs} song{'s' * (songs != 1)}, {windows} windows of 1 s with an SDR"


def _unscored(metrics: Metrics, outputs: Sequence[str]) -> list[str]:
    lines = []
    for output in outputs:
        if left_out := metrics["num_songs"] - metrics[f"{output}_num_songs"]:
            songs = "1 song has" if left_out == 1 else f"{left_out} songs have"
            lines.append(f"{output}: {songs} no SDR (in every window something is silent, or it is perfect)")
    return lines


def _sdr_rows(metrics: Metrics, outputs: Sequence[str]) -> list[list[str]]:
    others = [(key, title) for key, title in SYSTEM_TITLES[1:] if f"{key}{outputs[0]}_sdr" in metrics]
    over = f"{outputs[0]}_sdr_over_mixture" in metrics
    rows = [["SDR, dB", "model", "95 % over songs", *(title for _, title in others)]]
    rows[0] += ["over mixture", "95 % over songs"] * over
    for output in outputs:
        row = [output, number(metrics[f"{output}_sdr"], 2), interval(metrics, f"{output}_sdr")]
        row += [number(metrics[f"{key}{output}_sdr"], 2) for key, _ in others]
        if over:
            key = f"{output}_sdr_over_mixture"
            row += [number(metrics[key], 2), interval(metrics, key)]
        rows.append(row)
    return rows


def _score_rows(metrics: Metrics, outputs: Sequence[str]) -> list[list[str]]:
    """The other scores; of every output the systems below each other."""
    columns = [each for each in COLUMNS if f"{outputs[0]}_{each[0]}" in metrics]
    rows = [["", *(heading for _, heading, _ in columns)]]
    for output in outputs:
        for prefix, title in SYSTEM_TITLES:
            if f"{prefix}{output}_sdr" in metrics:
                cells = [
                    number(metrics.get(f"{prefix}{output}_{score}"), digits) for score, _, digits in columns
                ]
                rows.append([f"{output}, {title}", *cells])
    return rows
