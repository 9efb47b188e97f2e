"""Several melodies for one text, the best first: those that pass most checks, of these the likeliest.

Likelihood alone prefers dull melodies, as it does with text (Holtzman et al. 2020, "The Curious Case of
Neural Text Degeneration"). So it only decides among melodies of which a singer would complain equally much.
Of eight for each of 200 validation windows of the public corpus (20 notes, a transformer in training; the
last two checks came later):

                                    3-repetitions   span   length (beats)
    truth                                3.5        10.3        44.5
    any one                              3.3        10.6        41.9
    the likeliest                        6.2         7.9        32.3
    checks, then the likeliest           3.0        10.0        39.7

CHECKS has bounds within which most real songs lie, set with these windows in view. Share of those that pass,
of the first 28 syllables of 296 chorales and of the 521 validation songs of the public corpus: in_key .93,
.90; span 1.0, .93; wide_leaps 1.0, .99; commonest_pitch .99, .84; stuck .95, .95; long_line_ends .69, .77;
settles .63, .53 (of whole songs .96, .56); longest_rest .99, .74 (in the corpus the band plays on); pace 1.0,
.93.

Everything but the generator's answer is in quarter-note beats. The same seed gives the same candidates in the
same order.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import nan
from typing import Protocol

import numpy as np

from hw3_melody_generation.constraints import Constraints, Key, respelled
from hw3_melody_generation.harmony import estimate_key
from hw3_melody_generation.sampling import Sampling
from hw3_melody_generation.songs import Lyrics, Melody, Metre, Song

FEWEST_NOTES = 8  # of shorter melodies nothing is asked
LONGEST_FIGURE = 4  # notes
REPEATS = 4  # of a figure in a row that are heard as being stuck
SCORED_NOTES = 64  # at a time: the likelihood of a long text takes memory that grows with its square
USUAL_PITCH = 69  # A4: the median is 68 in the public corpus, 71 in the chorales


class Generates(Protocol):
    """What is asked of a generator; see `melody_generator.MelodyGenerator`."""

    quarters_per_beat: float
    has_likelihood: bool

    def generate(self, lyrics: Sequence[Lyrics], **options: object) -> list[Melody]:
        """One melody per text, in beats of the data."""
        ...

    def log_probability(self, songs: Sequence[Song]) -> np.ndarray:
        """(songs, T, 3) in nats, NaN beyond a song's end."""
        ...


@dataclass(frozen=True)
class Candidate:
    """A melody with its text, in quarter-note beats, its key, and what was found about it.

    log_likelihood: nats per note, None where the model tells none. values: by check, NaN: not asked.
    """

    song: Song
    key: Key
    log_likelihood: float | None = None
    values: dict[str, float] = field(default_factory=dict)

    @property
    def failed(self) -> tuple[str, ...]:
        """The names of the checks that the melody does not pass."""
        return tuple(check.name for check in CHECKS if not check.passes(self.values[check.name]))


def candidates(
    generator: Generates,
    lyrics: Lyrics,
    *,
    name: str,
    count: int,
    metres: Sequence[Metre | None] = (None,),
    constraints: Constraints | None = None,
    sampling: Sampling | None = None,
    seed: int = 0,
) -> list[Candidate]:
    """Different melodies for `lyrics`, at most `count`, the best first; their songs are called `name`.

    metres: in quarter-note beats; the candidates are shared out among them.
    A range far from where melodies mostly lie is served by octaves: the melody is made where the model is at
    home, and moved.
    """
    constraints, beat = constraints or Constraints(), generator.quarters_per_beat
    octaves = octaves_from_home(constraints)
    bars = [metre and metre.scaled(1 / beat) for metre in metres]
    melodies = generator.generate(
        [lyrics] * count,
        sampling=sampling or Sampling(),
        seed=seed,
        constraints=constraints.moved(-octaves),
        metre=[bars[number % len(bars)] for number in range(count)],
    )
    songs = different([Song(name, lyrics, melody) for melody in melodies])
    likelihoods = log_likelihoods(generator, songs) if generator.has_likelihood else [None] * len(songs)
    finished = []
    for song in songs:
        melody = replace(song.melody, pitch=song.melody.pitch + 12 * octaves)
        finished.append(replace(song, melody=melody.scaled(beat)))
    return rank(finished, likelihoods, key=constraints.key)


def rank(
    songs: Sequence[Song], likelihoods: Sequence[float | None], *, key: Key | None = None
) -> list[Candidate]:
    """The songs as candidates, the best first, of equally good ones the earlier.

    likelihoods: log-likelihoods in nats per note. key: the one that was asked for; else it is found.
    """
    found = []
    for song, likelihood in zip(songs, likelihoods, strict=True):
        of_song = key or find_key(song.melody)
        values = {check.name: check.value(song, of_song) for check in CHECKS}
        found.append(Candidate(song, of_song, likelihood, values))
    return sorted(found, key=lambda candidate: (len(candidate.failed), -(candidate.log_likelihood or 0)))


def different(songs: Sequence[Song]) -> list[Song]:
    """The songs without those whose notes are another's."""
    first = {}
    for song in songs:
        melody = song.melody
        notes = (melody.pitch.tobytes(), melody.duration.tobytes(), melody.rest.tobytes(), melody.metre)
        first.setdefault(notes, song)
    return list(first.values())


def log_likelihoods(generator: Generates, songs: Sequence[Song]) -> list[float]:
    """Nats per note of songs of equal length, in beats of the data.

    Long ones are heard in pieces of SCORED_NOTES, each of which counts but for what the one before counted.
    """
    length, totals, counted = len(songs[0]), np.zeros(len(songs)), 0
    while counted < length:
        first = max(0, counted - SCORED_NOTES // 2)
        last = min(length, first + SCORED_NOTES)
        pieces = [song.excerpt(range(first, last)) for song in songs]
        told = generator.log_probability(pieces).sum(axis=2)  # (songs, notes)
        totals += told[:, counted - first : last - first].sum(axis=1, dtype=np.float64)
        counted = last
    return (totals / length).tolist()


def octaves_from_home(constraints: Constraints) -> int:
    """How many octaves the range lies above (or below, negative) where melodies mostly lie."""
    if constraints.lowest is None and constraints.highest is None:
        return 0
    octaves = round((sum(constraints.bounds) / 2 - USUAL_PITCH) / 12)
    lowest, highest = constraints.bounds
    inside = lowest - 12 * octaves >= 0 and highest - 12 * octaves < 128
    return octaves if inside else 0


def find_key(melody: Melody) -> Key:
    """The key that the time on each pitch class suggests, as for the chords, by its simplest name."""
    tonic, mode = estimate_key(melody.pitch, melody.duration)
    return Key.parse(respelled(tonic, mode == "minor"))


@dataclass(frozen=True)
class Check:
    """Something that singers expect of a melody: `measure` lies within `lowest` and `highest`.

    measure: of a song in its key; NaN where it says nothing, which passes.
    """

    name: str
    measure: Callable[[Song, Key], float]
    lowest: float
    highest: float

    def value(self, song: Song, key: Key) -> float:
        """The measure; NaN for a melody of less than FEWEST_NOTES."""
        return float(self.measure(song, key)) if len(song) >= FEWEST_NOTES else nan

    def passes(self, value: float) -> bool:
        """Whether the value is within the bounds, or NaN."""
        return bool(np.isnan(value)) or self.lowest <= value <= self.highest


def in_key(song: Song, key: Key) -> float:
    """Share of the notes that belong to the key."""
    return np.isin(song.melody.pitch % 12, key.pitch_classes).mean()


def span(song: Song, key: Key) -> float:
    """Semitones from the lowest to the highest note."""
    return np.ptp(song.melody.pitch)


def wide_leaps(song: Song, key: Key) -> float:
    """Share of steps of more than an octave."""
    return (np.abs(np.diff(song.melody.pitch)) > 12).mean()


def commonest_pitch(song: Song, key: Key) -> float:
    """Share of the notes that are on one pitch."""
    return np.unique(song.melody.pitch, return_counts=True)[1].max() / len(song)


def stuck(song: Song, key: Key) -> float:
    """Share of the notes in figures of up to LONGEST_FIGURE that sound REPEATS times in a row or more."""
    notes = np.stack([song.melody.pitch, song.melody.duration], axis=1)
    marked = np.zeros(len(notes), dtype=bool)
    for length in range(1, LONGEST_FIGURE + 1):
        repeats = (notes[length:] == notes[:-length]).all(axis=1)  # as `length` notes ago
        edges = np.flatnonzero(np.diff(repeats, prepend=False, append=False))
        for first, last in edges.reshape(-1, 2):
            if last - first >= (REPEATS - 1) * length:
                marked[first : last + length] = True
    return marked.mean()


def long_line_ends(song: Song, key: Key) -> float:
    """How much larger a share of long notes line ends have than the notes inside, -1 to 1.

    Long is longer than most, or before a rest; the end of the song is neither.
    """
    rest_after = np.append(song.melody.rest[1:], 0)
    long = (song.melody.duration > np.median(song.melody.duration)) | (rest_after > 0)
    ends = np.diff(song.lyrics.lines) > 0
    inside = long[:-1][~ends]
    return long[:-1][ends].mean() - inside.mean() if ends.any() and len(inside) else nan


def settles(song: Song, key: Key) -> float:
    """1 if the last note belongs to the tonic's chord and is no shorter than most, else 0."""
    long = song.melody.duration[-1] >= np.median(song.melody.duration)
    return float(long and song.melody.pitch[-1] % 12 in key.triad)


def longest_rest(song: Song, key: Key) -> float:
    """Quarter notes of the longest silence between two notes."""
    return song.melody.rest[1:].max()


def pace(song: Song, key: Key) -> float:
    """Quarter notes that a syllable lasts on the average."""
    return song.melody.duration.mean()


CHECKS = (
    Check("in_key", in_key, 0.85, 1.0),
    Check("span", span, 5, 19),
    Check("wide_leaps", wide_leaps, 0.0, 0.04),
    Check("commonest_pitch", commonest_pitch, 0.0, 0.5),
    Check("stuck", stuck, 0.0, 0.2),
    Check("long_line_ends", long_line_ends, 0.1, 1.0),
    Check("settles", settles, 1.0, 1.0),
    Check("longest_rest", longest_rest, 0.0, 4.0),
    Check("pace", pace, 0.4, 2.5),
)
