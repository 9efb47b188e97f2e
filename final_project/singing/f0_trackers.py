"""The pitch of a voice, measured twice: by two trackers that share no idea.

pYIN (Mauch and Dixon 2014) looks in time, for the lag at which the waveform repeats itself, and smooths with
a hidden Markov model; librosa has it. Harvest (Morise 2017) looks in frequency, for bands in which a single
harmonic passes, and StoneMask refines what it finds by the instantaneous frequency. Harvest calls most
consonants voiced; which frames are, D4C's LoveTrain decides, by the share of energy in the lower bands. WORLD
has all three. Where pYIN and Harvest agree, it is the voice that is measured and not the tracker.

Pitch is semitones (MIDI numbers with a fraction), NaN where no voice is heard; frame i lies at i * `HOP`
seconds. Both listen at 16 kHz.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from common.audio import resample
from common.singing.world import load_pyworld

RATE = 16_000  # Hz
HOP = 0.01  # s
LOWEST, HIGHEST = 60.0, 1200.0  # Hz: a third below and above what is sung
PYIN_FRAME = 1024  # samples: nearly four periods of the lowest tone
PYIN_STEP = 0.1  # semitones between the pitches that pYIN chooses from, as in librosa
VOICED = 0.85  # LoveTrain's threshold, as WORLD has it
ALL_NOISE = 0.999
MEDIAN = 5  # frames

Tracker = Callable[[NDArray[np.float32]], NDArray[np.float64]]


def track(waveform: NDArray, tracker: str, *, sample_rate: int) -> NDArray[np.float64]:
    """The pitch (frames,) of a waveform (samples,) by one of TRACKERS. Errors: ValueError."""
    if tracker not in TRACKERS:
        raise ValueError(f"tracker must be one of {', '.join(TRACKERS)}, got {tracker!r}")
    heard = resample(np.asarray(waveform, np.float32)[None], original_rate=sample_rate, target_rate=RATE)[0]
    frames = int(len(heard) / RATE / HOP) + 1
    pitch = TRACKERS[tracker](heard) if heard.any() else np.zeros(0)
    return np.pad(pitch[:frames], (0, max(frames - len(pitch), 0)), constant_values=np.nan)


def pyin(heard: NDArray[np.float32]) -> NDArray[np.float64]:
    """By pYIN, of a waveform at `RATE`."""
    import librosa  # takes half a second

    f0, voiced, _ = librosa.pyin(
        heard,
        fmin=LOWEST,
        fmax=HIGHEST,
        sr=RATE,
        frame_length=PYIN_FRAME,
        hop_length=round(HOP * RATE),
        resolution=PYIN_STEP,
    )
    return to_semitones(np.where(voiced, f0, 0.0))


def harvest(heard: NDArray[np.float32]) -> NDArray[np.float64]:
    """By Harvest, StoneMask and LoveTrain, of a waveform at `RATE`."""
    pyworld, signal = load_pyworld(), heard.astype(np.float64)
    rough, times = pyworld.harvest(signal, RATE, LOWEST, HIGHEST, 1000 * HOP)
    f0 = pyworld.stonemask(signal, rough, times, RATE)
    noise = pyworld.d4c(signal, f0, times, RATE, threshold=VOICED)  # (frames, bins); all 1 where unvoiced
    return without_spikes(to_semitones(np.where(noise[:, 0] < ALL_NOISE, f0, 0.0)))


def without_spikes(pitch: NDArray[np.float64]) -> NDArray[np.float64]:
    """The median of each voiced frame and its neighbours (frames,).

    Where one sound passes into another, Harvest may be off for a frame or two; pYIN's model forbids that.
    """
    around = sliding_window_view(np.pad(pitch, MEDIAN // 2, constant_values=np.nan), MEDIAN)
    smooth, voiced = np.full(len(pitch), np.nan), np.isfinite(pitch)
    smooth[voiced] = np.nanmedian(around[voiced], axis=1)
    return smooth


def to_semitones(f0: NDArray[np.float64]) -> NDArray[np.float64]:
    """Hz -> MIDI numbers; NaN for 0."""
    return np.where(f0 > 0, 69 + 12 * np.log2(np.where(f0 > 0, f0, 440.0) / 440.0), np.nan)


TRACKERS: dict[str, Tracker] = {"pyin": pyin, "harvest": harvest}
