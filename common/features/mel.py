"""Mel spectrograms: power in bands as wide as the ear hears them.

Sources: Slaney, "Auditory Toolbox" (1998), the scale and the equal-area filters that librosa uses by default;
Young et al., "The HTK Book" (2006), the other scale.
"""

from __future__ import annotations

import math
import warnings

import torch
from torch import Tensor

from common.features.frames import Filterbank, SpectralFeature

# Slaney's scale: linear below 1 kHz, 15 mel there; above, 27 mel for each factor of 6.4 in frequency.
HZ_PER_MEL = 200.0 / 3.0
BREAK_HZ = 1000.0
BREAK_MEL = BREAK_HZ / HZ_PER_MEL
LOG_STEP = math.log(6.4) / 27.0


def hz_to_mel(frequency: Tensor, *, htk: bool = False) -> Tensor:
    """Hz -> mel, element by element. Agrees with librosa.hz_to_mel to rounding."""
    if htk:
        return 2595.0 * torch.log10(1.0 + frequency / 700.0)
    logarithmic = BREAK_MEL + torch.log(frequency.clamp(min=BREAK_HZ) / BREAK_HZ) / LOG_STEP
    return torch.where(frequency < BREAK_HZ, frequency / HZ_PER_MEL, logarithmic)


def mel_to_hz(mel: Tensor, *, htk: bool = False) -> Tensor:
    """Mel -> Hz, element by element: the inverse of `hz_to_mel`."""
    if htk:
        return 700.0 * (10.0 ** (mel / 2595.0) - 1.0)
    return torch.where(mel < BREAK_MEL, mel * HZ_PER_MEL, BREAK_HZ * torch.exp(LOG_STEP * (mel - BREAK_MEL)))


def mel_frequencies(count: int, *, fmin: float, fmax: float, htk: bool = False) -> Tensor:
    """`count` frequencies from `fmin` to `fmax` Hz, evenly spaced in mel.

    Agrees with librosa.mel_frequencies to rounding.
    """
    ends = hz_to_mel(torch.tensor([fmin, fmax], dtype=torch.float64), htk=htk)
    return mel_to_hz(torch.linspace(ends[0], ends[1], count, dtype=torch.float64), htk=htk)


def mel_filterbank(
    *,
    sample_rate: float,
    n_fft: int,
    n_mels: int = 128,
    fmin: float = 0.0,
    fmax: float | None = None,
    htk: bool = False,
) -> Tensor:
    """Triangular filters of equal area, evenly spaced in mel.

    `fmin`, `fmax` in Hz (default: half the sample rate) -> (n_mels, n_fft // 2 + 1).
    Warns of filters narrower than a bin, which stay silent. Errors: ValueError.
    Agrees with librosa.filters.mel(norm="slaney") within 1e-7.
    """
    fmax = sample_rate / 2 if fmax is None else fmax
    if n_mels < 1:
        raise ValueError(f"n_mels must be >= 1, got {n_mels}")
    if not 0 <= fmin < fmax <= sample_rate / 2:
        raise ValueError(
            f"fmin and fmax must keep 0 <= fmin < fmax <= {sample_rate / 2:g} Hz, got {fmin:g}, {fmax:g}"
        )
    edges = mel_frequencies(n_mels + 2, fmin=fmin, fmax=fmax, htk=htk)
    low, centre, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    bins = torch.arange(n_fft // 2 + 1, dtype=torch.float64) * (sample_rate / n_fft)
    rising, falling = (bins - low) / (centre - low), (high - bins) / (high - centre)
    weights = torch.minimum(rising, falling).clamp(min=0) * (2.0 / (high - low))
    silent = int((weights.amax(dim=1) == 0).sum())
    if silent:
        warnings.warn(
            f"{silent} of {n_mels} mel filters contain no bin; lower n_mels or raise n_fft", stacklevel=2
        )
    return weights.to(torch.get_default_dtype())


def power_to_db(
    power: Tensor, *, ref: float | str = 1.0, amin: float = 1e-10, top_db: float | None = 80.0
) -> Tensor:
    """10 log10(power / ref), nothing below `amin`, nor further than `top_db` below the loudest of its clip.

    power (..., features, frames) -> dB of the same shape; `ref` is a power, or "max": the loudest of each
    clip. Each leading index is a clip of its own, so a batch gives what its clips give (librosa takes one
    array as one clip). Silence gives 10 log10(amin / ref); with ref="max", 0 dB. Agrees with
    librosa.power_to_db within 2e-5 dB.
    """
    loudest = power.amax(dim=(-2, -1), keepdim=True).clamp(min=amin)
    reference = loudest if ref == "max" else loudest.new_tensor(max(float(ref), amin))
    # The lowest level as a power: one maximum over all frames instead of two.
    floor = torch.full_like(loudest, amin) if top_db is None else loudest * 10 ** (-top_db / 10)
    level = torch.maximum(power, floor.clamp(min=amin)).log10()
    return torch.add(-10.0 * reference.log10(), level, alpha=10.0)


class MelSpectrogram(SpectralFeature):
    """Power in `n_mels` mel bands between `fmin` and `fmax` Hz (default: half the sample rate).

    waveform (..., samples) -> (..., n_mels, frames), on Slaney's scale or, with `htk`, that of HTK.
    `centre_frequencies`: of the bands, Hz. Errors: ValueError. Agrees with librosa.feature.melspectrogram
    within 2e-6 of the clip's largest value.
    """

    def __init__(
        self,
        *,
        sample_rate: float,
        n_mels: int = 128,
        fmin: float = 0.0,
        fmax: float | None = None,
        htk: bool = False,
        **framing,
    ):
        super().__init__(sample_rate=sample_rate, **framing)
        weights = mel_filterbank(
            sample_rate=sample_rate, n_fft=self.n_fft, n_mels=n_mels, fmin=fmin, fmax=fmax, htk=htk
        )
        self.num_features = self.n_mels = n_mels
        highest = sample_rate / 2 if fmax is None else fmax
        self.centre_frequencies = mel_frequencies(n_mels + 2, fmin=fmin, fmax=highest, htk=htk)[1:-1]
        self.filterbank = Filterbank(weights)

    def per_frame(self, frames: Tensor) -> Tensor:
        return self.filterbank(self.spectrum(frames))  # (B, T, n_fft) -> (B, M, T)


class LogMelSpectrogram(MelSpectrogram):
    """Mel spectrogram on a logarithmic scale.

    waveform (..., samples) -> (..., n_mels, frames). `scaling="db"`: dB by `power_to_db` with `ref`, `amin`
    and `top_db` (silence: 10 log10(amin / ref)); `scaling="log"`: the natural logarithm of power + `eps`.
    Errors: ValueError. Agrees with librosa.power_to_db(librosa.feature.melspectrogram(...)) within 0.005 dB
    as long as top_db <= 80; what lies 120 dB below the loudest is float32 rounding, off by up to 1 dB.
    """

    def __init__(
        self,
        *,
        scaling: str = "db",
        ref: float | str = 1.0,
        amin: float = 1e-10,
        top_db: float | None = 80.0,
        eps: float = 1e-6,
        **mel,
    ):
        super().__init__(**mel)
        if scaling not in ("db", "log"):
            raise ValueError(f"scaling must be 'db' or 'log', got {scaling!r}")
        if ref != "max" and (isinstance(ref, str) or ref <= 0):
            raise ValueError(f"ref must be 'max' or a power > 0, got {ref!r}")
        if amin <= 0 or eps <= 0:
            raise ValueError(f"amin and eps must be > 0, got {amin}, {eps}")
        if top_db is not None and top_db < 0:
            raise ValueError(f"top_db must be >= 0, or None, got {top_db}")
        self.scaling, self.ref, self.amin, self.top_db, self.eps = scaling, ref, amin, top_db, eps

    def per_clip(self, features: Tensor) -> Tensor:
        if self.scaling == "log":
            return torch.log(features + self.eps)
        return power_to_db(features, ref=self.ref, amin=self.amin, top_db=self.top_db)
