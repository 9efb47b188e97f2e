"""Overdrive, and an amplifier with its cabinet: the two effects that pedalboard does not have.

    overdrive   the guitar's bass is turned down, a soft and uneven clipping, a low-pass ("tone")
    amp         preamplifier (bass turned down, soft clipping), tone stack (three filters), power amplifier
                (soft clipping again), cabinet: a loudspeaker passes about 80 Hz to 5 kHz, lifts its resonance
                and its presence, and at the microphone comb-like notches remain of two ways of the sound

An `Amp` is a dict of numbers, one value for each of AMP_PARAMETERS; those of train, validation and test
differ. Clipping is done at four times the sample rate, so that what it adds above the Nyquist frequency is
not folded back.
Source: D. Yeh 2009, "Digital implementation of musical distortion circuits", for the order of the stages; the
filters are R. Bristow-Johnson's Audio EQ Cookbook (common.band.effects).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.signal import resample_poly

from common.band.effects import equalize, high_pass, high_shelf, low_pass, low_shelf, peaking

Waveform = NDArray[np.float32]
Amp = Mapping[str, float]

OVERSAMPLING = 4
# name: (low, high, unit)
AMP_PARAMETERS: dict[str, tuple[float, float, str]] = {
    "drive_db": (0.0, 30.0, "dB"),
    "bass_db": (-6.0, 6.0, "dB"),
    "middle_db": (-8.0, 4.0, "dB"),
    "treble_db": (-6.0, 6.0, "dB"),
    "cabinet_low_hz": (70.0, 120.0, "Hz"),
    "cabinet_high_hz": (3500.0, 6000.0, "Hz"),
    "resonance_db": (2.0, 6.0, "dB"),
    "presence_db": (2.0, 8.0, "dB"),
    "presence_hz": (1800.0, 3200.0, "Hz"),
    "microphone_ms": (0.15, 0.8, "ms"),
}
AMPS_PER_SPLIT = {"train": 40, "validation": 8, "test": 8}
SEED = 20231


def draw_amps(count: int, rng: np.random.Generator) -> list[dict[str, float]]:
    """`count` amplifiers with their settings."""
    return [
        {name: float(rng.uniform(bounds[0], bounds[1])) for name, bounds in AMP_PARAMETERS.items()}
        for _ in range(count)
    ]


def amps_of(split: str) -> list[dict[str, float]]:
    """The amplifiers of "train", "validation" or "test": nobody is tested on one that was heard."""
    place = list(AMPS_PER_SPLIT).index(split)
    return draw_amps(AMPS_PER_SPLIT[split], np.random.default_rng([SEED, place]))


def overdriven(waveform: Waveform, sample_rate: int, *, drive_db: float, tone_hz: float) -> Waveform:
    """Soft, uneven clipping after a high-pass, then a low-pass at `tone_hz`; float32 (samples,)."""
    thin = equalize(waveform, one_pole(700.0, sample_rate, high=True))
    clipped = soft_clip((0.8 * thin + 0.2 * waveform) * 10 ** (drive_db / 20), bias=0.2)
    return equalize(clipped, one_pole(tone_hz, sample_rate))


def amplified(
    waveform: Waveform,
    sample_rate: int,
    *,
    drive_db: float,
    bass_db: float,
    middle_db: float,
    treble_db: float,
    cabinet_low_hz: float,
    cabinet_high_hz: float,
    resonance_db: float,
    presence_db: float,
    presence_hz: float,
    microphone_ms: float,
) -> Waveform:
    """The guitar through an amplifier and its cabinet, float32 (samples,)."""
    tone = np.vstack(
        [
            low_shelf(150.0, bass_db, sample_rate=sample_rate),
            peaking(600.0, middle_db, 0.7, sample_rate=sample_rate),
            high_shelf(2500.0, treble_db, sample_rate=sample_rate),
        ]
    )
    cabinet = np.vstack(
        [
            high_pass(cabinet_low_hz, sample_rate=sample_rate),
            peaking(1.3 * cabinet_low_hz, resonance_db, 1.2, sample_rate=sample_rate),
            peaking(presence_hz, presence_db, 1.0, sample_rate=sample_rate),
            low_pass(cabinet_high_hz, sample_rate=sample_rate),
            low_pass(cabinet_high_hz, sample_rate=sample_rate),
        ]
    )
    x = equalize(waveform, one_pole(150.0, sample_rate, high=True))
    x = soft_clip(x * 10 ** (drive_db / 20), bias=0.1)
    x = soft_clip(1.5 * equalize(x, tone), bias=0.0)
    return two_ways(equalize(x, cabinet), microphone_ms, sample_rate)


def soft_clip(waveform: Waveform, *, bias: float) -> Waveform:
    """tanh(x + bias), without its constant part: a bias clips one side before the other (even harmonics)."""
    up = resample_poly(waveform, OVERSAMPLING, 1)
    clipped = np.tanh(up + bias) - np.tanh(bias)
    down = resample_poly(clipped, 1, OVERSAMPLING)[: len(waveform)]
    return down.astype(np.float32)


def two_ways(waveform: Waveform, milliseconds: float, sample_rate: int) -> Waveform:
    """With the same sound a little later and softer, as it comes from the rim of the loudspeaker."""
    delay = max(round(milliseconds / 1000 * sample_rate), 1)
    late = np.pad(waveform, (delay, 0))[: len(waveform)]
    return (waveform + 0.4 * late).astype(np.float32)


def one_pole(frequency: float, sample_rate: int, *, high: bool = False) -> NDArray:
    """First-order low-pass, or high-pass, as a section (1, 6), by the bilinear transform."""
    k = np.tan(np.pi * frequency / sample_rate)
    b = (1.0, -1.0) if high else (k, k)
    return np.array([[b[0], b[1], 0.0, 1.0 + k, k - 1.0, 0.0]]) / (1.0 + k)
