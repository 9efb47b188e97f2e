"""Songs as integers: notes <-> codes, lyrics -> columns, several songs -> a batch.

A batch is a dict of tensors, songs padded at their ends to the longest:

    notes    int64 (B, T, 3)   columns PITCH (the MIDI number), DURATION and REST (places in a Vocabulary)
    lyrics   int64 (B, T, F)   columns SYLLABLE ... CAPITAL, then NUM_BIGRAMS pairs of letters
    mask     bool (B, T)       True where there is a syllable
    metre    float32 (B, 2)    beats per bar, 0 where unknown, and the position at which the song begins

WORD and LINE are running numbers: the model sees from where they change who begins and who ends what. So an
excerpt can never be told more than it shows. Letters enter as hashed pairs (Bojanowski et al. 2017,
"Enriching Word Vectors with Subword Information"): what a rare syllable resembles needs no vocabulary.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import torch
from torch import Tensor

from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song
from hw3_melody_generation.syllables import german_stress, stresses

PITCH, DURATION, REST = range(3)
ATTRIBUTES = ("pitch", "duration", "rest")
SYLLABLE, WORD, LINE, STRESS, TONE, PUNCTUATION, CAPITAL = range(7)
NUM_BIGRAMS = 8  # pairs of letters of a syllable, its borders included; 99.9 % of syllables have no more
NUM_LYRIC_COLUMNS = CAPITAL + 1 + NUM_BIGRAMS
BIGRAM_BUCKETS = 1024  # 0 stands for none
STRESSES = 4  # unknown, none, primary, secondary
TONES = 6
PAUSE_MARKS, FULL_STOPS = ",;:-–—、,;:", ".!?…。!?"
STRESS_OF = {"en": stresses, "de": german_stress}  # (word, count) -> the stress of its syllables
UNKNOWN = 0  # the place of all rare syllables


@dataclass(frozen=True)
class Vocabulary:
    """The values that durations and rests can take, in beats, rising."""

    durations: tuple[float, ...]
    rests: tuple[float, ...]

    @classmethod
    def of(cls, songs: Iterable[Song], *, min_count: int = 1) -> Vocabulary:
        """The values that occur at least `min_count` times in `songs`; no rest, 0, always belongs to them."""
        durations, rests = Counter(), Counter({0.0: min_count})
        for song in songs:
            durations.update(song.melody.duration.tolist())
            rests.update(song.melody.rest.tolist())
        return cls(*(tuple(sorted(v for v, n in c.items() if n >= min_count)) for c in (durations, rests)))

    def codes(self, melody: Melody) -> np.ndarray:
        """int64 (notes, 3); a value that is not in the vocabulary gets the place of the nearest one."""
        columns = (melody.pitch, _nearest(melody.duration, self.durations), _nearest(melody.rest, self.rests))
        return np.stack(columns, axis=1).astype(np.int64).reshape(-1, 3)

    def melody(self, codes: np.ndarray | Tensor, metre: Metre | None = None) -> Melody:
        """The melody that codes (notes, 3) stand for."""
        codes = np.asarray(codes, dtype=np.int64).reshape(-1, 3)
        durations, rests = np.array(self.durations), np.array(self.rests)
        return Melody(codes[:, PITCH], durations[codes[:, DURATION]], rests[codes[:, REST]], metre)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """How many pitches, durations and rests there are."""
        return 128, len(self.durations), len(self.rests)


@dataclass(frozen=True)
class LyricEncoder:
    """Lyrics as columns of integers. syllables: those that have a place of their own, in lower case."""

    syllables: tuple[str, ...] = ()

    @classmethod
    def of(cls, songs: Iterable[Song], *, min_count: int = 5) -> LyricEncoder:
        """With a place for each syllable that occurs at least `min_count` times, the most frequent first."""
        counts = Counter(syllable.lower() for song in songs for syllable in song.lyrics.syllables)
        return cls(tuple(syllable for syllable, count in counts.most_common() if count >= min_count))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {syllable: place for place, syllable in enumerate(self.syllables, start=UNKNOWN + 1)}

    def encode(self, lyrics: Lyrics) -> np.ndarray:
        """int64 (syllables, NUM_LYRIC_COLUMNS)."""
        lower = [syllable.lower() for syllable in lyrics.syllables]
        columns = np.empty((len(lyrics), NUM_LYRIC_COLUMNS), dtype=np.int64)
        columns[:, SYLLABLE] = [self._places.get(syllable, UNKNOWN) for syllable in lower]
        columns[:, WORD] = lyrics.words
        columns[:, LINE] = lyrics.lines
        columns[:, STRESS] = np.array(_stresses(lyrics)) + 1
        columns[:, TONE] = lyrics.tones
        columns[:, PUNCTUATION] = [_punctuation(marks) for marks in lyrics.punctuation]
        columns[:, CAPITAL] = [syllable[0].isupper() for syllable in lyrics.syllables]
        columns[:, CAPITAL + 1 :] = [_bigrams(syllable) for syllable in lower]
        return columns


def collate(
    lyrics: Sequence[np.ndarray],
    notes: Sequence[np.ndarray] | None = None,
    metres: Sequence[Metre | None] | None = None,
) -> dict[str, Tensor]:
    """A batch of encoded songs. notes: without them the batch asks for notes to be made."""
    longest = max(map(len, lyrics))
    lengths = torch.tensor([*map(len, lyrics)])
    mask = torch.arange(longest) < lengths[:, None]
    columns = _padded(lyrics, longest)
    columns[..., [WORD, LINE]] += ~mask[..., None]  # what pads a song belongs to none of its words and lines
    batch = {
        "lyrics": columns,
        "mask": mask,
        "metre": torch.tensor([_metre(metre) for metre in metres or [None] * len(lyrics)]),
    }
    return batch | ({} if notes is None else {"notes": _padded(notes, longest)})


def _padded(rows: Sequence[np.ndarray], longest: int) -> Tensor:
    """Rows (length, C) as one tensor (rows, longest, C), with the last entry repeated to the end."""
    if all(len(row) == longest for row in rows):
        return torch.from_numpy(np.stack(rows))
    return torch.from_numpy(np.stack([np.pad(r, ((0, longest - len(r)), (0, 0)), mode="edge") for r in rows]))


def _metre(metre: Metre | None) -> tuple[float, float]:
    return (metre.beats_per_bar, metre.position) if metre else (0.0, 0.0)


def _nearest(values: np.ndarray, known: Sequence[float]) -> np.ndarray:
    """The place of the nearest known value, of two equally near ones the smaller."""
    known = np.asarray(known)
    middles = (known[1:] + known[:-1]) / 2
    return np.searchsorted(middles, values, side="left")


def _stresses(lyrics: Lyrics) -> tuple[int, ...]:
    """The stress of each syllable; English and German lyrics that come without it are looked up."""
    look_up = STRESS_OF.get(lyrics.language)
    if look_up is None or any(stress >= 0 for stress in lyrics.stress):
        return lyrics.stress
    found: list[int] = []
    while len(found) < len(lyrics):
        first = len(found)
        count = 1
        while first + count < len(lyrics) and lyrics.words[first + count] == lyrics.words[first]:
            count += 1
        found += look_up("".join(lyrics.syllables[first : first + count]).lower(), count)
    return tuple(found)


def _punctuation(marks: str) -> int:
    """0 for none, 1 for a short pause, 2 for the end of a sentence."""
    if any(mark in FULL_STOPS for mark in marks):
        return 2
    return int(any(mark in PAUSE_MARKS for mark in marks))


@lru_cache(maxsize=100_000)
def _bigrams(syllable: str) -> tuple[int, ...]:
    """The buckets of the pairs of letters of ^syllable$; crc32, as Python's own hash differs by process."""
    bordered = f"^{syllable}$"
    pairs = [bordered[place : place + 2] for place in range(len(bordered) - 1)][:NUM_BIGRAMS]
    buckets = [1 + zlib.crc32(pair.encode()) % (BIGRAM_BUCKETS - 1) for pair in pairs]
    return tuple(buckets + [0] * (NUM_BIGRAMS - len(buckets)))
