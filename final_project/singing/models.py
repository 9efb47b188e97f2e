"""The listener: from the waveforms of vowels to the logits of their classes.

The mel cepstrum of short frames is the envelope of the spectrum, without most of the harmonics that make the
pitch. Its mean over all vowels of a recording is the voice and the room; it is taken away, as one gets used
to a voice within a few words (cepstral mean normalization, Atal 1974). The frames of a vowel, however many,
become eight: what a listener hears is how a vowel begins, rests and ends, not how long it rests, and a sung
vowel is many times as long as a spoken one. Two convolutions over these eight and two layers decide.

The simplest listener beside it takes the vowel whose mean cepstrum is nearest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from common.cli import UserError
from common.features import MFCC
from final_project.singing.vowels import VOWELS

SAMPLE_RATE = 16_000  # Hz: the formants lie below 5 kHz
BAND = 80.0, 7000.0  # Hz
SPREAD = (3, 2, 3)  # slots of the beginning, the middle and the end
SLOTS = sum(SPREAD)
EDGE, HEAD, TAIL = 0.4, 0.08, 0.1  # share of a vowel, and seconds, that are its beginning and end at most
LOUDNESS = 1e-3  # RMS to which a quieter clip is not raised
SILENCE = 1e-7  # power, added before the logarithm


@dataclass(kw_only=True)
class ListenerConfig:
    """What a listener is made of."""

    model: Literal["network", "mfcc-nearest"] = "network"
    """A convolutional network, or the nearest mean cepstrum."""
    n_fft: int = 512
    """Samples of a frame, at 16 kHz."""
    hop_length: int = 160
    """Samples between frames."""
    n_mels: int = 40
    """Bands between 80 Hz and 7 kHz."""
    n_mfcc: int = 16
    """Cepstral coefficients: few of them smooth the harmonics away."""
    width: int = 96
    """Channels of the network."""
    dropout: float = 0.3
    """Share of the features that are dropped in training, 0 to 1."""

    def __post_init__(self) -> None:
        if not 0 <= self.dropout < 1:
            raise UserError(f"--dropout is {self.dropout}; give a value in [0, 1)")
        for name in ("n_fft", "hop_length", "n_mels", "width"):
            if getattr(self, name) < 1:
                raise UserError(f"--{name.replace('_', '-')} is {getattr(self, name)}; give at least 1")
        if not 1 < self.n_mfcc <= self.n_mels:
            raise UserError(f"--n-mfcc is {self.n_mfcc}; give 2 to {self.n_mels}, the number of bands")
        if self.hop_length > self.n_fft:
            raise UserError(f"--hop-length is {self.hop_length}; give at most --n-fft, {self.n_fft}")


class Ear(nn.Module):
    """Vowels -> cepstra (B, n_mfcc, SLOTS), without level and without what their recordings have in common.

    waveform (B, samples) at 16 kHz, zeros behind `lengths` (B,); recordings (B,) tells whose vowel each is.
    """

    def __init__(self, config: ListenerConfig) -> None:
        super().__init__()
        self.mfcc = MFCC(
            sample_rate=SAMPLE_RATE,
            n_fft=config.n_fft,
            hop_length=config.hop_length,
            n_mels=config.n_mels,
            n_mfcc=config.n_mfcc,
            fmin=BAND[0],
            fmax=BAND[1],
            scaling="log",
            eps=SILENCE,
        )

    def forward(self, waveform: Tensor, lengths: Tensor, recordings: Tensor) -> Tensor:
        level = (waveform.square().sum(dim=-1) / lengths).sqrt()  # the padding is silent
        cepstra = self.mfcc(waveform / level.clamp(min=LOUDNESS)[:, None])  # (B, S) -> (B, C, T)
        frames = 1 + torch.div(lengths, self.mfcc.hop_length, rounding_mode="floor")
        slots = slot_means(cepstra, frames, hop=self.mfcc.hop_length / SAMPLE_RATE)  # -> (B, C, K)
        return slots - recording_means(slots.mean(dim=-1), recordings)[..., None]


def slot_bounds(frames: Tensor, *, hop: float) -> Tensor:
    """Where the slots of vowels of `frames` (B,) begin and end, in frames and fractions: (B, SLOTS + 1).

    Three slots share the beginning and three the end, at the speed of speech: at most `EDGE` of the vowel
    each, and `HEAD` or `TAIL` seconds. Two share what is between, however long it is held.
    """
    frames = frames[:, None].double()
    head, tail = (torch.clamp(EDGE * frames, max=most / hop) for most in (HEAD, TAIL))
    corners = torch.cat([torch.zeros_like(frames), head, frames - tail, frames], dim=1)  # (B, 4)
    pieces = []
    for k, count in enumerate(SPREAD):
        steps = torch.arange(count, device=frames.device) / count
        pieces.append(corners[:, [k]] + (corners[:, [k + 1]] - corners[:, [k]]) * steps)
    return torch.cat([*pieces, frames], dim=1)


def slot_means(features: Tensor, frames: Tensor, *, hop: float) -> Tensor:
    """Means over the slots of vowels: features (B, C, T), of which `frames` (B,) count -> (B, C, SLOTS).

    A frame that lies in two slots counts in each by its share. `hop` is seconds.
    """
    bounds = slot_bounds(frames.to(features.device), hop=hop)
    begin, end = bounds[:, :-1, None], bounds[:, 1:, None]  # (B, K, 1)
    left = torch.arange(features.shape[-1], device=features.device)  # frame t covers t ... t + 1
    weights = (torch.minimum(end, left + 1) - torch.maximum(begin, left)).clamp(min=0)  # (B, K, T)
    weights = (weights / weights.sum(dim=-1, keepdim=True)).to(features.dtype)
    return features @ weights.transpose(1, 2)  # (B, C, T) @ (B, T, K) -> (B, C, K)


def recording_means(features: Tensor, recordings: Tensor) -> Tensor:
    """For each vowel, the mean of features (B, C) over all vowels of its recording: (B, C)."""
    same = (recordings[:, None] == recordings[None]).to(features.dtype)  # (B, B)
    return same @ features / same.sum(dim=1, keepdim=True)


class VowelNetwork(nn.Module):
    """waveform (B, samples), lengths (B,), recordings (B,) as in `Ear` -> logits (B, vowels).

    Without `lengths` all samples count, without `recordings` all vowels are of one.
    """

    def __init__(self, config: ListenerConfig) -> None:
        super().__init__()
        self.config, width = config, config.width
        self.ear = Ear(config)
        self.norm = nn.BatchNorm1d(config.n_mfcc)
        self.body = nn.Sequential(
            nn.Conv1d(config.n_mfcc, width, 3, padding=1),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Conv1d(width, width, 3, padding=1),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(config.dropout),
            nn.Linear(width * SLOTS, width),
            nn.BatchNorm1d(width),
            nn.ReLU(),
            nn.Dropout(config.dropout),
            nn.Linear(width, len(VOWELS)),
        )

    def forward(
        self, waveform: Tensor, lengths: Tensor | None = None, recordings: Tensor | None = None
    ) -> Tensor:
        cepstra = self.ear(waveform, *_defaults(waveform, lengths, recordings))
        return self.body(self.norm(cepstra))


class NearestMean(nn.Module):
    """The same from the mean cepstrum of each vowel in training: minus half the squared distances.

    Distances are in standard deviations of each coefficient. `learn` is called with all training batches.
    """

    def __init__(self, config: ListenerConfig) -> None:
        super().__init__()
        self.config = config
        self.ear = Ear(config)
        self.register_buffer("counts", torch.zeros(len(VOWELS)))
        self.register_buffer("sums", torch.zeros(len(VOWELS), config.n_mfcc * SLOTS))
        self.register_buffer("squares", torch.zeros(config.n_mfcc * SLOTS))

    def learn(self, waveform: Tensor, lengths: Tensor, recordings: Tensor, targets: Tensor) -> None:
        """Take in a batch; targets (B,)."""
        cepstra = self.ear(waveform, lengths, recordings).flatten(1)  # (B, C K)
        self.counts.index_add_(0, targets, torch.ones(len(targets)))
        self.sums.index_add_(0, targets, cepstra)
        self.squares += cepstra.square().sum(dim=0)

    def forward(
        self, waveform: Tensor, lengths: Tensor | None = None, recordings: Tensor | None = None
    ) -> Tensor:
        cepstra = self.ear(waveform, *_defaults(waveform, lengths, recordings)).flatten(1)
        means = self.sums / self.counts.clamp(min=1)[:, None]  # (V, C K)
        total = self.counts.sum().clamp(min=1)
        variance = self.squares / total - (self.sums.sum(dim=0) / total).square()
        scale = variance.clamp(min=1e-6).sqrt()
        logits = -0.5 * torch.cdist(cepstra / scale, means / scale).square()
        return logits.masked_fill(self.counts == 0, -1e9)


def build_model(config: ListenerConfig) -> VowelNetwork | NearestMean:
    """The model that a config describes, untrained."""
    return VowelNetwork(config) if config.model == "network" else NearestMean(config)


def _defaults(waveform: Tensor, lengths: Tensor | None, recordings: Tensor | None) -> tuple[Tensor, Tensor]:
    count, samples = waveform.shape
    if lengths is None:
        lengths = torch.full((count,), samples, device=waveform.device)
    if recordings is None:
        recordings = torch.zeros(count, dtype=torch.long, device=waveform.device)
    return lengths, recordings
