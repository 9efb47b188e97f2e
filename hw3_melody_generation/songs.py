"""What HW3 reads, learns and writes: lyrics, a melody with one note per syllable, and both together.

Conventions: all columns of a song have one entry per syllable. `pitch` is a MIDI number. `duration` and
`rest` (the silence *before* the note) are in beats of the data set, and a song begins with its first note's
rest. What a beat is, in quarter notes, the data say (`Corpus.quarters_per_beat`): the public corpus counts in
about eighth notes, the chorales in quarter notes. What is made for musicians is in quarter notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

PITCHES = 128  # MIDI numbers
UNKNOWN_STRESS = -1


@dataclass(frozen=True)
class Lyrics:
    """Syllables, and what is known about each; the columns are of one length.

    syllables: the spelling without punctuation, such as ("Good", "bye"); never empty strings.
    words: the running number of the word that a syllable belongs to; it never falls, and never skips one.
    lines: the running number of the line of verse, likewise.
    stress: 1 primary, 2 secondary, 0 none (as in cmudict), UNKNOWN_STRESS where nobody knows.
    tones: of Mandarin, 1 to 4, 5 for the neutral tone; 0 in other languages.
    punctuation: the marks that follow the syllable, mostly "".
    language: "en", "de", "zh", "ja", or "" if unknown.
    ValueError for columns of different lengths.
    """

    syllables: tuple[str, ...]
    words: tuple[int, ...]
    lines: tuple[int, ...]
    stress: tuple[int, ...] = ()
    tones: tuple[int, ...] = ()
    punctuation: tuple[str, ...] = ()
    language: str = ""

    def __post_init__(self) -> None:
        count = len(self.syllables)
        for name, blank in (("stress", UNKNOWN_STRESS), ("tones", 0), ("punctuation", "")):
            object.__setattr__(self, name, getattr(self, name) or (blank,) * count)
        for name in ("words", "lines", "stress", "tones", "punctuation"):
            if len(getattr(self, name)) != count:
                raise ValueError(f"{count} syllables, but {len(getattr(self, name))} entries in {name}")

    def __len__(self) -> int:
        return len(self.syllables)

    def excerpt(self, places: Sequence[int]) -> Lyrics:
        """The syllables at `places`, which must rise; words and lines are numbered anew from 0."""
        columns = {
            name: tuple(getattr(self, name)[place] for place in places)
            for name in ("syllables", "stress", "tones", "punctuation")
        }
        words = _renumber([self.words[place] for place in places])
        lines = _renumber([self.lines[place] for place in places])
        return Lyrics(words=words, lines=lines, language=self.language, **columns)


@dataclass(frozen=True)
class Metre:
    """Where the bars are: `beats_per_bar`, and the `position` in its bar, in beats, at which a song begins.

    The song begins with its first note's rest. `beat_type` is the denominator of the time signature: 3/4 with
    a beat of a quarter note is Metre(3.0, beat_type=4).
    """

    beats_per_bar: float
    position: float = 0.0
    beat_type: int = 4

    def scaled(self, factor: float) -> Metre:
        """The same bars counted in other beats: all times `factor`."""
        return replace(self, beats_per_bar=self.beats_per_bar * factor, position=self.position * factor)


@dataclass(frozen=True)
class Melody:
    """Notes in order: `pitch` int64, `duration` and `rest` before the note float64, all (notes,).

    ValueError for columns of different lengths, pitches outside 0..127, durations that are not positive,
    rests that are negative.
    """

    pitch: np.ndarray
    duration: np.ndarray
    rest: np.ndarray
    metre: Metre | None = None

    def __post_init__(self) -> None:
        for name, dtype in (("pitch", np.int64), ("duration", np.float64), ("rest", np.float64)):
            object.__setattr__(self, name, np.asarray(getattr(self, name), dtype=dtype))
        if not len(self.pitch) == len(self.duration) == len(self.rest):
            lengths = f"{len(self.pitch)} pitches, {len(self.duration)} durations, {len(self.rest)} rests"
            raise ValueError(f"one of each per note is needed, got {lengths}")
        if not ((self.pitch >= 0) & (self.pitch < PITCHES)).all():
            raise ValueError(f"pitch must be 0..127, got {self.pitch.min()}..{self.pitch.max()}")
        if not ((self.duration > 0) & np.isfinite(self.duration)).all():
            raise ValueError("duration must be > 0 beats")
        if not ((self.rest >= 0) & np.isfinite(self.rest)).all():
            raise ValueError("rest must be >= 0 beats")

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def onset(self) -> np.ndarray:
        """When each note begins, (notes,) in beats from the beginning of the song."""
        return np.cumsum(self.rest + self.duration) - self.duration

    @property
    def length(self) -> float:
        """Beats from the beginning of the song to the end of its last note."""
        return float((self.rest + self.duration).sum())

    def excerpt(self, places: Sequence[int]) -> Melody:
        """The notes at `places`, with the metre if they follow one another."""
        places = np.asarray(places, dtype=np.int64)
        metre = self.metre
        if metre is not None and len(places):
            begin = (self.onset - self.rest)[places[0]]
            consecutive = (np.diff(places) == 1).all()
            position = (metre.position + begin) % metre.beats_per_bar
            metre = replace(metre, position=float(position)) if consecutive else None
        return Melody(self.pitch[places], self.duration[places], self.rest[places], metre)

    def scaled(self, factor: float) -> Melody:
        """The same melody counted in other beats: all times, and the bars, times `factor`."""
        metre = self.metre and self.metre.scaled(factor)
        return Melody(self.pitch, self.duration * factor, self.rest * factor, metre)


@dataclass(frozen=True)
class Song:
    """Lyrics and their melody, or an excerpt of both. ValueError if they are not of one length.

    name: unique in a data set. group: songs of one group are the same piece (covers, repeats); they are
    never in different splits, and intervals are drawn over groups. flags: what is wrong with it.
    """

    name: str
    lyrics: Lyrics
    melody: Melody
    group: str = ""
    title: str = ""
    flags: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if len(self.lyrics) != len(self.melody):
            raise ValueError(f"{self.name}: {len(self.lyrics)} syllables for {len(self.melody)} notes")
        object.__setattr__(self, "group", self.group or self.name)

    def __len__(self) -> int:
        return len(self.lyrics)

    def excerpt(self, places: Sequence[int]) -> Song:
        """The syllables and notes at `places`, which must rise."""
        return replace(self, lyrics=self.lyrics.excerpt(places), melody=self.melody.excerpt(places))


def _renumber(numbers: Sequence[int]) -> tuple[int, ...]:
    """Numbers that never fall, counted anew from 0 without gaps."""
    return tuple(np.unique(np.asarray(numbers, dtype=np.int64), return_inverse=True)[1].tolist())
