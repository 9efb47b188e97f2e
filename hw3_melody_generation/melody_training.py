"""Training of the transformer: its windows, its loss and its validation, handed to `common.training`.

The validation score that chooses the best epoch is minus the negative log-likelihood, in nats per note. The
first note of a window is trained but not counted: it has nothing to go by, as in the literature.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from common.cli import UserError
from common.run_folder import RunFolder, is_main_process
from common.training import TrainingConfig, fit, training_loader
from common.training.batches import to_device
from common.training.learning_curve import save_learning_curve
from hw3_melody_generation.encoding import ATTRIBUTES
from hw3_melody_generation.melody_model import MelodyModelConfig
from hw3_melody_generation.shuffled_lyrics import strangers
from hw3_melody_generation.songs import Song
from hw3_melody_generation.transformer import MelodyTransformer
from hw3_melody_generation.window_dataset import EncodedSong, collate_songs, encode_song

VALIDATION_BATCH = 256  # windows


def fit_transformer(
    model: MelodyTransformer,
    train: Dataset,
    valid: Sequence[Song],
    *,
    config: MelodyModelConfig,
    training: TrainingConfig,
    run: RunFolder,
) -> dict[str, float]:
    """Train, or go on training, until `run` holds the best model and figures/learning_curve.png.

    Returns the validation metrics of the best epoch. Errors: see `common.training.fit`.
    """
    best = fit(
        model,
        training_loader(train, training, collate=collate_songs),
        step=Objective(hide=config.network.lyrics_dropout),
        validate=Validation(valid, config),
        run=run,
        config=training,
        model_config=asdict(config),
    )
    if is_main_process():
        save_learning_curve(run, best_epoch=best["epoch"])
    return best


class Objective:
    """Nats per note of a batch; the lyrics of a share `hide` of its windows are not shown."""

    def __init__(self, *, hide: float) -> None:
        self.hide = hide

    def __call__(self, model: nn.Module, batch: dict[str, Tensor]) -> Tensor:
        mask = batch["mask"]
        hidden = torch.rand(len(mask)).to(mask.device) < self.hide
        log_probability = model(batch, hidden).sum(dim=-1)  # (B, T)
        return -(log_probability * mask).sum() / mask.sum()


class Validation:
    """Metrics of a model on windows: NLL per attribute, with their own lyrics and with those of others.

    Where one song has more than half of the windows, there are no others, and no gain by the lyrics.
    """

    def __init__(self, windows: Sequence[Song], config: MelodyModelConfig) -> None:
        self.songs = [encode_song(song, config.vocabulary, config.lyric_encoder) for song in windows]
        try:
            self.strangers = strangers([song.group for song in windows])
        except UserError:
            self.strangers = None

    def __call__(self, model: MelodyTransformer) -> dict[str, float]:
        right = nats_per_note(model, self.songs)  # (3,)
        metrics = {f"valid_{name}_nll": float(nll) for name, nll in zip(ATTRIBUTES, right, strict=True)}
        metrics["valid_nll"] = float(right.sum())
        if self.strangers is not None:
            wrong = nats_per_note(model, self._with_lyrics_of_others())
            metrics["valid_lyrics_gain"] = float(wrong.sum() - right.sum())
        return {"score": -metrics["valid_nll"], **metrics}

    def _with_lyrics_of_others(self) -> list[EncodedSong]:
        swapped = []
        for song, other in zip(self.songs, self.strangers, strict=True):
            lyrics = np.resize(self.songs[other].lyrics, song.lyrics.shape)
            swapped.append(EncodedSong(lyrics, song.notes, song.metre, song.begins))
        return swapped


def nats_per_note(model: MelodyTransformer, songs: Sequence[EncodedSong]) -> np.ndarray:
    """Mean negative log-likelihood (3,) of pitch, duration and rest over all notes but the songs' first."""
    total, count = np.zeros(3), 0
    for batch in _batches(songs, next(model.parameters()).device):
        mask = batch["mask"][:, 1:]
        total -= model(batch)[:, 1:][mask].sum(dim=0).double().cpu().numpy()
        count += int(mask.sum())
    return total / max(1, count)


def _batches(songs: Sequence[EncodedSong], device: torch.device) -> Iterator[dict[str, Tensor]]:
    for first in range(0, len(songs), VALIDATION_BATCH):
        yield to_device(collate_songs(songs[first : first + VALIDATION_BATCH]), device)
