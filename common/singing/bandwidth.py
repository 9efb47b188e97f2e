"""Envelopes of 22.05-kHz speech -> envelopes at any sample rate, with a spectrum up to its top.

espeak-ng gives nothing above 11 kHz, and a voice that stops there betrays itself to any model that hears
it. Above an edge the spectrum goes on from the level just below: vowels fall steeply, as the source of a
voice does; the hiss of s and sh stays up to `HISS_TOP` and falls beyond, as that of real voices, which is
heard to 16 kHz and more.
"""

from __future__ import annotations

import numpy as np

from common.singing.espeak import SAMPLE_RATE
from common.singing.world import FFT_SIZE, NEPERS, bin_frequencies

VOWEL_BAND, VOWEL_TILT = (5200.0, 6800.0), -12.0  # Hz where the level is taken; dB per octave above
HISS_BAND, HISS_TILT = (7600.0, 9600.0), -6.0
HISS_TOP, TOP_TILT = 14000.0, -30.0  # Hz; dB per octave more above it


def widen(
    envelopes: np.ndarray, hissing: np.ndarray, *, sample_rate: int, formant_shift: float = 1.0
) -> np.ndarray:
    """Envelopes (frames, 513) of `SAMPLE_RATE` -> (frames, bins) of `sample_rate`.

    `hissing` (frames,) says which frames are fricatives and stops. All formants move up by `formant_shift`.
    """
    frequencies = bin_frequencies(sample_rate) / formant_shift  # where in the speech a bin is read
    vowels = _extend(envelopes, frequencies, VOWEL_BAND, VOWEL_TILT)
    hiss = _extend(envelopes, frequencies, HISS_BAND, HISS_TILT)
    hiss = hiss + np.float32(NEPERS * TOP_TILT) * _octaves_above(frequencies, HISS_TOP)
    return np.where(hissing[:, None], hiss, vowels)


def _extend(
    envelopes: np.ndarray, frequencies: np.ndarray, band: tuple[float, float], tilt: float
) -> np.ndarray:
    """Read `envelopes` at `frequencies`; through `band` they pass over into its mean level with a `tilt`."""
    spacing = SAMPLE_RATE / FFT_SIZE
    begin, end = (round(edge / spacing) for edge in band)
    level = envelopes[:, begin:end].mean(axis=1, keepdims=True)
    beyond = level + np.float32(NEPERS * tilt) * _octaves_above(frequencies, sum(band) / 2)
    share = np.clip((frequencies - band[0]) / (band[1] - band[0]), 0, 1).astype(np.float32)
    position = np.minimum(frequencies, band[1]) / spacing
    lower = position.astype(int)
    weight = (position - lower).astype(np.float32)
    measured = envelopes[:, lower] * (1 - weight) + envelopes[:, lower + 1] * weight
    return measured * (1 - share) + beyond * share


def _octaves_above(frequencies: np.ndarray, edge: float) -> np.ndarray:
    """How many octaves above `edge`, 0 below: float32 (bins,)."""
    return np.log2(np.maximum(frequencies, edge) / edge).astype(np.float32)
