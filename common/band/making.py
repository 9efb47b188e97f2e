"""What the makers of mini data sets share: lengths, tunes by split, open soundfonts, stems in 16 bits.

Nothing here knows a layout. Who plans pieces draws `draw_durations` and deals tunes (`shuffled_tunes`,
`deal_tunes`); who makes them takes the `first_tune` that can be used and the process' `synthesizer_pool`, and
writes what `quantize` gives.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from common.band.presets import band_soundfonts, sha256
from common.band.tunes import Split, Tune, TuneError, TuneSource, catalog, read_tune, split_of
from common.band.voices import SynthesizerPool

SPARE_TUNES = 8  # for each piece: some of the corpus cannot be used, which is known only once they are read


def draw_durations(rng: np.random.Generator, seconds: float, between: tuple[float, float]) -> list[float]:
    """Lengths of pieces that last `seconds` together, each about `between` two."""
    count = max(1, round(seconds / np.mean(between)))
    drawn = rng.uniform(*between, count)
    return (drawn * seconds / drawn.sum()).tolist()


def shuffled_tunes(
    rng: np.random.Generator, split: Split, *, shares: Mapping[str, float] | None = None
) -> Iterator[TuneSource]:
    """All tunes of a split in random order.

    `shares`: how likely the next one is from each collection as long as it has any; those not named give
    none. Without `shares` every tune is as likely as another.
    """
    known: Sequence[TuneSource] = catalog()
    if shares is None:
        order = rng.permutation(len(known))
    else:
        known = [source for source in known if source.collection in shares]
        names = np.array([source.collection for source in known])
        odds = sum(share / (names == name).sum() * (names == name) for name, share in shares.items())
        order = rng.choice(len(known), size=len(known), replace=False, p=odds / odds.sum())
    return (known[place] for place in order if split_of(known[place]) == split)


def deal_tunes(tunes: Iterable[TuneSource], count: int, *, split: Split) -> list[tuple[TuneSource, ...]]:
    """For each of `count` pieces some tunes, no tune for two pieces. ValueError if there are too few."""
    drawn = list(islice(tunes, count * SPARE_TUNES))
    if len(drawn) < count:
        raise ValueError(f"{split} has {len(drawn)} tunes for {count} tracks; ask for fewer minutes")
    return [tuple(drawn[place::count]) for place in range(count)]


def first_tune(sources: Sequence[TuneSource]) -> Tune:
    """The first of the tunes that can be used. TuneError if none can."""
    for source in sources[:-1]:
        try:
            return read_tune(source)
        except TuneError:
            continue
    return read_tune(sources[-1])


def synthesizer_pool(*, sample_rate: int) -> SynthesizerPool:
    """This process' one pool: opening a soundfont takes longer than a track's drums."""
    return _pool(os.getpid(), sample_rate)


@functools.cache
def _pool(_process: int, sample_rate: int) -> SynthesizerPool:
    return SynthesizerPool(sample_rate=sample_rate)


def soundfont_entries(extra: Iterable[Path] = ()) -> list[dict[str, str]]:
    """Name and content of every soundfont that plays: the band's own, then `extra`."""
    return [{"name": path.name, "sha256": sha256(path)} for path in [*band_soundfonts().values(), *extra]]


def quantize(stems: NDArray[np.float32]) -> NDArray[np.int32]:
    """Stems (parts, channels, samples) in [-1, 1] -> steps of 16 bits, whose sum is the mix, exactly.

    ValueError if a stem or the sum does not fit.
    """
    steps = np.rint(stems * 32768.0).astype(np.int32)
    highest = max(np.abs(steps).max(initial=0), np.abs(steps.sum(axis=0)).max(initial=0))
    if highest > 32767:
        raise ValueError(f"stems and their sum must stay below 1, got a peak of {highest / 32768:.3f}")
    return steps
