"""The mix: what a producer does with the tracks of a song, so that the stems still add up to it.

The voice gets its chain (equalizer, compressor, echo, a room of its own, all drawn per song, from dry to
hall) and stands above or below the band by a drawn number of decibels; drums, bass and others are balanced;
a limiter makes the whole louder. The limiter's gain follows the mixture and is applied to every stem, so
that their sum is its result.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter1d, uniform_filter1d

from common.band import effects
from common.band.channels import Channel
from common.band.effects import Waveform, amplitude, at_level, draw_room
from hw2_source_separation.stems import SAMPLE_RATE

PEAK = 10.0 ** (-1.0 / 20.0)  # of the mixture
STEM_PEAK = 0.999  # at most; stems may be louder than what is left of them in the mixture
# dB of the voice above the band in the median second in which it sounds. That is the SDR of the mixture as an
# estimate of the voice: near -6 dB in MUSDB18's median song.
VOICE_ABOVE_BAND = (-8.0, -3.0)
AUDIBLE = -30.0  # dB below its loudest second: the voice sounds
BALANCE = {"drums": (2.5, 2.0), "bass": (0.0, 2.0), "other": (-1.0, 1.5)}  # dB, mean and deviation
LEVEL = -23.0  # dB, active level of a stem before the limiter
BASS_WIDTH = 0.2  # of the bass' difference between the sides is left
LIMITED = (2.0, 9.0)  # dB by which the highest peaks are lowered
LIMITER_BLOCK, LIMITER_REACH = 64, 16  # samples; blocks that the gain looks ahead and back: 23 ms
EXCITED_SHARE, EXCITED = 0.6, (-18.0, -3.0)  # of the voices; dB relative to their highs
CHOIR_LEVEL = (-14.0, -6.0)  # dB relative to the lead
FADE = 0.03  # s, at the end


def mix(vocals: Waveform, band: dict[str, Waveform], *, rng: np.random.Generator) -> NDArray[np.float32]:
    """Wet vocals and the band's drums, bass and other, each (2, samples) -> (4, 2, samples) as in `STEMS`.

    The sum of the stems peaks at -1 dB.
    """
    band = dict(band, bass=narrow(band["bass"], BASS_WIDTH))
    accompaniment = [
        at_level(band[name], LEVEL + rng.normal(mean, deviation), sample_rate=SAMPLE_RATE)
        for name, (mean, deviation) in BALANCE.items()
    ]
    wanted = rng.uniform(*VOICE_ABOVE_BAND)
    gain = amplitude(wanted - voice_above_band(vocals, np.sum(accompaniment, axis=0)))
    stems = np.stack([np.float32(gain) * vocals, *accompaniment])
    fade = min(round(FADE * SAMPLE_RATE), stems.shape[-1])
    stems[..., stems.shape[-1] - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return limit(stems, rng.uniform(*LIMITED))


def voice_above_band(vocals: Waveform, accompaniment: Waveform) -> float:
    """dB between the two in the median second in which the voice sounds; 0 for silence."""
    seconds = max(vocals.shape[1] // SAMPLE_RATE, 1)

    def powers(waveform: Waveform) -> NDArray:
        windows = waveform[:, : seconds * SAMPLE_RATE].reshape(2, seconds, -1)
        return np.square(windows, dtype=np.float64).sum(axis=(0, 2))  # (seconds,)

    voice, others = powers(vocals), powers(accompaniment)
    sounds = (voice > voice.max() * 10.0 ** (AUDIBLE / 10.0)) & (others > 0)
    return float(np.median(10.0 * np.log10(voice[sounds] / others[sounds]))) if sounds.any() else 0.0


def narrow(waveform: Waveform, width: float) -> Waveform:
    """(2, samples) with the difference between its sides scaled by `width`: 0 is mono."""
    middle = waveform.mean(axis=0, keepdims=True)
    return middle + np.float32(width) * (waveform - middle)


def limit(stems: NDArray[np.float32], reduction: float) -> NDArray[np.float32]:
    """Lowers the highest peaks of the sum of stems (n, 2, samples) by `reduction` dB, to `PEAK`.

    One gain over time, for all stems. Should a stem alone reach `STEM_PEAK` before, all is softer.
    """
    mixture = stems.sum(axis=0)
    gain = limiter_gain(mixture, np.abs(mixture).max() / amplitude(reduction))
    limited = stems * gain
    peaks = np.abs(limited.sum(axis=0)).max(initial=0.0) / PEAK, np.abs(limited).max(initial=0.0) / STEM_PEAK
    return limited / np.float32(max(peaks) or 1.0)


def limiter_gain(mixture: Waveform, ceiling: float) -> NDArray[np.float32]:
    """The gain (samples,) <= 1 that keeps (2, samples) below about `ceiling`; it moves ahead of the peaks."""
    samples = mixture.shape[1]
    count = -(-samples // LIMITER_BLOCK)
    padded = np.pad(np.abs(mixture).max(axis=0), (0, count * LIMITER_BLOCK - samples))
    peaks = padded.reshape(count, LIMITER_BLOCK).max(axis=1)
    needed = np.minimum(1.0, ceiling / np.maximum(peaks, 1e-9))
    width = 2 * LIMITER_REACH + 1
    smooth = uniform_filter1d(minimum_filter1d(needed, width, mode="nearest"), width, mode="nearest")
    centres = (np.arange(count) + 0.5) * LIMITER_BLOCK
    return np.interp(np.arange(samples), centres, smooth).astype(np.float32)


# ---- the voice's chain ----


def treat_vocals(
    lead: Waveform, choir: Waveform | None, *, tempo: float, rng: np.random.Generator
) -> Waveform:
    """The dry voices (2, samples) through their chain and room, with a choir behind them if there is one."""
    channel = draw_vocal_channel(rng, tempo=tempo)
    room = draw_room(rng, sample_rate=SAMPLE_RATE)
    if rng.random() < EXCITED_SHARE:
        lead = excite(lead, rng.uniform(2500.0, 4500.0), rng.uniform(*EXCITED))
    wet = channel.apply(lead, room, position=0.0, sample_rate=SAMPLE_RATE)
    wet = at_level(wet, 0.0, sample_rate=SAMPLE_RATE)
    if choir is None or not choir.any():
        return wet
    return wet + at_level(choir, rng.uniform(*CHOIR_LEVEL), sample_rate=SAMPLE_RATE)


def excite(waveform: Waveform, frequency: float, level: float) -> Waveform:
    """An aural exciter: overtones of all above `frequency` (Hz) are added, `level` dB from it."""
    section = effects.high_pass(frequency, sample_rate=SAMPLE_RATE)[np.newaxis]
    highs = effects.equalize(waveform, section)
    overtones = effects.drive(at_level(highs, -20.0, sample_rate=SAMPLE_RATE), 20.0)
    overtones = effects.equalize(overtones, section)  # without the low products of the distortion
    wanted = effects.active_level(highs, sample_rate=SAMPLE_RATE) + level
    return waveform + at_level(overtones, wanted, sample_rate=SAMPLE_RATE)


def draw_vocal_channel(rng: np.random.Generator, *, tempo: float) -> Channel:
    """A voice's chain; `tempo` in quarter notes per minute, for its echo."""
    return Channel(
        equalizer=_draw_equalizer(rng),
        drive=rng.uniform(0.0, 12.0) if rng.random() < 0.25 else None,
        compressor=(rng.uniform(-32.0, -20.0), rng.uniform(2.0, 6.0)) if rng.random() < 0.85 else None,
        chorus={"depth": 0.001, "rate": rng.uniform(0.3, 1.2), "mix": 0.4} if rng.random() < 0.08 else None,
        echo=_draw_echo(rng, tempo) if rng.random() < 0.35 else None,
        reverb=rng.uniform(0.0, 0.5),
    )


def _draw_equalizer(rng: np.random.Generator) -> NDArray:
    """Rumble and boom are cut, presence and air are lifted; one voice in twenty comes over a telephone."""
    rate = SAMPLE_RATE
    sections = [
        effects.high_pass(rng.uniform(60.0, 150.0), sample_rate=rate),
        effects.peaking(rng.uniform(180.0, 500.0), rng.uniform(-5.0, 2.0), sample_rate=rate),
        effects.peaking(rng.uniform(2000.0, 5000.0), rng.uniform(-1.0, 6.0), 0.8, sample_rate=rate),
        effects.high_shelf(rng.uniform(7000.0, 11000.0), rng.uniform(-3.0, 6.0), sample_rate=rate),
    ]
    if rng.random() < 0.05:
        sections.append(effects.high_pass(rng.uniform(300.0, 500.0), sample_rate=rate))
        sections.append(effects.low_pass(rng.uniform(3000.0, 4500.0), sample_rate=rate))
    return np.stack(sections)


def _draw_echo(rng: np.random.Generator, tempo: float) -> dict[str, float]:
    """Copies of the voice in the song's rhythm."""
    beats = rng.choice([0.25, 0.5, 0.75, 1.0])
    return {
        "delay": beats * 60.0 / tempo,
        "feedback": rng.uniform(0.1, 0.45),
        "mix": rng.uniform(0.06, 0.3),
    }
