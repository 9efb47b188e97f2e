"""The pretext of self-supervised training: find the music that a mix was mixed from.

Two windows are cut from each clip, at different times, played at different speeds and through different
equalizers. To one of them a window of another clip is added, louder or softer. From the embedding of this
mix, among the plain windows of the batch, both clips that are in it are to be found:

    first windows  (B, S) --encoder, projection--> keys    (B, E)      loss: cross-entropy between
    second windows, mixed --encoder, projection--> queries (B, E)      softmax(queries keys^T / temperature)
                                                                       and the shares of each clip in the mix

What two windows of a clip have in common is who plays, and the room. Not the notes: the time is another; not
the key: a change of speed moves it; not the microphone: the equalizers differ. The mixing is what makes it a
pretext for *which instruments sound*, a question with several answers: a sound must be known again among
others, and the embedding of two bands together must lie close to that of each. It needs no large model and no
decoder that paints spectrograms, so it fits into minutes on two cores.

Sources: Saeed et al. 2021, "Contrastive learning of general-purpose audio representations" (COLA: windows of
a clip attract); Chen et al. 2020, "SimCLR", eq. 1 and section 4.2 (temperature, projection that is thrown
away); Kim et al. 2020, "MixCo" (mixed queries, shared targets). Unlike COLA, similarity is the cosine and not
bilinear; unlike SimCLR, a query has two positives, and the negatives are keys alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import Dataset

from common.augmentation import SpectralAugmentation
from common.cli import UserError
from common.encoders.mel_cnn import DYNAMIC_RANGE, require_share
from hw1_instrument_detection.clip_dataset import ClipDataset
from hw1_instrument_detection.clip_index import CLIP_SECONDS

EMBEDDING = 64  # numbers of an embedding; it is thrown away with the projection
VALIDATION_SEED = 0  # of the windows that validation hears, the same in every epoch


@dataclass(kw_only=True)
class PretextConfig:
    """How the windows of a clip are made to differ."""

    window_seconds: float = 2.0
    """Length of a window."""
    window_semitones: float = 3.0
    """Largest change of speed, and with it of pitch, of each window, up or down. 0: none."""
    window_equalizer_db: float = 8.0
    """Strongest random equalizer of a window, as the standard deviation of its gains in dB. 0: none."""
    window_band_mask: float = 0.2
    """Widest masked stretch of bands, as a share of all, 0 to 1."""
    window_time_mask: float = 0.2
    """Longest masked stretch of frames, as a share of all, 0 to 1."""
    mix_db: float = 6.0
    """How much louder or softer the added window may be, in dB."""
    temperature: float = 0.1
    """Of the similarities, -1 to 1, before the softmax: the lower, the more the nearest wrong ones count."""

    def __post_init__(self) -> None:
        for name in ("window_band_mask", "window_time_mask"):
            require_share(name, getattr(self, name))
        for name, valid, rule in (
            ("temperature", self.temperature > 0, "above 0"),
            ("mix_db", self.mix_db >= 0, "at least 0"),
            ("window_semitones", 0 <= self.window_semitones <= 12, "from 0 to 12"),
            ("window_seconds", self.window_seconds > 0, "above 0"),
        ):
            if not valid:
                raise UserError(f"--{name.replace('_', '-')} is {getattr(self, name)}; give a value {rule}")
        if 2 * self.window_seconds * self.fastest > CLIP_SECONDS:
            raise UserError(
                f"--window-seconds {self.window_seconds} --window-semitones {self.window_semitones}: two"
                f" windows do not fit into a clip of {CLIP_SECONDS:g} s; give shorter ones"
            )

    @property
    def fastest(self) -> float:
        """The largest factor of speed."""
        return 2 ** (self.window_semitones / 12)


class WindowPairs(Dataset):
    """Two windows of each clip, float32 (S,), at different times and speeds; no label is looked at.

    An item is {"first", "second"}. `draw(position, generator)` gives others in each epoch, `pairs[position]`
    always the same ones, for validation.
    """

    def __init__(self, clips: ClipDataset, config: PretextConfig) -> None:
        self.clips, self.config = clips, config
        self.samples = round(config.window_seconds * clips.sample_rate)

    def __len__(self) -> int:
        return len(self.clips)

    def __getitem__(self, position: int) -> dict[str, Tensor]:
        return self.draw(position, np.random.default_rng([VALIDATION_SEED, position]))

    def draw(self, position: int, generator: np.random.Generator) -> dict[str, Tensor]:
        """Two windows of the clip at `position`, chosen by `generator`."""
        clip = self.clips[position]["waveform"].numpy()
        speeds = 2 ** (generator.uniform(-1, 1, size=2) * self.config.window_semitones / 12)
        lengths = np.ceil(self.samples * speeds).astype(int)  # of the clip, that become a window
        before, between = np.sort(generator.uniform(0, len(clip) - lengths.sum(), size=2)).astype(int)
        windows = [
            at_speed(clip[start : start + length], self.samples)
            for start, length in zip((before, between + lengths[0]), lengths, strict=True)
        ]
        first, second = windows if generator.random() < 0.5 else windows[::-1]
        return {"first": torch.from_numpy(first), "second": torch.from_numpy(second)}


def at_speed(waveform: np.ndarray, samples: int) -> np.ndarray:
    """A stretch of a clip, played so fast that it takes `samples` samples.

    By linear interpolation: what it loses or folds back lies in the top octave, where the equalizers are.
    """
    place = np.linspace(0, len(waveform) - 1, samples)
    return np.interp(place, np.arange(len(waveform)), waveform).astype(np.float32)


class PretextModel(nn.Module):
    """waveform (B, S) -> embeddings (B, EMBEDDING) of length 1. Of its tensors encoder.* are to be kept."""

    def __init__(self, encoder: nn.Module, config: PretextConfig) -> None:
        super().__init__()
        self.encoder = encoder
        # Other strengths than in a detector's training, and no tensors: the detector gets its own again.
        encoder.augmentation = SpectralAugmentation(
            equalizer_db=config.window_equalizer_db,
            band_mask=config.window_band_mask,
            time_mask=config.window_time_mask,
            floor=-DYNAMIC_RANGE,
        )
        features = encoder.num_features
        self.projection = nn.Sequential(
            nn.Linear(2 * features, 2 * features),
            nn.BatchNorm1d(2 * features),
            nn.ReLU(),
            nn.Linear(2 * features, EMBEDDING),
        )

    def forward(self, waveform: Tensor) -> Tensor:
        x = self.encoder(waveform)  # (B, S) -> (B, D, T)
        x = torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)  # -> (B, 2D)
        return F.normalize(self.projection(x), dim=1)  # -> (B, E)


class Objective:
    """The loss of a batch of window pairs."""

    def __init__(self, config: PretextConfig) -> None:
        self.config = config

    def __call__(self, model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        mixed, shares = mix(batch["second"], mix_db=self.config.mix_db)
        embeddings = model(torch.cat([batch["first"], mixed]))  # in one batch: the same batch statistics
        keys, queries = embeddings.chunk(2)
        return contrastive_loss(queries, keys, shares, temperature=self.config.temperature)


def mix(windows: Tensor, *, mix_db: float) -> tuple[Tensor, Tensor]:
    """Add to each window another of the batch -> mixes (B, S), shares (B, B): row i is mix i, by amplitude.

    Both are brought to the same loudness before; the other is then up to `mix_db` louder or softer.
    Drawn on the CPU, whatever the device.
    """
    batch = len(windows)
    gain = 10 ** (mix_db * (2 * torch.rand(batch) - 1) / 20)
    partner = (torch.arange(batch) + torch.randint(1, max(2, batch), (batch,))) % batch  # never itself
    windows = windows / windows.square().mean(dim=1, keepdim=True).sqrt().clamp(min=1e-4)
    mixed = windows + gain.to(windows)[:, None] * windows[partner.to(windows.device)]
    shares = torch.zeros(batch, batch)
    own = torch.arange(batch)
    shares[own, own] += 1 / (1 + gain)
    shares[own, partner] += gain / (1 + gain)
    return mixed, shares.to(windows)


def contrastive_loss(queries: Tensor, keys: Tensor, shares: Tensor, *, temperature: float) -> Tensor:
    """Cross-entropy of the similarities of queries (B, E) and keys (B, E) to `shares` (B, B).

    Both ways: for each query among the keys, and for each key among the queries, whose shares are brought to
    a sum of 1.
    """
    similarity = (queries @ keys.mT).float() / temperature  # (B, B)
    of_queries = F.cross_entropy(similarity, shares)
    of_keys = F.cross_entropy(similarity.mT, F.normalize(shares.mT, p=1, dim=1))
    return (of_queries + of_keys) / 2
