"""Simple chords for a melody: which ones, where they change, how lines of verse end.

    chords = harmonize(song)      # Chord(start=0.0, duration=4.0, name="Am", ...), ...

The method, its tables and its source are those of `common.band.harmony`: chords of the key are the hidden
states of a chain, the melody is what we observe, and the Viterbi algorithm finds the best sequence. Added
here is what verse needs: a line ends with a cadence, the last one on the tonic.
Conventions: times are quarter notes from the beginning of the song, roots and tonics pitch classes (C is 0).
Chords follow each other without gaps from the first note to the end of the last. They change at bars and half
bars; where no metre is known, bars of four quarter notes are counted from the first note.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from common.band import harmony
from common.band.patterns.voicing import voice_chord
from common.band.registers import Register
from common.band.tunes import TuneNote
from common.band.tunes.keys import FINAL_BONUS, PROFILES
from common.band.tunes.tune import Mode
from common.cli import UserError
from hw3_melody_generation.songs import Melody, Song
from hw3_melody_generation.spelling import signature, spell

BAR = 4.0  # quarter notes, where no metre is known
SHORTEST_BAR = 2.0  # quarter notes; shorter bars are taken together
LONGEST_SONG = 50_000.0  # quarter notes: 7 hours at 120 per minute
VOICES = Register(50, 67)  # where the chord is played, under most melodies: D3 to G4
SUFFIXES = {"maj": "", "min": "m", "7": "7", "maj7": "maj7", "min7": "m7", "dim": "dim", "sus4": "sus4"}

# What the step into the end of a line is worth, by the degrees of its chords (7: minor's VII). Ours.
FULL_CLOSE, HALF_CLOSE, OTHER_CLOSE = 2.0, 0.8, 1.0  # V-I; anything to V; anything else to I


class Key(NamedTuple):
    """`tonic` as a pitch class, `mode` "major" or "minor"."""

    tonic: int
    mode: Mode


class NamedKey(Protocol):
    """A key that somebody asked for (`constraints.Key`)."""

    tonic: int
    minor: bool
    name: str


@dataclass(frozen=True, slots=True)
class Chord:
    """`start` and `duration` in quarter notes, `name` such as "Am" or "G7", `root` a pitch class.

    `quality` is one of `common.band.harmony.QUALITIES`; `pitches` are MIDI numbers, lowest first, chosen so
    that the voices move little from the chord before.
    """

    start: float
    duration: float
    name: str
    root: int
    quality: str
    pitches: tuple[int, ...]

    @property
    def end(self) -> float:
        return self.start + self.duration

    @property
    def pitch_classes(self) -> tuple[int, ...]:
        """From the root upwards."""
        return tuple((self.root + interval) % 12 for interval in harmony.QUALITIES[self.quality])


def harmonize(song: Song, *, key: NamedKey | None = None) -> list[Chord]:
    """Chords for the melody of `song`, counted in quarter notes, in `key` or in the one that fits.

    Errors: UserError for songs of more than LONGEST_SONG quarter notes.
    """
    melody = song.melody
    if melody.length > LONGEST_SONG:
        raise UserError(
            f"{song.name}: lasts {melody.length:.0f} quarter notes; give at most {LONGEST_SONG:.0f} of them"
        )
    found = estimate_key(melody.pitch, melody.duration) if key is None else _plain(key)
    bars = Bars.of(melody)
    path, degrees = _best_degrees(song, bars, found)
    span = bars.length / bars.parts
    plain = harmony.merge_within_bars(
        [
            harmony.Chord(i * span, span, (found.tonic + degrees[s].interval) % 12, degrees[s].quality)
            for i, s in enumerate(path)
        ],
        bars.length,
    )
    return _written(plain, bars, melody, sharps=signature(melody, key))


def estimate_key(pitches: Sequence[int] | np.ndarray, durations: Sequence[float] | np.ndarray) -> Key:
    """The key whose profile the time spent on each pitch class follows best.

    Profiles of Krumhansl & Kessler 1982; the key in which the last note is the tonic gains FINAL_BONUS.
    """
    weights = np.bincount(np.asarray(pitches) % 12, weights=durations, minlength=12)
    if np.ptp(weights) == 0:  # all twelve alike: no profile fits better than another
        return Key(int(pitches[-1]) % 12, "major")

    def fit(key: Key) -> float:
        correlation = np.corrcoef(np.roll(PROFILES[key.mode], key.tonic), weights)[0, 1]
        return float(correlation) + FINAL_BONUS * (int(pitches[-1]) % 12 == key.tonic)

    return max((Key(tonic, mode) for mode in PROFILES for tonic in range(12)), key=fit)


def tones_in_chords(melody: Melody, chords: Sequence[Chord]) -> float:
    """The share of the melody's time (0..1) in which its note is one of the chord's; 0 without chords."""
    shared = 0.0
    for chord in chords:
        overlap = np.minimum(melody.onset + melody.duration, chord.end) - np.maximum(
            melody.onset, chord.start
        )
        shared += overlap[np.isin(melody.pitch % 12, chord.pitch_classes)].clip(0).sum()
    return float(shared / melody.duration.sum())


class Bars(NamedTuple):
    """The bars of a song: the first begins at `start` (quarter notes, perhaps before the song itself).

    `count` bars of `length` quarter notes, with `parts` chords at most each.
    """

    start: float
    length: float
    count: int

    @property
    def parts(self) -> int:
        return harmony.spans_per_bar(self.length)

    @property
    def spans(self) -> int:
        return self.count * self.parts

    @classmethod
    def of(cls, melody: Melody) -> Bars:
        """From the bar of the first note to that in which the last note ends."""
        first, metre = float(melody.onset[0]), melody.metre
        length = metre.beats_per_bar if metre else BAR
        length *= math.ceil(SHORTEST_BAR / length)
        into = (metre.position + first) % length if metre else 0.0
        start = first - into if length - into > 1e-6 else first
        return cls(start, length, max(math.ceil((melody.length - start) / length - 1e-6), 1))


def _plain(key: NamedKey) -> Key:
    return Key(key.tonic, "minor" if key.minor else "major")


def _best_degrees(song: Song, bars: Bars, key: Key) -> tuple[np.ndarray, Sequence[harmony.Degree]]:
    """The best degree of the key in each span, (spans,), and the table that it counts in."""
    degrees = harmony.DEGREES[key.mode]
    melody = song.melody
    notes = [
        TuneNote(float(onset) - bars.start, float(duration), int(pitch))
        for onset, duration, pitch in zip(melody.onset, melody.duration, melody.pitch, strict=True)
    ]
    profiles = harmony.span_profiles(notes, bars.length, bars.spans, bars.parts)
    fit = harmony.EVIDENCE * np.roll(profiles, -key.tonic, axis=1) @ harmony.fit_table(degrees).T
    fit -= np.array([degree.rarity for degree in degrees])  # (spans, degrees)
    ends = [_arrival(notes[i], bars) for i in _line_ends(song.lyrics.lines)]
    if notes[-1].pitch % 12 in _tonic_tones(degrees, key):
        fit[ends[-1] :, 1:] = -np.inf  # the tonic stands first in both tables
    cadence = _cadence_table(degrees)
    path = harmony.best_path(
        fit, harmony.progression_table(degrees), bars.parts, arrivals=dict.fromkeys(ends, cadence)
    )
    return path, degrees


def _line_ends(lines: Sequence[int]) -> list[int]:
    """The places of the last syllables of all lines."""
    return [*np.flatnonzero(np.diff(lines)).tolist(), len(lines) - 1]


def _arrival(note: TuneNote, bars: Bars) -> int:
    """The span in which most of a note sounds; of equal ones the first."""
    span = bars.length / bars.parts
    first, last = int((note.onset + 1e-6) // span), int((note.end - 1e-6) // span)
    shares = [min(note.end, (i + 1) * span) - max(note.onset, i * span) for i in range(first, last + 1)]
    return min(first + int(np.argmax(np.round(shares, 6))), bars.spans - 1)


def _tonic_tones(degrees: Sequence[harmony.Degree], key: Key) -> set[int]:
    return {(key.tonic + interval) % 12 for interval in harmony.QUALITIES[degrees[0].quality]}


def _cadence_table(degrees: Sequence[harmony.Degree]) -> np.ndarray:
    """What the step from one degree (row) to another (column) is worth at the end of a line."""

    def worth(before: harmony.Degree, after: harmony.Degree) -> float:
        if after.step == 1:
            return FULL_CLOSE if before.step == 5 else OTHER_CLOSE
        return HALF_CLOSE if after.step == 5 else 0.0

    return np.array([[worth(before, after) for after in degrees] for before in degrees])


def _written(plain: Sequence[harmony.Chord], bars: Bars, melody: Melody, *, sharps: int) -> list[Chord]:
    """The chords in the song's own time, cut to its first and last note, with names and pitches."""
    chords: list[Chord] = []
    first, voices = float(melody.onset[0]), ()
    for chord in plain:
        start = max(chord.onset + bars.start, first)
        end = min(chord.end + bars.start, melody.length)
        if end - start < 1e-6:
            continue
        voices = voice_chord(chord, VOICES, 3, voices)
        name = chord_name(chord.root, chord.quality, sharps)
        chords.append(Chord(start, end - start, name, chord.root, chord.quality, voices))
    return chords


def chord_name(root: int, quality: str, sharps: int) -> str:
    """Such as "Bbm" under a signature of `sharps` (minus flats)."""
    letter, alter, _ = spell(root, sharps)
    return letter + ("#" * alter if alter > 0 else "b" * -alter) + SUFFIXES[quality]
