"""The detector: waveform of a clip -> logits of the nine classes, and of each class at each moment.

    waveform (B, S) --encoder--> features (B, D, T) --head--> frame logits (B, 9, T) --pooling--> (B, 9)

Clips are labelled as a whole ("weak labels"): where in the five seconds an instrument plays, nobody says.
A head that judges every frame by itself and then pools learns that too, from the clip labels alone
(multiple-instance learning). All poolings here are over probabilities, so that the clip's is never above
that of its surest frame:

    mean        the mean of the frames': what plays shortly hardly counts
    max         that of the surest frame, as a clip is labelled; only that frame learns
    attention   a mean that each class weighs by where it listens, learnt with the rest (the default)

Encoders: the convolutional network on mel spectrograms here, or any of `hw1_instrument_detection.encoders`.
A module from waveforms (B, S) to features (B, D, T) is an encoder if it has `sample_rate` (Hz),
`frames_per_second`, `num_features` (D), `config` (JSON-able, with its "kind") and `layers` (from input to
output: the modules that layer-wise learning rates tell apart).

Sources: Kong et al. 2019, "Weakly labelled AudioSet tagging with attention neural networks", eq. 9 and 10
(decision-level attention; also the head of PANNs' sound event detection, Kong et al. 2020); Gururani et al.
2019, "An attention mechanism for musical instrument recognition"; Wang et al. 2019, "A comparison of five
multiple instance learning pooling functions"; the recurrent head: Choi et al. 2017, "Convolutional recurrent
neural networks for music classification".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from common import pooling
from common.encoders.mel_cnn import DYNAMIC_RANGE, block, front_end, require_front_end, require_share
from common.features import power_to_db
from common.run_folder import strict_dataclass
from hw1_instrument_detection.classes import NUM_CLASSES
from hw1_instrument_detection.clip_index import SAMPLE_RATE

TIME_SHRINK = 8  # mel frames to each frame of the mel encoder's features
BAND_SHRINK = 16

ModelName = Literal["cnn", "crnn"]


@dataclass(kw_only=True)
class MelEncoderConfig:
    """What the mel encoder is made of."""

    sample_rate: int = SAMPLE_RATE
    """Of the waveforms it expects, in Hz."""
    n_fft: int = 2048
    """Samples of a frame."""
    hop_length: int = 600
    """Samples between frames; the encoder's features come with an eighth of their rate."""
    n_mels: int = 96
    """Bands of the mel spectrogram."""
    width: int = 16
    """Channels of the first block; the later ones have 2, 4, 6 and 8 times as many."""
    equalizer_db: float = 5.0
    """Augmentation: strongest random equalizer, as the standard deviation of its gains in dB. 0: none."""
    band_mask: float = 0.06
    """Augmentation: widest masked stretch of bands, as a share of all, 0 to 1."""
    time_mask: float = 0.05
    """Augmentation: longest masked stretch of frames, as a share of all, 0 to 1."""

    def __post_init__(self) -> None:
        require_front_end(self)


@dataclass(kw_only=True)
class HeadConfig:
    """What judges the encoder's features."""

    temporal: Literal["gru", "transformer"] = "gru"
    """With --model crnn, what looks over time: a bidirectional recurrent layer, or two of self-attention."""
    pooling: Literal["mean", "max", "attention"] = "attention"
    """From the frames to the clip: mean of the probabilities, their maximum, or a learnt weighted mean."""
    dropout: float = 0.3
    """Share of the features that are dropped in training before a frame is judged, 0 to 1."""

    def __post_init__(self) -> None:
        require_share("dropout", self.dropout)


@dataclass(kw_only=True)
class DetectorConfig:
    """What rebuilds a detector, as config.json has it: `encoder` is the encoder's own `config`."""

    model: ModelName = "cnn"
    sample_rate: int = SAMPLE_RATE
    encoder: dict[str, Any] = field(default_factory=lambda: {"kind": "mel", **asdict(MelEncoderConfig())})
    head: HeadConfig = field(default_factory=HeadConfig)


class InstrumentDetector(nn.Module):
    """waveform (B, S) or (B, C, S), any length, at `config.sample_rate` -> clip logits (B, 9).

    `frames_per_second`: of the frame logits of `activity`; frame t is the music around t / frames_per_second
    seconds. `freeze_encoder`: the encoder stays as it is, its batch statistics included.
    """

    def __init__(
        self,
        encoder: nn.Module,
        *,
        model: ModelName,
        head: HeadConfig,
        freeze_encoder: bool = False,
        num_classes: int = NUM_CLASSES,
    ) -> None:
        super().__init__()
        self.config = DetectorConfig(
            model=model, sample_rate=encoder.sample_rate, encoder=dict(encoder.config), head=head
        )
        self.frames_per_second = encoder.frames_per_second
        self.frozen = freeze_encoder
        self.encoder = encoder.requires_grad_(not freeze_encoder)
        self.head = FrameHead(encoder.num_features, model, head, num_classes=num_classes)

    def forward(self, waveform: Tensor) -> Tensor:
        return self.activity(waveform)[0]

    def activity(self, waveform: Tensor) -> tuple[Tensor, Tensor]:
        """Clip logits (B, 9) and frame logits (B, 9, T)."""
        if waveform.ndim == 3:
            waveform = waveform.mean(dim=1)  # (B, C, S) -> (B, S)
        return self.head(self.encoder(waveform))

    def train(self, mode: bool = True) -> InstrumentDetector:
        super().train(mode)
        if self.frozen:
            self.encoder.eval()
        return self


def build_detector(config: DetectorConfig, *, where: str | Path) -> InstrumentDetector:
    """The detector of a config, with random weights. Errors: ModelFolderError naming `where`."""
    return InstrumentDetector(
        build_encoder(config.encoder, where=where), model=config.model, head=config.head
    )


def build_encoder(config: Mapping[str, Any], *, where: str | Path) -> nn.Module:
    """The encoder of an encoder's `config`, with random weights. Errors: ModelFolderError."""
    if config.get("kind") == "mel":
        own = {key: value for key, value in config.items() if key != "kind"}
        return MelEncoder(strict_dataclass(MelEncoderConfig, own, where=where))
    # Only here, because it may bring transformers.
    from hw1_instrument_detection import encoders

    return encoders.build_encoder(config, where=where)


class MelEncoder(nn.Module):
    """Log-mel spectrogram and five convolutional blocks: waveform (B, S) -> features (B, D, T), 5 a second.

    As `common.encoders.mel_cnn`, thin where the maps are large; but time shrinks by 8 only, and the last
    bands are not averaged: which register a sound is in says much about what plays it.
    """

    def __init__(self, config: MelEncoderConfig) -> None:
        super().__init__()
        self.config = {"kind": "mel", **asdict(config)}
        self.sample_rate = config.sample_rate
        self.frames_per_second = config.sample_rate / config.hop_length / TIME_SHRINK
        self.num_features = 8 * config.width
        self.mel, self.augmentation = front_end(config)
        width = config.width
        self.blocks = nn.Sequential(
            block(1, width, kernel=5, stride=2, pool=(1, 2)),
            block(width, 2 * width, pool=(2, 2)),
            block(2 * width, 4 * width, pool=(2, 1)),
            block(4 * width, 6 * width, pool=(2, 1)),
            block(6 * width, 8 * width),
        ).to(memory_format=torch.channels_last)  # a third faster on a CPU
        bands = -(-config.n_mels // BAND_SHRINK)
        self.projection = nn.Sequential(
            nn.Conv1d(bands * 8 * width, self.num_features, kernel_size=1, bias=False),
            nn.BatchNorm1d(self.num_features),
            nn.ReLU(),
        )

    @property
    def layers(self) -> list[nn.Module]:
        """The parts with weights, from input to output."""
        return [*self.blocks, self.projection]

    def decibels(self, power: Tensor) -> Tensor:
        """(B, M, T) -> (B, 1, M, T), -1 (80 dB below the clip's loudest band) ... 1, whatever the level."""
        decibels = power_to_db(power, ref="max", top_db=DYNAMIC_RANGE)[:, None]
        decibels = self.augmentation(decibels)
        decibels = decibels - decibels.amax(dim=(2, 3), keepdim=True)  # an equalizer moves the loudest band
        return decibels.clamp(min=-DYNAMIC_RANGE) / (DYNAMIC_RANGE / 2) + 1.0

    def forward(self, waveform: Tensor) -> Tensor:
        return self.hear(self.mel(waveform))  # (B, S) -> (B, M, T) -> (B, D, T / 8)

    def hear(self, power: Tensor) -> Tensor:
        """The features of mel spectrograms (B, M, T), as `mel` makes them of waveforms -> (B, D, T / 8)."""
        x = self.decibels(power)  # -> (B, 1, M, T)
        x = self.blocks(x.contiguous(memory_format=torch.channels_last))  # -> (B, C, M / 16, T / 8)
        return self.projection(x.flatten(1, 2))  # -> (B, C M / 16, T / 8) -> (B, D, T / 8)


class FrameHead(nn.Module):
    """features (B, D, T) -> clip logits (B, 9), frame logits (B, 9, T)."""

    def __init__(
        self, features: int, model: ModelName, config: HeadConfig, *, num_classes: int = NUM_CLASSES
    ) -> None:
        super().__init__()
        self.pooling = config.pooling
        self.context = {
            "cnn": ConvolutionalContext,
            "crnn": RecurrentContext if config.temporal == "gru" else TransformerContext,
        }[model](features)
        self.dropout = nn.Dropout(config.dropout)
        self.classify = nn.Conv1d(features, num_classes, kernel_size=1)
        if self.pooling == "attention":
            self.attend = nn.Conv1d(features, num_classes, kernel_size=1)
            nn.init.zeros_(self.attend.weight)  # it starts as the plain mean
            nn.init.zeros_(self.attend.bias)

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        x = self.dropout(self.context(features))  # (B, D, T)
        frames = self.classify(x).float()  # (B, 9, T); not in half precision, of which the losses take logs
        if self.pooling == "max":
            return pooling.maximum(frames), frames
        scores = self.attend(x).float() if self.pooling == "attention" else torch.zeros_like(frames)
        return logit_of_mean(frames, scores), frames


def logit_of_mean(logits: Tensor, scores: Tensor) -> Tensor:
    """The logit of the mean of sigmoid(logits), weighted by softmax(scores): both (B, 9, T) -> (B, 9).

    In logarithms, so that neither a probability of 1 nor one of 0 is lost to rounding:
    log p = log sum_t exp(log weight_t + log sigmoid(x_t)), and log (1 - p) likewise with -x_t.
    """
    weights = scores.log_softmax(dim=-1)
    present = torch.logsumexp(weights + nn.functional.logsigmoid(logits), dim=-1)
    absent = torch.logsumexp(weights + nn.functional.logsigmoid(-logits), dim=-1)
    return present - absent


class ConvolutionalContext(nn.Module):
    """Each frame with its neighbours, a second in all at 5 a second: (B, D, T) -> (B, D, T)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv1d(features, features, kernel_size=5, padding=2, bias=False),
            nn.BatchNorm1d(features),
            nn.ReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class RecurrentContext(nn.Module):
    """Each frame with all before and all after it: (B, D, T) -> (B, D, T), D even."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.gru = nn.GRU(features, features // 2, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.gru(x.mT)[0].mT  # (B, D, T) -> (B, T, D) -> (B, D, T)


class TransformerContext(nn.Module):
    """Each frame beside those of the clip that resemble it: (B, D, T) -> (B, D, T), D a multiple of 4.

    Without a code for the position: what plays does not depend on when, the encoder has heard the order of
    what lies close, and so a clip may be longer than any in training.
    """

    def __init__(self, features: int) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(
            features, nhead=4, dim_feedforward=2 * features, dropout=0.1, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(
            layer, num_layers=2, norm=nn.LayerNorm(features), enable_nested_tensor=False
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x.mT).mT  # (B, D, T) -> (B, T, D) -> (B, D, T)
