"""A trained note classifier, whatever kind of model it is, from its model folder.

classifier = load_classifier("runs/hw0/cnn")
classifier.probabilities(waveforms)  # (batch, samples), float32 in [-1, 1] -> (batch, 11)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from common import audio
from common.cli import UserError
from common.run_folder import ModelFolderError, load_model, load_weights, strict_dataclass
from common.training import pick_device
from hw0_note_classification import ASSIGNMENT
from hw0_note_classification.models import CNNConfig, NoteCNN
from hw0_note_classification.note_dataset import note_batches
from hw0_note_classification.note_index import SAMPLE_RATE, NoteIndex
from hw0_note_classification.traditional import ModelName, TraditionalClassifier


class Classifier(Protocol):
    """What evaluation and inference know of a model."""

    sample_rate: int  # Hz, of the waveforms

    def probabilities(self, waveforms: Tensor) -> NDArray:
        """Waveforms (batch, samples) -> probability of each family (batch, 11)."""
        ...


class CNNClassifier:
    """The CNN, in eval mode: the same note twice gives the same answer."""

    def __init__(self, model: NoteCNN, device: torch.device) -> None:
        self.sample_rate = model.config.sample_rate
        self.model = model.to(device).eval()
        self.device = device

    @torch.inference_mode()
    def probabilities(self, waveforms: Tensor) -> NDArray:
        logits = self.model(waveforms.to(self.device))  # (batch, 11)
        return logits.double().softmax(dim=-1).cpu().numpy()


def load_classifier(folder: str | Path, *, device: str = "auto") -> Classifier:
    """The classifier in a model folder. `device` (auto, cpu, cuda, mps) is for the CNN.

    Errors: ModelFolderError if there is none, or if it is of another assignment, unknown, or broken.
    """
    config, tensors = load_model(folder, assignment=ASSIGNMENT)
    name = config.pop("model", None)
    where = Path(folder) / "config.json"
    if name in get_args(ModelName):
        return TraditionalClassifier.load(folder)
    if name != "cnn":
        raise ModelFolderError(f"{where}: model {name!r} is unknown; use newer code, or train again")
    model = NoteCNN(strict_dataclass(CNNConfig, config, where=where))
    load_weights(model, tensors, where=folder)
    return CNNClassifier(model, pick_device(device))


def classify_notes(
    classifiers: Sequence[Classifier], notes: NoteIndex, *, batch_size: int = 64, workers: int = 0
) -> tuple[NDArray[np.int64], list[NDArray]]:
    """Read every note once and let all `classifiers` judge it.

    Returns the positions in `notes` of those that could be read (readable,), and for each classifier their
    probabilities (readable, 11). Unreadable notes are told on standard error.
    """
    positions, probabilities = [], [[] for _ in classifiers]
    batches = note_batches(notes, batch_size=batch_size, workers=workers)
    total = math.ceil(len(notes) / batch_size)
    for batch in tqdm(batches, total=total, unit="batch", dynamic_ncols=True, leave=False, disable=None):
        positions.append(batch["index"].numpy())
        for classifier, found in zip(classifiers, probabilities, strict=True):
            found.append(classifier.probabilities(resampled(batch["waveform"], classifier.sample_rate)))
    if not positions:
        raise UserError(f"{notes.folder}: none of the recordings can be read; check the data")
    return np.concatenate(positions), [np.concatenate(found) for found in probabilities]


def resampled(waveforms: Tensor, sample_rate: int) -> Tensor:
    """Notes (batch, samples) at NSynth's rate -> at `sample_rate` Hz."""
    return torch.from_numpy(
        audio.resample(waveforms.numpy(), original_rate=SAMPLE_RATE, target_rate=sample_rate)
    )
