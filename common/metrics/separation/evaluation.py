"""From blocks of a song to its scores, and from songs to one flat dict with intervals, floor and ceiling.

A song has the scores of up to three systems, told apart by the beginning of their keys: the model
("vocals_sdr"), the mixture as the estimate of everything ("mixture_vocals_sdr"), and the ideal ratio mask
("ideal_ratio_mask_vocals_sdr").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from common.metrics.detection import Difference
from common.metrics.intervals import RESAMPLES, percentile_interval
from common.metrics.separation.bss_eval import BssEval
from common.metrics.separation.scores import SdrAccumulator, song_median
from common.metrics.separation.spectral import SpectralAccumulator

Metrics = dict[str, float | int | None]

MODEL, MIXTURE, IDEAL = "", "mixture_", "ideal_ratio_mask_"  # how keys begin
SYSTEMS = (MODEL, MIXTURE, IDEAL)
SCORES = ("sdr", "song_sdr", "si_sdr", "spectral_convergence", "log_magnitude_distance", "isr", "sir", "sar")
WITH_INTERVALS = ("sdr", "song_sdr", "si_sdr")


@dataclass(frozen=True)
class Scores:
    """What one system reaches on one song; each (outputs,), windows (outputs, windows)."""

    windows: NDArray
    song_sdr: NDArray
    si_sdr: NDArray
    spectral_convergence: NDArray
    log_magnitude_distance: NDArray

    @property
    def sdr(self) -> NDArray[np.float64]:
        """Median SDR of the windows, (outputs,)."""
        return song_median(self.windows)


class SongScorer:
    """Scores one system on one song, fed block by block: `add` all of it in order, then ask for `scores`."""

    def __init__(self, *, sample_rate: int) -> None:
        self._sdr = SdrAccumulator(sample_rate=sample_rate)
        self._spectral = SpectralAccumulator()

    def add(self, references: NDArray, estimates: NDArray) -> None:
        """The next block, any length: references and estimates (outputs, channels, samples) each.

        Errors: ValueError for other shapes, or values that are not finite.
        """
        self._sdr.add(references, estimates)
        self._spectral.add(references, estimates)

    def scores(self) -> Scores:
        """Of all that was added."""
        return Scores(
            windows=self._sdr.windows(),
            song_sdr=self._sdr.song_sdr(),
            si_sdr=self._sdr.si_sdr(),
            spectral_convergence=self._spectral.spectral_convergence(),
            log_magnitude_distance=self._spectral.log_magnitude_distance(),
        )


def song_metrics(
    outputs: Sequence[str],
    model: Scores,
    *,
    mixture: Scores | None = None,
    ideal_ratio_mask: Scores | None = None,
) -> Metrics:
    """The scores of one song under flat keys, ready for JSON (undefined or infinite is None).

    "vocals_sdr" (median of the windows), "vocals_song_sdr", "vocals_si_sdr", "vocals_spectral_convergence",
    "vocals_log_magnitude_distance" for each of `outputs`, and "num_windows", how many had an SDR; the same of
    `mixture` and `ideal_ratio_mask` with these names before.
    """
    metrics: Metrics = {}
    for prefix, scores in zip(SYSTEMS, (model, mixture, ideal_ratio_mask), strict=True):
        if scores is None:
            continue
        metrics[f"{prefix}num_windows"] = int((~np.isnan(scores.windows)).all(axis=0).sum())
        for name in SCORES[:5]:
            for output, value in zip(outputs, getattr(scores, name), strict=True):
                metrics[f"{prefix}{output}_{name}"] = _json_ready(float(value))
    return metrics


def bss_metrics(outputs: Sequence[str], bss: BssEval) -> Metrics:
    """ISR, SIR and SAR of one song under flat keys, "vocals_sir" and so on: medians of its windows."""
    return {
        f"{output}_{name}": _json_ready(float(value))
        for name in ("isr", "sir", "sar")
        for output, value in zip(outputs, song_median(getattr(bss, name)), strict=True)
    }


def evaluate(songs: Mapping[str, Metrics], outputs: Sequence[str], *, seed: int = 0) -> Metrics:
    """Scores of all songs (by name, each from `song_metrics`) under flat keys, ready for JSON.

    "num_songs", "num_windows"; for each output and system what `song_metrics` has: the median over songs, but
    of "song_sdr" the mean, as in the Music Demixing Challenge. "vocals_num_songs": how many have an SDR. The
    SDRs and the SI-SDR have "_low" and "_high", the 95 % interval when songs are drawn.
    "vocals_sdr_over_mixture", with its interval: the model's SDR less the mixture's, over the same songs.
    What `bss_metrics` gives may be in the songs, too.
    """
    metrics: Metrics = {"num_songs": len(songs)}
    for prefix in SYSTEMS:
        if any(f"{prefix}num_windows" in song for song in songs.values()):
            metrics[f"{prefix}num_windows"] = int(np.nansum(column(songs, f"{prefix}num_windows")))
        for output in outputs:
            metrics |= _output_metrics(songs, f"{prefix}{output}", seed)
    for output in outputs:
        metrics[f"{output}_num_songs"] = int((~np.isnan(column(songs, f"{output}_sdr"))).sum())
        if f"{MIXTURE}{output}_sdr" in metrics:
            over = _difference(
                column(songs, f"{MIXTURE}{output}_sdr"), column(songs, f"{output}_sdr"), _median, seed
            )
            metrics |= _with_ends(f"{output}_sdr_over_mixture", *over)
    return {key: _json_ready(value) for key, value in metrics.items()}


def paired_differences(
    first: Mapping[str, Metrics], second: Mapping[str, Metrics], outputs: Sequence[str], *, seed: int = 0
) -> dict[str, Difference]:
    """Scores of the second model less those of the first, over the songs that both have: "vocals_sdr" and so
    on.

    Both models meet the same songs in every resample, so this is surer than what their two intervals would
    tell. Songs where either has no score are left out for that score. Errors: ValueError where no song is in
    both.
    """
    shared = [name for name in first if name in second]
    if not shared:
        raise ValueError("the two models were not scored on the same songs, so nothing can be compared")
    pair = [{name: songs[name] for name in shared} for songs in (first, second)]
    keys = [f"{output}_{name}" for output in outputs for name in SCORES]
    return {
        key: _difference(*(column(songs, key) for songs in pair), _statistic(key), seed)
        for key in keys
        if all(any(key in song for song in songs.values()) for songs in pair)
    }


def column(songs: Mapping[str, Metrics], key: str) -> NDArray[np.float64]:
    """One score of every song, (songs,); NaN where it is undefined or missing."""
    values = [song.get(key) for song in songs.values()]
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _output_metrics(songs: Mapping[str, Metrics], output: str, seed: int) -> Metrics:
    """The scores of one output of one system, with the intervals of those that have one."""
    metrics: Metrics = {}
    for name in SCORES:
        key = f"{output}_{name}"
        if not any(key in song for song in songs.values()):
            continue
        values, statistic = column(songs, key), _statistic(key)
        if name in WITH_INTERVALS:
            metrics |= _with_ends(key, *_difference(np.zeros(len(values)), values, statistic, seed))
        else:
            metrics[key] = float(statistic(values[~np.isnan(values)]))
    return metrics


def _difference(first: NDArray, second: NDArray, statistic: Callable, seed: int) -> Difference:
    """statistic(second) - statistic(first), (songs,) each, where both are defined, and its interval."""
    defined = ~(np.isnan(first) | np.isnan(second))
    first, second = first[defined], second[defined]
    value = float(statistic(second) - statistic(first))
    if len(first) < 2:
        return Difference(value, np.nan, np.nan)
    drawn = np.random.default_rng(seed).integers(len(first), size=(RESAMPLES, len(first)))
    return Difference(value, *percentile_interval(statistic(second[drawn]) - statistic(first[drawn])))


def _median(values: NDArray) -> NDArray[np.float64]:
    """Median over the last axis, NaN for none."""
    return np.median(values, axis=-1) if values.shape[-1] else np.float64(np.nan)


def _mean(values: NDArray) -> NDArray[np.float64]:
    return values.mean(axis=-1) if values.shape[-1] else np.float64(np.nan)


def _statistic(key: str) -> Callable[[NDArray], NDArray]:
    return _mean if key.endswith("_song_sdr") else _median


def _with_ends(key: str, value: float, low: float, high: float) -> Metrics:
    return {key: value, f"{key}_low": low, f"{key}_high": high}


def _json_ready(value: float | int | None) -> float | int | None:
    return value if value is not None and np.isfinite(value) else None
