"""The scores of all systems on all pairs, and what becomes of them: flat metrics with intervals.

Keys of metrics.json, for the remover itself, and with "input_", "oracle_", "guided_", "experts_true_" or
"experts_detected_" before for what is beside it:

    mr_stft, log_mel, si_sdr, esr       over all pairs with effects
    mr_stft_distortion, ...             over those with this effect alone
    mr_stft_1_effect, mr_stft_2_effects over those with so many
    dry_mr_stft, ...                    over dry guitars, which are to be left alone
    reduction, reduction_distortion     how much of the input's MR-STFT is gone: 1 - mr_stft / input_mr_stft

SI-SDR is a median, as everywhere in this project, the others are means. "_low" and "_high" of MR-STFT and
reduction are 95 % intervals over dry guitars: pairs of one guitar resemble each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.metrics import detection
from common.metrics.intervals import bootstrap_interval
from final_project.guitar_effect_removal.amps import amps_of
from final_project.guitar_effect_removal.detection import LoadedDetector
from final_project.guitar_effect_removal.effects import EFFECTS, MOST
from final_project.guitar_effect_removal.eval_systems import INPUT
from final_project.guitar_effect_removal.measures import MEASURES
from final_project.guitar_effect_removal.pair_scoring import ScoredPair
from final_project.guitar_effect_removal.pairs import Pair
from final_project.guitar_effect_removal.wet_dataset import draw_training_chain

Metrics = dict[str, float | int | None]

ALL, DRY = "", "dry"
NUMBERS = ("1_effect", *(f"{count}_effects" for count in range(2, MOST + 1)))
GROUPS = (ALL, *EFFECTS, *NUMBERS, DRY)
PREVALENCE_DRAWS = 4000  # chains that tell how often training hears an effect


@dataclass(frozen=True)
class PairScores:
    """What was measured, pair by pair."""

    scored: Sequence[ScoredPair]

    @property
    def pairs(self) -> list[Pair]:
        return [one.pair for one in self.scored]

    @property
    def systems(self) -> tuple[str, ...]:
        """What has scores on all pairs. Experts chosen by the truth have none where nobody knows it."""
        return tuple(
            key for key in self.scored[0].measures if all(key in one.measures for one in self.scored)
        )

    def column(self, system: str, name: str = "mr_stft") -> NDArray[np.float64]:
        """A measure of every pair, (pairs,)."""
        return np.array([one.measures[system][name] for one in self.scored], dtype=np.float64)

    def where(self, group: str) -> NDArray[np.bool_]:
        """Which pairs are of a group of GROUPS, (pairs,)."""
        return np.array([group in groups_of(pair) for pair in self.pairs], dtype=bool)

    def guitars(self) -> NDArray:
        """Of each pair, which dry guitar it was made of, (pairs,)."""
        return np.array([str(pair.dry) for pair in self.pairs])


def groups_of(pair: Pair) -> tuple[str, ...]:
    """The groups that a pair counts in. One with unknown effects has at least one, so it is in ALL."""
    if pair.chain is None:
        return (ALL,)
    if not pair.chain:
        return (DRY,)
    alone = (pair.chain[0].name,) if len(pair.chain) == 1 else ()
    return (ALL, *alone, NUMBERS[len(pair.chain) - 1])


def kind_of(pair: Pair) -> str:
    """The most special group of a pair, in a word: "distortion", "3_effects", "dry"; "unknown"."""
    if pair.chain is None:
        return "unknown"
    return pair.chain[0].name if len(pair.chain) == 1 else groups_of(pair)[-1]


def key_of(name: str, group: str = ALL) -> str:
    """A key of metrics.json: mr_stft, mr_stft_reverb, dry_mr_stft."""
    return f"{DRY}_{name}" if group == DRY else f"{name}_{group}".rstrip("_")


def removal_metrics(scored: PairScores, system: str) -> Metrics:
    """All scores of a system, but for groups that have no pair."""
    metrics: Metrics = {}
    for group in GROUPS:
        where = scored.where(group)
        if where.any():
            metrics |= _group_metrics(scored, system, group, where)
    return {key: _json_ready(value) for key, value in metrics.items()}


def _group_metrics(scored: PairScores, system: str, group: str, where: NDArray[np.bool_]) -> Metrics:
    metrics: Metrics = {}
    for name in MEASURES:
        values = scored.column(system, name)[where]
        metrics[key_of(name, group)] = float(np.median(values) if name == "si_sdr" else values.mean())
    guitars, distances = scored.guitars()[where], scored.column(system)[where]
    ends = bootstrap_interval(distances, groups=guitars)
    metrics |= _with_ends(key_of("mr_stft", group), ends)
    if system != INPUT and group != DRY:
        inputs = scored.column(INPUT)[where]
        key = key_of("reduction", group)
        metrics[key] = _reduction(distances.sum(), inputs.sum())
        both = np.stack([distances, inputs], axis=1)  # (pairs, 2)
        ends = bootstrap_interval(both, statistic=lambda totals, _: _reduction(*totals.T), groups=guitars)
        metrics |= _with_ends(key, ends)
    return metrics


def detection_metrics(scored: PairScores, detector: LoadedDetector) -> Metrics:
    """HW1's scores of the detector, beside guesses, on the pairs whose effects are known; {} without any."""
    known = [one for one in scored.scored if one.pair.chain is not None]
    if not known:
        return {}
    on = [{effect.name for effect in one.pair.chain} for one in known]
    return detection.evaluate(
        np.array([[name in names for name in EFFECTS] for names in on]),
        np.stack([one.probabilities for one in known]),
        labels=EFFECTS,
        thresholds=detector.thresholds,
        train_prevalence=training_prevalence(detector.trained_on),
        groups=[str(one.pair.dry) for one in known],
    )


def training_prevalence(effects: Sequence[str]) -> NDArray[np.float64]:
    """The share of what training hears that has each effect, (len(EFFECTS),), counted over drawn chains."""
    rng, counts, amps = np.random.default_rng(0), np.zeros(len(EFFECTS)), amps_of("train")
    for _ in range(PREVALENCE_DRAWS):
        for effect in draw_training_chain(effects, rng, amps=amps):
            counts[EFFECTS.index(effect.name)] += 1
    return counts / PREVALENCE_DRAWS


def count_metrics(pairs: Sequence[Pair]) -> Metrics:
    """How many pairs there are, of how many guitars, and in each group: "num_pairs_distortion"."""
    counts = {group: sum(group in groups_of(pair) for pair in pairs) for group in GROUPS if group}
    metrics = {"num_pairs": len(pairs), "num_guitars": len({pair.dry for pair in pairs})}
    return metrics | {f"num_pairs_{group}": count for group, count in counts.items()}


def _reduction(distance: NDArray | float, of_input: NDArray | float) -> NDArray | float:
    """1 - distance / input; undefined where the input is perfect."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.asarray(of_input) > 0, 1 - np.divide(distance, of_input), np.nan)


def _with_ends(key: str, ends: tuple[float, float]) -> Mapping[str, float]:
    return {f"{key}_low": ends[0], f"{key}_high": ends[1]}


def _json_ready(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
