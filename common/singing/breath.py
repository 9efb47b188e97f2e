"""The breath that a singer takes before a phrase: noise through an open throat, drawn in and then stopped."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from common.singing.singers import Singer
from common.singing.timbre import LEVEL
from common.singing.timing import SongPlan
from common.singing.world import FRAME, NEPERS, bin_frequencies

SHORTEST_REST = 0.35  # s; nobody breathes in a shorter one
SECONDS = 0.2, 0.45  # how long it takes
SHORTEST = 0.12  # s; if less time is left there is no breath
PAUSE = 0.03  # s between the breath and the first consonant
DECIBELS = -30.0, -22.0  # against a vowel at velocity 100
FORMANTS = ((1600.0, 500.0, 8.0), (2900.0, 700.0, 6.0), (5200.0, 1500.0, 3.0))  # centre and width in Hz, dB
TILT = -7.0  # dB per octave
RUMBLE = 400.0  # Hz; below there is little
SLOW_RISE = 1.4  # the exponent that puts the loudest moment behind the middle


def breaths(plan: SongPlan, singer: Singer, rng: np.random.Generator) -> Iterator[tuple[float, float, float]]:
    """(start, seconds, dB) of the breaths of a song; none for a singer who breathes unheard."""
    ends = [0.0, *(note.end for note in plan.notes)]
    for end, note in zip(ends, plan.notes, strict=False):
        seconds, decibels = rng.uniform(*SECONDS), rng.uniform(*DECIBELS)
        if not singer.breaths or note.start - end < SHORTEST_REST:
            continue
        first = min(p.start for p in plan.phonemes if end <= p.start <= note.start)
        seconds = min(seconds, first - PAUSE - end)
        if seconds >= SHORTEST:
            yield first - PAUSE - seconds, seconds, decibels


def breath_envelopes(seconds: float, decibels: float, *, sample_rate: int) -> np.ndarray:
    """The log envelopes (frames, bins) of one breath, at `decibels` against a vowel."""
    frequencies = np.maximum(bin_frequencies(sample_rate), 50.0)
    shape = TILT * np.log2(frequencies / 1000.0) - 20 * np.exp(-frequencies / RUMBLE)
    for centre, width, height in FORMANTS:
        shape += height * np.exp(-(((frequencies - centre) / width) ** 2))
    shape -= 10 * np.log10(np.mean(10 ** (shape / 10)))  # to the power of LEVEL
    swell = np.sin(np.pi * np.linspace(0, 1, max(round(seconds / FRAME), 2)) ** SLOW_RISE)
    return NEPERS * (LEVEL + decibels + shape + 20 * np.log10(np.maximum(swell, 1e-4))[:, None])
