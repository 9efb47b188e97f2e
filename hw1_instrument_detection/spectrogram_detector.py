"""A detector that can be trained on mel spectrograms: those of stems, added up (see spectrogram_cache.py)."""

from __future__ import annotations

from torch import Tensor, nn

from hw1_instrument_detection.models import InstrumentDetector, MelEncoder


class SpectrogramDetector(nn.Module):
    """waveform (B, S), or the mel spectrogram (B, M, T) that `encoder.mel` makes of it -> logits (B, 9).

    It shares the parts of `detector`, which must have an encoder that is a MelEncoder, and trains them in
    place: its tensors are the detector's own, and so is what a run folder keeps.
    """

    def __init__(self, detector: InstrumentDetector) -> None:
        super().__init__()
        if not isinstance(detector.encoder, MelEncoder):
            raise TypeError(f"the encoder must be a MelEncoder, got {type(detector.encoder).__name__}")
        self.config = detector.config
        self.encoder, self.head = detector.encoder, detector.head
        if hasattr(detector, "learning_rate_scales"):
            self.learning_rate_scales = detector.learning_rate_scales

    def forward(self, sound: Tensor) -> Tensor:
        features = self.encoder.hear(sound) if sound.ndim == 3 else self.encoder(sound)
        return self.head(features)[0]
