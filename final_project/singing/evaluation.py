"""From the measures of songs to the numbers of metrics.json, with 95 % intervals over songs.

    in_tune_pyin, in_tune_harvest     share of settled frames within 50 cents
    one_tone_in_tune                  what singing each song on its commonest pitch would get
    deviation_pyin_cents, ...         median of their |deviation|
    voiced_pyin, voiced_harvest       share of settled frames in which the tracker hears a voice
    counted_notes                     share of notes that have settled frames
    onset_median_ms, onset_p90_ms     |onset that is heard - note|; speech_onset_...: read aloud
    onset_late_ms                     median with sign
    onset_heard                       share of notes with an onset that can be heard
    vowels_sung, vowels_spoken        accuracy of the listener on the same vowels, sung and read aloud
    vowels_ratio                      the first by the second
    vowels_majority, vowels_random, vowels_sine    baselines

"..._low" and "..._high" end the intervals, "..._en" and "..._de" what is of one language alone. Undefined
values are None.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from common.metrics.classification import baselines
from common.metrics.intervals import percentile_interval
from final_project.singing.f0_trackers import TRACKERS
from final_project.singing.measures import one_tone_share, settled_share
from final_project.singing.song_measures import SongMeasures

Metrics = dict[str, float | int | str | None]
Statistic = Callable[[Sequence[SongMeasures]], float]
RESAMPLES = 1000
SCORES = (  # with intervals, and by language
    *("in_tune_pyin", "in_tune_harvest", "onset_median_ms", "onset_p90_ms"),
    *("vowels_sung", "vowels_spoken", "vowels_ratio"),
)


def all_metrics(songs: Sequence[SongMeasures], train_counts: NDArray | None, *, seed: int = 0) -> Metrics:
    """Everything above. train_counts (classes,): of the listener's training, None if unknown."""
    found: Metrics = {name: statistic(songs) for name, statistic in STATISTICS.items()}
    for name in SCORES:
        found[f"{name}_low"], found[f"{name}_high"] = interval(STATISTICS[name], songs, seed=seed)
    for language in sorted({song.take.song.language for song in songs}):
        own = [song for song in songs if song.take.song.language == language]
        found |= {f"{name}_{language}": STATISTICS[name](own) for name in SCORES}
        found[f"num_songs_{language}"] = len(own)
    if train_counts is not None:
        guesses = baselines(joined([song.targets for song in songs]), train_counts)
        found |= {f"vowels_{guess}": guesses[f"{guess}_top1"] for guess in ("majority", "random")}
    found |= {
        "num_songs": len(songs),
        "num_voices": len({song.take.song.singer.name for song in songs}),
        "num_notes": sum(len(song.take.song.notes) for song in songs),
        "num_vowels": sum(len(song.targets) for song in songs),
    }
    return {name: None if value != value else value for name, value in found.items()}


def interval(statistic: Statistic, songs: Sequence[SongMeasures], *, seed: int) -> tuple[float, float]:
    """The 95 % percentile bootstrap when songs are drawn with replacement; NaN twice for fewer than two."""
    if len(songs) < 2:
        return np.nan, np.nan
    rng = np.random.default_rng(seed)
    draws = rng.integers(len(songs), size=(RESAMPLES, len(songs)))
    return percentile_interval(np.array([statistic([songs[k] for k in draw]) for draw in draws]))


def joined(parts: Sequence[NDArray]) -> NDArray:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts]) if not len(parts) else np.concatenate(parts)


def mean(values: NDArray) -> float:
    """NaN for none."""
    return float(np.mean(values)) if len(values) else np.nan


def in_tune(tracker: str) -> Statistic:
    return lambda songs: mean(joined([song.in_tune[tracker] for song in songs]))


def one_tone_in_tune(songs: Sequence[SongMeasures]) -> float:
    """What a voice gets that sings each song on its commonest pitch."""
    shares = [one_tone_share(song.take.song.notes) for song in songs]
    return mean(np.array(shares))


def deviation(tracker: str) -> Statistic:
    return lambda songs: quantile(np.abs(joined([song.deviations[tracker] for song in songs])), 0.5)


def voiced(tracker: str) -> Statistic:
    return lambda songs: mean(np.array([song.voiced[tracker] for song in songs]))


def onset_quantile(share: float, *, speech: bool = False) -> Statistic:
    """Of the absolute onset errors, ms."""
    return lambda songs: 1000 * quantile(np.abs(onsets(songs, speech=speech)), share)


def onsets(songs: Sequence[SongMeasures], *, speech: bool = False) -> NDArray[np.float64]:
    """The onset errors of all notes whose onset is heard, seconds."""
    voices = [song.take.speech if speech else song.take.sung for song in songs]
    errors = joined([voice.onsets for voice in voices])
    return errors[np.isfinite(errors)]


def quantile(values: NDArray, share: float) -> float:
    return float(np.quantile(values, share)) if len(values) else np.nan


def accuracy(heard: str) -> Statistic:
    """Of what is heard in "heard_sung", "heard_spoken" or "heard_sine"."""
    return lambda songs: mean(joined([getattr(song, heard) == song.targets for song in songs]))


def ratio(songs: Sequence[SongMeasures]) -> float:
    spoken = accuracy("heard_spoken")(songs)
    return accuracy("heard_sung")(songs) / spoken if spoken > 0 else np.nan


def onset_heard(songs: Sequence[SongMeasures]) -> float:
    return len(onsets(songs)) / max(sum(len(song.take.song.notes) for song in songs), 1)


def onset_late(songs: Sequence[SongMeasures]) -> float:
    return 1000 * quantile(onsets(songs), 0.5)


def counted_notes(songs: Sequence[SongMeasures]) -> float:
    return mean(np.array([settled_share(song.take.song.notes) for song in songs]))


STATISTICS: dict[str, Statistic] = {
    **{f"in_tune_{name}": in_tune(name) for name in TRACKERS},
    "one_tone_in_tune": one_tone_in_tune,
    **{f"deviation_{name}_cents": deviation(name) for name in TRACKERS},
    **{f"voiced_{name}": voiced(name) for name in TRACKERS},
    "counted_notes": counted_notes,
    "onset_median_ms": onset_quantile(0.5),
    "onset_p90_ms": onset_quantile(0.9),
    "onset_late_ms": onset_late,
    "onset_heard": onset_heard,
    "speech_onset_median_ms": onset_quantile(0.5, speech=True),
    "speech_onset_p90_ms": onset_quantile(0.9, speech=True),
    "vowels_sung": accuracy("heard_sung"),
    "vowels_spoken": accuracy("heard_spoken"),
    "vowels_ratio": ratio,
    "vowels_sine": accuracy("heard_sine"),
}
