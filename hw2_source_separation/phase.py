"""Phases for magnitudes: Griffin-Lim for one signal, MISI for several that must add up to a mixture.

Most spectrograms that have given magnitudes are no waveform's. Both methods go back and forth: to the
waveform whose spectrogram is nearest, and to that spectrogram's phases with the given magnitudes.

    |S| e^(i phase)  --istft-->  waveform  --stft-->  its phases  ...

Magnitudes are |stft|, not powers, of `hw2_source_separation.stft`, (..., frequency, time). Griffin-Lim can at
best find the signal up to its sign, and from random phases does not come near: SDR, which compares waveforms,
punishes that although ears hardly do. Phases that start at the mixture's stay near it. Both work on what is
in memory: give long songs in chunks.

Sources: Griffin and Lim 1984, "Signal estimation from modified short-time Fourier transform"; Perraudin,
Balazs and Søndergaard 2013, "A fast Griffin-Lim algorithm" (momentum), in librosa's form; Gunawan and Sen
2010, "Iterative phase estimation for the synthesis of separated sources from single-channel mixtures" (MISI).
"""

from __future__ import annotations

import torch
from torch import Tensor

from hw2_source_separation.stft import istft, num_frames, stft

ITERATIONS = 32
MOMENTUM = 0.99  # Perraudin's


@torch.no_grad()
def griffin_lim(
    magnitude: Tensor,
    *,
    n_fft: int,
    hop_length: int,
    length: int,
    iterations: int = ITERATIONS,
    momentum: float = MOMENTUM,
    start: Tensor | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Magnitude (..., F, T) -> waveform (..., length), with T = num_frames(length, hop_length).

    start: complex (..., F, T) whose phases are the first; where it is 0, and everywhere without it, they are
    random, drawn from `generator`, on the CPU. So a chunk can go on from the one before: give the spectrum of
    what is known, and zeros after. momentum: 0 is Griffin and Lim's own, whose error never rises; with it
    errors fall faster.
    """
    _require_frames(magnitude, hop_length, length)
    transform = {"n_fft": n_fft, "hop_length": hop_length}
    phase = _start_phase(magnitude, start, generator)
    previous: Tensor | float = 0.0
    for _ in range(iterations):
        rebuilt = stft(istft(magnitude * phase, **transform, length=length), **transform)
        phase = torch.sgn(rebuilt - momentum / (1 + momentum) * previous)  # of a complex z: z / |z|
        previous = rebuilt
    return istft(magnitude * phase, **transform, length=length)


@torch.no_grad()
def misi(
    magnitudes: Tensor,
    mixture: Tensor,
    *,
    n_fft: int,
    hop_length: int,
    iterations: int = ITERATIONS,
    start: Tensor | None = None,
) -> Tensor:
    """Magnitudes (B, N, C, F, T) of all N sources of a mixture (B, C, S) -> (B, N, C, S), adding up to it.

    Between steps the waveforms share equally what they lack to the mixture. start: complex (B, N, C, F, T)
    whose phases are the first; without it they are the mixture's.
    """
    length, transform = mixture.shape[-1], {"n_fft": n_fft, "hop_length": hop_length}
    _require_frames(magnitudes, hop_length, length)
    if start is None:
        start = stft(mixture, **transform)[:, None]
    phases = torch.sgn(start)
    for _ in range(iterations):
        waveforms = _add_up(istft(magnitudes * phases, **transform, length=length), mixture)
        phases = torch.sgn(stft(waveforms, **transform))
    return _add_up(istft(magnitudes * phases, **transform, length=length), mixture)


def _add_up(waveforms: Tensor, mixture: Tensor) -> Tensor:
    """(B, N, C, S): the sources, each with its share of what they all lack to the mixture (B, C, S)."""
    missing = mixture - waveforms.sum(dim=1)
    return waveforms + missing[:, None] / waveforms.shape[1]


def _start_phase(magnitude: Tensor, start: Tensor | None, generator: torch.Generator | None) -> Tensor:
    """e^(i phase) of `start`, random where it is 0; complex, as magnitude."""
    if start is not None and start.shape != magnitude.shape:
        shapes = f"{tuple(start.shape)} and {tuple(magnitude.shape)}"
        raise ValueError(f"start must be a spectrum as the magnitude, got {shapes}")
    if start is not None and bool((start != 0).all()):
        return torch.sgn(start)
    angles = 2 * torch.pi * torch.rand(magnitude.shape, generator=generator, dtype=magnitude.dtype)
    random = torch.polar(torch.ones_like(angles), angles).to(magnitude.device)
    return random if start is None else torch.where(start == 0, random, torch.sgn(start))


def _require_frames(magnitude: Tensor, hop_length: int, length: int) -> None:
    """Errors: ValueError unless the magnitudes are those of a waveform of that length."""
    if magnitude.is_complex():
        raise ValueError("magnitudes must be real, got a complex spectrum; take its abs()")
    expected, found = num_frames(length, hop_length), magnitude.shape[-1]
    if found != expected:
        raise ValueError(f"{length} samples have {expected} frames, got magnitudes of {found}")
