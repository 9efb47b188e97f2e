"""Multi-resolution STFT distance: how far two waveforms are apart in their magnitudes, at three resolutions.

    distance = mr_stft(estimate, target)      # (B, S), (B, S) -> (B,)

For each resolution, the spectral convergence ||Y - X|| / ||Y|| (Frobenius norms of magnitudes) plus the
mean of |log Y - log X|; then the mean over resolutions. The phase is not heard.
Source: R. Yamamoto, E. Song, J.-M. Kim 2020, "Parallel WaveGAN", equations 3 to 6. Equal to auraloss 0.4
(C. Steinmetz, J. Reiss 2020), MultiResolutionSTFTLoss() with its defaults, of one item at a time: of a batch
auraloss takes the norms over all items together.
"""

from __future__ import annotations

import torch
from torch import Tensor

# (n_fft, hop_length, win_length) in samples, as Parallel WaveGAN and auraloss have them.
RESOLUTIONS = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))
QUIETEST = 1e-8  # power, as in auraloss


def mr_stft(estimate: Tensor, target: Tensor, *, every: int = 1) -> Tensor:
    """Waveforms (B, S) of more than 1024 samples -> distance of each item (B,), 0 for equal ones.

    every: compare only each so many-th frame, at a fraction of the cost: frames overlap by four fifths, so
    for training that is nearly the same. Errors: ValueError for different shapes, or waveforms too short.
    """
    if estimate.shape != target.shape or estimate.ndim != 2:
        raise ValueError(f"shapes must agree, (B, S), got {tuple(estimate.shape)}, {tuple(target.shape)}")
    longest = max(n_fft for n_fft, *_ in RESOLUTIONS)
    if estimate.shape[-1] <= longest // 2:
        raise ValueError(f"waveforms must be longer than {longest // 2} samples, got {estimate.shape[-1]}")
    resolutions = [(n_fft, every * hop_length, win_length) for n_fft, hop_length, win_length in RESOLUTIONS]
    distances = [
        distance(magnitudes(estimate, *resolution), magnitudes(target, *resolution))
        for resolution in resolutions
    ]
    return torch.stack(distances).mean(dim=0)


def distance(estimate: Tensor, target: Tensor) -> Tensor:
    """Magnitudes (B, F, T) of one resolution, twice -> distance of each item (B,)."""
    energy, error = (x.square().sum(dim=(1, 2)) for x in (target, target - estimate))
    return error.sqrt() / energy.sqrt() + (target.log() - estimate.log()).abs().mean(dim=(1, 2))


def magnitudes(waveform: Tensor, n_fft: int, hop_length: int, win_length: int) -> Tensor:
    """(B, S) -> (B, n_fft / 2 + 1, T), at least the square root of QUIETEST."""
    window = torch.hann_window(win_length, dtype=waveform.dtype, device=waveform.device)
    spectrum = torch.stft(waveform, n_fft, hop_length, win_length, window, return_complex=True)
    return (spectrum.real.square() + spectrum.imag.square()).clamp(min=QUIETEST).sqrt()
