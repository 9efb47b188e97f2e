"""The detector: which effects are on. HW1's network for "which instruments play", with other classes.

    probabilities = detector(wet).sigmoid()      # (B, S) -> (B, len(EFFECTS))

A clip is labelled as a whole, and several effects are on at once: the multi-label path of HW1, its mel
encoder and its pooled frames (hw1_instrument_detection/models.py), unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor, nn

from final_project.guitar_effect_removal.effects import EFFECTS
from final_project.guitar_effect_removal.guitars import SAMPLE_RATE
from hw1_instrument_detection.models import HeadConfig, InstrumentDetector, MelEncoder, MelEncoderConfig


def default_encoder() -> MelEncoderConfig:
    """No random equalizer: what colours the sound is what is to be detected."""
    return MelEncoderConfig(
        sample_rate=SAMPLE_RATE, n_fft=2048, hop_length=1024, n_mels=96, equalizer_db=0.0, band_mask=0.0
    )


@dataclass(kw_only=True)
class EffectDetectorConfig:
    """What rebuilds a detector, as config.json has it."""

    encoder: MelEncoderConfig = field(default_factory=default_encoder)
    head: HeadConfig = field(default_factory=HeadConfig)
    context: Literal["cnn", "crnn"] = "crnn"
    """What looks over time: a second of neighbours, or all (echoes and slow modulations need more)."""


class EffectDetector(nn.Module):
    """Wet waveforms (B, S) at SAMPLE_RATE -> logits (B, len(EFFECTS)), in the order of EFFECTS."""

    def __init__(self, config: EffectDetectorConfig) -> None:
        super().__init__()
        self.config = config
        self.network = InstrumentDetector(
            MelEncoder(config.encoder),
            model=config.context,
            head=config.head,
            num_classes=len(EFFECTS),
        )

    def forward(self, wet: Tensor) -> Tensor:
        return self.network(wet)
