"""Training on spectrograms is training the detector: the same logits, the same tensors."""

from __future__ import annotations

import pytest
import torch

from hw1_instrument_detection.models import HeadConfig, InstrumentDetector, MelEncoder, MelEncoderConfig
from hw1_instrument_detection.spectrogram_detector import SpectrogramDetector


def test_a_waveform_and_its_spectrogram_give_the_same():
    detector = InstrumentDetector(MelEncoder(MelEncoderConfig(width=4)), model="crnn", head=HeadConfig()).eval()
    waveform = torch.randn(2, 30_000, generator=torch.Generator().manual_seed(0))
    learner = SpectrogramDetector(detector).eval()
    expected = detector(waveform)
    assert torch.equal(learner(waveform), expected)
    assert torch.equal(learner(detector.encoder.mel(waveform)), expected)


def test_what_is_trained_is_the_detector():
    detector = InstrumentDetector(MelEncoder(MelEncoderConfig(width=4)), model="cnn", head=HeadConfig())
    learner = SpectrogramDetector(detector)
    assert list(learner.state_dict()) == list(detector.state_dict())
    learner(torch.rand(2, 96, 51)).sum().backward()
    assert all(weight.grad is not None for weight in detector.parameters())


def test_other_encoders_are_refused():
    encoder = torch.nn.Identity()
    detector = InstrumentDetector(MelEncoder(MelEncoderConfig(width=4)), model="cnn", head=HeadConfig())
    detector.encoder = encoder
    with pytest.raises(TypeError, match="must be a MelEncoder, got Identity"):
        SpectrogramDetector(detector)
