"""Windows of songs for training: cut anew in each epoch, and transposed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from torch import Tensor
from torch.utils.data import Dataset

from common.cli import UserError
from hw3_melody_generation.encoding import PITCH, LyricEncoder, Vocabulary, collate
from hw3_melody_generation.songs import PITCHES, Metre, Song


@dataclass(kw_only=True)
class WindowConfig:
    """Windows and augmentation."""

    window: int = 20
    """Syllables in a training window. All measures are taken on 20."""
    transpose: int = 2
    """Windows are transposed by up to so many semitones, up or down, anew in each epoch. 0: never."""

    def __post_init__(self) -> None:
        if self.window < 2:
            raise UserError(f"--window is {self.window}; give at least 2 syllables")
        if self.transpose < 0:
            raise UserError(f"--transpose is {self.transpose}; give a value of at least 0")


@dataclass(frozen=True)
class EncodedSong:
    """What a model sees of a song: lyrics int64 (T, F), notes int64 (T, 3), metre."""

    lyrics: np.ndarray
    notes: np.ndarray
    metre: Metre | None
    begins: np.ndarray  # (T,) in beats: when each note's rest begins


class WindowDataset(Dataset):
    """Windows of `config.window` syllables; shorter songs are one window.

    `draw(index, generator)` cuts window `index` of its song up to one window later than planned, and
    transposes it; `dataset[index]` does neither.
    """

    def __init__(
        self, songs: Sequence[Song], vocabulary: Vocabulary, encoder: LyricEncoder, config: WindowConfig
    ) -> None:
        self.config = config
        self.songs = [encode_song(song, vocabulary, encoder) for song in songs]
        self.places = [
            (number, first)
            for number, song in enumerate(songs)
            for first in range(0, max(1, len(song) - config.window + 1), config.window)
        ]

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: int) -> EncodedSong:
        number, first = self.places[index]
        return self._cut(self.songs[number], first)

    def draw(self, index: int, generator: np.random.Generator) -> EncodedSong:
        number, first = self.places[index]
        song = self.songs[number]
        latest = max(0, len(song.notes) - self.config.window)
        later = int(generator.integers(self.config.window))
        return transposed(self._cut(song, min(first + later, latest)), self._interval(generator))

    def _interval(self, generator: np.random.Generator) -> int:
        return int(generator.integers(-self.config.transpose, self.config.transpose, endpoint=True))

    def _cut(self, song: EncodedSong, first: int) -> EncodedSong:
        place = slice(first, first + self.config.window)
        metre = song.metre
        if metre:
            position = (metre.position + float(song.begins[first])) % metre.beats_per_bar
            metre = replace(metre, position=position)
        return EncodedSong(song.lyrics[place], song.notes[place], metre, song.begins[place])


def encode_song(song: Song, vocabulary: Vocabulary, encoder: LyricEncoder) -> EncodedSong:
    """`song` as integers."""
    melody = song.melody
    begins = melody.onset - melody.rest
    return EncodedSong(encoder.encode(song.lyrics), vocabulary.codes(melody), melody.metre, begins)


def transposed(song: EncodedSong, semitones: int) -> EncodedSong:
    """`song` moved by `semitones`, or as far as the MIDI numbers go."""
    pitch = song.notes[:, PITCH]
    notes = song.notes.copy()
    notes[:, PITCH] = pitch + np.clip(semitones, -pitch.min(), PITCHES - 1 - pitch.max())
    return replace(song, notes=notes)


def collate_songs(songs: Sequence[EncodedSong]) -> dict[str, Tensor]:
    """A batch, as in encoding.py."""
    return collate(
        [song.lyrics for song in songs], [song.notes for song in songs], [song.metre for song in songs]
    )
