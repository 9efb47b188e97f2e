"""Chords: what they are made of, and which ones suit a melody (`harmonize`).

Harmonizing is decoding. The chords are the hidden states of a Markov chain, the melody is what we observe:

    score(chords) = sum over spans of  fit(chord, melody in the span) + progression(chord before, chord)

and the Viterbi algorithm finds the best of all sequences, span by span, without trying them all. A span is a
bar, or half of one where a bar has two equal halves of two beats or more (4/4, 12/8).
Source of the method: Simon, Morris & Basu 2008, "MySong: automatic accompaniment generation for vocal
melodies"; they learn both terms from lead sheets, we write them down: the fit from the chord's own notes,
the progressions from Piston's table. It finds the source's root on 42 % of the beats of 60 Bach chorales,
and on 82 % and 71 % of those of the two Nottingham tunes.
Times are beats (quarter notes), roots and tonics pitch classes (C is 0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:  # a tune has chords, so that common.band.tunes imports this module
    from common.band.tunes import TuneNote

QUALITIES: dict[str, tuple[int, ...]] = {  # semitones above the root
    "maj": (0, 4, 7),
    "min": (0, 3, 7),
    "7": (0, 4, 7, 10),
    "maj7": (0, 4, 7, 11),
    "min7": (0, 3, 7, 10),
    "dim": (0, 3, 6),
    "sus4": (0, 5, 7),
}


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord: `onset` and `duration` in beats, `root` a pitch class 0..11, `quality` one of QUALITIES.

    ValueError for an unknown quality or a root outside 0..11.
    """

    onset: float
    duration: float
    root: int
    quality: str

    def __post_init__(self) -> None:
        if self.quality not in QUALITIES:
            raise ValueError(f"quality must be one of {', '.join(QUALITIES)}, got {self.quality!r}")
        if not 0 <= self.root <= 11:
            raise ValueError(f"root must be 0..11, got {self.root}")

    @property
    def end(self) -> float:
        return self.onset + self.duration

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """The chord's pitch classes from the root upwards."""
        return tuple((self.root + interval) % 12 for interval in QUALITIES[self.quality])


class Degree(NamedTuple):
    """A chord in a key: its root in semitones above the tonic, its quality, and what it acts as.

    `step` 1..7 is its row in PROGRESSIONS, `rarity` the score it costs to be used at all.
    """

    interval: int
    quality: str
    step: int
    rarity: float


# The rarities are ours: the three main chords are free, others must be worth it, borrowed ones doubly so.
MAJOR = (
    Degree(0, "maj", 1, 0.0),  # I
    Degree(2, "min", 2, 0.5),  # ii
    Degree(4, "min", 3, 1.0),  # iii
    Degree(5, "maj", 4, 0.2),  # IV
    Degree(7, "maj", 5, 0.2),  # V
    Degree(7, "7", 5, 0.3),  # V7
    Degree(9, "min", 6, 0.4),  # vi
    Degree(2, "7", 2, 1.2),  # II7, the dominant of V
    Degree(10, "maj", 4, 1.0),  # bVII, from Mixolydian
    Degree(5, "min", 4, 1.4),  # iv, from minor
)
MINOR = (
    Degree(0, "min", 1, 0.0),  # i
    Degree(2, "dim", 2, 1.0),  # ii dim
    Degree(3, "maj", 3, 0.4),  # III
    Degree(5, "min", 4, 0.2),  # iv
    Degree(5, "maj", 4, 0.8),  # IV, from Dorian
    Degree(7, "min", 5, 0.6),  # v
    Degree(7, "maj", 5, 0.2),  # V
    Degree(7, "7", 5, 0.3),  # V7
    Degree(8, "maj", 6, 0.3),  # VI
    Degree(10, "maj", 7, 0.3),  # VII
)
DEGREES = {"major": MAJOR, "minor": MINOR}

# After each degree: what usually follows, sometimes, less often (Piston, "Harmony", 1941, the table of usual
# root progressions). Piston's seventh degree is the leading-tone chord; VII of a minor key follows its line
# and goes to I as well.
PROGRESSIONS: dict[int, tuple[str, str, str]] = {
    1: ("45", "6", "23"),
    2: ("5", "46", "13"),
    3: ("6", "4", "25"),
    4: ("5", "12", "36"),
    5: ("1", "46", "23"),
    6: ("25", "34", "1"),
    7: ("13", "6", "245"),
}
PROGRESSION_SCORES = (0.0, -0.3, -0.7)  # usually, sometimes, less often; ours
UNUSUAL_SCORE = -1.2  # what the table does not name; ours
CHANGE_WITHIN_BAR_SCORE = -0.5  # a chord that does not last a bar needs a reason; ours

EVIDENCE = 4.0  # how much a span full of one pitch says about its chord, on the scale of the scores; ours
CHORD_TONE_FITS = (1.0, 1.0, 0.95, 0.5)  # root, third, fifth, seventh in the melody; ours
STEP_FIT, CLASH_FIT = -0.5, -0.9  # other notes; those a semitone above a tone and the other third grate; ours


def harmonize(
    notes: Sequence[TuneNote], beats_per_bar: float, tonic: int, mode: str, length: float
) -> tuple[Chord, ...]:
    """The best chords for a melody, from beat 0 to `length` (whole bars); the last is the tonic's.

    A bar has one chord, or two where it has halves; no chord crosses a bar line. Bars without notes are
    decided by their neighbours. Errors: ValueError for a `length` that is not whole bars or no bar at all.
    """
    bars = round(length / beats_per_bar)
    if bars < 1 or abs(bars * beats_per_bar - length) > 1e-6:
        raise ValueError(f"length must be whole bars of {beats_per_bar} beats, got {length}")
    parts = spans_per_bar(beats_per_bar)
    degrees = DEGREES[mode]
    melody = np.roll(
        span_profiles(notes, beats_per_bar, bars * parts, parts), -tonic, axis=1
    )  # C is the tonic
    fit = EVIDENCE * melody @ fit_table(degrees).T  # (spans, 12) @ (12, chords) -> (spans, chords)
    fit -= np.array([degree.rarity for degree in degrees])
    fit[0] -= np.array([0.0 if degree.step == 1 else 0.5 for degree in degrees])  # tunes begin at home
    fit[-1, 1:] = -np.inf  # and end there: the tonic stands first in both tables
    path = best_path(fit, progression_table(degrees), parts)
    span = beats_per_bar / parts
    chords = [
        Chord(index * span, span, (tonic + degrees[state].interval) % 12, degrees[state].quality)
        for index, state in enumerate(path)
    ]
    return merge_within_bars(chords, beats_per_bar)


def spans_per_bar(beats_per_bar: float) -> int:
    """How many chords a bar may have: 2 where its halves are whole and last two beats or more, else 1."""
    return 2 if beats_per_bar >= 4 and (beats_per_bar / 2).is_integer() else 1


def span_profiles(
    notes: Sequence[TuneNote], beats_per_bar: float, count: int, parts: int
) -> NDArray[np.float64]:
    """How much of each span every pitch class fills, shape (count, 12), rows summing to 1 at most.

    What begins off the beat counts for half: passing notes are short and fall between beats.
    """
    span = beats_per_bar / parts
    profiles = np.zeros((count, 12))
    for note in notes:
        first, last = (
            int((note.onset + 1e-6) // span),
            int(np.ceil((note.onset + note.duration - 1e-6) / span)),
        )
        for index in range(max(first, 0), min(last, count)):
            overlap = min(note.onset + note.duration, (index + 1) * span) - max(note.onset, index * span)
            on_beat = note.onset < index * span or abs(note.onset - round(note.onset)) < 1e-6
            profiles[index, note.pitch % 12] += overlap / span * (1.0 if on_beat else 0.5)
    return profiles


def fit_table(degrees: Sequence[Degree]) -> NDArray[np.float64]:
    """How well each pitch class (above the tonic) sounds over each chord, shape (chords, 12)."""
    table = np.full((len(degrees), 12), STEP_FIT)
    for row, degree in zip(table, degrees, strict=True):
        tones = [(degree.interval + interval) % 12 for interval in QUALITIES[degree.quality]]
        thirds = [(degree.interval + interval) % 12 for interval in (3, 4)]  # C sharp over A minor, C over A
        row[[*((tone + 1) % 12 for tone in tones), *thirds]] = CLASH_FIT
        row[tones] = CHORD_TONE_FITS[: len(tones)]
    return table


def progression_table(degrees: Sequence[Degree]) -> NDArray[np.float64]:
    """The score of going from one chord (row) to another (column), shape (chords, chords)."""
    return np.array([[_progression(before, after) for after in degrees] for before in degrees])


def _progression(before: Degree, after: Degree) -> float:
    if before.step == after.step:
        return 0.0  # it stays, or changes its colour: V becomes V7
    for steps, score in zip(PROGRESSIONS[before.step], PROGRESSION_SCORES, strict=True):
        if str(after.step) in steps:
            return score
    return UNUSUAL_SCORE


def best_path(
    fit: NDArray[np.float64],
    progression: NDArray[np.float64],
    parts: int = 1,
    *,
    arrivals: Mapping[int, NDArray[np.float64]] | None = None,
) -> NDArray[np.int64]:
    """The sequence of states with the highest score (Viterbi): `fit` (spans, states) -> (spans,).

    `progression` (states, states) is added for every step. A bar has `parts` spans: to change the state
    inside one costs CHANGE_WITHIN_BAR_SCORE more. `arrivals` has more scores, (states, states) too, for the
    step into some of the spans, such as those in which a phrase ends.
    """
    arrivals = arrivals or {}
    spans, states = fit.shape
    stays = np.eye(states, dtype=bool)
    within_bar = progression + np.where(stays, 0.0, CHANGE_WITHIN_BAR_SCORE)
    best = fit[0]  # best[s]: the score of the best path so far that ends in s
    came_from = np.zeros((spans, states), dtype=np.int64)
    for index in range(1, spans):
        step = (within_bar if index % parts else progression) + arrivals.get(index, 0.0)
        scores = best[:, None] + step  # (before, after)
        came_from[index] = scores.argmax(axis=0)
        best = scores.max(axis=0) + fit[index]
    path = [int(best.argmax())]
    for index in range(spans - 1, 0, -1):  # back along the arrows
        path.append(int(came_from[index, path[-1]]))
    return np.array(path[::-1])


def merge_within_bars(chords: Sequence[Chord], beats_per_bar: float) -> tuple[Chord, ...]:
    """Chords that follow each other without gaps, equal neighbours joined, all cut at bar lines.

    Onsets and durations in beats, the first chord at 0.
    """
    pieces = [piece for chord in chords for piece in _cut_at_bars(chord, beats_per_bar)]

    def identity(chord: Chord) -> tuple[int, int, str]:
        return int((chord.onset + 1e-6) // beats_per_bar), chord.root, chord.quality

    merged = []
    for (_, root, quality), group in groupby(pieces, key=identity):
        same = list(group)
        merged.append(Chord(same[0].onset, same[-1].end - same[0].onset, root, quality))
    return tuple(merged)


def _cut_at_bars(chord: Chord, beats_per_bar: float) -> list[Chord]:
    first = int((chord.onset + 1e-6) // beats_per_bar) + 1
    last = int(np.ceil((chord.end - 1e-6) / beats_per_bar))
    edges = [chord.onset, *(bar * beats_per_bar for bar in range(first, last)), chord.end]
    return [Chord(start, end - start, chord.root, chord.quality) for start, end in pairwise(edges)]
