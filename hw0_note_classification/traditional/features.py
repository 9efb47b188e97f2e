"""From the waveform of a note to one row of pooled features.

    extractor = FeatureExtractor(FeatureSettings(features=("mfcc",), poolings=("mean", "std")))
    extractor(waveforms)  # (batch, samples) -> (batch, 40) float32

A note sounds the same recorded softer or begun later, so its row shall be the same: the waveform is scaled
to peak 1, and the silence before and after the note is not pooled. Nothing but the waveform is looked at:
no pitch, velocity or name.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from common.cli import UserError
from common.features import FEATURES, RMS, FrameFeature
from common.pooling import pool
from hw0_note_classification.note_index import SAMPLE_RATE

FeatureName = Literal[  # those of common.features, spelt out for the command line
    "spectrogram",
    "mel",
    "log_mel",
    "mfcc",
    "chroma",
    "spectral_centroid",
    "spectral_bandwidth",
    "spectral_rolloff",
    "spectral_flatness",
    "spectral_contrast",
    "zero_crossing_rate",
    "rms",
]
PoolingName = Literal["mean", "std", "max", "min", "median", "skewness", "kurtosis", "mean_abs_delta"]
# Chosen on mini-NSynth's validation notes, and so were the default features: with log_mel, chroma and the
# other shapes of the spectrum the score stays within its interval, and extraction takes twice as long.
POOLED_BY = ("mean", "std", "max", "min", "skewness", "kurtosis", "mean_abs_delta")
MEL_FEATURES = ("mel", "log_mel", "mfcc")


@dataclass(kw_only=True)
class FeatureSettings:
    """Everything that decides what the features of a note are; kept with the model."""

    features: tuple[FeatureName, ...] = ("mfcc", "spectral_contrast", "spectral_flatness", "rms")
    """Features to compute of each frame."""
    poolings: tuple[PoolingName, ...] = POOLED_BY
    """Statistics over the frames, each of which makes one number of each feature."""
    level: Literal["peak", "none"] = "peak"
    """Scale each note to peak 1, or take it as it is."""
    trim_db: float = 60.0
    """Frames at the ends further below the loudest one, in dB, are silence and not pooled. 0: pool all."""
    n_fft: int = 2048
    """Samples of a frame, at 16 kHz."""
    hop_length: int = 1024
    """Samples from frame to frame: 64 ms, as good on validation notes as half of it, and twice as fast."""
    n_mels: int = 64
    """Bands of mel, log_mel and mfcc."""
    n_mfcc: int = 20
    """Coefficients of mfcc."""

    def __post_init__(self) -> None:
        self._known("features", get_args(FeatureName))
        self._known("poolings", get_args(PoolingName))
        for name in ("n_fft", "hop_length", "n_mels", "n_mfcc"):
            self._at_least(name, 1)
        self._at_least("trim_db", 0)

    @staticmethod
    def names() -> list[str]:
        return [setting.name for setting in dataclasses.fields(FeatureSettings)]

    def _at_least(self, name: str, lowest: int) -> None:
        if getattr(self, name) < lowest:
            option = "--" + name.replace("_", "-")
            raise UserError(f"{option} is {getattr(self, name)}; give a value of at least {lowest}")

    def _known(self, name: str, known: Sequence[str]) -> None:
        given = getattr(self, name)
        wrong = [item for item in given if item not in known]
        if wrong or not given:
            raise UserError(f"--{name}: {', '.join(wrong) or 'none given'}; choose from {', '.join(known)}")
        if len(set(given)) < len(given):
            raise UserError(f"--{name} {' '.join(given)}: name each once")


class FeatureExtractor:
    """Pooled features of notes: waveforms (batch, samples) at 16 kHz -> (batch, num_columns) float32.

    `columns[feature]` is the slice that holds one feature; `column_names` says what each column is.
    Errors: UserError for settings that do not fit together, and for features that are NaN or infinite.
    """

    def __init__(self, settings: FeatureSettings):
        self.settings = settings
        framing = {"n_fft": settings.n_fft, "hop_length": settings.hop_length}
        try:
            self.modules = {name: _build(name, settings, framing) for name in settings.features}
        except ValueError as error:
            raise UserError(f"{error}; change the option") from error
        self.frame_level = RMS(**framing)
        self.columns, self.column_names = {}, []
        for name, module in self.modules.items():
            rows = (
                [name] if module.num_features == 1 else [f"{name}[{i}]" for i in range(module.num_features)]
            )
            first = len(self.column_names)
            self.column_names += [f"{pooling} of {row}" for pooling in settings.poolings for row in rows]
            self.columns[name] = slice(first, len(self.column_names))

    @property
    def num_columns(self) -> int:
        return len(self.column_names)

    @torch.inference_mode()
    def __call__(self, waveforms: Tensor, names: Sequence[str] = ()) -> np.ndarray:
        """`names` of the notes, for the text of an error."""
        if self.settings.level == "peak":
            waveforms = to_peak(waveforms)
        start, length = sounding_frames(self.frame_level(waveforms)[:, 0], self.settings.trim_db)
        pooled = [
            pool(from_frame(module(waveforms), start), self.settings.poolings, length)
            for module in self.modules.values()
        ]
        table = torch.cat(pooled, dim=-1).numpy()  # (B, D)
        self._check_finite(table, names)
        return table

    def _check_finite(self, table: np.ndarray, names: Sequence[str]) -> None:
        bad = np.argwhere(~np.isfinite(table))
        if len(bad):
            row, column = bad[0]
            note = names[row] if len(names) else f"waveform {row}"
            raise UserError(
                f"{note}: the {self.column_names[column]} is {table[row, column]}; check the recording"
            )


def to_peak(waveforms: Tensor) -> Tensor:
    """Each waveform (..., samples) scaled so that its largest sample is 1 or -1; silence stays silence."""
    peak = waveforms.abs().amax(dim=-1, keepdim=True)
    return waveforms / torch.where(peak == 0, 1.0, peak)


def sounding_frames(level: Tensor, trim_db: float) -> tuple[Tensor, Tensor]:
    """First frame and number of frames from there to the end of the sound, (batch,) each.

    level (batch, frames), as amplitude. `trim_db` in dB below the loudest frame, 0 for all frames; a silent
    clip counts as sounding throughout.
    """
    frames = level.shape[-1]
    threshold = level.amax(dim=-1, keepdim=True) * 10 ** (-trim_db / 20)
    sounds = (level >= threshold) | (trim_db == 0)
    start = sounds.int().argmax(dim=-1)  # the first of equal maxima
    after = frames - sounds.flip(-1).int().argmax(dim=-1)
    return start, after - start


def from_frame(features: Tensor, start: Tensor) -> Tensor:
    """Clips (batch, features, frames) moved left by `start` (batch,) frames; the last frame is repeated."""
    frames = features.shape[-1]
    source = (start[:, None] + torch.arange(frames)).clamp(max=frames - 1)  # (B, T)
    return features.gather(-1, source[:, None].expand_as(features))


def _build(name: str, settings: FeatureSettings, framing: dict[str, int]) -> FrameFeature:
    options = {"n_mels": settings.n_mels} if name in MEL_FEATURES else {}
    if name == "mfcc":
        options["n_mfcc"] = settings.n_mfcc
    return FEATURES[name](sample_rate=SAMPLE_RATE, **framing, **options)
