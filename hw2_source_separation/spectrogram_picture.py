"""Spectrograms as small pictures: frequency on a logarithmic scale, level in dB, one scale for all that are
compared.

A column is a stretch of time, the mean power of the frames in it (Hann windows of 4096 samples); a row is a
band of a sixteenth of an octave or so, the mean power of the bins in it. 0 dB is a sine at full scale.
"""

from __future__ import annotations

import io

import numpy as np
from matplotlib import colormaps
from numpy.typing import NDArray
from PIL import Image
from scipy import fft

N_FFT = 4096  # samples
LOWEST, HIGHEST = 30.0, 20_000.0  # Hz
ROWS, COLUMNS = 160, 1200  # pixels
SILENCE = 1e-12  # power, -120 dB
RANGE = 80.0  # dB between the darkest and the brightest
SHADES = 64  # of the picture; more make it larger and look the same


def log_spectrogram(waveform: NDArray[np.float32], *, sample_rate: int) -> NDArray[np.float32]:
    """Waveform (channels, samples) -> levels in dB (ROWS, COLUMNS), the lowest frequency first."""
    column = waveform.shape[1] / COLUMNS  # samples
    per_column = max(1, int(np.ceil(column / (N_FFT / 2))))
    power = np.zeros((N_FFT // 2 + 1, COLUMNS))
    for part in range(per_column):
        centres = (np.arange(COLUMNS) + (part + 0.5) / per_column) * column
        for channel in waveform:
            power += power_around(channel, centres.astype(int)) / (per_column * len(waveform))
    return 10 * np.log10(np.maximum(band_weights(sample_rate) @ power, SILENCE)).astype(np.float32)


def power_around(channel: NDArray[np.float32], centres: NDArray[np.int64]) -> NDArray[np.float32]:
    """Power spectra (bins, centres) of a channel (samples,) in frames around `centres`."""
    padded = np.pad(channel, N_FFT // 2)
    window = np.hanning(N_FFT + 1)[:-1].astype(np.float32)  # periodic
    frames = np.lib.stride_tricks.sliding_window_view(padded, N_FFT)[np.minimum(centres, len(channel))]
    return np.abs(fft.rfft(frames * window, axis=1).T / (window.sum() / 2)) ** 2


def band_weights(sample_rate: int) -> NDArray[np.float64]:
    """(ROWS, bins): how much of each row's band a bin covers; rows sum to 1, or to 0 above half the rate."""
    width = sample_rate / N_FFT  # Hz of a bin
    low = np.arange(N_FFT // 2 + 1) * width - width / 2
    edges = np.geomspace(LOWEST, HIGHEST, ROWS + 1)
    shared = np.minimum(edges[1:, None], low + width) - np.maximum(edges[:-1, None], low)
    return np.maximum(shared, 0) / np.diff(edges)[:, None]


def picture(levels: NDArray[np.float32], *, loudest: float) -> bytes:
    """Levels in dB (rows, columns), the lowest frequency first -> PNG, brightest at `loudest` dB."""
    share = np.clip((levels - (loudest - RANGE)) / RANGE, 0, 1)
    image = Image.fromarray(np.round(share[::-1] * (SHADES - 1)).astype(np.uint8), mode="P")
    colours = colormaps["magma"](np.linspace(0, 1, SHADES))[:, :3]
    image.putpalette(np.round(255 * colours).astype(np.uint8).tobytes())
    encoded = io.BytesIO()
    image.save(encoded, "PNG", optimize=True)
    return encoded.getvalue()
