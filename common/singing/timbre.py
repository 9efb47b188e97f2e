"""The speech in the voice of a singer: widened, levelled, with air and with the singer's formant.

Spoken vowels differ in level (stress) and fade; sung ones are carried, so their levels are drawn together.
Unvoiced consonants are softer against the vowels than in speech, since the vowels of singing are louder
(Sundberg, The Science of the Singing Voice, 1987).
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from common.singing.bandwidth import widen
from common.singing.lyrics import Tape
from common.singing.phonemes import UNVOICED, Manner, manner
from common.singing.singers import Singer
from common.singing.world import FRAME, NEPERS, analyse, bin_frequencies, mark

LEVEL = -20.0  # dBFS, the RMS of a vowel at velocity 100
LEVELLING = 0.7  # of the way to one level for all vowels
MOST_LEVELLING = 9.0  # dB
SMOOTHING = 0.012  # s, of these gains
CONSONANTS = -5.0  # dB, of unvoiced ones
RING_CENTRE, RING_WIDTH = 3000.0, 600.0  # Hz, the singer's formant (Sundberg 1974)
AIR, BREATHY_AIR = -60.0, 18.0  # dB, white noise under a vowel of a clear voice; more with breathiness 1
TUNING, TUNING_SMOOTHING = 0.7, 0.03  # of the level that a pitch gains or loses; s
TUNED_HARMONICS = 12  # hold nearly all the power
LOWEST_FORMANT = 200.0  # Hz, of any vowel's first
FORMANT_WIDTH = 0.3  # of its frequency, to either side


def sung_envelopes(tape: Tape, singer: Singer, *, sample_rate: int) -> np.ndarray:
    """Log envelopes, float32 (frames of the tape, bins), of all that was spoken, as `singer` sounds."""
    spoken = _analysed(tape)
    kinds = [manner(phoneme.ipa) for phoneme in tape.phonemes]

    def frames(*members: Manner) -> np.ndarray:
        return mark(tape.phonemes, [kind in members for kind in kinds], len(spoken))

    levels = np.log(np.exp(spoken).mean(axis=1))
    gains = _levelling(levels, frames(Manner.VOWEL)) + NEPERS * CONSONANTS * frames(*UNVOICED)
    gains = gaussian_filter1d(gains, SMOOTHING / FRAME, mode="nearest")
    sonorous = frames(Manner.VOWEL, Manner.SONORANT)
    wide = widen(spoken, ~sonorous, sample_rate=sample_rate, formant_shift=singer.formant_shift)
    air = levels + NEPERS * (AIR + BREATHY_AIR * singer.breathiness)
    wide = np.logaddexp(wide, np.where(sonorous, air, -np.inf)[:, None])
    return (wide + gains[:, None] + _ring(singer, sample_rate)).astype(np.float32)


def _analysed(tape: Tape) -> np.ndarray:
    """WORLD's envelopes of the tape: measured once, whoever sings it."""
    if tape.samples not in tape.analysed:
        tape.analysed.clear()  # of a shorter tape
        tape.analysed[tape.samples] = analyse(tape.waveform, tape.phonemes)
    return tape.analysed[tape.samples]


def evenness(envelopes: np.ndarray, f0: np.ndarray, *, sample_rate: int) -> np.ndarray:
    """Gains (frames,), nepers, that keep a vowel's level when the pitch moves its harmonics over the
    formants.

    `envelopes` (frames, bins); `f0` (frames,) in Hz, 0 where it is unvoiced (no gain). High notes would
    fade on closed vowels, whose formants lie below them; singers open the vowel there, to the same effect
    (Sundberg 1975).
    """
    spacing = bin_frequencies(sample_rate)[1]
    harmonics = np.arange(1, TUNED_HARMONICS + 1)
    bins = np.minimum(f0[:, None] * harmonics / spacing, envelopes.shape[1] - 1).round().astype(int)
    # one harmonic carries the power of the band of f0 around it
    carried = np.exp(np.take_along_axis(envelopes, bins, axis=1)).sum(axis=1) * f0 / spacing
    spread = np.exp(envelopes).sum(axis=1)
    gains = np.where(f0 > 0, TUNING * np.log(spread / np.maximum(carried, 1e-12 * spread)), 0.0)
    most = NEPERS * MOST_LEVELLING
    return gaussian_filter1d(np.clip(gains, -most, most), TUNING_SMOOTHING / FRAME, mode="nearest")


def formant_at_pitch(envelopes: np.ndarray, f0: np.ndarray, *, share: float, sample_rate: int) -> np.ndarray:
    """`envelopes` (frames, bins) with a peak at the pitch `f0` (frames,) where the first formant lies below.

    Sopranos open the mouth so that the first formant never lies below the pitch (Sundberg 1975, "Formant
    technique in a professional female singer"). Without that the fundamental of a high [i] falls between two
    formants, 40 dB below its upper partials. By `share` of the decibels, 0 .. 1, it comes to the level of the
    loudest that lies below; what lies there has no harmonic and is not heard.
    """
    frequencies = bin_frequencies(sample_rate)
    lowest = round(LOWEST_FORMANT / frequencies[1])
    high = np.flatnonzero(f0 > LOWEST_FORMANT)
    if not share or not len(high):
        return envelopes
    at = np.round(f0[high] / frequencies[1]).astype(int)
    level = envelopes[high, at]
    below = np.maximum.accumulate(envelopes[high, lowest : at.max() + 1], axis=1)
    lift = below[np.arange(len(high)), np.maximum(at - lowest, 0)] - level
    distance = (frequencies - f0[high, None]) / (FORMANT_WIDTH * f0[high, None])
    tuned = envelopes.copy()
    tuned[high] += share * lift[:, None] * np.exp(-(distance**2))
    return tuned


def _levelling(levels: np.ndarray, vowels: np.ndarray) -> np.ndarray:
    """Gains (frames,), nepers: all frames to `LEVEL`, and the vowels closer to each other."""
    usual = float(np.median(levels[vowels]))
    most = NEPERS * MOST_LEVELLING
    closer = np.clip(LEVELLING * (usual - levels), -most, most)
    return NEPERS * LEVEL - usual + np.where(vowels, closer, 0.0)


def _ring(singer: Singer, sample_rate: int) -> np.ndarray:
    """The singer's formant, (bins,) in nepers."""
    distance = (bin_frequencies(sample_rate) - RING_CENTRE) / RING_WIDTH
    return NEPERS * singer.ring * np.exp(-(distance**2))
