"""Encoders that more than one assignment uses: waveform -> maps of features over frequency and time.

    mel_cnn.py   mel spectrogram and convolutional blocks: trained on notes in HW0, reused on mixes in HW1

One assignment hands a trained encoder to the next through its model folder, not through its code.
"""

from common.encoders.mel_cnn import MelCNN, MelCNNConfig, block

__all__ = ["MelCNN", "MelCNNConfig", "block"]
