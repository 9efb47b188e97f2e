"""What the engines share: tuning, resonances, envelopes, noise, slow random movement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, lfilter, sosfilt

HOLD_SECONDS = 3.0  # NSynth: the key is down for three seconds, and one second of decay follows
Range = tuple[float, float]


@dataclass(frozen=True)
class Resonance:
    """A bump of a body or a vocal tract: centre (Hz), bandwidth (Hz), height (dB)."""

    centre: float
    bandwidth: float
    gain: float


def midi_to_hz(pitch: float) -> float:
    """Equal temperament, A4 = MIDI 69 = 440 Hz."""
    return 440.0 * 2.0 ** ((pitch - 69.0) / 12.0)


def body_gain(frequencies: np.ndarray, resonances: tuple[Resonance, ...]) -> np.ndarray:
    """Linear gain of a set of resonances at `frequencies` (any shape), on a floor of 1."""
    level = np.zeros_like(frequencies)
    for resonance in resonances:
        distance = (frequencies - resonance.centre) / resonance.bandwidth
        level += resonance.gain / (1.0 + distance**2)
    return 10.0 ** (level / 20.0)


def band_noise(
    rng: np.random.Generator, num_samples: int, low: float, high: float, *, sample_rate: int
) -> np.ndarray:
    """Gaussian noise between `low` and `high`, of unit variance."""
    high = min(high, 0.49 * sample_rate)
    sos = butter(1, (min(low, 0.5 * high), high), "bandpass", fs=sample_rate, output="sos")
    noise = sosfilt(sos, rng.standard_normal(num_samples))
    return noise / (noise.std() + 1e-12)


def release_envelope(num_samples: int, release: float, *, sample_rate: int) -> np.ndarray:
    """1 while the key is down, then an exponential with time constant `release`."""
    time = np.arange(num_samples) / sample_rate
    return np.exp(-np.maximum(time - HOLD_SECONDS, 0.0) / release)


def tremolo(num_samples: int, rate: float, depth: float, phase: float, *, sample_rate: int) -> np.ndarray:
    """Gain between 1 - depth and 1 at `rate`."""
    time = np.arange(num_samples) / sample_rate
    return 1.0 - depth * (0.5 + 0.5 * np.sin(2 * np.pi * rate * time + phase))


def wander(rng: np.random.Generator, num_samples: int, rate: float, *, sample_rate: int) -> np.ndarray:
    """Smooth random walk around zero with unit variance and about `rate` turns a second, (num_samples,)."""
    steps = rng.standard_normal(int(num_samples / sample_rate * 2 * rate) + 4)
    steps = lfilter([0.25, 0.5, 0.25], [1.0], steps) * 1.6
    return np.interp(np.arange(num_samples) / sample_rate * 2 * rate, np.arange(len(steps)), steps)
