"""What training minimizes: how far the estimates' spectra are from the truth's.

All are means over items, targets and channels of complex spectra (B, N, C, F, T):

    magnitude    mean square of |estimate| - |truth|: Open-Unmix's, blind to the phase
    spectrum     mean |Re error| + |Im error|: a robust distance that sees the phase (Luo and Yu 2023, eq. 4)
    decibels     10 log10((E + KNEE) / (P + KNEE)) for each item and target, of the power E of the error and P
                 of the truth: errors far above KNEE count by their ratio, as in the SDR, those below by
                 their amount. So neither the loudest chunks rule nor those in which nobody sings, where
                 any error is infinitely many decibels

The energy of a spectrum is that of its waveform but for a constant (Parseval, and windows that add up), so no
inverse transform is needed in training.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

LossName = Literal["magnitude", "spectrum", "decibels"]

KNEE = 10.0  # mean power of a bin: a root mean square of -19 dB, n_fft 2048, a loud voice; see LOG.md


def separation_loss(name: LossName, estimates: Tensor, targets: Tensor) -> Tensor:
    """Complex spectra (B, N, C, F, T), twice -> scalar."""
    if name == "magnitude":
        return (estimates.abs() - targets.abs()).square().mean()
    error = estimates - targets
    if name == "spectrum":
        return error.real.abs().mean() + error.imag.abs().mean()
    return 10 * ((mean_power(error) + KNEE) / (mean_power(targets) + KNEE)).log10().mean()


def mean_power(spectrum: Tensor) -> Tensor:
    """Complex (B, N, C, F, T) -> (B, N)."""
    return (spectrum.real.square() + spectrum.imag.square()).mean(dim=(2, 3, 4))
