"""A trained detector from its model folder.

detector = load_detector("runs/hw1/crnn")
detector.probabilities(waveforms)  # (batch, samples), float32 in [-1, 1] -> (batch, 9)
detector.activity(waveforms)  # -> (batch, 9), (batch, 9, frames), detector.frames_per_second of them
"""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from common.cli import UserError
from common.run_folder import ModelFolderError, load_model, load_weights, strict_dataclass
from common.training import pick_device
from hw1_instrument_detection import ASSIGNMENT
from hw1_instrument_detection.classes import NUM_CLASSES
from hw1_instrument_detection.clip_dataset import clip_batches
from hw1_instrument_detection.clip_index import ClipIndex
from hw1_instrument_detection.models import DetectorConfig, InstrumentDetector, build_detector
from hw1_instrument_detection.thresholds import load_thresholds

MOST_SAMPLES = 64 * 120_000  # heard at once, whatever the batch: 64 clips of 5 s at 24 kHz


class Detector:
    """A detector in eval mode, with its thresholds (9,): the same clip twice gives the same answer.

    `sample_rate` (Hz) is that of the waveforms, `frames_per_second` that of the activity.
    """

    def __init__(self, model: InstrumentDetector, thresholds: NDArray[np.float64], device: torch.device):
        self.model = model.to(device).eval()
        self.device = device
        self.thresholds = thresholds
        self.sample_rate = model.config.sample_rate
        self.frames_per_second = model.frames_per_second

    def probabilities(self, waveforms: Tensor) -> NDArray[np.float64]:
        """Waveforms (batch, samples) or (batch, channels, samples) -> probabilities (batch, 9)."""
        return self.activity(waveforms)[0]

    @torch.inference_mode()
    def activity(self, waveforms: Tensor) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Probability of each class in the clip, (batch, 9), and at each moment, (batch, 9, frames)."""
        if not len(waveforms):
            return np.zeros((0, NUM_CLASSES)), np.zeros((0, NUM_CLASSES, 0))
        at_once = max(1, MOST_SAMPLES // waveforms[0].numel())
        found = [self.model.activity(part.to(self.device)) for part in waveforms.split(at_once)]
        clips, frames = (torch.cat(parts).double().sigmoid() for parts in zip(*found, strict=True))
        return clips.cpu().numpy(), frames.cpu().numpy()


def load_detector(folder: str | Path, *, device: str = "auto") -> Detector:
    """The detector in a model folder, on `device` (auto, cpu, cuda, mps).

    Errors: ModelFolderError if there is none, or if it is of another assignment, unknown, or broken.
    """
    config, tensors = load_model(folder, assignment=ASSIGNMENT)
    where = Path(folder) / "config.json"
    if config.get("model") not in ("cnn", "crnn"):
        raise ModelFolderError(
            f"{where}: model {config.get('model')!r} is no detector; give a folder that train.py wrote"
        )
    model = build_detector(strict_dataclass(DetectorConfig, config, where=where), where=where)
    load_weights(model, tensors, where=folder)
    return Detector(model, load_thresholds(Path(folder)), pick_device(device))


def detect_clips(
    detector: Detector, clips: ClipIndex, *, batch_size: int = 64, workers: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Let the detector hear every clip once.

    Returns the positions in `clips` of those that could be read (readable,), and their probabilities
    (readable, 9). Unreadable clips are told on standard error.
    """
    batches = clip_batches(clips, sample_rate=detector.sample_rate, batch_size=batch_size, workers=workers)
    positions, probabilities = [], []
    total = math.ceil(len(clips) / batch_size)
    for batch in tqdm(batches, total=total, unit="batch", dynamic_ncols=True, leave=False, disable=None):
        positions.append(batch["index"].numpy())
        probabilities.append(detector.probabilities(batch["waveform"]))
    if not positions:
        raise UserError(f"{clips.folder}: none of the clips can be read; check the data")
    return np.concatenate(positions), np.concatenate(probabilities)
