"""Real tunes, each a melody with chords, from the corpus that comes with music21.

    source = catalog()[0]       # what there is, by a quick look at headers: music21 is not even imported
    split_of(source)            # "train", "validation" or "test", by the title
    tune = read_tune(source)    # one tune, parsed by music21; TuneError if it cannot be used

Conventions: a beat is a quarter note; onsets and durations are beats from the start of the first bar, so
that bar lines fall on multiples of `beats_per_bar`, and a pickup comes after rests. Pitch is a MIDI number.
Sources: Ryan's Mammoth Collection (1883), O'Neill's Music of Ireland (1903, "1850"), Aird's Airs (1782-1801),
the Essen folk songs, Northumbrian and American tunes, two of the Nottingham collection (with chords), two
lead sheets and Bach's chorales. The corpus' own licenses apply; the Essen songs are for non-commercial use.
"""

from common.band.harmony import QUALITIES, Chord
from common.band.tunes.reading import read_tune
from common.band.tunes.sources import Split, TuneSource, catalog, normalized_title, split_of
from common.band.tunes.tune import Tune, TuneError, TuneNote

__all__ = [
    "QUALITIES",
    "Chord",
    "Split",
    "Tune",
    "TuneError",
    "TuneNote",
    "TuneSource",
    "catalog",
    "normalized_title",
    "read_tune",
    "split_of",
]
