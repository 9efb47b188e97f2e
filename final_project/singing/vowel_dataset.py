"""Vowels of recordings, some of one recording at a time, for training and validation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from final_project.singing.listening import padded
from final_project.singing.spoken import Recording, Vowel, clips

Item = tuple[list[np.ndarray], list[int]]  # sounds, (samples,) each, and their classes


class VowelDataset(Dataset):
    """Item i is of recording i: all its vowels, or in training `vowels` of them, drawn anew each epoch."""

    def __init__(self, recordings: Sequence[Recording], *, vowels: int = 24) -> None:
        self.recordings, self.vowels = list(recordings), vowels

    def __len__(self) -> int:
        return len(self.recordings)

    def __getitem__(self, index: int) -> Item:
        return self._item(index, self.recordings[index].vowels)

    def draw(self, index: int, generator: np.random.Generator) -> Item:
        """A part of the vowels of a recording, each cut a little longer or shorter at both ends."""
        there = self.recordings[index].vowels
        chosen = generator.choice(len(there), min(self.vowels, len(there)), replace=False)
        return self._item(index, [_jittered(there[place], generator) for place in chosen])

    def _item(self, index: int, vowels: Sequence[Vowel]) -> Item:
        sounds = clips(self.recordings[index].waveform(), vowels)
        return sounds, [vowel.target for vowel in vowels]


JITTER = 0.1  # of a vowel's length, at either end: where it begins is nobody's certain knowledge


def _jittered(vowel: Vowel, generator: np.random.Generator) -> Vowel:
    begin, end = generator.uniform(-JITTER, JITTER, 2) * (vowel.end - vowel.start)
    return Vowel(max(vowel.start + begin, 0.0), vowel.end + end, vowel.target)


def collate(items: Sequence[Item]) -> dict[str, Tensor]:
    """A batch: waveform (B, samples), lengths, recordings and target (B,), over all vowels of all items."""
    waveform, lengths = padded([sound for sounds, _ in items for sound in sounds])
    recordings = torch.tensor([place for place, (sounds, _) in enumerate(items) for _ in sounds])
    target = torch.tensor([target for _, targets in items for target in targets])
    return {"waveform": waveform, "lengths": lengths, "recordings": recordings, "target": target}


def logits_of(model: torch.nn.Module, batch: dict[str, Tensor]) -> Tensor:
    """What `model` says of the vowels of a batch: (B, classes)."""
    return model(batch["waveform"], batch["lengths"], batch["recordings"])
