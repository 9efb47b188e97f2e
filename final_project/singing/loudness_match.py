"""WORLD's voice, as loud from moment to moment as what it was made from.

CheapTrick smooths the envelope, and of a voice whose lowest harmonics stand out it makes one that is some dB
louder: 3.5 dB for voices of common.singing.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from common.singing.world import FRAME

WINDOW = 0.04  # s, more than two periods of any tone
SMOOTHING = 0.015  # s
MOST = 12.0  # dB
QUIET = 1e-10  # power, in which nothing is compared


def as_loud(
    voice: NDArray[np.float64],
    original: NDArray[np.float64],
    positions: NDArray[np.float64],
    *,
    sample_rate: int,
) -> NDArray[np.float64]:
    """`voice` (samples,), of which frame k lies at k * `FRAME` s, with the level that `original` has.

    positions: seconds of the original at each of these frames.
    """
    places = np.arange(len(positions)) * FRAME
    wanted = power_around(original, positions, sample_rate=sample_rate)
    given = power_around(voice, places, sample_rate=sample_rate)
    decibels = 10 * np.log10((wanted + QUIET) / (given + QUIET))
    decibels = gaussian_filter1d(np.clip(decibels, -MOST, MOST), SMOOTHING / FRAME, mode="nearest")
    return voice * 10 ** (np.interp(np.arange(len(voice)) / sample_rate, places, decibels) / 20)


def power_around(
    waveform: NDArray[np.float64], times: NDArray[np.float64], *, sample_rate: int
) -> NDArray[np.float64]:
    """The mean square within `WINDOW` around each of `times` (seconds), as far as there is a waveform."""
    energy = np.concatenate([[0.0], np.cumsum(waveform**2)])
    begin, end = (
        np.clip(np.round((times + side * WINDOW / 2) * sample_rate).astype(int), 0, len(waveform))
        for side in (-1, 1)
    )
    return np.maximum(energy[end] - energy[begin], 0) / np.maximum(end - begin, 1)
