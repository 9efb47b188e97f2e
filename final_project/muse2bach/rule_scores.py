"""How a set of chorales keeps the rules, under flat keys with 95 % intervals over chorales.

"parallel_fifths", "parallel_octaves", "crossings", "wide_spacings": cases per 100 transitions from quarter to
quarter (voice_leading.py). "tertian": the share of the chords on the quarters that are triads, sevenths or
their incomplete forms (chords.py), and apart from each other "triads", "sevenths", "incomplete".
"transitions", "pieces": of how many. With "_low" and "_high": whole chorales are drawn with replacement,
since what happens in one chorale is not independent. Where a rule is never broken, drawing chorales tells
nothing; "_high" is then the upper end of Wilson's interval for so many transitions. Undefined is None.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from common.metrics.intervals import wilson_interval
from common.metrics.melody.pooled import Pooled, share
from final_project.muse2bach.chorale import Chorale
from final_project.muse2bach.chords import TERTIAN, chord_counts
from final_project.muse2bach.voice_leading import RULES, quarters, rule_counts

Metrics = dict[str, float | int | str | bool | None]
PER = 100  # transitions
CHORD_KEYS = {"triad": "triads", "seventh": "sevenths", "incomplete": "incomplete"}


def rule_scores(chorales: Sequence[Chorale], *, seed: int = 0) -> Metrics:
    """All measures of `chorales`. Errors: ValueError for none."""
    if not chorales:
        raise ValueError("rules are counted in one chorale or more, got none")
    rules = [rule_counts(chorale.voices, chorale.position) for chorale in chorales]
    chords = [chord_counts(quarters(chorale.voices, chorale.position)) for chorale in chorales]
    measures = {name: share(PER * _column(rules, name), _column(rules, "transitions")) for name in RULES}
    sounding, kinds = _column(chords, "chords"), {kind: _column(chords, kind) for kind in TERTIAN}
    measures["tertian"] = share(sum(kinds.values()), sounding)
    measures |= {CHORD_KEYS[kind]: share(counts, sounding) for kind, counts in kinds.items()}
    transitions = int(_column(rules, "transitions").sum())
    scores = with_intervals(measures, seed=seed)
    for name in RULES:
        if scores[name] == 0:
            scores[f"{name}_low"], scores[f"{name}_high"] = 0.0, PER * wilson_interval(0, transitions)[1]
    return {"pieces": len(chorales), "transitions": transitions} | scores


def with_intervals(measures: Mapping[str, Pooled], *, seed: int = 0) -> Metrics:
    """The value of each measure under its name, and its 95 % interval as "_low" and "_high"."""
    metrics: Metrics = {}
    for name, measure in measures.items():
        low, high = measure.interval(seed=seed)
        metrics |= {name: measure.value, f"{name}_low": low, f"{name}_high": high}
    return {name: None if math.isnan(value) else value for name, value in metrics.items()}


def _column(counts: Sequence[Mapping[str, int]], name: str) -> NDArray[np.float64]:
    """One count of all chorales, (pieces,)."""
    return np.array([each[name] for each in counts], dtype=np.float64)
