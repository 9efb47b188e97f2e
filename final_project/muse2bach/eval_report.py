"""What eval.py says, as aligned text: a table of likelihoods, one of rules, and what to know about them."""

from __future__ import annotations

from collections.abc import Mapping

from common.metrics.classification.text import align
from common.metrics.melody.text import Column, Table, table_rows
from common.metrics.melody.text import Metrics as Row
from final_project.muse2bach.evaluation import BACH, CHANCE, COPY, FREE, MARKOV, MODEL, UNIFORM, Evaluation

LONGEST = 18  # letters of a model's name
LIKELIHOODS = Table(
    "NLL, nats per token",
    (
        Column("nll", "all voices", 3),
        Column("nll_at_changes", "at changes", 3),
        Column("harmonization_nll", "soprano given", 3),
    ),
)
BY_VOICE = Table(
    "NLL by voice",
    tuple(Column(f"nll_{voice}", voice, 3, interval=False) for voice in ("soprano", "alto", "tenor", "bass")),
)
ACCURACY = Table(
    "the likeliest token",
    (
        Column("accuracy", "accuracy", 3),
        Column("accuracy_at_changes", "at changes", 3),
        Column("frame_perplexity", "perplexity of a chord", 2),
    ),
    (
        "Token: one voice in one sixteenth; each is told from the true ones before it. At changes: where a",
        "voice takes another pitch. Soprano given: alto, tenor and bass, all of the soprano being known.",
        "Perplexity: among how many chords the model hesitates, in each sixteenth. copy: what was sung a",
        "sixteenth ago. markov: counted in the model's training data. uniform: all tokens equally likely.",
    ),
)
RULES = Table(
    "per 100 quarters",
    (
        Column("parallel_fifths", "par. fifths", 2),
        Column("parallel_octaves", "par. octaves", 2),
        Column("crossings", "crossings", 1),
        Column("wide_spacings", "wide spacing", 1),
    ),
)
CHORDS = Table(
    "chords on quarters",
    (
        Column("tertian", "triads, sevenths", 3),
        Column("triads", "triads", 3, interval=False),
        Column("sevenths", "sevenths", 3, interval=False),
        Column("sample_nll", "NLL by the model", 3),
    ),
    (
        "Nearest to Bach is best. All have Bach's sopranos. free: parallels are not avoided. chance: above",
        "the lower voices of another chorale. Triads, sevenths: with their incomplete forms, which the next",
        "two columns leave out. NLL: of alto, tenor and bass as they stand there, the soprano given.",
    ),
)
BENCHMARK = "The pitches alone, as the JSB benchmark has them."
NOT_THE_BENCHMARK = (
    "These are music21's chorales on the benchmark's split: near the JSB benchmark, but not it. Scores are\n"
    "not to be set beside published ones; for those give --data Jsb16thSeparated.json.gz."
)


def report(evaluation: Evaluation, *, name: str, title: str, remarks: tuple[str, ...] = ()) -> str:
    """All that was measured. name: of the model. title: what was evaluated on."""
    called = row_names(name)
    told = {called.get(key, shortened(key)): each.metrics for key, each in evaluation.told.items()}
    rules = {called[key]: metrics for key, metrics in evaluation.rules.items()}
    parts = [title, *remarks]
    parts += [shown(told, table) for table in (LIKELIHOODS, BY_VOICE, ACCURACY)]
    count = len(evaluation.pieces)
    parts.append(
        f"{count} harmonization{'s' * (count != 1)} of each; in brackets 95 % intervals over chorales"
    )
    parts += [shown(rules, table) for table in (RULES, CHORDS)]
    return "\n\n".join(parts)


def row_names(name: str) -> dict[str, str]:
    """How the systems are called in the tables."""
    short = shortened(name, LONGEST - len(", free"))
    others = {COPY: "copy", MARKOV: "markov", UNIFORM: "uniform", BACH: "Bach", CHANCE: "chance"}
    if short in others.values():
        short = f"{short} model"
    return {MODEL: short, FREE: f"{short}, free", **others}


def shortened(name: str, most: int = LONGEST) -> str:
    """A model's name as it fits into the tables, of at most so many letters."""
    return name if len(name) <= most else f"{name[: most - 3]}..."


def shown(systems: Mapping[str, Row], table: Table) -> str:
    """One table with what to know about it."""
    return "\n".join([*align(table_rows(systems, table)), *table.remarks])
