"""A trained detector in use: the probability of each effect, and from which on it is said to be on.

    detector = load_detector(Path("runs/guitar_effect_removal/detector"))
    detector.on(detector.probabilities(waveform))          # ("distortion", "delay")

The thresholds are chosen on validation pairs, as HW1's are, and lie in thresholds.json beside the model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from common.metrics.detection import Metrics, evaluate
from common.run_folder import ModelFolderError
from final_project.guitar_effect_removal.detector import EffectDetector
from final_project.guitar_effect_removal.effects import EFFECTS
from final_project.guitar_effect_removal.models import load
from final_project.guitar_effect_removal.pairs import Pair
from final_project.guitar_effect_removal.wet_dataset import PairDataset
from hw1_instrument_detection.thresholds import choose_thresholds, load_thresholds, save_thresholds

LONGEST = 30.0  # s of a recording that are heard at once, and scored: from its middle
SHRINKAGE = 8.0  # as HW1's --threshold-shrinkage: there are about ten pairs for each effect


@dataclass(frozen=True)
class LoadedDetector:
    """A detector in eval mode, and its thresholds (len(EFFECTS),).

    trained_on: the effects that training put on what it heard.
    """

    model: EffectDetector
    thresholds: NDArray[np.float64]
    trained_on: tuple[str, ...] = EFFECTS

    @torch.no_grad()
    def probabilities(self, wet: Tensor) -> NDArray[np.float64]:
        """Of a waveform (S,) at SAMPLE_RATE, on any device: (len(EFFECTS),)."""
        device = next(self.model.parameters()).device
        return self.model(wet[None].to(device)).double().sigmoid()[0].cpu().numpy()

    def on(self, probabilities: NDArray) -> tuple[str, ...]:
        """The effects whose probabilities (len(EFFECTS),) reach the detector's thresholds."""
        return reached(probabilities, self.thresholds)


def reached(probabilities: NDArray, thresholds: NDArray) -> tuple[str, ...]:
    """The effects whose probabilities (len(EFFECTS),) reach their thresholds, in the order of EFFECTS."""
    return tuple(name for name, on in zip(EFFECTS, probabilities >= thresholds, strict=True) if on)


def load_detector(folder: Path, *, device: str = "auto") -> LoadedDetector:
    """The detector of a model folder. Errors: ModelFolderError, also for a remover's folder."""
    model, config = load(folder, device=device)
    if config.model != "detector":
        raise ModelFolderError(f"{folder}: holds a remover; give one that train.py --model detector wrote")
    return LoadedDetector(model, load_thresholds(folder, keys=EFFECTS), config.effects or EFFECTS)


def calibrate(folder: Path, pairs: Sequence[Pair], *, device: str = "auto") -> Metrics | None:
    """Choose the thresholds of the detector in `folder` on validation pairs, and write thresholds.json.

    Returns its scores on these pairs. Of one dry guitar there are several pairs: they count as one track.
    Where nobody knows which effects are on, there is nothing to choose by: None, and no file.
    """
    known = [pair for pair in pairs if pair.chain is not None]
    if not known:
        return None
    detector = load_detector(folder, device=device)
    probabilities, targets = answers(detector, known)
    guitars = [str(pair.dry) for pair in known]
    thresholds = choose_thresholds(targets, probabilities, tracks=guitars, shrinkage=SHRINKAGE)
    save_thresholds(folder, thresholds, keys=EFFECTS)
    return evaluate(targets, probabilities, labels=EFFECTS, thresholds=thresholds, groups=guitars)


def answers(detector: LoadedDetector, pairs: Sequence[Pair]) -> tuple[NDArray, NDArray]:
    """Probabilities, and which effects are on in truth, of each pair: (pairs, len(EFFECTS)) each."""
    rows = [
        (detector.probabilities(item["wet"]), item["target"].numpy())
        for item in PairDataset(pairs, seconds=LONGEST)
    ]
    probabilities, targets = zip(*rows, strict=True)
    return np.stack(probabilities), np.stack(targets)
