"""From frames to what stands on paper: bars, in them notes and rests that one sign can write, and spelling.

Lengths are sixteenths. A note that crosses a bar line is tied, and so is one that no single sign can write,
or that would hide a beat (Gould 2011, "Behind Bars"): inside a beat every length with at most one dot
stands as it is; what begins on a beat may go on over the next ones, in compound time as far as whole beats;
what begins off the beat may reach over the next only as a quarter or a dotted one, and not over the middle
of a bar of four. Rests are cut at the beats.

Pitches are spelled on the line of fifths, F C G D A E B = -1 ... 5: of twelve places next to the key's own
seven each pitch class has one, among them the leading tones of minor and of its dominant.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from common.notes_in.lines import Metre
from final_project.muse2bach.chorale import SILENT, Chorale, Key

SIGNS = {24: ("whole", 1), 16: ("whole", 0), 12: ("half", 1), 8: ("half", 0), 6: ("quarter", 1)}
SIGNS |= {4: ("quarter", 0), 3: ("eighth", 1), 2: ("eighth", 0), 1: ("16th", 0)}  # type, dots
LENGTHS = sorted(SIGNS, reverse=True)
LETTERS = "FCGDAEB"  # from place -1 up
NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
LOWEST_PLACE = {"major": -3, "minor": -2}  # of the twelve in use, from the signature


class Sung(NamedTuple):
    """A note or rest of a voice: frames `begin` to `end`; pitch None is a rest. text: its syllable."""

    begin: int
    end: int
    pitch: int | None
    text: str = ""
    fermata: bool = False


class Bar(NamedTuple):
    """Frames `begin` to `end`; `lead` is where in a full bar `begin` lies. An upbeat has number 0."""

    number: int
    begin: int
    end: int
    lead: int


class Sign(NamedTuple):
    """What one sign writes: `begin` from the bar's own beginning. first, last: of the signs of its note."""

    begin: int
    length: int
    sung: Sung
    first: bool
    last: bool


class Spelling(NamedTuple):
    letter: str
    alter: int
    octave: int


def sung_notes(chorale: Chorale, voice: int) -> list[Sung]:
    """The notes and rests of a voice, in order, without gaps; text and fermatas as the score shows them."""
    pitches, begins = chorale.voices[:, voice], chorale.begins()[:, voice]
    edges = begins | (np.diff(pitches, prepend=SILENT - 1) != 0)
    edges[0] = True
    words = iter(chorale.text if voice == 0 and chorale.text is not None else ())
    fermata = chorale.fermata if chorale.fermata is not None else np.zeros(len(pitches), dtype=bool)
    found = []
    for begin, end in pairwise([*np.flatnonzero(edges).tolist(), len(pitches)]):
        pitch = None if pitches[begin] == SILENT else int(pitches[begin])
        text = next(words, "") if pitch is not None and begins[begin] else ""
        # A fermata stands over the note that sounds where it ends.
        last = end == len(pitches) or not fermata[end]
        found.append(Sung(begin, end, pitch, text, pitch is not None and bool(fermata[end - 1]) and last))
    return found


def bars(chorale: Chorale, metre: Metre) -> list[Bar]:
    """The bars by the chorale's positions, or from frame 0 on where it has none."""
    count = len(chorale)
    first = 0 if chorale.position is None else int(chorale.position[0])
    upbeat = (metre.frames - first) % metre.frames
    begins = [0, *range(upbeat or metre.frames, count, metre.frames), count]
    found = []
    for place, (begin, end) in enumerate(pairwise(begins)):
        found.append(Bar(place + (not upbeat), begin, end, first if place == 0 else 0))
    return found


def signs(notes: Sequence[Sung], bar: Bar, metre: Metre) -> Iterator[Sign]:
    """What is written of a voice's notes in a bar."""
    for note in notes:
        begin, end = max(note.begin, bar.begin), min(note.end, bar.end)
        if note.pitch is None and begin == bar.begin and end == bar.end and end - begin == metre.frames:
            yield Sign(0, metre.frames, note, True, True)
            continue
        while begin < end:
            at = begin - bar.begin + bar.lead
            length = next(n for n in LENGTHS if _fits(at, n, end - begin, metre, rest=note.pitch is None))
            stop = begin + length
            yield Sign(begin - bar.begin, length, note, begin == note.begin, stop == note.end)
            begin = stop


def _fits(at: int, length: int, room: int, metre: Metre, *, rest: bool) -> bool:
    """Whether one sign of `length` shows the beats, at place `at` of a full bar."""
    beat, stop = metre.beat, at + length
    if length > room:
        return False
    if at % beat + length <= beat:
        return not rest or length in (1, 2, 4, beat)
    if rest:
        return at % beat == 0 and length == 8 and beat == 4 and metre.frames == 16 and at % 8 == 0
    if at % beat == 0:
        return beat in (2, 4, 8) or stop % beat == 0
    over_middle = metre.frames == 16 and at < 8 < stop
    return beat in (4, 8) and at % 2 == 0 and length in (4, 6) and not over_middle


def signature(key: Key | None) -> int:
    """Sharps of a key's signature, flats negative: -5 to 6. None is C major."""
    if key is None:
        return 0
    major = (key[0] + (3 if key[1] == "minor" else 0)) % 12
    return (7 * major + 5) % 12 - 5


def spell(pitch: int, key: Key | None) -> Spelling:
    """Letter, semitones of its sign, and octave of a MIDI number in a key."""
    lowest = signature(key) + LOWEST_PLACE[key[1] if key else "major"]
    place = lowest + (7 * pitch - lowest) % 12
    alter, letter = (place + 1) // 7, LETTERS[(place + 1) % 7]
    return Spelling(letter, alter, (pitch - alter - NATURAL[letter]) // 12 - 1)


def in_signature(letter: str, sharps: int) -> int:
    """What a signature does to a letter: 1, -1 or 0 semitones."""
    return (sharps - 1 - LETTERS.index(letter) + 7) // 7


def key_name(key: Key) -> str:
    """Such as "F# minor"."""
    tonic = spell(key[0] + 60, key)
    sign = "#" * tonic.alter if tonic.alter > 0 else "b" * -tonic.alter
    return f"{tonic.letter}{sign} {key[1]}"
