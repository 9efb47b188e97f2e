"""The short-time Fourier transform of this homework, and its inverse.

Spectrograms are complex (..., frequency, time); frame t is centred on sample t * hop_length, what lies
beyond the ends is silence, and the window is a periodic Hann window. A waveform has as many frames as it
takes for every sample to lie under two windows: 1 + ceil(samples / hop_length), for any hop_length up to
n_fft / 2. Under the skirt of a single window the inverse would blow up what a network gets wrong.
`istft(stft(x))` is x.

Source: Griffin and Lim 1984, equation 6 (the inverse that is nearest, in the sense of least squares, to a
spectrogram which no waveform has). The transforms are PyTorch's.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def stft(waveform: Tensor, *, n_fft: int, hop_length: int) -> Tensor:
    """Waveform (..., samples) -> complex (..., n_fft // 2 + 1, `num_frames`)."""
    require_overlap(n_fft, hop_length)
    flat = waveform.reshape(-1, waveform.shape[-1])
    spectrum = torch.stft(
        F.pad(flat, (0, -flat.shape[-1] % hop_length)),
        n_fft,
        hop_length,
        window=window_for(waveform, n_fft),
        center=True,
        pad_mode="constant",
        return_complex=True,
    )
    return spectrum.reshape(*waveform.shape[:-1], *spectrum.shape[-2:])


def istft(spectrum: Tensor, *, n_fft: int, hop_length: int, length: int) -> Tensor:
    """Complex (..., n_fft // 2 + 1, `num_frames`) -> waveform (..., length)."""
    require_overlap(n_fft, hop_length)
    flat = spectrum.reshape(-1, *spectrum.shape[-2:])
    whole = (flat.shape[-1] - 1) * hop_length
    window = window_for(spectrum.real, n_fft)
    waveform = torch.istft(flat, n_fft, hop_length, window=window, center=True, length=whole)
    return waveform[:, :length].reshape(*spectrum.shape[:-2], length)


def num_frames(samples: int, hop_length: int) -> int:
    """Frames of a waveform."""
    return 1 - (-samples // hop_length)


def window_for(like: Tensor, n_fft: int) -> Tensor:
    """A periodic Hann window (n_fft,) with the dtype and device of `like`."""
    return torch.hann_window(n_fft, dtype=like.dtype, device=like.device)


def require_overlap(n_fft: int, hop_length: int) -> None:
    """Errors: ValueError where samples would lie under a single window, or none."""
    if not 1 <= hop_length <= n_fft // 2:
        raise ValueError(f"hop_length must be 1 to n_fft / 2, got {hop_length} with n_fft {n_fft}")
