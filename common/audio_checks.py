"""What is wrong with a sound, heard by machine: silence, or noise where there should be notes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from tqdm import tqdm

Item, Found = TypeVar("Item"), TypeVar("Found")

SILENT_BELOW = 1 / 32768  # one step of 16-bit audio
N_FFT = 4096  # 256 ms at 16 kHz: bins of 4 Hz part the harmonics of the lowest notes; 93 ms at 44.1 kHz
BAND = 64  # bins, 250 Hz or 700 Hz: narrow enough that pink noise is nearly flat within it
# Gaussian noise has flatness exp(-0.577) = 0.56 in each band, pink noise 0.38 by its slope in the lowest one;
# the noisiest of 90 real notes (bowed tremolo) has 0.15. Brown noise, all in its lowest bins, is missed.
NOISE_ABOVE = 0.3


def is_silent(waveform: NDArray) -> bool:
    """Whether no sample is more than one step of 16-bit audio away from zero."""
    return bool(np.abs(waveform).max() <= SILENT_BELOW)


def is_noise(waveform: NDArray, *, hop: int = N_FFT) -> bool:
    """Whether a sound (samples,) of at least N_FFT samples has no tones anywhere."""
    return local_flatness(waveform, hop=hop) > NOISE_ABOVE


def local_flatness(waveform: NDArray, *, hop: int = N_FFT) -> float:
    """How noise-like a sound is: 0 for sharp partials, 0.56 for Gaussian noise of any smooth colour.

    The spectral flatness (geometric over arithmetic mean of the power) of each band of BAND bins in frames
    every `hop` samples, weighted by the energy there. Takes (samples,) with at least N_FFT samples. Unlike
    the flatness of the whole spectrum it does not fall with its slope, and quiet frames do not count.
    """
    frames = np.lib.stride_tricks.sliding_window_view(waveform, N_FFT)[::hop]
    window = np.hanning(N_FFT).astype(waveform.dtype)
    power = np.abs(np.fft.rfft(frames * window)[:, 1:]) ** 2  # (frames, N_FFT / 2), without DC
    bands = power.reshape(len(frames), -1, BAND) + np.finfo(float).tiny
    return float(np.exp(np.log(bands).mean(axis=-1)).sum() / bands.mean(axis=-1).sum())


def examine_all(
    items: Sequence[Item], examine: Callable[[Item], Found], *, jobs: int, title: str
) -> Iterator[tuple[Item, Found]]:
    """Each item with what `examine` says of it, in order; `jobs` threads, and a progress bar with `title`."""
    found = Parallel(n_jobs=jobs, prefer="threads", return_as="generator")(
        delayed(examine)(item) for item in items
    )
    yield from zip(items, tqdm(found, total=len(items), desc=title, disable=None), strict=True)
