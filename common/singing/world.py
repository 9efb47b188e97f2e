"""The vocoder WORLD: speech -> spectral envelopes, and envelopes with a pitch -> a voice.

WORLD (Morise, Yokomori, Ozawa 2016, "WORLD: a vocoder-based high-quality speech synthesis system for
real-time applications") describes a voice every 5 ms by its pitch f0, its spectral envelope, and its
aperiodicity, which says how much of the envelope is noise.

Of the three only the envelope is measured (CheapTrick): vowel and consonant lie in it. The f0 of the speech
is one tone, that of the song comes from the notes, and noise follows from the kind of phoneme
(`aperiodicity`): espeak-ng's vowels are sums of harmonics without noise, and WORLD's own analysis calls
most of its consonants voiced.

Envelopes are natural logarithms of power, float32 (frames, bins), bins from 0 Hz to half the sample rate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from types import ModuleType

import numpy as np

from common.singing.espeak import SAMPLE_RATE, SingingError, SpokenPhoneme
from common.singing.phonemes import Manner, is_voiced, manner

FRAME = 0.005  # s, WORLD's usual frame period
FFT_SIZE = 1024  # of the analysis at 22.05 kHz: for tones down to 65 Hz
LOWEST_TONE, HIGHEST_TONE = 65.0, 350.0  # Hz, in which espeak-ng may speak
WINDOW = 0.04  # s, of an autocorrelation: two periods and a half of the lowest tone
TONAL = 0.3  # the least height of its peak, against lag 0
FIRST_PEAK = 0.9  # of the highest peak; two periods correlate nearly as well as one
NEPERS = math.log(10) / 10  # a decibel, in natural logarithms of power
SILENCE = 1e-13  # power, added so that logarithms stay finite


def analyse(waveform: np.ndarray, phonemes: Sequence[SpokenPhoneme]) -> np.ndarray:
    """Envelopes (frames, 513) of speech in one tone at 22.05 kHz: frame i lies at i * `FRAME` seconds.

    SingingError for a voice without a steady tone (whispers, croaks), or if pyworld is missing.
    """
    times = np.arange(int(len(waveform) / SAMPLE_RATE / FRAME) + 1) * FRAME
    voiced = mark(phonemes, [is_voiced(phoneme.ipa) for phoneme in phonemes], len(times))
    f0 = np.where(voiced, tone(waveform, phonemes), 0.0)
    power = load_pyworld().cheaptrick(waveform, f0, times, SAMPLE_RATE, fft_size=FFT_SIZE)
    return np.log(power + SILENCE).astype(np.float32)


def tone(waveform: np.ndarray, phonemes: Sequence[SpokenPhoneme]) -> float:
    """The f0 (Hz) of speech in one tone: where the mean autocorrelation of all vowels has its first high
    peak.

    SingingError if there is none.
    """
    length = round(WINDOW * SAMPLE_RATE)
    window = np.hanning(length)
    begins = [
        begin
        for phoneme in phonemes
        if manner(phoneme.ipa) is Manner.VOWEL
        for begin in range(round(phoneme.start * SAMPLE_RATE), round(phoneme.end * SAMPLE_RATE), length // 2)
    ]
    pieces = [waveform[begin : begin + length] for begin in begins if begin + length <= len(waveform)]
    spectrum = sum(
        np.abs(np.fft.rfft(piece * window, 2 * length)) ** 2 for piece in [np.zeros(length), *pieces]
    )
    correlation = np.fft.irfft(spectrum) / np.fft.irfft(np.abs(np.fft.rfft(window, 2 * length)) ** 2)
    shortest, longest = (round(SAMPLE_RATE / f0) for f0 in (HIGHEST_TONE, LOWEST_TONE))
    lags = np.arange(shortest, longest)
    values, before, after = (correlation[lags + shift] for shift in (0, -1, 1))
    peaks = (values >= before) & (values > after) & (values > TONAL * correlation[0])
    if not peaks.any():
        raise SingingError("this voice of espeak-ng has no steady tone; choose another variant")
    high = peaks & (values >= FIRST_PEAK * values[peaks].max())
    return SAMPLE_RATE / float(lags[high][0])


def mark(phonemes: Sequence[SpokenPhoneme], values: Sequence[bool], frames: int) -> np.ndarray:
    """Which frames lie in a phoneme whose value is true: bool (frames,)."""
    marked = np.zeros(frames, dtype=bool)
    for phoneme, value in zip(phonemes, values, strict=True):
        marked[round(phoneme.start / FRAME) : round(phoneme.end / FRAME)] = value
    return marked


def synthesize(f0: np.ndarray, envelopes: np.ndarray, noise: np.ndarray, *, sample_rate: int) -> np.ndarray:
    """A voice, float64 (samples,): `f0` (frames,) in Hz with 0 where it is unvoiced, `envelopes` (frames,
    bins) in log power, and `noise` (frames, bins), the share of it (0..1, amplitude) that is not periodic.

    Envelopes keep the scale of the analysis: the mean of the power over all bins up to 11 kHz is the square
    of the RMS.
    """
    power = np.exp(envelopes) * (sample_rate / SAMPLE_RATE)  # WORLD spreads the power over all bins
    arrays = (np.ascontiguousarray(array, dtype=float) for array in (f0, power, noise))
    return load_pyworld().synthesize(*arrays, sample_rate, 1000 * FRAME)


def fft_size(sample_rate: int) -> int:
    """The transform at `sample_rate`: a power of two, at least as long in seconds as in the analysis."""
    return 2 ** math.ceil(math.log2(FFT_SIZE * sample_rate / SAMPLE_RATE))


def bin_frequencies(sample_rate: int) -> np.ndarray:
    """Hz of the bins of envelopes at `sample_rate`: (bins,)."""
    size = fft_size(sample_rate)
    return np.arange(size // 2 + 1) * sample_rate / size


def load_pyworld() -> ModuleType:
    """The module pyworld; SingingError if it is missing."""
    try:
        import pyworld
    except ImportError as error:
        raise SingingError("pyworld-prebuilt is not installed; pip install -r requirements.txt") from error
    return pyworld
