"""The shape of each frame's spectrum in a few numbers.

Sources: Peeters, "A large set of audio features for sound description" (2004), for centroid, bandwidth
(spread), roll-off and flatness; Jiang et al., "Music type classification by spectral contrast feature"
(2002). Conventions are librosa's: all but flatness weigh frequencies by magnitude, not power.
"""

from __future__ import annotations

import torch
from torch import Tensor

from common.features.frames import SpectralFeature
from common.features.mel import power_to_db

SILENCE = 1e-14  # a frame whose magnitudes sum to less is silent: a 24-bit recording's last bit gives 1e-7


class SpectralShape(SpectralFeature):
    """Base of the features of this module: magnitudes that are right in the faintest bins too."""

    def magnitude(self, frames: Tensor) -> Tensor:
        """(batch, frames, n_fft) -> (batch, frames, num_bins).

        Transformed in float64: in float32, rounding fills empty bins up to 130 dB below the loudest; where
        a recording has no treble, contrast and flatness measure just that. MPS lacks float64.
        """
        dtype = frames.dtype if frames.device.type == "mps" else torch.float64
        window = self.hann(dtype=dtype, device=frames.device)
        spectrum = torch.fft.rfft(frames * window)
        power = spectrum.real.square() + spectrum.imag.square()
        # Kept off 0, where the root has no slope: silence has gradient 0 and not NaN.
        return power.clamp(min=torch.finfo(dtype).tiny).sqrt().to(frames.dtype)


def distribution(magnitude: Tensor) -> Tensor:
    """Magnitudes (..., bins) made to sum to 1 over the bins; of a silent frame, all 0."""
    total = magnitude.sum(dim=-1, keepdim=True)
    return torch.where(total < SILENCE, 0.0, magnitude / total.clamp(min=SILENCE))


class SpectralCentroid(SpectralShape):
    """Mean frequency in Hz, weighted by magnitude.

    waveform (..., samples) -> (..., 1, frames); silence gives 0. Errors: ValueError.
    Agrees with librosa.feature.spectral_centroid within 0.01 Hz.
    """

    def __init__(self, *, sample_rate: float, **framing):
        super().__init__(sample_rate=sample_rate, **framing)

    def per_frame(self, frames: Tensor) -> Tensor:
        weight = distribution(self.magnitude(frames))
        return (weight @ self.frequencies(weight)).unsqueeze(-2)  # (B, T, F) -> (B, 1, T)


class SpectralBandwidth(SpectralShape):
    """Standard deviation of frequency in Hz about the centroid, weighted by magnitude.

    waveform (..., samples) -> (..., 1, frames); silence gives 0. Errors: ValueError.
    Agrees with librosa.feature.spectral_bandwidth (p=2) within 0.01 Hz.
    """

    def __init__(self, *, sample_rate: float, **framing):
        super().__init__(sample_rate=sample_rate, **framing)

    def per_frame(self, frames: Tensor) -> Tensor:
        weight = distribution(self.magnitude(frames))  # (B, T, F)
        frequency = self.frequencies(weight)
        centroid = (weight @ frequency).unsqueeze(-1)  # (B, T, 1)
        variance = (weight * (frequency - centroid).square()).sum(dim=-1)
        # Zeros go around the root, as above.
        spread = torch.where(variance > 0, variance, 1.0).sqrt() * (variance > 0)
        return spread.unsqueeze(-2)


class SpectralRolloff(SpectralShape):
    """Frequency in Hz of the bin below which lies `roll_percent` (a fraction) of the summed magnitude.

    waveform (..., samples) -> (..., 1, frames); silence gives 0. A choice of bin: it has no gradient.
    Errors: ValueError. Agrees with librosa.feature.spectral_rolloff exactly, but for a bin where rounding
    decides, in about one frame of 1000.
    """

    def __init__(self, *, sample_rate: float, roll_percent: float = 0.85, **framing):
        super().__init__(sample_rate=sample_rate, **framing)
        if not 0 < roll_percent < 1:
            raise ValueError(f"roll_percent must be a fraction between 0 and 1, got {roll_percent}")
        self.roll_percent = roll_percent

    def per_frame(self, frames: Tensor) -> Tensor:
        cumulated = distribution(self.magnitude(frames)).cumsum(dim=-1)  # (B, T, F)
        below = (cumulated < self.roll_percent * cumulated[..., -1:]).sum(dim=-1)
        return self.frequencies(cumulated)[below].unsqueeze(-2)


class SpectralFlatness(SpectralShape):
    """Geometric mean of the power over its arithmetic mean: near 0 for a tone, near 1 for noise.

    waveform (..., samples) -> (..., 1, frames); no power counts as less than `amin`, so silence gives 1.
    Errors: ValueError. Agrees with librosa.feature.spectral_flatness within 1e-5.
    """

    def __init__(self, *, amin: float = 1e-10, **framing):
        super().__init__(**framing)
        if amin <= 0:
            raise ValueError(f"amin must be > 0, got {amin}")
        self.amin = amin

    def per_frame(self, frames: Tensor) -> Tensor:
        power = self.magnitude(frames).square().clamp(min=self.amin)  # (B, T, F)
        return (power.log().mean(dim=-1).exp() / power.mean(dim=-1)).unsqueeze(-2)


class SpectralContrast(SpectralShape):
    """Peaks over valleys in octave bands, in dB: high where tones stand out, low where noise fills the band.

    waveform (..., samples) -> (..., n_bands + 1, frames). Row 0 is 0 ... `fmin` Hz, row k the k-th octave
    above; the last goes to the end. Peak and valley are the means of the largest and smallest `quantile` of a
    band's magnitudes, and each is kept within 80 dB of the loudest of its clip. Silence gives 0.
    Errors: ValueError. Agrees with librosa.feature.spectral_contrast within 0.001 dB.
    """

    def __init__(
        self, *, sample_rate: float, fmin: float = 200.0, n_bands: int = 6, quantile: float = 0.02, **framing
    ):
        super().__init__(sample_rate=sample_rate, **framing)
        if n_bands < 1 or fmin <= 0:
            raise ValueError(f"n_bands must be >= 1 and fmin > 0 Hz, got {n_bands}, {fmin:g}")
        if not 0 < quantile < 1:
            raise ValueError(f"quantile must be between 0 and 1, got {quantile}")
        highest = fmin * 2 ** (n_bands - 1)
        if highest >= sample_rate / 2:
            raise ValueError(
                f"the last band must begin below {sample_rate / 2:g} Hz, got {highest:g}: lower n_bands"
            )
        self.num_features = n_bands + 1
        self.bands = [self._band(k, fmin, n_bands, quantile) for k in range(n_bands + 1)]

    def _band(self, k: int, fmin: float, n_bands: int, quantile: float) -> tuple[int, int, int]:
        """First bin, bin after the last, and how many bins are a quantile, of band k.

        As in librosa, a band begins one bin early, and all but the last band leave out their last bin, though
        it counts for the quantile.
        """
        low, high = (0.0 if k == 0 else fmin * 2 ** (k - 1)), fmin * 2**k
        inside = [i for i in range(self.num_bins) if low <= i * self.sample_rate / self.n_fft <= high]
        if len(inside) + (k > 0) < 2:  # the bin before it, those inside, less the last
            raise ValueError(
                f"no bin between {low:g} and {high:g} Hz: raise n_fft (got {self.n_fft}) or fmin"
            )
        first = inside[0] - (k > 0)
        last_band = k == n_bands
        stop = self.num_bins if last_band else inside[-1] + 1
        return first, stop - (not last_band), max(1, round(quantile * (stop - first)))

    def per_frame(self, frames: Tensor) -> Tensor:
        magnitude = self.magnitude(frames)  # (B, T, F)
        peaks, valleys = [], []
        for first, stop, count in self.bands:
            band = magnitude[..., first:stop]
            peaks.append(band.topk(count, dim=-1, sorted=False).values.mean(dim=-1))
            valleys.append(band.topk(count, dim=-1, largest=False, sorted=False).values.mean(dim=-1))
        return torch.stack(peaks + valleys, dim=-2)  # (B, 2K, T)

    def per_clip(self, features: Tensor) -> Tensor:
        peak, valley = features.chunk(2, dim=-2)
        # Of magnitudes, as in librosa: half the dB of the power.
        return power_to_db(peak) - power_to_db(valley)
