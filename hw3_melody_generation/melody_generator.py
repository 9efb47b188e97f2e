"""A trained model from its folder: melodies for lyrics, and what the model thinks of given melodies.

    generator = load_generator("runs/hw3/transformer")
    melodies = generator.generate([syllabify("Twinkle, twinkle, little star")], seed=1)

Melodies are in beats of the data that trained the model; `quarters_per_beat` tells how long one is, and
`Melody.scaled` converts. Texts longer than the model's window are made piece by piece, each with the second
half of the one before in view.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from common.run_folder import load_model
from common.training import pick_device
from common.training.batches import to_device
from common.training_data import folder_name
from hw3_melody_generation import ASSIGNMENT
from hw3_melody_generation.constraints import Constraints
from hw3_melody_generation.encoding import collate
from hw3_melody_generation.generation import generate_long
from hw3_melody_generation.melody_model import MelodyModelConfig, restore_model
from hw3_melody_generation.sampling import Sampling
from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song
from hw3_melody_generation.transformer import MelodyTransformer
from hw3_melody_generation.window_dataset import collate_songs, encode_song

BATCH = 256  # texts or songs that are computed together


class MelodyGenerator:
    """A model in eval mode. name: of its folder. has_likelihood: whether it tells probabilities."""

    def __init__(
        self, model: nn.Module, config: MelodyModelConfig, *, name: str, device: torch.device
    ) -> None:
        self.model, self.config = model.to(device).eval(), config
        self.name, self.device = name, device
        self.vocabulary, self.lyric_encoder = config.vocabulary, config.lyric_encoder
        self.quarters_per_beat = config.quarters_per_beat
        self.has_likelihood = getattr(model, "has_likelihood", True)
        self.rest_threshold = 0.5  # of rest_probability, above which a rest is expected

    def generate(
        self,
        lyrics: Sequence[Lyrics],
        *,
        sampling: Sampling | None = None,
        seed: int = 0,
        constraints: Constraints | None = None,
        metre: Metre | Sequence[Metre | None] | None = None,
    ) -> list[Melody]:
        """A melody for each of `lyrics`, one note per syllable.

        metre: the bars in which all of them stand, or each. The same arguments give the same melodies.
        ValueError for lyrics without a syllable.
        """
        if not all(len(text) for text in lyrics):
            raise ValueError("lyrics without a syllable have no melody")
        draws = torch.Generator().manual_seed(seed)
        metres = [metre] * len(lyrics) if metre is None or isinstance(metre, Metre) else metre
        # Texts of like length share a batch: short ones need not wait for the end of a long one.
        order = sorted(range(len(lyrics)), key=lambda place: len(lyrics[place]))
        melodies: dict[int, Melody] = {}
        for first in range(0, len(order), BATCH):
            places = order[first : first + BATCH]
            texts = [lyrics[place] for place in places]
            bars = [metres[place] for place in places]
            made = self._make(texts, sampling or Sampling(), draws, constraints, bars)
            melodies |= dict(zip(places, made, strict=True))
        return [melodies[place] for place in range(len(lyrics))]

    @torch.no_grad()
    def log_probability(self, songs: Sequence[Song], *, lyrics: Sequence[Lyrics] | None = None) -> np.ndarray:
        """log p of each note's pitch, duration and rest, given all before: float32 (songs, T, 3), nats.

        NaN beyond a song's end. lyrics: heard in place of the songs' own, each as long as its song.
        NotImplementedError where the model has no likelihood.
        """
        self._require_likelihood()
        told = self.model if isinstance(self.model, MelodyTransformer) else self.model.log_probability
        return _stacked((told(batch), batch["mask"]) for batch in self._batches(songs, lyrics))

    @torch.no_grad()
    def rest_probability(self, songs: Sequence[Song]) -> np.ndarray:
        """The probability of any rest before each note, given the true notes before it: float32 (songs, T).

        NaN beyond a song's end. NotImplementedError where the model has no likelihood.
        """
        self._require_likelihood()
        return _stacked((self.model.rest_probability(b), b["mask"]) for b in self._batches(songs))

    @torch.no_grad()
    def alignment(self, song: Song) -> np.ndarray:
        """Where each note looks among the syllables: (layers, heads, notes, syllables), rows sum to one.

        Only for the transformer: NotImplementedError.
        """
        if not isinstance(self.model, MelodyTransformer):
            raise NotImplementedError(f"{self.name}: has no attention to show")
        return self.model.alignment(next(self._batches([song])))[:, 0].cpu().numpy()

    def like(self, model: nn.Module, name: str) -> MelodyGenerator:
        """The same with another `model` of the same notes, such as a baseline."""
        return MelodyGenerator(model, self.config, name=name, device=self.device)

    def _make(
        self,
        texts: Sequence[Lyrics],
        sampling: Sampling,
        draws: torch.Generator,
        constraints: Constraints | None,
        metres: Sequence[Metre | None],
    ) -> list[Melody]:
        batch = collate([self.lyric_encoder.encode(text) for text in texts], metres=metres)
        batch = to_device(batch, self.device)
        if isinstance(self.model, MelodyTransformer):
            allowed = constraints and constraints.allowed_pitches()
            options = {"sampling": sampling, "generator": draws, "allowed": allowed}
            codes = generate_long(self.model, batch, window=self.config.window, **options)
        else:
            codes = self.model.generate(batch, sampling=sampling, generator=draws, constraints=constraints)
        codes = codes.cpu().numpy()
        rows = zip(codes, texts, metres, strict=True)
        return [self.vocabulary.melody(row[: len(text)], metre) for row, text, metre in rows]

    def _batches(
        self, songs: Sequence[Song], lyrics: Sequence[Lyrics] | None = None
    ) -> Iterator[dict[str, Tensor]]:
        heard = [song.lyrics for song in songs] if lyrics is None else lyrics
        encoded = [
            replace(
                encode_song(song, self.vocabulary, self.lyric_encoder), lyrics=self.lyric_encoder.encode(text)
            )
            for song, text in zip(songs, heard, strict=True)
        ]
        for first in range(0, len(encoded), BATCH):
            yield to_device(collate_songs(encoded[first : first + BATCH]), self.device)

    def _require_likelihood(self) -> None:
        if not self.has_likelihood:
            raise NotImplementedError(f"{self.name}: the model does not tell probabilities")


def load_generator(folder: str | Path, *, device: str = "auto") -> MelodyGenerator:
    """The model in `folder`, on `device`. Errors: ModelFolderError."""
    values, tensors = load_model(folder, assignment=ASSIGNMENT)
    model, config = restore_model(values, tensors, where=folder)
    return MelodyGenerator(model, config, name=folder_name(Path(folder)), device=pick_device(device))


def _stacked(batches: Iterable[tuple[Tensor, Tensor]]) -> np.ndarray:
    """(values (B, T, ...), mask (B, T)) of all batches as one array, NaN where no syllable is."""
    rows = []
    for values, mask in batches:
        values = values.clone()  # it may be one number, seen in many places
        values[~mask] = torch.nan
        rows += list(values.cpu().numpy())
    longest = max((len(row) for row in rows), default=0)
    stacked = np.full((len(rows), longest, *rows[0].shape[1:]) if rows else (0, 0), np.nan, np.float32)
    for place, row in zip(stacked, rows, strict=True):
        place[: len(row)] = row
    return stacked
