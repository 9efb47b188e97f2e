"""The f0 of a sung line: what a singer makes of the pitches in the score.

Glides between legato notes, with a small dip against the direction before and an overshoot after (Saitou,
Unoki, Akagi 2005, "Development of an F0 control model based on F0 dynamic characteristics for singing-voice
synthesis"); a scoop up into the first note of a phrase; vibrato of 5-7 Hz on long notes, after a delay; and
the slow drift and fast jitter of a living voice.

Curves are in semitones (MIDI pitch with a fraction), one value per 5-ms frame. They go on through rests and
unvoiced consonants: whether a frame is voiced is not decided here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from scipy.ndimage import gaussian_filter1d

from common.singing.singers import Singer
from common.singing.timing import JOIN
from common.singing.world import FRAME
from common.synthesis import Note

OVERSHOOT = 0.05  # of the interval, at most OVERSHOOT_CENTS
OVERSHOOT_CENTS = 25.0
OVERSHOOT_SECONDS = 0.05  # it dies away with this time constant
GLIDE_BEFORE = 0.65  # of a glide lies before the beat, so that the vowel begins nearly in tune
SCOOP_SECONDS = 0.06  # time constant
SHORTEST_VIBRATO = 0.45  # s; shorter notes have none
VIBRATO_FADE = 0.2  # s, of its coming and going
INTONATION = 0.5  # of the singer's unsteadiness: how far a whole note is off
DRIFT_SECONDS, JITTER_SECONDS, JITTER = 0.3, 0.01, 0.4  # smoothing of the noises; share of jitter


def sung_pitch(notes: Sequence[Note], singer: Singer, frames: int, rng: np.random.Generator) -> np.ndarray:
    """The curve (frames,) in semitones for `notes`, which do not overlap."""
    times = np.arange(frames) * FRAME
    curve = _steps(notes, singer, times, rng)
    for before, note in pairwise(notes):
        if note.start - before.end <= JOIN:
            curve += _overshoot(note.pitch - before.pitch, times - note.start)
    for silent_from, start in _phrase_beginnings(notes):
        curve -= singer.scoop / 100 * _scoop(times, silent_from, start)
    for note in notes:
        curve += _vibrato(note, singer, times, rng)
    return curve + singer.tuning / 100 + _unsteadiness(singer, frames, rng)


def to_hertz(semitones: np.ndarray) -> np.ndarray:
    return 440.0 * 2 ** ((semitones - 69) / 12)


def _steps(notes, singer: Singer, times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """From note to note in smooth glides, in rests at once; each note is a few cents off."""
    off = rng.normal(0, INTONATION * singer.unsteadiness / 100, len(notes))
    pitches = [note.pitch + error for note, error in zip(notes, off, strict=True)]
    curve = np.full(len(times), pitches[0])
    for (a, before), (b, note) in pairwise(zip(pitches, notes, strict=True)):
        if note.start - before.end > JOIN:  # nobody hears how the voice gets there
            curve += (b - a) * (times >= before.end)
            continue
        length = min(singer.portamento, 0.6 * before.duration, 0.6 * note.duration)
        progress = np.clip((times - note.start) / length + GLIDE_BEFORE, 0, 1)
        curve += (b - a) * progress**2 * (3 - 2 * progress)  # smoothstep
    return curve


def _overshoot(interval: float, since: np.ndarray) -> np.ndarray:
    """A bump past the new pitch after the beat, and a smaller one the other way before the glide."""
    height = math.copysign(min(OVERSHOOT * abs(interval), OVERSHOOT_CENTS / 100), interval)
    after = np.maximum(since - 0.02, 0) / OVERSHOOT_SECONDS
    before = np.maximum(-since - 0.06, 0) / OVERSHOOT_SECONDS
    return height * math.e * (after * np.exp(-after) - 0.5 * before * np.exp(-before))


def _phrase_beginnings(notes: Sequence[Note]) -> list[tuple[float, float]]:
    """The end of the note before (or second 0) and the start of each note after a rest."""
    ends = [-math.inf, *(note.end for note in notes)]
    return [(end, note.start) for end, note in zip(ends, notes, strict=False) if note.start - end > JOIN]


def _scoop(times: np.ndarray, silent_from: float, start: float) -> np.ndarray:
    """1 before a phrase, then dying away: how much of its scoop the singer is still below the note."""
    below = np.exp(-np.maximum(times - start, 0) / SCOOP_SECONDS)
    return np.where((times > silent_from) & (times < start + 8 * SCOOP_SECONDS), below, 0.0)


def _vibrato(note: Note, singer: Singer, times: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A swelling sine on a long note; its rate and depth differ a little from note to note."""
    rate = singer.vibrato_rate * rng.normal(1, 0.03)
    depth = singer.vibrato_depth * rng.uniform(0.8, 1.1)
    if note.duration < SHORTEST_VIBRATO:
        return np.zeros(len(times))
    begin = note.start + min(singer.vibrato_delay, 0.5 * note.duration)
    rise = np.clip((times - begin) / VIBRATO_FADE, 0, 1)
    fall = np.clip((note.end - times) / (VIBRATO_FADE / 2), 0, 1)
    phase = 2 * np.pi * rate * (times - begin)
    return depth / 100 * rise * fall * np.sin(phase)


def _unsteadiness(singer: Singer, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Drift and jitter, in semitones."""
    slow = _smooth_noise(frames, DRIFT_SECONDS, rng)
    fast = _smooth_noise(frames, JITTER_SECONDS, rng)
    return singer.unsteadiness / 100 * (slow + JITTER * fast)


def _smooth_noise(frames: int, seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Noise of deviation 1 without what changes faster than `seconds`."""
    sigma = seconds / FRAME
    noise = gaussian_filter1d(rng.standard_normal(frames), sigma, mode="wrap")
    return noise * math.sqrt(2 * math.sqrt(math.pi) * sigma)  # the filter's gain for white noise
