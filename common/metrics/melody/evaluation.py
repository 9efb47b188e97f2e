"""All measures of a set of windows in one flat dict, with intervals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from common.metrics.intervals import percentile_interval
from common.metrics.melody import bars, conditioning, histograms, statistics, tonality
from common.metrics.melody.conditioning import ATTRIBUTES
from common.metrics.melody.line_ends import cadences, line_ends
from common.metrics.melody.mmd import mmd, mmd_resamples
from common.metrics.melody.pooled import Pooled, mean
from common.metrics.melody.self_bleu import self_bleu
from common.metrics.melody.windows import Windows

Metrics = dict[str, float | int | None]


def describe(windows: Windows, *, groups: ArrayLike | None = None, seed: int = 0) -> Metrics:
    """What windows are like, the truth or a model's, under flat keys, ready for JSON (undefined is None).

    "num_windows", "num_notes" (in all), given `groups` (W,) "num_groups"; with "_low" and "_high":
    - means over windows: "repetitions_2", "repetitions_3", "span", "unique_pitches", "notes_without_rest",
      "mean_rest", "length", "scale_consistency", "scale_consistency_published", "key_clarity",
      "pitch_class_entropy"; if metres are known, "grooving_similarity", "bar_entropy_1", "bar_entropy_4";
    - "self_bleu" of pitches and "note_self_bleu" of whole notes;
    - if they know their lines, "line_end_long", "line_end_chord_tone", "inner_long", "inner_chord_tone"; and
      without interval "num_line_ends".
    """
    pooled = {name: mean(values) for name, values in window_measures(windows).items()}
    pooled |= {"self_bleu": self_bleu(windows.pitch), "note_self_bleu": self_bleu(windows.notes)}
    metrics = _sizes(windows, groups)
    if windows.lines is not None:
        metrics["num_line_ends"] = int(line_ends(windows.lines).sum())
        pooled |= cadences(windows)
    return metrics | _with_intervals(pooled, groups, seed)


def evaluate(
    generated: Windows | None,
    truth: Windows,
    *,
    groups: ArrayLike | None = None,
    log_probability: ArrayLike | None = None,
    wrong_lyrics: ArrayLike | None = None,
    rest_probability: ArrayLike | None = None,
    rest_threshold: float = 0.5,
    seed: int = 0,
) -> Metrics:
    """One system against the truth: `describe(generated)`, and under flat keys, with "_low" and "_high":

    - nearness, 0 is best: "mmd" (the sum), "mmd_pitch", "mmd_duration", "mmd_rest"; without intervals, total
      variation of histograms "interval_distance", "pitch_distance", "duration_distance", "rest_distance", and
      what chance gives where there is no difference, "interval_distance_chance", ...;
    - use of the lyrics: "rest_mcc", "duration_correlation"; from `rest_probability` (W, T) "rest_f1", at
      `rest_threshold`; from
      `log_probability` (W, T, 3) "nll", "nll_pitch", "nll_duration", "nll_rest", nats per note; with
      `wrong_lyrics` (W, T, 3), of the same notes given other lyrics, "nll_wrong_lyrics",
      "nll_pitch_wrong_lyrics", ..., and the paired "lyrics_gain", "lyrics_gain_pitch", ...

    Row w of `generated`, and of all other arrays, belongs to row w of `truth`; None for what there is not.
    groups (W,): the song of each. Errors: ValueError for arrays that do not fit.
    """
    metrics = _sizes(truth, groups)
    pooled = _likelihoods(truth, log_probability, wrong_lyrics)
    if rest_probability is not None:
        pooled["rest_f1"] = conditioning.rest_f1(rest_probability, truth.rest, threshold=rest_threshold)
    if generated is not None:
        if generated.pitch.shape != truth.pitch.shape:
            shapes = f"{generated.pitch.shape} generated and {truth.pitch.shape} true"
            raise ValueError(f"every true window needs one generated of its length, got {shapes}")
        metrics |= describe(generated, groups=groups, seed=seed)
        metrics |= _mmd_metrics(generated, truth, groups, seed)
        metrics |= _distances(generated, truth, groups, seed)
        pooled["rest_mcc"] = conditioning.rest_mcc(generated.rest, truth.rest)
        pooled["duration_correlation"] = conditioning.duration_correlation(generated.duration, truth.duration)
    return metrics | _with_intervals(pooled, groups, seed)


def window_measures(windows: Windows) -> dict[str, NDArray]:
    """Every measure that one window has, (W,) each, by its key; those of bars only if metres are known."""
    pitch, duration, rest = windows.pitch, windows.duration, windows.rest
    if not len(windows):  # and so perhaps no notes, of which there is no highest
        pitch, duration, rest = np.zeros((0, 1), dtype=np.int64), np.zeros((0, 1)), np.zeros((0, 1))
    measures = {
        "repetitions_2": statistics.repetitions(pitch, 2),
        "repetitions_3": statistics.repetitions(pitch, 3),
        "span": statistics.span(pitch),
        "unique_pitches": statistics.unique_pitches(pitch),
        "notes_without_rest": statistics.notes_without_rest(rest),
        "mean_rest": statistics.mean_rest(rest),
        "length": statistics.length(duration, rest),
        "scale_consistency": tonality.scale_consistency(pitch),
        "scale_consistency_published": tonality.scale_consistency(pitch, modulo=False),
        "key_clarity": tonality.key_clarity(pitch, duration),
        "pitch_class_entropy": tonality.pitch_class_entropy(pitch),
    }
    if windows.metres is not None:
        measures["grooving_similarity"] = bars.grooving_similarity(windows)
        measures |= {f"bar_entropy_{count}": bars.bar_entropy(windows, count) for count in (1, 4)}
    return measures


def _sizes(windows: Windows, groups: ArrayLike | None) -> Metrics:
    sizes: Metrics = {"num_windows": len(windows), "num_notes": windows.pitch.size}
    return sizes if groups is None else sizes | {"num_groups": len(np.unique(np.asarray(groups)))}


def _mmd_metrics(generated: Windows, truth: Windows, groups: ArrayLike | None, seed: int) -> Metrics:
    """MMD of each attribute and their sum; its resamples draw the same songs for all three."""
    values, drawn = {}, {}
    for name in ATTRIBUTES:
        pair = getattr(generated, name), getattr(truth, name)
        values[f"mmd_{name}"] = mmd(*pair)
        drawn[f"mmd_{name}"] = mmd_resamples(*pair, groups=groups, seed=seed)
    values["mmd"], drawn["mmd"] = sum(values.values()), sum(drawn.values())
    return _merged(_with_ends(name, values[name], *percentile_interval(drawn[name])) for name in values)


def _distances(generated: Windows, truth: Windows, groups: ArrayLike | None, seed: int) -> Metrics:
    """Total variation of the histograms of intervals and of the three attributes."""
    pairs = {"interval": [histograms.interval_histogram(each.pitch) for each in (generated, truth)]}
    for name in ATTRIBUTES:
        values = [getattr(each, name) for each in (generated, truth)]
        bins = np.unique(np.concatenate(values))
        pairs[name] = [histograms.value_histogram(each, bins) for each in values]
    metrics: Metrics = {}
    for name, (found, expected) in pairs.items():
        metrics[f"{name}_distance"] = _json_ready(histograms.total_variation(found, expected))
        chance = histograms.chance_variation(expected, groups, seed=seed)
        metrics[f"{name}_distance_chance"] = _json_ready(chance)
    return metrics


def _likelihoods(truth: Windows, right: ArrayLike | None, wrong: ArrayLike | None) -> dict[str, Pooled]:
    """NLL of the notes with right and wrong lyrics, and what lies between them, of all and each attribute."""
    shape = (*truth.pitch.shape, len(ATTRIBUTES))
    for values in (right, wrong):
        if values is not None and np.shape(values) != shape:
            raise ValueError(f"log-probabilities must have the shape {shape}, got {np.shape(values)}")
    pooled = {}
    for attribute in (None, *ATTRIBUTES):
        suffix = f"_{attribute}" if attribute else ""
        if right is not None:
            pooled[f"nll{suffix}"] = conditioning.nll(right, attribute)
        if wrong is not None:
            pooled[f"nll{suffix}_wrong_lyrics"] = conditioning.nll(wrong, attribute)
        if right is not None and wrong is not None:
            pooled[f"lyrics_gain{suffix}"] = conditioning.lyrics_gain(right, wrong, attribute)
    return pooled


def _with_intervals(pooled: Mapping[str, Pooled], groups: ArrayLike | None, seed: int) -> Metrics:
    return _merged(
        _with_ends(name, each.value, *each.interval(groups, seed=seed)) for name, each in pooled.items()
    )


def _with_ends(name: str, value: float, low: float, high: float) -> Metrics:
    ends = {name: value, f"{name}_low": low, f"{name}_high": high}
    return {key: _json_ready(each) for key, each in ends.items()}


def _merged(parts: Iterable[Metrics]) -> Metrics:
    return {key: value for part in parts for key, value in part.items()}


def _json_ready(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
