"""Plucked or struck instruments: a sum of exponentially damped partials.

Modal synthesis: Fletcher & Rossing, "The Physics of Musical Instruments", ch. 2-3, 9, 19.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hw0_note_classification.mini_nsynth.engines.signals import (
    Range,
    Resonance,
    band_noise,
    body_gain,
    midi_to_hz,
    release_envelope,
    tremolo,
)


@dataclass(frozen=True)
class Struck:
    """A plucked or struck instrument: partials, each with its own decay."""

    ratios: tuple[float, ...] | None = None  # partials of a bar, tine or plate; None: a string's harmonics
    inharmonicity: float = 0.0  # stiffness B of a string: f_k = k f0 sqrt(1 + B k^2)
    strike: float = 0.2  # where it is struck or plucked, as a share of the string's length
    pickup: float | None = None  # where it is listened to; None: at the bridge
    tilt: float = -6.0  # dB per octave of the partial number
    cutoff: float = 3000.0  # Hz above which a soft finger or hammer gives nothing, at full velocity
    hardness: float = 0.5  # octaves by which the cutoff falls from velocity 127 to 0
    decay: float = 1.5  # time constant (s) of middle C's fundamental
    decay_slope: float = 0.5  # octaves of decay lost per octave of pitch
    damping: float = 1.0  # how much faster high partials die: decay / (1 + damping f / 1 kHz)
    aftersound: float = 0.0  # share of a second, slower stage (piano: the strings' other polarization)
    courses: tuple[float, ...] = (0.0,)  # cents of strings that sound together (1200: an octave string)
    release: float = 0.1  # time constant after the key is up
    noise: float = 0.0  # level (dB below the tone is 20 log10 of it) of the finger, hammer or pick
    noise_band: Range = (500.0, 3000.0)
    noise_decay: float = 0.01
    tremolo_rate: float = 0.0
    tremolo_depth: float = 0.0
    drive: float = 0.0  # how hard an amplifier or pickup is overdriven; 0: not at all
    body: tuple[Resonance, ...] = ()

    def play(
        self, pitch: float, velocity: int, rng: np.random.Generator, *, num_samples: int, sample_rate: int
    ) -> np.ndarray:
        """One note held three seconds, (num_samples,), in arbitrary level."""
        f0 = midi_to_hz(pitch)
        tone = np.zeros(num_samples)
        for cents in self.courses:
            tone += self._string(f0 * 2.0 ** (cents / 1200.0), f0, velocity, rng, num_samples, sample_rate)
        tone /= np.abs(tone).max() + 1e-12
        tone += self._contact(velocity, rng, num_samples, sample_rate)
        tone *= release_envelope(num_samples, self.release, sample_rate=sample_rate)
        if self.tremolo_depth:
            phase = rng.uniform(0, 6.28)
            tone *= tremolo(
                num_samples, self.tremolo_rate, self.tremolo_depth, phase, sample_rate=sample_rate
            )
        if self.drive:
            tone = np.tanh((tone + 0.1) * (1.0 + self.drive * velocity / 127.0)) - np.tanh(0.1)
        return tone

    def _string(
        self,
        f0: float,
        written_f0: float,
        velocity: int,
        rng: np.random.Generator,
        num_samples: int,
        sample_rate: int,
    ) -> np.ndarray:
        """One string or bar at `f0`, whose decay is that of the key's `written_f0`, (num_samples,)."""
        number = np.arange(1, 1 + min(160, int(0.48 * sample_rate / f0) + 1), dtype=float)
        if self.ratios is not None:
            number = np.asarray(self.ratios)
        frequencies = f0 * number * np.sqrt(1.0 + self.inharmonicity * number**2)
        keep = frequencies < 0.48 * sample_rate
        number, frequencies = number[keep], frequencies[keep]
        if not len(frequencies):
            return np.zeros(num_samples)
        amplitudes = number ** (self.tilt / 6.02) * body_gain(frequencies, self.body)
        if self.ratios is None:
            amplitudes *= 0.03 + np.abs(np.sin(np.pi * number * self.strike))
            if self.pickup is not None:
                amplitudes *= 0.03 + np.abs(np.sin(np.pi * number * self.pickup))
        cutoff = max(self.cutoff * 2.0 ** (-self.hardness * (1.0 - velocity / 127.0)), f0)
        amplitudes /= 1.0 + (frequencies / cutoff) ** 4
        amplitudes *= np.exp(rng.normal(0.0, 0.15, len(amplitudes)))  # no two notes are alike
        decays = self.decay * 2.0 ** (-self.decay_slope * np.log2(written_f0 / 261.6))
        decays = np.clip(decays, 0.03, 12.0) / (1.0 + self.damping * frequencies / 1000.0)
        phases = rng.uniform(-0.5, 0.5, len(frequencies))
        if self.aftersound:
            frequencies = np.concatenate([frequencies, frequencies * (1 + rng.normal(0, 3e-4))])
            amplitudes = np.concatenate([amplitudes, self.aftersound * amplitudes])
            decays, phases = np.concatenate([decays, 4.0 * decays]), np.concatenate([phases, phases])
        return damped_partials(
            frequencies, amplitudes, decays, phases, num_samples=num_samples, sample_rate=sample_rate
        )

    def _contact(
        self, velocity: int, rng: np.random.Generator, num_samples: int, sample_rate: int
    ) -> np.ndarray:
        """The noise of finger, pick, hammer or mallet."""
        if not self.noise:
            return np.zeros(num_samples)
        length = min(num_samples, int(8 * self.noise_decay * sample_rate))
        noise = band_noise(rng, length, *self.noise_band, sample_rate=sample_rate)
        noise *= np.exp(-np.arange(length) / (self.noise_decay * sample_rate)) * self.noise * velocity / 127.0
        return np.pad(noise, (0, num_samples - length))


def damped_partials(
    frequencies: np.ndarray,
    amplitudes: np.ndarray,
    decays: np.ndarray,
    phases: np.ndarray,
    *,
    num_samples: int,
    sample_rate: int,
) -> np.ndarray:
    """Sum over k of a_k exp(-t / decay_k) cos(2 pi f_k t + phase_k), shape (num_samples,).

    With z_k = (-1 / decay_k + 2 pi i f_k) / sample_rate, sample n = row * block + column is a_k exp(z_k
    row block) exp(z_k column): the sum over k is a matrix product, a hundred times cheaper than one
    cosine per partial and sample.
    """
    z = (-1.0 / decays + 2j * np.pi * frequencies) / sample_rate  # (K,)
    block = int(np.ceil(np.sqrt(num_samples)))
    rows = np.exp(np.arange(block)[:, None] * block * z) * (amplitudes * np.exp(1j * phases))  # (block, K)
    columns = np.exp(z[:, None] * np.arange(block))  # (K, block)
    return (rows @ columns).real.reshape(-1)[:num_samples]
