"""What training minimizes: how far the estimates' spectra are from the truth's.

All are means over items, targets and channels of complex spectra (B, N, C, F, T):

    magnitude    mean square of |estimate| - |truth|: Open-Unmix's, blind to the phase
    spectrum     mean |Re error| + |Im error|: a robust distance that sees the phase (Luo and Yu 2023, eq. 4)
    decibels     10 log10(energy of the error / energy of the truth) for each item and target: what the SDR
                 measures, so that soft songs count as much as loud ones

The energy of a spectrum is that of its waveform but for a constant (Parseval, and windows that add up), so no
inverse transform is needed in training.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

LossName = Literal["magnitude", "spectrum", "decibels"]

# Mean power of a bin that counts as silence: of a sound at -37 dB (root mean square, n_fft 2048). Without it
# the chunks in which nobody sings, where any error is infinitely many decibels, would rule.
QUIET = 0.15


def separation_loss(name: LossName, estimates: Tensor, targets: Tensor) -> Tensor:
    """Complex spectra (B, N, C, F, T), twice -> scalar."""
    if name == "magnitude":
        return (estimates.abs() - targets.abs()).square().mean()
    error = estimates - targets
    if name == "spectrum":
        return error.real.abs().mean() + error.imag.abs().mean()
    return 10 * ((mean_power(error) + QUIET) / (mean_power(targets) + QUIET)).log10().mean()


def mean_power(spectrum: Tensor) -> Tensor:
    """Complex (B, N, C, F, T) -> (B, N)."""
    return (spectrum.real.square() + spectrum.imag.square()).mean(dim=(2, 3, 4))
