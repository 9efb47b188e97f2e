"""What eval.py says, as aligned text: systems side by side, other sampling, the figures of the literature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from common.metrics.classification.text import align
from common.metrics.detection.text import number
from common.metrics.melody import format_report
from common.metrics.melody.text import NAME_WIDTH, Column, Metrics, Table, table_rows
from hw3_melody_generation import published
from hw3_melody_generation.encoding import ATTRIBUTES
from hw3_melody_generation.published import IN_SONG

TRUTH = "truth"
IN_SONG_COLUMNS = tuple(
    Column(key, heading, digits)
    for key, heading, digits in zip(
        IN_SONG,
        ("2-rep", "3-rep", "span", "unique", "no rest", "rest", "length"),
        (2, 2, 2, 2, 2, 3, 1),
        strict=True,
    )
)
MMD = Column("mmd", "MMD x 1000", 1, factor=1000)
MCC = Column("rest_mcc", "MCC", 3)
NLL_BY_ATTRIBUTE = tuple(
    Column(f"nll_{name}{lyrics}", heading, 3)
    for name in ATTRIBUTES
    for lyrics, heading in (("", name), ("_wrong_lyrics", "wrong lyrics"))
)
USE_OF_LYRICS = Table(
    "other sampling",
    (
        Column("rest_mcc", "rest MCC", 3),
        Column("duration_correlation", "duration corr.", 3),
        MMD,
    ),
)
STATISTICS = (
    *IN_SONG_COLUMNS,
    Column("scale_consistency", "scale", 3),
    Column("note_self_bleu", "self-BLEU", 3),
)
PUBLISHED = (
    "(published): figures of the literature, not measured here; published.py has their sources. They are",
    "of the same windows but for six, as the truth of both shows. MCC: of rests, 0 for what does not see",
    "the lyrics. A third of these windows have their song in training: the honest split tells more.",
)
NO_OTHER_SONGS = "One song has more than half of the windows: lyrics could not be shuffled among songs."


def system_report(systems: Mapping[str, Metrics]) -> str:
    """Truth, baselines and models side by side: every measure with its interval."""
    told = {name: metrics for name, metrics in systems.items() if "nll" in metrics}
    parts = [format_report(systems), off_the_truth(systems)]
    return "\n\n".join(parts + [plain_table("NLL, nats per note", told, NLL_BY_ATTRIBUTE)] * bool(told))


def off_the_truth(systems: Mapping[str, Metrics]) -> str:
    """How far, in percent, each system is from the truth in the measures inside a song."""
    rows = [["off the truth, %", *(column.heading for column in IN_SONG_COLUMNS)]]
    for name, metrics in systems.items():
        if name != TRUTH:
            off = [_percent(metrics.get(c.key), systems[TRUTH].get(c.key)) for c in IN_SONG_COLUMNS]
            rows.append([shortened(name), *off])
    return "\n".join(align(rows))


def variation_report(name: str, truth: Metrics, metrics: Metrics, variations: Mapping[str, Metrics]) -> str:
    """The model `name` as in the other tables, and sampled otherwise."""
    systems = {"as above": metrics, **variations}
    use = "\n".join(align(table_rows(systems, USE_OF_LYRICS)))
    statistics = plain_table(USE_OF_LYRICS.title, {TRUTH: truth, **systems}, STATISTICS)
    return "\n\n".join([f"{name}, sampled otherwise", use, statistics])


def published_report(systems: Mapping[str, Metrics], models: Sequence[str]) -> str:
    """The systems on the paper's split beside the figures of the literature; which of `models` are nearer."""
    rows = dict(systems) | {f"{TRUTH} (published)": published.TRUTH}
    rows |= {f"{name} (published)": metrics for name, metrics in published.MODELS.items()}
    table = plain_table("paper's split", rows, (*IN_SONG_COLUMNS, MMD, MCC), width=24)
    nearer = [nearer_table(name, systems[name], systems[TRUTH]) for name in models]
    return "\n\n".join([table, *nearer, "\n".join(PUBLISHED)])


def nearer_table(name: str, metrics: Metrics, truth: Metrics) -> str:
    """In which measures a model is nearer to the truth than the published ones; of MMD less is nearer."""
    columns = (*IN_SONG_COLUMNS, MMD)
    rows = [[f"{shortened(name)} is nearer", *(column.heading for column in columns)]]
    for other, figures in published.MODELS.items():
        distances = [
            [abs(each[column.key] - truth.get(column.key, 0.0)) for column in columns]
            for each in (metrics, figures)
        ]
        rows.append(
            [f"than {other}", *("yes" if own < its else "no" for own, its in zip(*distances, strict=True))]
        )
    return "\n".join(align(rows))


def paired_report(first: str, differences: Mapping[str, tuple[float, float, float]]) -> str:
    """How many nats per note more than the first model each other one needs: value, low, high."""
    rows = [["NLL, the same notes", f"less {shortened(first)}"]]
    for name, (value, low, high) in differences.items():
        rows.append([shortened(name), f"{value:+.3f} ({low:+.3f} to {high:+.3f})"])
    return "\n".join(align(rows))


def plain_table(
    title: str, systems: Mapping[str, Metrics], columns: Sequence[Column], *, width: int = NAME_WIDTH
) -> str:
    """Measures without intervals, a row for each system."""
    rows = [[title, *(column.heading for column in columns)]]
    for name, metrics in systems.items():
        rows.append([shortened(name, width), *(_cell(metrics, column) for column in columns)])
    return "\n".join(align(rows))


def model_line(name: str, metrics: Metrics) -> str:
    """Such as `transformer: 1,234,567 parameters, 830 melodies in 9.8 s, at temperature 1 and guidance 1`."""
    made = f"{metrics['num_sampled_windows']} melodies in {metrics['seconds']:.1f} s"
    setting = f"temperature {metrics['temperature']:g}, guidance {metrics['guidance']:g}"
    unknown = metrics["outside_vocabulary"]
    snapped = f"\n  {unknown:.2%} of the true notes have values unknown to it: it takes the nearest"
    return f"{name}: {metrics['parameters']:,} parameters, {made} at {setting}{snapped * bool(unknown)}"


def knows_test_windows(name: str) -> str:
    """What to know of a model that learnt from these data by another split."""
    return (
        f"{name} learnt from these data by another split: it may know test windows by heart.\n"
        "Nothing here says how good it is."
    )


def shortened(name: str, longest: int = NAME_WIDTH) -> str:
    """A name of at most so many letters."""
    return name if len(name) <= longest else f"{name[: longest - 3]}..."


def _cell(metrics: Metrics, column: Column) -> str:
    value = metrics.get(column.key)
    return number(None if value is None else value * column.factor, column.digits)


def _percent(value: float | None, truth: float | None) -> str:
    return "-" if value is None or not truth else f"{100 * (value / truth - 1):+.1f}"
