"""Metrics of melody generation: what melodies are like, how near to true ones, whether the lyrics were used.

    truth = Windows.of(melodies, lines=[lyrics.lines, ...])   # windows of equal length, such as 20 notes
    rows = {"truth": describe(truth, groups=songs)}
    rows["model"] = evaluate(
        Windows.of(generated, lines=...), truth, groups=songs, rest_probability=..., log_probability=...,
        wrong_lyrics=...,  # log-probabilities of the same notes given the lyrics of another window
    )
    print(format_report(rows))                                # systems side by side, in any number

Conventions
- A set of windows is `pitch` (MIDI numbers), `duration` and `rest` (the silence before a note), (W, T) each,
  in beats of the data. Measures of a window return (W,). `by_length` takes melodies of different lengths.
- Row w of `generated` answers the lyrics of row w of `truth`; `groups` (W,) names its song. Notes that are
  compared with those that the lyrics had (NLL, rests, durations) are 2..T of a window: where it begins, the
  window decides about the first rest, not the lyrics.
- Intervals are 95 %, bootstrap over whole groups ("_low", "_high"); without groups, over windows. Distances
  of histograms have what chance gives instead ("_chance"): noise only ever adds to them.
- `describe` says what windows are like, the truth as well. Its statistics, MMD and distances of histograms
  cannot show that the lyrics were used: melodies drawn from the training set do best there. What can:
  "lyrics_gain" (nats per note), "rest_mcc" (0 when blind), "duration_correlation", "rest_f1" above that of a
  model without lyrics, "line_end_long" above "inner_long".
- What is undefined is NaN, in the dicts None: intervals of one group, lines that never end, bars that nobody
  knows. NaN and infinities in windows are refused.

Sources: Yu, Srivastava and Canales 2021 ("Conditional LSTM-GAN for melody generation from lyrics") and the
code of C-Hybrid-GAN (github.com/yy1lab/c-hybrid-gan) for the statistics, MMD and self-BLEU; Wu and Yang 2020
("The Jazz Transformer on the front line", MusDr) for entropy and grooving; Krumhansl 1990 for keys.
"""

from common.metrics.melody.bars import bar_entropy, grooving_similarity
from common.metrics.melody.conditioning import (
    best_rest_threshold,
    duration_correlation,
    lyrics_gain,
    nll,
    rest_f1,
    rest_mcc,
)
from common.metrics.melody.evaluation import Metrics, describe, evaluate, window_measures
from common.metrics.melody.histograms import (
    chance_variation,
    interval_histogram,
    total_variation,
    value_histogram,
)
from common.metrics.melody.line_ends import cadences, is_long, line_ends
from common.metrics.melody.mmd import mmd, mmd_resamples
from common.metrics.melody.pooled import Pooled
from common.metrics.melody.self_bleu import self_bleu
from common.metrics.melody.statistics import (
    length,
    mean_rest,
    n_grams,
    notes_without_rest,
    repetitions,
    span,
    unique_pitches,
)
from common.metrics.melody.text import format_report
from common.metrics.melody.tonality import (
    estimated_key,
    in_cadence,
    key_clarity,
    key_strengths,
    pitch_class_counts,
    pitch_class_entropy,
    scale_consistency,
)
from common.metrics.melody.windows import Windows, by_length

__all__ = [
    "best_rest_threshold",
    "Metrics",
    "Pooled",
    "Windows",
    "bar_entropy",
    "chance_variation",
    "by_length",
    "cadences",
    "describe",
    "duration_correlation",
    "estimated_key",
    "evaluate",
    "format_report",
    "grooving_similarity",
    "in_cadence",
    "interval_histogram",
    "is_long",
    "key_clarity",
    "key_strengths",
    "length",
    "line_ends",
    "lyrics_gain",
    "mean_rest",
    "mmd",
    "mmd_resamples",
    "n_grams",
    "nll",
    "notes_without_rest",
    "pitch_class_counts",
    "pitch_class_entropy",
    "repetitions",
    "rest_f1",
    "rest_mcc",
    "scale_consistency",
    "self_bleu",
    "span",
    "total_variation",
    "unique_pitches",
    "value_histogram",
    "window_measures",
]
