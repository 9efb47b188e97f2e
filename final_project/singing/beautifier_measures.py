"""What a beautifier has to do, in numbers: notes in tune, on time, vibrato and timbre as they were.

Pitch is measured by YIN (de Cheveigne and Kawahara 2002, as in librosa), which has no part in the correction.
Curves of pitch are in semitones, NaN where there is no voice, one value every `STEP` seconds.
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.typing import NDArray
from scipy.fft import dct
from scipy.signal import butter, sosfiltfilt

from common.audio import resample
from common.singing.world import load_pyworld

RATE = 16_000  # Hz, at which everything is measured
STEP = 0.01  # s
WINDOW = 960  # samples, 60 ms, of YIN; a multiple of STEP
BAND = 2000.0  # Hz
REACH = 5.0  # semitones around a written note, in which its pitch is looked for
EDGE = 0.25  # of a note at either end that is glide and consonant: its centre is what lies between
LEAP = 1.0  # semitones from a note's median: an error of the tracker
CYCLES = 4.0  # periods of vibrato, at the slowest rate, that a note needs for them to be measured
SLOWEST, FASTEST = 4.0, 8.0  # Hz, of vibrato
MELS, CEPSTRA = 40, 24


def independent_pitch(
    waveform: NDArray[np.float32],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    written: NDArray[np.float64],
    *,
    sample_rate: int,
) -> NDArray[np.float64]:
    """The pitch of a waveform (samples,) by YIN: (frames,), NaN outside of the notes.

    Of each note, `starts` .. `ends` (seconds), within `REACH` of the pitch that is `written`: where a formant
    lifts one harmonic far above the others, the voice nearly repeats itself after a third of its period, and
    YIN as well as pYIN, which know of no note, take that for the pitch. And below `BAND`: YIN counts lags in
    samples, too coarse where a formant at 4 kHz is louder than all else.
    """
    import librosa  # half a second

    heard = resample(waveform[None], original_rate=sample_rate, target_rate=RATE)[0]
    heard = sosfiltfilt(butter(4, BAND, fs=RATE, output="sos"), heard)
    hop = round(STEP * RATE)
    curve = np.full(len(heard) // hop + 1, np.nan)
    for start, end, pitch in zip(starts, ends, written, strict=True):
        first, last = round(start / STEP), min(round(end / STEP), len(curve))
        around = heard[max(first * hop - WINDOW, 0) : last * hop + WINDOW]
        low, high = (440 * 2 ** ((pitch + side * REACH - 69) / 12) for side in (-1, 1))
        found = librosa.yin(around, fmin=low, fmax=high, sr=RATE, frame_length=WINDOW, hop_length=hop)
        skip = first - max(first * hop - WINDOW, 0) // hop
        curve[first:last] = 69 + 12 * np.log2(found[skip : skip + last - first] / 440)
    return curve


def inner(pitch: NDArray[np.float64], start: float, end: float, *, edge: float = EDGE) -> NDArray[np.float64]:
    """The pitch of a note without `edge` of its length at either end."""
    length = end - start
    return pitch[round((start + edge * length) / STEP) : round((end - edge * length) / STEP)]


def note_centres(
    pitch: NDArray[np.float64], starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The mean pitch of each note (notes,), without what leaps off; NaN where no voice is heard."""
    centres = np.full(len(starts), np.nan)
    for place, (start, end) in enumerate(zip(starts, ends, strict=True)):
        part = inner(pitch, start, end)
        if np.isfinite(part).any():
            centres[place] = np.nanmean(part[np.abs(part - np.nanmedian(part)) < LEAP])
    return centres


def vibrato(pitch: NDArray[np.float64]) -> tuple[float, float] | None:
    """Rate (Hz) and depth (cents, peak) of the vibrato of one note (frames,); None if it is too short.

    The strongest sine between `SLOWEST` and `FASTEST` after the slow part, a cubic, is taken out.
    """
    known = np.flatnonzero(np.isfinite(pitch))
    if len(pitch) * STEP * SLOWEST < CYCLES or len(known) < 0.9 * len(pitch):
        return None
    wave = pitch[known] - Chebyshev.fit(known, pitch[known], 3)(known)
    rates = np.linspace(SLOWEST, FASTEST, 161)
    window = np.hanning(len(pitch) + 2)[1:-1][known]
    tones = np.exp(-2j * np.pi * rates[:, None] * known * STEP) @ (window * wave) * 2 / window.sum()
    best = int(np.abs(tones).argmax())
    return float(rates[best]), float(100 * np.abs(tones[best]))


def mel_cepstra(
    waveform: NDArray[np.float32], pitch: NDArray[np.float64], *, sample_rate: int
) -> NDArray[np.float64]:
    """Mel-cepstra 1..24 (frames, 24) of the spectral envelope (WORLD's CheapTrick) at the frames of `pitch`.

    The logarithm of the amplitude on a mel axis is the sum of c[m] * cos(m * angle): c comes from the mean
    power of the envelope in 40 bands that are evenly wide in mel, by a cosine transform.
    """
    heard = resample(waveform[None], original_rate=sample_rate, target_rate=RATE)[0].astype(float)
    f0 = np.nan_to_num(440 * np.exp2((pitch - 69) / 12))
    power = load_pyworld().cheaptrick(heard, f0, np.arange(len(f0)) * STEP, RATE)
    bands = np.log(power @ mel_bands(power.shape[1]).T + 1e-12)  # (frames, 40)
    return dct(bands, norm="ortho", axis=1)[:, 1 : CEPSTRA + 1] / np.sqrt(2 * MELS)


def mel_bands(bins: int) -> NDArray[np.float64]:
    """Triangles (MELS, bins) that overlap by half and sum to 1 each, from 0 to RATE / 2."""
    mel = np.linspace(0, 2595 * np.log10(1 + RATE / 2 / 700), MELS + 2)
    edges = 700 * (10 ** (mel / 2595) - 1)
    hertz = np.linspace(0, RATE / 2, bins)
    rows = [np.interp(hertz, edges[k : k + 3], [0, 1, 0]) for k in range(MELS)]
    return np.stack([row / row.sum() for row in rows])


def mel_cepstral_distortion(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The mean distance in dB between mel-cepstra (frames, coefficients) of the same moments; NaN for none.

    10 / ln 10 * sqrt(2 * sum of squared differences), without the level c0: by Parseval the RMS difference of
    the two envelopes in dB along the mel axis. Source: Kubichek 1993, "Mel-cepstral distance measure for
    objective speech quality assessment".
    """
    if not len(one):
        return float("nan")
    distances = np.sqrt(2 * ((one - other) ** 2).sum(axis=1))
    return float((10 / np.log(10) * distances).mean())
