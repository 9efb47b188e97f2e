"""The network that ours are measured against, and the clock for both.

The peer is that of Won et al. 2020, "Evaluation of CNN-based automatic music tagging models", without its
augmentation.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from common.features import LogMelSpectrogram


class ShortChunkCNN(nn.Module):
    """waveform (B, samples) -> logits (B, classes). A layer: convolution, batch norm, ReLU, pooling."""

    def __init__(self, channels: tuple[int, ...], *, classes: int, sample_rate: int) -> None:
        super().__init__()
        self.log_mel = LogMelSpectrogram(sample_rate=sample_rate, n_fft=2048, hop_length=512, n_mels=128)
        self.normalization = nn.BatchNorm2d(1)
        self.layers = nn.ModuleList(
            nn.Sequential(nn.Conv2d(a, b, 3, padding=1), nn.BatchNorm2d(b), nn.ReLU(inplace=True))
            for a, b in pairwise((1, *channels))
        ).to(memory_format=torch.channels_last)  # faster on a CPU, for the peer too
        last = channels[-1]
        hidden = nn.Sequential(nn.Linear(last, last), nn.BatchNorm1d(last), nn.ReLU(), nn.Dropout(0.5))
        self.head = nn.Sequential(hidden, nn.Linear(last, classes))

    def forward(self, waveform: Tensor) -> Tensor:
        x = self.normalization(self.log_mel(waveform)[:, None])  # (B, S) -> (B, 1, M, T)
        for layer in self.layers:
            x = layer(x)  # -> (B, C, M, T)
            # Short clips run out of frames: the 126 of four seconds at 16 kHz are one after six layers.
            pool = [min(2, size) for size in x.shape[2:]]
            x = nn.functional.max_pool2d(x, pool)  # -> (B, C, M / 2, T / 2)
        return self.head(x.amax(dim=(2, 3)))


def take_turns(steps: dict[str, Callable[[], None]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each step, after one that warms up."""
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(1 + repeats):
        for name, step in steps.items():
            start = time.perf_counter()
            step()
            times[name].append(time.perf_counter() - start)
    return {name: seconds[1:] for name, seconds in times.items()}


def print_speed(kind: str, times: dict[str, list[float]], batch_size: int) -> None:
    """A row for each network: clips/s, and how many times the peer's speed that is."""
    print(f"\n{kind:14}   clips/s  times the peer  quartiles")
    for name, seconds in times.items():
        low, middle, high = np.percentile(np.array(times["peer"]) / seconds, [25, 50, 75])
        print(f"{name:14}{batch_size / np.median(seconds):10.1f}{middle:16.2f}  {low:.2f} - {high:.2f}")
