"""How much of a sound is harmonics of one frequency: what tells one line from several, and from noise.

Of two pitches at once a tracker finds one, which explains about half of the spectrum, or a frequency of
which both are harmonics, and which itself does not sound. So a frame in which the fundamental is missing
counts as not explained. Two lines in octaves alone pass as one.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

N_FFT = 2048  # 128 ms at 16 kHz: bins of 8 Hz
PARTIALS = 8  # that are looked at
LOWEST_HEARD = 60.0  # Hz; below is rumble
FUNDAMENTAL = -26.0  # dB beside the strongest partial, that the first one has at least
VIBRATO = 0.03  # of a harmonic's frequency, to each side: half a semitone
EVERY = 4  # frames; in between the share is that of the frame before


def harmonic_share(
    waveform: NDArray[np.float64], at: NDArray[np.int_], f0: NDArray[np.float64], *, sample_rate: int
) -> NDArray[np.float64]:
    """The share (frames,) of the energy around samples `at` that is harmonics of `f0`, beyond chance.

    Of the energy from 60 Hz up to the last of these harmonics; 0 for what white noise has, for a frame
    without f0 or whose fundamental is missing.
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


def share_of_spectrum(power: NDArray[np.float64], bins: NDArray[np.float64], fundamental: float) -> float:
    """The same for one spectrum: `power` at the frequencies `bins` (Hz), each (bins,)."""
    band = (bins >= LOWEST_HEARD) & (bins <= (PARTIALS + 0.5) * fundamental)
    number = np.clip(np.round(bins / fundamental), 1, PARTIALS)  # of the nearest harmonic
    wide = np.minimum(VIBRATO * number, 0.2) * fundamental
    near = band & (np.abs(bins - number * fundamental) <= np.maximum(wide, 2 * bins[1]))  # a main lobe
    partials = np.bincount(number[near].astype(int), power[near], minlength=PARTIALS + 1)[1:]
    total = power[band].sum()
    if total <= 0 or partials[0] < 10 ** (FUNDAMENTAL / 10) * partials.max():
        return 0.0
    chance = near.sum() / band.sum()
    return float(np.clip((partials.sum() / total - chance) / max(1 - chance, 1e-3), 0, 1))
