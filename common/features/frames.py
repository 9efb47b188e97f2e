"""From a waveform to its frames: the base of every feature, and the short-time Fourier transform.

Conventions: waveforms are (..., samples), features (..., features, frames). Frame t is centred on sample
t * hop_length (`center=True`, the ends padded with zeros) and frequencies are the bins 0 ... n_fft // 2, as
in librosa.

Speed on a CPU is a matter of memory here: the frames of a batch are several times its samples, and each step
over tensors of that size waits for memory. So the frames stay a view of the waveform, and blocks of them
small enough for the cache go through all steps before the next block is touched.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

# Samples of frames at a time. 4 MB measured best on a CPU with 2 MB of second-level cache, half and double
# nearly as good; 512 MB keeps a GPU busy, and a track of an hour within its memory.
CPU_BLOCK = 2**20
ACCELERATOR_BLOCK = 2**27


class FrameFeature(nn.Module):
    """A feature of frames; subclasses say what it is in `per_frame` and, where clips need it, in `per_clip`.

    forward: waveform (..., samples), real, at least one sample -> (..., num_features, frames) in the dtype of
    the module, outside autocast: half precision cannot hold the power of a spectrum. The module's is torch's
    default when it is built, float32; a module built under torch.set_default_dtype(torch.float64) has its
    windows and filters exact. `sample_rate` in Hz, `n_fft` and `hop_length` in samples; `center=False` starts
    frame t at t * hop_length and needs n_fft samples; `pad_mode` is constant (zeros), reflect or replicate.
    Errors: ValueError.
    """

    num_features = 1

    def __init__(
        self,
        *,
        sample_rate: float | None = None,
        n_fft: int = 2048,
        hop_length: int = 512,
        center: bool = True,
        pad_mode: str = "constant",
    ):
        super().__init__()
        if hop_length < 1:
            raise ValueError(f"hop_length must be >= 1, got {hop_length}")
        if hop_length > n_fft:
            raise ValueError(f"hop_length must be <= n_fft, got {hop_length} > {n_fft}")
        if sample_rate is not None and sample_rate <= 0:
            raise ValueError(f"sample_rate must be > 0, got {sample_rate}")
        if pad_mode not in ("constant", "reflect", "replicate"):
            raise ValueError(f"pad_mode must be constant, reflect or replicate, got {pad_mode!r}")
        self.sample_rate, self.n_fft, self.hop_length = sample_rate, n_fft, hop_length
        self.center, self.pad_mode = center, pad_mode

    def per_frame(self, frames: Tensor) -> Tensor:
        """(batch, frames, n_fft) -> (batch, num_features, frames): what each frame gives on its own."""
        raise NotImplementedError

    def per_clip(self, features: Tensor) -> Tensor:
        """(batch, features, frames) -> the same: what needs all frames of a clip, such as its maximum."""
        return features

    def num_frames(self, num_samples: int | Tensor) -> int | Tensor:
        """Frames of a waveform of `num_samples` samples: one number, or a tensor of them for a batch."""
        padding = 2 * (self.n_fft // 2) if self.center else 0
        return 1 + (num_samples + padding - self.n_fft) // self.hop_length

    def forward(self, waveform: Tensor) -> Tensor:
        self._check(waveform)
        dtype = next(self.buffers(), waveform).dtype
        with torch.autocast(waveform.device.type, enabled=False):
            clips = waveform.reshape(-1, waveform.shape[-1]).to(dtype)  # (..., S) -> (B, S)
            features = self.per_clip(self._in_blocks(clips))  # (B, F, T)
        return features.reshape(*waveform.shape[:-1], *features.shape[1:])

    def extra_repr(self) -> str:
        return f"sample_rate={self.sample_rate}, n_fft={self.n_fft}, hop_length={self.hop_length}"

    def _check(self, waveform: Tensor) -> None:
        if not waveform.is_floating_point():
            raise ValueError(f"waveform must be floating point in [-1, 1], got {waveform.dtype}")
        if waveform.ndim == 0 or waveform.shape[-1] == 0:
            raise ValueError(f"waveform must have at least one sample, got shape {tuple(waveform.shape)}")
        samples, needed = waveform.shape[-1], 1
        if not self.center:
            needed = self.n_fft
        elif self.pad_mode == "reflect":
            needed = self.n_fft // 2 + 1
        if samples < needed:
            how = f"pad_mode={self.pad_mode!r}" if self.center else "center=False"
            raise ValueError(f"waveform must have >= {needed} samples with {how}, got {samples}")

    def _frames(self, waveform: Tensor) -> Tensor:
        """(batch, samples) -> (batch, frames, n_fft), a view: no sample is stored twice."""
        if self.center:
            half = self.n_fft // 2
            waveform = F.pad(waveform, (half, half), mode=self.pad_mode)
        return waveform.unfold(-1, self.n_fft, self.hop_length)

    def _in_blocks(self, waveform: Tensor) -> Tensor:
        """`per_frame` over all frames, a block at a time: several short clips, or a stretch of a long one."""
        block = CPU_BLOCK if waveform.device.type == "cpu" else ACCELERATOR_BLOCK
        most = max(1, block // self.n_fft)  # frames of a block
        clips = max(1, most // self.num_frames(waveform.shape[-1]))
        done = [
            torch.cat([self.per_frame(stretch) for stretch in self._frames(group).split(most, dim=1)], dim=-1)
            for group in waveform.split(clips)
        ]
        return torch.cat(done)  # (B, F, T)


class SpectralFeature(FrameFeature):
    """A feature of each frame's spectrum, under a periodic Hann window of `win_length` (default: n_fft)."""

    window: Tensor

    def __init__(self, *, win_length: int | None = None, **framing):
        super().__init__(**framing)
        win_length = self.n_fft if win_length is None else win_length
        if not 1 <= win_length <= self.n_fft:
            raise ValueError(f"win_length must be in 1 ... n_fft, got {win_length} with n_fft {self.n_fft}")
        self.win_length = win_length
        self.register_buffer("window", self.hann(), persistent=False)

    @property
    def num_bins(self) -> int:
        return self.n_fft // 2 + 1

    def hann(self, **placement) -> Tensor:
        """The window (n_fft,), zero around its `win_length` samples; `placement` is a dtype and a device."""
        before = (self.n_fft - self.win_length) // 2
        window = torch.hann_window(self.win_length, **placement)
        return F.pad(window, (before, self.n_fft - self.win_length - before))

    def frequencies(self, like: Tensor) -> Tensor:
        """Centre of each bin in Hz, (num_bins,), with the dtype and device of `like`."""
        bins = torch.arange(self.num_bins, dtype=like.dtype, device=like.device)
        return bins * (self.sample_rate / self.n_fft)

    def spectrum(self, frames: Tensor) -> Tensor:
        """(batch, frames, n_fft) -> complex (batch, frames, num_bins)."""
        return torch.fft.rfft(frames * self.window)


class Spectrogram(SpectralFeature):
    """Short-time Fourier transform: its power (power=2), magnitude (power=1) or complex values (power=None).

    waveform (..., samples) -> (..., n_fft // 2 + 1, frames), complex where `power` is None.
    Errors: ValueError. Agrees with librosa.stft within 1e-6 of the largest value, of power within 2e-6.
    """

    def __init__(self, *, power: float | None = 2.0, **framing):
        super().__init__(**framing)
        if power is not None and power <= 0:
            raise ValueError(f"power must be > 0, or None for complex values, got {power}")
        self.power, self.num_features = power, self.num_bins

    def per_frame(self, frames: Tensor) -> Tensor:
        spectrum = self.spectrum(frames).mT  # (B, T, n_fft) -> (B, F, T)
        if self.power is None:
            return spectrum
        if self.power == 2:
            return spectrum.real.square() + spectrum.imag.square()
        return spectrum.abs() ** self.power


class Filterbank(nn.Module):
    """Power of a spectrum, weighted and summed by each of a set of filters.

    `weights` (filters, bins); forward: complex (batch, frames, bins), which it overwrites,
    -> (batch, filters, frames).

    A mel filter is zero but for a few bins, so the filters are taken `group` at a time over the bins that any
    of them touches: an eighth of the arithmetic of the full product at 128 filters. The product also adds the
    two halves of a power, re^2 + im^2: they lie side by side in memory, and adding them there would cost as
    much as the transform.
    """

    def __init__(self, weights: Tensor, *, group: int = 16):
        super().__init__()
        self.ranges: list[tuple[int, int]] = []
        for index, filters in enumerate(weights.split(group)):
            used = filters.any(dim=0).nonzero().flatten().tolist() or [0]
            first, last = used[0], used[-1] + 1
            doubled = filters[:, first:last].repeat_interleave(2, dim=1)
            self.ranges.append((2 * first, 2 * last))
            self.register_buffer(f"filters_{index}", doubled, persistent=False)

    def forward(self, spectrum: Tensor) -> Tensor:
        # In place, as nobody else holds the spectrum: new memory would cost a fifth of all the time.
        squares = torch.view_as_real(spectrum).square_()  # (B, T, F) -> (B, T, F, 2): re^2, im^2
        squares = squares.flatten(-2)  # (B, T, 2F)
        parts = [
            F.linear(squares[..., first:last], filters)  # (B, T, 2F') -> (B, T, M')
            for filters, (first, last) in zip(self.buffers(), self.ranges, strict=True)
        ]
        return torch.cat(parts, dim=-1).mT  # (B, T, M) -> (B, M, T)
