"""How much of each frame of a recording is harmonics of the pitch that was found there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from common.harmonic_share import share_of_spectrum

N_FFT = 2048  # 128 ms at 16 kHz: bins of 8 Hz
EVERY = 4  # frames; in between the share is that of the frame before


def harmonic_share(
    waveform: NDArray[np.float64], at: NDArray[np.int_], f0: NDArray[np.float64], *, sample_rate: int
) -> NDArray[np.float64]:
    """The share (frames,) of the energy around samples `at` that is harmonics of `f0`, beyond chance.

    As `share_of_spectrum`; 0 for a frame without f0.
    """
    padded = np.pad(waveform, N_FFT // 2)
    bins = np.fft.rfftfreq(N_FFT, 1 / sample_rate)
    share = np.zeros(len(at))
    for frame in range(0, len(at), EVERY):
        fundamental = f0[frame : frame + EVERY].max()
        if fundamental > 0:
            piece = padded[at[frame] : at[frame] + N_FFT]
            power = np.abs(np.fft.rfft(piece * np.hanning(N_FFT))) ** 2
            share[frame : frame + EVERY] = share_of_spectrum(power, bins, fundamental)
    return np.where(f0 > 0, share, 0.0)
