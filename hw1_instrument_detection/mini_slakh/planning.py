"""Which pieces mini-Slakh has: for each its track number, tunes to choose from, line-up, length and seed.

Nothing is parsed, arranged or rendered here. Everything follows from the seed: each piece has its own random
generator, so that they can be made in any order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from common.band.making import deal_tunes, draw_durations, shuffled_tunes
from common.band.presets import Key, Preset, Split
from common.band.score import Instrument
from common.band.tunes import TuneSource
from hw1_instrument_detection.mini_slakh.lineups import MOST, draw_lineups

FIRST_TRACK = {"train": 1, "validation": 1501, "test": 1876}  # Slakh2100's own numbers
LAST_TRACK = {"train": 1500, "validation": 1875, "test": 2100}
MINUTES = {"train": 63.0, "validation": 13.5, "test": 13.5}
QUICK_MINUTES = {"train": 2.7, "validation": 1.35, "test": 1.35}
SECONDS = (30.0, 50.0)  # of a piece: many short ones have more bands and sounds than few long ones
QUICK_BELOW = 5.0  # minutes: smaller splits have short pieces of few parts, so that they have several
QUICK_SECONDS, QUICK_PARTS = (17.0, 23.0), 5


@dataclass(frozen=True)
class PiecePlan:
    """One track: `seed` for all that is random in it, `sources` in the order in which to try them."""

    split: Split
    number: int
    seed: tuple[int, ...]
    duration: float  # s, about
    instruments: tuple[Instrument, ...]
    sources: tuple[TuneSource, ...]

    @property
    def name(self) -> str:
        """The track's folder."""
        return f"Track{self.number:05d}"


def plan_pieces(
    seed: int, minutes: Mapping[Split, float], sounds: Mapping[Split, Mapping[Key, Sequence[Preset]]]
) -> list[PiecePlan]:
    """All tracks of all splits; `sounds` are the presets of each split.

    ValueError for a split that would have more tracks than Slakh2100's numbers or the corpus allow.
    """
    plans: list[PiecePlan] = []
    for index, split in enumerate(FIRST_TRACK):
        if split not in minutes:
            continue
        rng = np.random.default_rng([seed, index])
        is_quick = minutes[split] < QUICK_BELOW
        durations = draw_durations(rng, 60.0 * minutes[split], QUICK_SECONDS if is_quick else SECONDS)
        tunes = draw_tunes(rng, split, len(durations))
        most = QUICK_PARTS if is_quick else MOST
        lineups = draw_lineups(rng, sounds[split], len(durations), training=split == "train", most=most)
        for place, piece in enumerate(zip(durations, lineups, tunes, strict=True)):
            plans.append(PiecePlan(split, FIRST_TRACK[split] + place, (seed, index, 1 + place), *piece))
    return plans


def draw_tunes(rng: np.random.Generator, split: Split, count: int) -> list[tuple[TuneSource, ...]]:
    """For each of `count` pieces some tunes of the split, no tune for two pieces."""
    if count > LAST_TRACK[split] - FIRST_TRACK[split] + 1:
        raise ValueError(f"Slakh2100's {split} has no numbers for {count} tracks; ask for fewer minutes")
    return deal_tunes(shuffled_tunes(rng, split), count, split=split)
