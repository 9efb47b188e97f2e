"""Chords that the source gives: as symbols above the melody, or as what four voices sing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from common.band.harmony import QUALITIES, Chord, merge_within_bars, span_profiles
from common.band.tunes.keys import ALTERATIONS, STEPS
from common.band.tunes.tune import TuneNote

# The beginning of what follows a symbol's root -> the nearest of our qualities, the longest first.
SYMBOL_QUALITIES = (
    ("maj7", "maj7"),
    ("min7", "min7"),
    ("maj", "maj"),
    ("min", "min"),
    ("dim", "dim"),
    ("sus", "sus4"),
    ("m7", "min7"),
    ("o", "dim"),
    ("m", "min"),
    ("7", "7"),
    ("9", "7"),
)
FITTED = ("maj", "min", "7", "min7", "maj7", "dim")  # to voices; at equal fit the first one
ROOT_IN_BASS = 0.3  # how much the bass speaks for its note as the root, on the scale of a beat's fill; ours
MISSING_TONE = 0.35  # what a tone costs that the chord has and nobody sings; ours


def chord_of_symbol(symbol: str) -> tuple[int, str] | None:
    """(root, quality) of a symbol such as "Am", "B-7" or "D/F#"; None for one that is not understood."""
    found = re.match(r"([A-G])([#b-]?)(.*)", symbol)
    if found is None:
        return None
    root = (STEPS[found[1]] + ALTERATIONS[found[2]]) % 12
    for beginning, quality in SYMBOL_QUALITIES:
        if found[3].startswith(beginning):
            return root, quality
    return root, "maj"


def chords_of_symbols(
    symbols: Sequence[tuple[float, str]], beats_per_bar: float, length: float
) -> tuple[Chord, ...]:
    """Symbols at their onsets, in beats -> chords that cover the tune, each until the next.

    What comes before the first symbol, a pickup, takes its chord. () without symbols.
    """
    known = [(onset, chord) for onset, symbol in symbols if (chord := chord_of_symbol(symbol))]
    known = [(onset, chord) for onset, chord in known if onset < length - 1e-6]
    if not known:
        return ()
    edges = [0.0, *(onset for onset, _ in known[1:]), length]
    chords = [
        Chord(start, end - start, *chord)
        for (start, end), (_, chord) in zip(pairwise(edges), known, strict=True)
        if end - start > 1e-6
    ]
    return merge_within_bars(chords, beats_per_bar)


def chords_of_voices(
    voices: Sequence[Sequence[TuneNote]], beats_per_bar: float, length: float
) -> tuple[Chord, ...]:
    """The chord of every beat of a four-part setting, the bass last; in silence the chord before goes on."""
    count = round(length)
    sung = [span_profiles(voice, 1.0, count, 1) for voice in voices]  # each (beats, 12)
    chords: list[tuple[int, str] | None] = [
        fitted_chord(total, bass) if total.any() else None
        for total, bass in zip(sum(sung), sung[-1], strict=True)
    ]
    known = next((chord for chord in chords if chord is not None), (0, "maj"))
    held = []
    for beat, chord in enumerate(chords):
        known = chord or known
        held.append(Chord(float(beat), 1.0, *known))
    return merge_within_bars(held, beats_per_bar)


def fitted_chord(total: NDArray[np.float64], bass: NDArray[np.float64]) -> tuple[int, str]:
    """(root, quality) of what sounds in a beat, how much of which each pitch class fills.

    In all voices `total` (12,), in the lowest `bass` (12,). It is the chord with the most of the sound inside
    and the least outside, whose tones are all there, and whose root, if possible, is in the bass.
    """
    best, best_score = (0, "maj"), -np.inf
    for quality in FITTED:
        for root in range(12):
            tones = [(root + interval) % 12 for interval in QUALITIES[quality]]
            inside = total[tones].sum()
            score = 2 * inside - total.sum() + ROOT_IN_BASS * bass[root]
            score -= MISSING_TONE * np.count_nonzero(total[tones] == 0)
            if score > best_score + 1e-9:
                best, best_score = (root, quality), score
    return best
