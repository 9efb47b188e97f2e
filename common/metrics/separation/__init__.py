"""Metrics of source separation: how near estimates of a song's sources are to the true ones.

Conventions
- `references` and `estimates` are (sources, channels, samples), floats of any precision; energies are
  float64.
- "sdr" is museval's (BSS Eval v4): of windows of 1 second without overlap, median over the windows of a song,
  then over songs. A window has no SDR, for ALL sources, where any reference or any estimate is silent: all
  zeros, or channels that add up to zeros. So what is scored together matters: as museval's `eval_mus_track`,
  score vocals with accompaniment, and the four stems without it. A rest at the end that is shorter than a
  window is left out; a song that is, is one window. A perfect estimate has an infinite SDR.
- Estimates that are too short are filled up with silence, too long ones are cut (`match_length`), as in
  museval.
- Estimates with NaN or infinities are refused: medians would leave them out, unseen.
- "song_sdr" is one ratio of energies for the song, as in the Music Demixing Challenge, mean over songs.
  "si_sdr" is scale-invariant, one ratio for the song, median over songs. They differ from "sdr" by dBs:
  always say which.
- "spectral_convergence" and "log_magnitude_distance" compare magnitudes and do not hear phases: 0 is perfect.
- `bss_eval` gives museval's ISR, SIR and SAR.
- Floor and ceiling: keys that begin with "mixture_" (the mixture as estimate of all sources) and
  "ideal_ratio_mask_".
- Intervals are 95 %, percentile bootstrap over songs ("_low", "_high"). Windows of a song resemble each
  other: drawing those would promise too much.
"""

from common.metrics.detection import Difference
from common.metrics.separation.bss_eval import BssEval, Correlations, WindowScorer, bss_eval
from common.metrics.separation.evaluation import (
    Metrics,
    Scores,
    SongScorer,
    bss_metrics,
    column,
    evaluate,
    paired_differences,
    song_metrics,
)
from common.metrics.separation.scores import (
    SdrAccumulator,
    match_length,
    sdr_windows,
    si_sdr,
    song_median,
    song_sdr,
)
from common.metrics.separation.spectral import (
    SpectralAccumulator,
    log_magnitude_distance,
    spectral_convergence,
)
from common.metrics.separation.text import format_difference, format_report

__all__ = [
    "BssEval",
    "Correlations",
    "Difference",
    "Metrics",
    "Scores",
    "SdrAccumulator",
    "SongScorer",
    "SpectralAccumulator",
    "WindowScorer",
    "bss_eval",
    "bss_metrics",
    "column",
    "evaluate",
    "format_difference",
    "format_report",
    "log_magnitude_distance",
    "match_length",
    "paired_differences",
    "sdr_windows",
    "si_sdr",
    "song_median",
    "song_metrics",
    "song_sdr",
    "spectral_convergence",
]
