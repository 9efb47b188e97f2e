"""What stands between an instrument and the mix: equalizer, drive, compressor, chorus, echo, room, panorama.

Waveforms are float32 (channels, samples), one channel or two, with an active level near -20 dB, on which
drive and compressor count. Every effect returns a waveform of the same shape: what would ring on after the
end is cut. Filters are second-order sections (n, 6), as `scipy.signal.sosfilt` takes them.
`common.band.channels` draws chains of these effects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter, oaconvolve, sosfilt

Waveform = NDArray[np.float32]

ACTIVE_BLOCK = 0.05  # s
ACTIVE_RANGE = 30.0  # dB below the loudest block: what is softer counts as a pause or as reverberation
COMPRESSOR_BLOCK = 64  # samples: the compressor's gain is computed once per block and drawn in straight lines


# ---- levels ----


def decibels(ratio: float | NDArray) -> float | NDArray:
    """Amplitude ratio -> dB; -180 dB at least."""
    return 20.0 * np.log10(np.maximum(ratio, 1e-9))


def amplitude(level: float | NDArray) -> float | NDArray:
    """dB -> amplitude ratio."""
    return 10.0 ** (np.asarray(level) / 20.0)


def active_level(waveform: Waveform, *, sample_rate: int) -> float:
    """RMS level in dB over the blocks of 50 ms in which the stem sounds; -180 for silence.

    A block sounds if it is less than `ACTIVE_RANGE` below the loudest: pauses do not make a stem softer.
    """
    block = round(ACTIVE_BLOCK * sample_rate)
    count = max(waveform.shape[1] // block, 1)
    blocks = waveform[:, : count * block].reshape(len(waveform), count, -1)
    power = np.einsum("cbs,cbs->b", blocks, blocks, dtype=np.float64) / (blocks.shape[0] * blocks.shape[2])
    active = power[power >= power.max(initial=0.0) * 10.0 ** (-ACTIVE_RANGE / 10.0)]
    return float(decibels(np.sqrt(active.mean())))


def at_level(waveform: Waveform, level: float, *, sample_rate: int) -> Waveform:
    """The waveform with an active level of `level` dB; silence stays silence."""
    gain = amplitude(level - active_level(waveform, sample_rate=sample_rate)) if waveform.any() else 1.0
    return waveform * np.float32(gain)


# ---- equalizer: the sections of Bristow-Johnson's Audio EQ Cookbook ----


def peaking(frequency: float, gain_db: float, quality: float = 1.0, *, sample_rate: int) -> NDArray:
    """Lifts or lowers the band around `frequency` (Hz) -> section (6,)."""
    a, cos, alpha = _cookbook(frequency, gain_db, quality, sample_rate)
    return _section([1 + alpha * a, -2 * cos, 1 - alpha * a], [1 + alpha / a, -2 * cos, 1 - alpha / a])


def low_shelf(frequency: float, gain_db: float, *, sample_rate: int) -> NDArray:
    """Lifts or lowers all below `frequency` (Hz) -> section (6,)."""
    return _shelf(frequency, gain_db, -1, sample_rate)


def high_shelf(frequency: float, gain_db: float, *, sample_rate: int) -> NDArray:
    """Lifts or lowers all above `frequency` (Hz) -> section (6,)."""
    return _shelf(frequency, gain_db, 1, sample_rate)


def low_pass(frequency: float, quality: float = np.sqrt(0.5), *, sample_rate: int) -> NDArray:
    """Cuts all above `frequency` (Hz), 12 dB per octave -> section (6,)."""
    _, cos, alpha = _cookbook(frequency, 0.0, quality, sample_rate)
    return _section([(1 - cos) / 2, 1 - cos, (1 - cos) / 2], [1 + alpha, -2 * cos, 1 - alpha])


def high_pass(frequency: float, quality: float = np.sqrt(0.5), *, sample_rate: int) -> NDArray:
    """Cuts all below `frequency` (Hz), 12 dB per octave -> section (6,)."""
    _, cos, alpha = _cookbook(frequency, 0.0, quality, sample_rate)
    return _section([(1 + cos) / 2, -(1 + cos), (1 + cos) / 2], [1 + alpha, -2 * cos, 1 - alpha])


def equalize(waveform: Waveform, sections: NDArray) -> Waveform:
    """All sections, one after the other; in double precision, which low frequencies need."""
    return sosfilt(sections, waveform).astype(np.float32) if len(sections) else waveform


# ---- loudness and colour ----


def drive(waveform: Waveform, gain_db: float) -> Waveform:
    """A soft limiter, as tubes and tape are: 0 dB rounds off the loudest peaks, 20 dB growls."""
    gain = np.float32(amplitude(gain_db))
    return np.tanh(waveform * gain) / gain


def compress(
    waveform: Waveform, threshold: float, ratio: float, *, release: float = 0.1, sample_rate: int
) -> Waveform:
    """What passes `threshold` (dB) passes it by 1/`ratio` only; `release` (s) later the gain is back."""
    samples = waveform.shape[1]
    count = -(-samples // COMPRESSOR_BLOCK)
    padded = np.pad(waveform, ((0, 0), (0, count * COMPRESSOR_BLOCK - samples)))
    power = np.square(padded).reshape(len(waveform), count, -1).mean(axis=(0, 2))
    pole = np.exp(-COMPRESSOR_BLOCK / (release * sample_rate))
    level = decibels(np.sqrt(lfilter([1 - pole], [1, -pole], power)))
    gain = amplitude(-np.maximum(level - threshold, 0.0) * (1.0 - 1.0 / ratio))
    centres = (np.arange(count) + 0.5) * COMPRESSOR_BLOCK
    return waveform * np.interp(np.arange(samples), centres, gain).astype(np.float32)


# ---- time ----


def chorus(waveform: Waveform, *, depth: float, rate: float, mix: float, sample_rate: int) -> Waveform:
    """Doubling: a copy 12 ms late, whose lateness sways by `depth` seconds at `rate` Hz, added with `mix`."""
    time = np.arange(waveform.shape[1])
    channels = []
    for channel, phase in zip(waveform, (0.0, np.pi / 2), strict=False):  # the two sides sway apart
        delay = 0.012 + depth * np.sin(2 * np.pi * rate * time / sample_rate + phase)
        place = np.maximum(time - delay * sample_rate, 0.0)
        before = place.astype(np.int64)
        after = np.minimum(before + 1, len(time) - 1)
        part = (place - before).astype(np.float32)
        channels.append(channel + np.float32(mix) * ((1 - part) * channel[before] + part * channel[after]))
    return np.stack(channels)


def echo(waveform: Waveform, *, delay: float, feedback: float, mix: float, sample_rate: int) -> Waveform:
    """Copies every `delay` seconds, the first at `mix`, each next one `feedback` times as loud."""
    step, echoed = round(delay * sample_rate), waveform.copy()
    gain, shift = mix, step
    while gain > 0.02 and shift < waveform.shape[1]:
        echoed[:, shift:] += np.float32(gain) * waveform[:, :-shift]
        gain, shift = gain * feedback, shift + step
    return echoed


@dataclass(frozen=True)
class Room:
    """One room for the whole band: the answer to an impulse, (2, samples), without the direct sound."""

    response: NDArray[np.float32]


def draw_room(rng: np.random.Generator, *, sample_rate: int) -> Room:
    """From a booth to a hall: decaying noise, different on both sides, whose high frequencies die sooner.

    Of seven bands one plays in no room at all: its response is silence.
    """
    strength = rng.choice([0.0, 0.5, 1.0], p=[0.15, 0.35, 0.5])
    decay = np.exp(rng.uniform(np.log(0.2), np.log(2.0)))  # RT60, s
    time = np.arange(int(0.8 * decay * sample_rate)) / sample_rate  # down to -48 dB
    noise = rng.standard_normal((2, len(time))) * np.exp(-6.9 * time / decay)
    pole = rng.uniform(0.3, 0.85)
    noise = lfilter([1 - pole], [1, -pole], noise)
    noise = sosfilt(high_pass(150.0, sample_rate=sample_rate), noise)  # a rumbling room is filtered away
    noise *= strength / np.sqrt(np.square(noise).sum(axis=1, keepdims=True))
    gap = np.zeros((2, int(rng.uniform(0.002, 0.03) * sample_rate)))
    return Room(np.concatenate([gap, noise], axis=1).astype(np.float32))


def reverberate(waveform: Waveform, room: Room, mix: float) -> Waveform:
    """The stem in the room: its reverberation, as strong as the stem at `mix` 1, is added."""
    if not room.response.any():
        return waveform
    send = waveform.mean(axis=0, keepdims=True)
    wet = oaconvolve(send, room.response[: len(waveform)], axes=1)[:, : waveform.shape[1]]
    return waveform + np.float32(mix) * wet.astype(np.float32)


# ---- panorama ----


def pan(waveform: Waveform, position: float) -> Waveform:
    """Places a stem between left (-1) and right (1) with constant power; nothing happens to one channel."""
    if len(waveform) == 1:
        return waveform
    angle = (position + 1.0) * np.pi / 4.0
    gains = np.sqrt(2.0) * np.array([[np.cos(angle)], [np.sin(angle)]])
    return waveform * gains.astype(np.float32)


def auto_pan(waveform: Waveform, *, depth: float, rate: float, sample_rate: int) -> Waveform:
    """Sways between the sides at `rate` Hz; a single channel trembles instead, as in front of a rotor."""
    sway = np.sin(2 * np.pi * rate * np.arange(waveform.shape[1]) / sample_rate)
    sides = np.array([[1.0], [-1.0]])[: len(waveform)]
    return waveform * (1.0 - depth * 0.5 * (1.0 + sides * sway)).astype(np.float32)


# ---- helpers ----


def _cookbook(
    frequency: float, gain_db: float, quality: float, sample_rate: int
) -> tuple[float, float, float]:
    """A, cos(omega) and alpha of the Audio EQ Cookbook; frequencies near or above Nyquist are held below."""
    omega = 2.0 * np.pi * min(frequency, 0.45 * sample_rate) / sample_rate
    return 10.0 ** (gain_db / 40.0), np.cos(omega), np.sin(omega) / (2.0 * quality)


def _shelf(frequency: float, gain_db: float, side: int, sample_rate: int) -> NDArray:
    """`side` 1: all above, -1: all below, which is the mirror image (z -> -z)."""
    a, cos, alpha = _cookbook(frequency, gain_db, np.sqrt(0.5), sample_rate)
    root, cos = 2 * np.sqrt(a) * alpha, side * cos
    b = [a + 1 + (a - 1) * cos + root, -2 * side * (a - 1 + (a + 1) * cos), a + 1 + (a - 1) * cos - root]
    c = [a + 1 - (a - 1) * cos + root, 2 * side * (a - 1 - (a + 1) * cos), a + 1 - (a - 1) * cos - root]
    return _section([a * value for value in b], c)


def _section(b: list[float], a: list[float]) -> NDArray:
    return np.array([*b, *a]) / a[0]
