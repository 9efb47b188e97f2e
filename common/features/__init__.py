"""Audio features as torch modules: waveform (..., samples) -> (..., features, frames).

    log_mel = LogMelSpectrogram(sample_rate=16_000, n_fft=2048, hop_length=512, n_mels=128)
    log_mel(torch.randn(64, 64_000)).shape  # (64, 128, 126)

They run in batches, on any device, and let gradients through. Each agrees with librosa on the CPU, within the
tolerance that its docstring states. FEATURES holds them by name; all take `sample_rate`, `n_fft` and
`hop_length`, needed or not.
"""

from common.features.chroma import Chroma, chroma_filterbank
from common.features.frames import FrameFeature, SpectralFeature, Spectrogram
from common.features.mel import (
    LogMelSpectrogram,
    MelSpectrogram,
    hz_to_mel,
    mel_filterbank,
    mel_frequencies,
    mel_to_hz,
    power_to_db,
)
from common.features.mfcc import MFCC, delta
from common.features.spectral import (
    SpectralBandwidth,
    SpectralCentroid,
    SpectralContrast,
    SpectralFlatness,
    SpectralRolloff,
)
from common.features.temporal import RMS, ZeroCrossingRate

FEATURES: dict[str, type[FrameFeature]] = {
    "spectrogram": Spectrogram,
    "mel": MelSpectrogram,
    "log_mel": LogMelSpectrogram,
    "mfcc": MFCC,
    "chroma": Chroma,
    "spectral_centroid": SpectralCentroid,
    "spectral_bandwidth": SpectralBandwidth,
    "spectral_rolloff": SpectralRolloff,
    "spectral_flatness": SpectralFlatness,
    "spectral_contrast": SpectralContrast,
    "zero_crossing_rate": ZeroCrossingRate,
    "rms": RMS,
}

__all__ = [
    "FEATURES",
    "MFCC",
    "RMS",
    "Chroma",
    "FrameFeature",
    "LogMelSpectrogram",
    "MelSpectrogram",
    "SpectralBandwidth",
    "SpectralCentroid",
    "SpectralContrast",
    "SpectralFeature",
    "SpectralFlatness",
    "SpectralRolloff",
    "Spectrogram",
    "ZeroCrossingRate",
    "chroma_filterbank",
    "delta",
    "hz_to_mel",
    "mel_filterbank",
    "mel_frequencies",
    "mel_to_hz",
    "power_to_db",
]
