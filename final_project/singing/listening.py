"""A trained listener, from its model folder, and what it understands of a recording.

listener = load_listener("runs/singing/network")
listener.hear(waveform, vowels)     # (samples,) at 16 kHz, where the vowels lie -> classes (vowels,)
listener.understands(performance)   # share of the vowels of a sung song
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from common.audio import resample
from common.run_folder import ModelFolderError, load_model, load_weights, strict_dataclass
from common.singing.sung_words import phrases
from common.singing.timing import plan_timing
from common.training import pick_device
from final_project.singing import ASSIGNMENT
from final_project.singing.models import SAMPLE_RATE, ListenerConfig, NearestMean, VowelNetwork, build_model
from final_project.singing.spoken import Vowel, clips, heard_vowels

if TYPE_CHECKING:
    from final_project.singing.performance import Performance

PERFORMED_RATE = 44_100  # Hz, of a performance
MOST_VOWELS = 2000  # of a recording, from which it is understood: their waveforms are held at once


class Listener:
    """A model in eval mode: the same vowels twice are heard alike."""

    def __init__(self, model: VowelNetwork | NearestMean, device: torch.device) -> None:
        self.model, self.device = model.to(device).eval(), device

    @torch.inference_mode()
    def logits(self, sounds: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
        """Of vowels of one recording, (samples,) each at 16 kHz: (vowels, classes)."""
        waveform, lengths = padded(sounds)
        return self.model(waveform.to(self.device), lengths.to(self.device)).float().cpu().numpy()

    def hear(self, waveform: NDArray[np.float32], vowels: Sequence[Vowel]) -> NDArray[np.int64]:
        """The classes (vowels,) that it hears in a waveform (samples,) at 16 kHz."""
        if not vowels:
            return np.zeros(0, dtype=np.int64)
        return self.logits(clips(waveform, vowels)).argmax(axis=1)

    def understands(self, performance: Performance) -> float | None:
        """The share of the vowels that it hears as they were meant; None for several voices at once, for
        which it has no ear, and where there is no vowel that it knows."""
        if not performance.is_solo:
            return None
        vowels = sung_vowels(performance)[:MOST_VOWELS]
        if not vowels:
            return None
        heard = at_listening_rate(performance.waveform[0], PERFORMED_RATE)
        targets = np.array([vowel.target for vowel in vowels])
        return float((self.hear(heard, vowels) == targets).mean())


def sung_vowels(performance: Performance) -> list[Vowel]:
    """Where the vowels of a solo lie, phrase by phrase, as its voice was told to sing them."""
    part, voice = performance.song.melody, performance.singers[0].voice
    plans = (plan_timing(each.texts, each.notes) for each in phrases(part.words, part.notes, voice))
    return [
        vowel for plan in plans for vowel in heard_vowels([(p.start, p.end, p.ipa) for p in plan.phonemes])
    ]


def at_listening_rate(waveform: NDArray[np.float32], sample_rate: int) -> NDArray[np.float32]:
    """(samples,) at any rate -> at 16 kHz."""
    return resample(
        np.asarray(waveform, np.float32)[None], original_rate=sample_rate, target_rate=SAMPLE_RATE
    )[0]


def padded(sounds: Sequence[NDArray[np.float32]]) -> tuple[Tensor, Tensor]:
    """Clips (samples,) of different lengths -> (clips, samples), zeros at the end, and lengths (clips,)."""
    lengths = torch.tensor([len(sound) for sound in sounds])
    waveform = torch.zeros(len(sounds), int(lengths.max()))
    for row, sound in zip(waveform, sounds, strict=True):
        row[: len(sound)] = torch.from_numpy(np.ascontiguousarray(sound))
    return waveform, lengths


def load_listener(folder: str | Path, *, device: str = "auto") -> Listener:
    """The listener in a model folder. Errors: ModelFolderError."""
    config, tensors = load_model(folder, assignment=ASSIGNMENT)
    where = Path(folder) / "config.json"
    if config.get("model") not in ("network", "mfcc-nearest"):
        raise ModelFolderError(f"{where}: model {config.get('model')!r} is unknown; train it again")
    model = build_model(strict_dataclass(ListenerConfig, config, where=where))
    load_weights(model, tensors, where=folder)
    return Listener(model, pick_device(device))
