"""How a GAN is doing: its losses do not tell, so its melodies are measured, and watched for mode collapse.

A generator collapses when it always sings about the same: it has found something that the discriminator of
the moment takes for true. Three signs, each of which misses a kind of collapse that another one sees:

    valid_distinct             share of melodies (pitches) that occur but once; 1 in true data, or nearly so
    valid_spread               how far apart two melodies are, of different lyrics, in units of two true ones
    valid_spread_same_lyrics   the same for two melodies of the same lyrics: about 0 if noise is not heard,
                               and all variety comes from the lyrics ("conditional collapse")

1 is as varied as the truth. Distance is the mean absolute difference of MIDI numbers, note by note.

The score that chooses the best epoch is minus the MMD of pitches, durations and rests on validation windows,
summed, as published: unlike the losses it means the same in each epoch.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from common.cli import UserError
from common.metrics.melody import mmd, notes_without_rest, repetitions, span
from common.training.batches import to_device
from hw3_melody_generation.encoding import ATTRIBUTES, PITCH, REST
from hw3_melody_generation.lstm_gan import LstmGan
from hw3_melody_generation.melody_model import MelodyModelConfig
from hw3_melody_generation.sampling import Sampling
from hw3_melody_generation.songs import Song
from hw3_melody_generation.window_dataset import collate_songs, encode_song

VALIDATION_BATCH = 256  # windows
SEED = 0  # of the noise, the same in each epoch: what changes is the model


class GanValidation:
    """Metrics of a model on windows of equal length. Errors: UserError for fewer than two."""

    def __init__(self, windows: Sequence[Song], config: MelodyModelConfig) -> None:
        self.songs = [encode_song(song, config.vocabulary, config.lyric_encoder) for song in windows]
        if len({len(song.notes) for song in self.songs}) != 1 or len(self.songs) < 2:
            raise UserError("the LSTM-GAN needs two or more validation windows, all of one length")
        self.beats = (np.arange(128.0), np.array(config.durations), np.array(config.rests))
        self.truth = np.stack([song.notes for song in self.songs])

    def __call__(self, model: LstmGan) -> dict[str, float]:
        random = torch.Generator().manual_seed(SEED)
        made, again = self._make(model, random), self._make(model, random)
        discrepancy = {name: self._mmd(made, column) for column, name in enumerate(ATTRIBUTES)}
        total = sum(discrepancy.values())
        metrics = {"score": -total, "valid_mmd": total}
        metrics |= {f"valid_mmd_{name}": value for name, value in discrepancy.items()}
        return metrics | collapse(made, again, self.truth) | shape(made)

    def _make(self, model: LstmGan, random: torch.Generator) -> np.ndarray:
        """A melody for each window's lyrics: codes int64 (W, T, 3)."""
        device, made = next(model.parameters()).device, []
        for first in range(0, len(self.songs), VALIDATION_BATCH):
            batch = to_device(collate_songs(self.songs[first : first + VALIDATION_BATCH]), device)
            made.append(model.generate(batch, sampling=Sampling(), generator=random).cpu())
        return torch.cat(made).numpy()

    def _mmd(self, made: np.ndarray, column: int) -> float:
        beats = self.beats[column]
        return mmd(beats[made[..., column]], beats[self.truth[..., column]])


def collapse(made: np.ndarray, again: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """The signs of mode collapse, from two melodies for each of the same lyrics: codes (W, T, 3) each."""
    pitch = made[..., PITCH]
    _, counts = np.unique(pitch, axis=0, return_counts=True)
    true = max(_distance(truth, np.roll(truth, 1, axis=0)), 1e-9)
    return {
        "valid_distinct": float((counts == 1).sum() / len(pitch)),
        "valid_spread": _distance(made, np.roll(made, 1, axis=0)) / true,
        "valid_spread_same_lyrics": _distance(made, again) / true,
    }


def shape(made: np.ndarray) -> dict[str, float]:
    """Means over windows of what melodies are like, for the history."""
    pitch = made[..., PITCH]
    return {
        "span": float(span(pitch).mean()),
        "repetitions_2": float(repetitions(pitch, 2).mean()),
        "repetitions_3": float(repetitions(pitch, 3).mean()),
        "notes_without_rest": float(notes_without_rest(made[..., REST]).mean()),
    }


def _distance(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.abs(first[..., PITCH] - second[..., PITCH]).mean())
