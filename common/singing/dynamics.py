"""How loud each frame is: velocity, a swell on long notes, attack and release at the edges of silence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.ndimage import gaussian_filter1d

from common.singing.world import FRAME
from common.synthesis import Note

LOUD = 100  # the velocity of 0 dB
DECIBELS_PER_VELOCITY = 0.2  # 20 dB between velocity 1 and 100: a voice has a smaller range than a piano
SWELL, SWELL_FROM = 2.5, 0.5  # dB, on notes longer than this (seconds)
SMOOTHING = 0.03  # s, from one velocity to the next
ATTACK, RELEASE = 0.012, 0.05  # s


def loudness(notes: Sequence[Note], frames: int) -> np.ndarray:
    """The level (frames,) in dB that `notes` ask for. It goes on through rests."""
    level = np.zeros(frames)
    bounds = [0, *(round(note.start / FRAME) for note in notes[1:]), frames]
    for note, begin, end in zip(notes, bounds, bounds[1:], strict=False):
        level[begin:end] = (note.velocity - LOUD) * DECIBELS_PER_VELOCITY
    level = gaussian_filter1d(level, SMOOTHING / FRAME, mode="nearest")
    for note in notes:
        if note.duration > SWELL_FROM:
            begin, end = (min(round(time / FRAME), frames) for time in (note.start, note.end))
            level[begin:end] += SWELL * np.sin(np.pi * np.linspace(0, 1, end - begin)) ** 2
    return level


def fade(frames: int) -> np.ndarray:
    """Gains (frames,) in dB for a stretch of sound that comes out of silence and goes back."""
    position = np.arange(frames) + 0.5
    rise = np.minimum(position * FRAME / ATTACK, 1)
    fall = np.minimum(position[::-1] * FRAME / RELEASE, 1)
    return 40 * np.log10(np.sin(np.pi / 2 * np.minimum(rise, fall)))  # the amplitude is a squared sine
