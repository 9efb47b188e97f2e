"""What stands between an instrument and the file: amplifier, equalizer, room, noise, level.

Each `Channel` is drawn once per instrument, so that all notes of an instrument went through the same one.
Waveforms are float64 of shape (samples,).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.signal import fftconvolve, lfilter, sosfilt

from hw0_note_classification.mini_nsynth.engines import band_noise


@dataclass(frozen=True)
class Channel:
    """One way from an instrument to a file."""

    equalizer: np.ndarray  # second-order sections, (n, 6)
    compression: float = 0.0  # 0: none; 0.5: a level of -20 dB becomes -10 dB
    drive: float = 0.0  # strength of a soft limiter
    room: np.ndarray | None = None  # impulse response after the direct sound
    noise_level: float | None = None  # dB relative to the note's peak
    level: float = -6.0  # peak of the loudest note, dBFS
    touch: float = 12.0  # dB between velocity 127 and velocity 25

    def apply(
        self, waveform: np.ndarray, velocity: int, rng: np.random.Generator, *, sample_rate: int
    ) -> np.ndarray:
        """The note as it comes out of the channel, peak below 1."""
        waveform = normalized(sosfilt(self.equalizer, normalized(waveform)))
        if self.compression:
            waveform = normalized(compress(waveform, self.compression, sample_rate=sample_rate))
        if self.drive:
            waveform = np.tanh(waveform * (1.0 + self.drive))
        if self.room is not None:
            waveform = waveform + fftconvolve(waveform, self.room)[: len(waveform)]
        waveform = normalized(waveform)
        if self.noise_level is not None:
            waveform = waveform + 10.0 ** (self.noise_level / 20.0) * band_noise(
                rng, len(waveform), 30.0, 7000.0, sample_rate=sample_rate
            )
        gain = self.level - self.touch * (127 - velocity) / 102.0
        return normalized(waveform) * 10.0 ** (gain / 20.0)


def normalized(waveform: np.ndarray) -> np.ndarray:
    """Peak 1."""
    return waveform / (np.abs(waveform).max() + 1e-9)


def compress(waveform: np.ndarray, amount: float, *, sample_rate: int) -> np.ndarray:
    """Downward compression by an envelope follower with a release of 50 ms: gain = envelope ** -amount."""
    smoothing = np.exp(-1.0 / (0.05 * sample_rate))
    envelope = np.sqrt(lfilter([1.0 - smoothing], [1.0, -smoothing], waveform**2)) + 1e-3
    return waveform * envelope**-amount


def peaking(frequency: float, gain_db: float, quality: float, *, sample_rate: int) -> np.ndarray:
    """Peaking equalizer as one second-order section (Bristow-Johnson, Audio EQ Cookbook)."""
    a = 10.0 ** (gain_db / 40.0)
    omega = 2.0 * np.pi * frequency / sample_rate
    alpha = np.sin(omega) / (2.0 * quality)
    b = np.array([1.0 + alpha * a, -2.0 * np.cos(omega), 1.0 - alpha * a])
    denominator = np.array([1.0 + alpha / a, -2.0 * np.cos(omega), 1.0 - alpha / a])
    return np.concatenate([b, denominator]) / denominator[0]


def high_shelf(frequency: float, gain_db: float, *, sample_rate: int) -> np.ndarray:
    """High shelf of slope 1 as one second-order section (Bristow-Johnson, Audio EQ Cookbook)."""
    a = 10.0 ** (gain_db / 40.0)
    omega = 2.0 * np.pi * frequency / sample_rate
    cos, root = np.cos(omega), np.sqrt(a) * np.sin(omega) * np.sqrt(2.0)
    b = np.array(
        [(a + 1) + (a - 1) * cos + root, -2 * ((a - 1) + (a + 1) * cos), (a + 1) + (a - 1) * cos - root]
    )
    b *= a
    denominator = np.array(
        [(a + 1) - (a - 1) * cos + root, 2 * ((a - 1) - (a + 1) * cos), (a + 1) - (a - 1) * cos - root]
    )
    return np.concatenate([b, denominator]) / denominator[0]


def draw_room(rng: np.random.Generator, *, sample_rate: int) -> np.ndarray:
    """Reverberation: exponentially decaying noise whose high frequencies die sooner, after a short gap."""
    decay = np.exp(rng.uniform(np.log(0.08), np.log(1.2)))  # RT60, s
    time = np.arange(int(decay * sample_rate)) / sample_rate
    noise = rng.standard_normal(len(time)) * np.exp(-6.9 * time / decay)
    pole = rng.uniform(0.2, 0.8)
    noise = lfilter([1 - pole], [1, -pole], noise)
    noise *= rng.uniform(0.05, 0.5) / (np.linalg.norm(noise) + 1e-9)
    return np.concatenate([np.zeros(int(rng.uniform(0.002, 0.03) * sample_rate)), noise])


def draw_channel(rng: np.random.Generator, *, sample_rate: int) -> Channel:
    """A random channel: from nearly nothing to a coloured amplifier in a room."""
    strength = rng.choice([2.0, 5.0, 9.0])
    sections = [
        peaking(
            np.exp(rng.uniform(np.log(80), np.log(6500))),
            rng.normal(0, strength),
            rng.uniform(0.4, 2),
            sample_rate=sample_rate,
        )
        for _ in range(rng.integers(1, 4))
    ]
    sections.append(high_shelf(rng.uniform(800, 4000), rng.normal(0, strength), sample_rate=sample_rate))
    return Channel(
        equalizer=np.stack(sections),
        compression=rng.choice([0.0, 0.0, rng.uniform(0.1, 0.5)]),
        drive=rng.choice([0.0, 0.0, 0.0, rng.uniform(0.2, 2)]),
        room=draw_room(rng, sample_rate=sample_rate) if rng.random() < 0.5 else None,
        noise_level=rng.uniform(-80, -40) if rng.random() < 0.4 else None,
        level=rng.uniform(-20, -0.5),
        touch=rng.uniform(0, 24),
    )
