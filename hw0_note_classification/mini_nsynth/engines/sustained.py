"""Blown, bowed, sung and electronic instruments: a periodic wave whose spectrum follows loudness.

Source-filter model: a source with harmonics that fall by so many dB per octave, resonances, a lowpass.
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
    wander,
)


@dataclass(frozen=True)
class Sustained:
    """A blown, bowed, sung or electronic instrument: a wave as long as the key is down."""

    tilt: float = -6.0  # dB per octave of the source's spectrum
    even: float = 0.0  # dB by which even harmonics are lower (stopped pipe, clarinet, square wave)
    drawbars: tuple[tuple[float, float], ...] | None = None  # (multiple of f0, amplitude); None: harmonics
    cutoff: float = 4000.0  # Hz of the lowpass (4th order), when loudest
    tracking: float = 0.3  # octaves that the cutoff moves with an octave of pitch (around middle C)
    dullness: float = 1.5  # octaves by which the cutoff is lower when soft: brightness follows loudness
    resonances: tuple[Resonance, ...] = ()  # fixed formants of body, bell or vocal tract
    attack: float = 0.05  # s
    decay: float = 0.3  # s, from peak to sustain
    sustain: float = 0.8  # level while held, as a share of the peak
    release: float = 0.08  # time constant (s)
    vibrato_rate: float = 5.5
    vibrato_depth: float = 0.0  # cents
    vibrato_delay: float = 0.3  # s
    tremolo_rate: float = 5.5
    tremolo_depth: float = 0.0
    roughness: float = 0.0  # strength of the random part of the tremolo (bow, breath)
    voices: int = 1
    detune: float = 0.0  # cents, standard deviation over the voices
    drift: float = 3.0  # cents of slow wandering
    scoop: float = 0.0  # cents below the note at the start
    noise: float = 0.0  # level of breath or bow noise beside the tone
    noise_band: Range = (500.0, 6000.0)
    chiff: float = 0.0  # extra noise in the attack
    drive: float = 0.0

    def play(
        self, pitch: float, velocity: int, rng: np.random.Generator, *, num_samples: int, sample_rate: int
    ) -> np.ndarray:
        """One note held three seconds, (num_samples,), in arbitrary level."""
        f0 = midi_to_hz(pitch)
        if self.drawbars is not None:
            f0 /= 2  # the 16' drawbar sounds an octave below the key: the wave repeats at half the pitch
        envelope = self._envelope(rng, num_samples, sample_rate)
        tone = np.zeros(num_samples)
        for _ in range(self.voices):
            tone += self._voice(f0, velocity, envelope, rng, num_samples, sample_rate)
        tone *= envelope / (np.abs(tone).max() + 1e-12)
        tone += self._breath(envelope, rng, num_samples, sample_rate)
        if self.drive:
            tone = np.tanh(tone * (1.0 + self.drive))
        return tone

    def _envelope(self, rng: np.random.Generator, num_samples: int, sample_rate: int) -> np.ndarray:
        """Level over time, (num_samples,), at most about 1."""
        time = np.arange(num_samples) / sample_rate
        rise = 1.0 - np.exp(-3.0 * time / (self.attack * rng.uniform(0.8, 1.3)))
        fall = self.sustain + (1.0 - self.sustain) * np.exp(-time / self.decay)
        envelope = rise * fall * release_envelope(num_samples, self.release, sample_rate=sample_rate)
        if self.tremolo_depth:
            rate = self.tremolo_rate * rng.uniform(0.95, 1.05)
            phase = rng.uniform(0, 6.28)
            envelope *= tremolo(num_samples, rate, self.tremolo_depth, phase, sample_rate=sample_rate)
        if self.roughness:
            envelope *= np.exp(self.roughness * wander(rng, num_samples, 12.0, sample_rate=sample_rate))
        return envelope

    def _voice(
        self,
        f0: float,
        velocity: int,
        envelope: np.ndarray,
        rng: np.random.Generator,
        num_samples: int,
        sample_rate: int,
    ) -> np.ndarray:
        """One of the `voices`, before the envelope, (num_samples,)."""
        cents = self._cents(rng, num_samples, sample_rate)
        phase = np.cumsum(f0 * 2.0 ** (cents / 1200.0)) / sample_rate + rng.uniform()  # cycles
        loudness = envelope * (0.35 + 0.65 * velocity / 127.0)
        return wavetable(self._tables(f0, rng, sample_rate), phase, np.clip(loudness, 0.0, 1.0))

    def _cents(self, rng: np.random.Generator, num_samples: int, sample_rate: int) -> np.ndarray:
        """How far a voice is from its note over time, (num_samples,)."""
        time = np.arange(num_samples) / sample_rate
        rate = self.vibrato_rate * rng.uniform(0.92, 1.08)
        swell = np.clip((time - self.vibrato_delay) / 0.4, 0.0, 1.0)
        depth = self.vibrato_depth * rng.uniform(0.7, 1.3) * swell
        cents = depth * np.sin(2 * np.pi * rate * time + rng.uniform(0, 6.28))
        offset = self.detune * rng.standard_normal()
        cents += offset + self.drift * wander(rng, num_samples, 3.0, sample_rate=sample_rate)
        return cents - self.scoop * np.exp(-time / 0.04)

    def _tables(
        self, f0: float, rng: np.random.Generator, sample_rate: int, levels: int = 6, size: int = 2048
    ) -> np.ndarray:
        """One period for each of `levels` loudnesses, (levels, size), soft and dull to loud and bright."""
        number = np.arange(1, max(2, min(size // 2, int(0.46 * sample_rate / f0) + 1)), dtype=float)
        amplitudes = number ** (self.tilt / 6.02)
        amplitudes[1::2] *= 10.0 ** (-self.even / 20.0)
        if self.drawbars is not None:
            amplitudes = np.zeros_like(number)
            for multiple, level in self.drawbars:
                harmonic = round(2 * multiple)  # of the wave, which is an octave below the key
                if harmonic <= len(number):
                    amplitudes[harmonic - 1] += level
        frequencies = number * f0
        amplitudes = amplitudes * body_gain(frequencies, self.resonances)
        amplitudes *= np.exp(rng.normal(0.0, 0.1, len(amplitudes)))
        octaves = self.dullness * (np.linspace(0.0, 1.0, levels) - 1.0) + self.tracking * np.log2(f0 / 261.6)
        cutoff = np.maximum(self.cutoff * 2.0**octaves, 0.8 * f0)[:, None]
        spectra = np.zeros((levels, size // 2 + 1), complex)
        phases = np.exp(2j * np.pi * rng.uniform(size=len(number)))
        spectra[:, 1 : len(number) + 1] = amplitudes / (1.0 + (frequencies / cutoff) ** 4) * phases
        return np.fft.irfft(spectra, axis=1)

    def _breath(
        self, envelope: np.ndarray, rng: np.random.Generator, num_samples: int, sample_rate: int
    ) -> np.ndarray:
        """The noise of breath or bow, stronger in the attack."""
        if not (self.noise or self.chiff):
            return np.zeros(num_samples)
        time = np.arange(num_samples) / sample_rate
        level = 0.3 * self.noise * envelope
        level = level + 0.3 * self.chiff * np.exp(-time / 0.03) * np.minimum(time / 0.005, 1.0)
        return level * band_noise(rng, num_samples, *self.noise_band, sample_rate=sample_rate)


def wavetable(tables: np.ndarray, phase: np.ndarray, loudness: np.ndarray) -> np.ndarray:
    """Read `tables` (levels, size) at `phase` (cycles) and `loudness` (0..1), linear in both, (samples,)."""
    levels, size = tables.shape
    tables = np.concatenate([tables, tables[:, :1]], axis=1)  # so that the last sample has a neighbour
    tables = tables.astype(np.float32)
    position = (phase % 1.0) * size
    column = position.astype(np.int64)
    share = (position - column).astype(np.float32)
    row = np.minimum((loudness * (levels - 1)).astype(np.int64), levels - 2)
    blend = (loudness * (levels - 1) - row).astype(np.float32)
    flat, start = tables.reshape(-1), row * (size + 1) + column
    soft = flat[start] * (1 - share) + flat[start + 1] * share
    loud = flat[start + size + 1] * (1 - share) + flat[start + size + 2] * share
    return (soft * (1 - blend) + loud * blend).astype(np.float64)
