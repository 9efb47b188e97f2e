"""Which songs mini-MUSDB18 has: for each its tunes to choose from, band, singer, words, length and seed.

Nothing is parsed, arranged or sung here. Everything follows from the seed: each song has its own random
generator, so that they can be made in any order.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from common.band.making import deal_tunes, draw_durations, shuffled_tunes
from common.band.presets import Key, Preset, Split
from common.band.score import Instrument
from common.band.tunes import Tune, TuneSource, normalized_title
from common.singing import Singer, draw_singers
from hw2_source_separation.mini_musdb.lineups import draw_lineup
from hw2_source_separation.mini_musdb.lyrics import Lyric, lyrics

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
FOLDERS = {"train": "train", "validation": "train", "test": "test"}  # as in MUSDB18
MINUTES = {"train": 16.0, "validation": 3.0, "test": 6.0}
QUICK_MINUTES = {"train": 0.6, "validation": 0.3, "test": 0.3}
SECONDS = (26.0, 34.0)  # of a song: many short ones have more voices and bands than few long ones
QUICK_BELOW = 1.0  # minutes: smaller splits have short songs, so that they have several
QUICK_SECONDS = (8.0, 10.0)
# Where the tunes come from: collections of songs more often than of dances, whose range is a fiddle's.
SONGBOOKS = {"essenFolksong": 0.4, "miscFolk": 0.2, "bach": 0.15, "airdsAirs": 0.15, "oneills1850": 0.1}
CATALOGUE_NUMBER = re.compile(r"bwv\d")  # stands for a title where a chorale has none
REMARKS = re.compile(r"\(.*?\)|\[.*?\]|,? S\.? ?\d+\w*|\b\d+\)")  # of collectors: settings, pages

Item = TypeVar("Item")


@dataclass(frozen=True)
class SongPlan:
    """One song: `seed` for all that is random in it, `sources` in the order in which to try them."""

    split: Split
    seed: tuple[int, ...]
    duration: float  # s, about
    instruments: tuple[Instrument, ...]
    sources: tuple[TuneSource, ...]
    singer: Singer
    lyric: Lyric

    @property
    def folder(self) -> str:
        return FOLDERS[self.split]

    def name(self, tune: Tune) -> str:
        """The song's folder: artist and title, as MUSDB18 has them."""
        return f"{safe_name(self.singer.name)} - {safe_name(tune.title)}"


def plan_songs(
    seed: int, minutes: Mapping[Split, float], sounds: Mapping[Split, Mapping[Key, Sequence[Preset]]]
) -> list[SongPlan]:
    """All songs of all splits; `sounds` are the presets of each split. No tune is sung twice.

    ValueError for a split that would need more tunes than the corpus has.
    """
    plans: list[SongPlan] = []
    for index, split in enumerate(SPLITS):
        if split not in minutes:
            continue
        rng = np.random.default_rng([seed, index])
        is_quick = minutes[split] < QUICK_BELOW
        durations = draw_durations(rng, 60.0 * minutes[split], QUICK_SECONDS if is_quick else SECONDS)
        tunes = one_of_each_title(shuffled_tunes(rng, split, shares=SONGBOOKS))
        dealt = deal_tunes(tunes, len(durations), split=split)
        performances = draw_performances(rng, split, len(durations))
        for place, (duration, sources, (singer, lyric)) in enumerate(
            zip(durations, dealt, performances, strict=True)
        ):
            band = draw_lineup(rng, sounds[split])
            plans.append(SongPlan(split, (seed, index, 1 + place), duration, band, sources, singer, lyric))
    return plans


def one_of_each_title(sources: Iterable[TuneSource]) -> Iterator[TuneSource]:
    """Without tunes whose title came before, or that have none: no two songs have the same name."""
    seen = set()
    for source in sources:
        title = safe_name(normalized_title(source.title)).casefold()
        if title not in seen and not CATALOGUE_NUMBER.match(source.title):
            seen.add(title)
            yield source


def draw_performances(rng: np.random.Generator, split: Split, count: int) -> list[tuple[Singer, Lyric]]:
    """Who sings which words, for `count` songs: all voices and all lyrics take turns."""
    singers = draw_singers(split, count, rng)
    words = take_turns(rng, lyrics(split), count)
    return [
        (singer if singer.language.startswith(lyric.language) else singer.in_language(lyric.language), lyric)
        for singer, lyric in zip(singers, words, strict=True)
    ]


def take_turns(rng: np.random.Generator, items: Sequence[Item], count: int) -> list[Item]:
    """`count` of the items, in random order, each again only when all have had their turn."""
    rounds = -(-count // len(items))
    return [items[place] for _ in range(rounds) for place in rng.permutation(len(items))][:count]


def safe_name(text: str) -> str:
    """A name for a file on any system: Latin letters, digits and mild punctuation; capitals are calmed.

    >>> safe_name('ES IST EIN SCHNEE GEFALLEN? (2)')
    'Es Ist Ein Schnee Gefallen'
    """
    text = REMARKS.sub(" ", text).replace("’", "'").replace("ß", "ss")
    text = unicodedata.normalize("NFKD", text)
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = " ".join(re.sub(r"[^A-Za-z0-9 ',&]+", " ", text).split()).replace(" ,", ",")
    text = text[:60].strip(" ',&")
    if text.isupper():
        text = " ".join(word.capitalize() for word in text.split())
    return text or "Untitled"
