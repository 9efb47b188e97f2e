"""The note classifier's encoder: it knows eleven families of instruments by their single notes.

It comes through a model folder of HW0, not through its code. Its features pool the notes' frequencies away
(mean and maximum, as its own head does) and keep time. Trained to judge a note as a whole, it shrinks time by
16, to two frames a second; here its last poolings over time slide instead of stepping (`MelCNN.maps`), so the
same weights give eight frames a second, among which those two are unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from common.encoders import MelCNN, MelCNNConfig
from common.run_folder import ModelFolderError, load_model, load_weights, strict_dataclass

HW0 = "hw0_note_classification"  # what its model folders are marked with


@dataclass(kw_only=True)
class NoteEncoderConfig(MelCNNConfig):
    """What rebuilds the encoder."""

    time_shrink: Literal[2, 4, 8, 16] = 4
    """Mel frames to each frame of the features."""


class NoteEncoder(nn.Module):
    """waveform (B, S) at `sample_rate` Hz, any length -> features (B, D, T): means, then maxima."""

    def __init__(self, config: NoteEncoderConfig) -> None:
        super().__init__()
        self.config = {"kind": "note", **asdict(config)}
        self.time_shrink = config.time_shrink
        self.sample_rate = config.sample_rate
        self.frames_per_second = config.sample_rate / config.hop_length / config.time_shrink
        self.cnn = MelCNN(config)
        self.num_features = 2 * self.cnn.num_channels

    @classmethod
    def of(cls, config: Mapping[str, Any], *, where: str | Path) -> NoteEncoder:
        """The encoder of its `config` less "kind", with random weights. Errors: ModelFolderError."""
        return cls(strict_dataclass(NoteEncoderConfig, config, where=where))

    @property
    def layers(self) -> list[nn.Module]:
        """The parts with weights, from input to output."""
        return list(self.cnn.blocks)

    def forward(self, waveform: Tensor) -> Tensor:
        x = self.cnn.maps(waveform, time_shrink=self.time_shrink)  # (B, S) -> (B, C, M / 16, T)
        return torch.cat([x.mean(dim=2), x.amax(dim=2)], dim=1)  # -> (B, 2C, T)


def load_note_encoder(folder: str | Path, *, time_shrink: int = 4) -> NoteEncoder:
    """The encoder of the CNN in a model folder of HW0. Errors: ModelFolderError if it holds none."""
    config, tensors = load_model(folder, assignment=HW0)
    where = Path(folder) / "config.json"
    if config.get("model") != "cnn":
        raise ModelFolderError(
            f"{where}: model {config.get('model')!r} has no encoder; train --model cnn in HW0"
        )
    names = {field.name for field in fields(MelCNNConfig)}
    own = {name: value for name, value in config.items() if name in names}
    encoder = NoteEncoder.of({**own, "time_shrink": time_shrink}, where=where)
    kept = {name: tensor for name, tensor in tensors.items() if not name.startswith("head.")}
    load_weights(encoder.cnn, kept, where=folder)
    return encoder
