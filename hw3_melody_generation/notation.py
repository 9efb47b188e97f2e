"""From notes in beats to what stands on paper: bars, and in them notes and rests that one sign can write.

A note that crosses a bar line is tied, and so is one whose length no single sign can show (3.5 beats), or
which would hide where the beats are. The rules, of which any book on notation tells (Gould 2011, "Behind
Bars"):

- inside a beat every length is written as it is, if one head and at most one dot can;
- what begins on a beat may go on over the following ones, in compound time as far as whole beats;
- what begins off the beat may reach the next beats only as a quarter or a dotted one, and not over the middle
  of a bar of four: the syncopation that singers know. All else is cut at the beat;
- rests are not dotted, never hide a beat, and a bar without a note has one rest.

Beats are quarter notes throughout. Onsets and ends are moved to the nearest 1/32 of a beat (the 128th note),
each by itself, so that no error adds up; the values of the chorales and the public corpus lie there exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from hw3_melody_generation.songs import Melody, Metre

GRID = 32  # parts of a quarter note
COMMON_TIME = Metre(4.0)
PLAIN = [2.0**power for power in range(3, -6, -1)]  # breve ... 128th
DOTTED = [1.5 * length for length in PLAIN[:-1]]
NOTES = sorted(PLAIN + DOTTED, reverse=True)
FINEST_BEAT_TYPE = 128


class TimeSignature(NamedTuple):
    """`beats` of 1/`beat_type`; `length` of a bar and of what is felt as one `beat`, in quarter notes."""

    beats: int
    beat_type: int
    length: float
    beat: float


class Piece(NamedTuple):
    """A note, a rest, or a part of one: `begin` from the bar line and `length` in quarter notes.

    note: which note of the melody, None for a rest. first, last: of the pieces of that note.
    """

    begin: float
    length: float
    note: int | None
    first: bool = True
    last: bool = True


@dataclass(frozen=True)
class Bar:
    """`begin` from the start of the song and `length` in quarter notes, which a pickup has less of."""

    number: int
    begin: float
    length: float
    pieces: tuple[Piece, ...]


def time_signature(metre: Metre | None) -> TimeSignature:
    """The time signature of `metre`, which counts in quarter notes; 4/4 where there is none.

    Errors: ValueError for bars that no signature up to 1/128 can write.
    """
    metre = metre if metre and metre.beats_per_bar > 0 else COMMON_TIME
    beat_type = metre.beat_type
    while (beats := metre.beats_per_bar * beat_type / 4) % 1 and beat_type < FINEST_BEAT_TYPE:
        beat_type *= 2
    if beats % 1:
        raise ValueError(f"no time signature has bars of {metre.beats_per_bar} quarter notes")
    compound = beat_type >= 8 and beats % 3 == 0
    beat = 12 / beat_type if compound else min(1.0, 4 / beat_type)
    return TimeSignature(int(beats), beat_type, metre.beats_per_bar, beat)


def position(metre: Metre | None) -> float:
    """Where in its bar the song begins, in quarter notes: 0 without a metre."""
    if metre is None or metre.beats_per_bar <= 0:
        return 0.0
    return _on_grid(metre.position) % metre.beats_per_bar


def bars(melody: Melody) -> list[Bar]:
    """The melody in bars, rests included; without a metre in 4/4 from the first beat, as a help to the eye.

    A song that begins within a bar has a pickup bar, with number 0; its last bar then ends where the pickup
    would begin, if the last note does. An empty melody has no bars.
    """
    meter, pickup = time_signature(melody.metre), position(melody.metre)
    spans = _spans([(pickup + begin, pickup + end) for begin, end in _grid_times(melody)], meter.length)
    last, found = max(spans, default=-1), []
    for number in range(last + 1):
        begin, end = 0.0 if number else pickup, meter.length
        content = spans.get(number, [])
        if number == last and 0 < _end(content[-1]) <= pickup and number:
            end = pickup
        pieces = tuple(_pieces(content, begin, end, meter))
        song_time = number * meter.length + begin - pickup
        found.append(Bar(number + (not pickup), song_time, end - begin, pieces))
    return found


def beam_groups(bar: Bar, meter: TimeSignature) -> list[list[int]]:
    """Places in `bar.pieces` of the notes that share a beam: those with flags, side by side in a beat."""
    missing = meter.length - bar.length if bar.number == 0 else 0.0  # before a pickup
    groups: list[list[int]] = []
    before = None
    for index, piece in enumerate(bar.pieces):
        beat = int((missing + piece.begin) // meter.beat)
        flagged = piece.note is not None and piece.length < 1
        if flagged and before == (index - 1, beat):
            groups[-1].append(index)
        elif flagged:
            groups.append([index])
        before = (index, beat) if flagged else None
    return [group for group in groups if len(group) > 1]


def _grid_times(melody: Melody) -> list[tuple[float, float]]:
    """Begin and end of each note on the grid; none is shorter than a part of it, none begins in another."""
    times, free = [], 0.0
    for onset, duration in zip(melody.onset.tolist(), melody.duration.tolist(), strict=True):
        begin = max(_on_grid(onset), free)
        free = max(_on_grid(onset + duration), begin + 1 / GRID)
        times.append((begin, free))
    return times


def _spans(times: list[tuple[float, float]], length: float) -> dict[int, list[Piece]]:
    """The notes, cut at the bar lines, of each bar that has any; `begin` counts from the full bar's start."""
    spans: dict[int, list[Piece]] = {}
    for note, (begin, end) in enumerate(times):
        first, last = int(begin // length), int(-(-end // length)) - 1
        for number in range(first, last + 1):
            start, stop = max(begin - number * length, 0.0), min(end - number * length, length)
            span = Piece(start, stop - start, note, number == first, number == last)
            spans.setdefault(number, []).append(span)
    return spans


def _pieces(spans: list[Piece], begin: float, end: float, meter: TimeSignature) -> Iterator[Piece]:
    """Everything in a bar from `begin` to `end`, counted from the full bar's start; pieces from `begin`."""
    if not spans and end - begin == meter.length:
        yield Piece(0.0, meter.length, None)
        return
    now = begin
    for span in spans:
        yield from _rests(now, span.begin, begin, meter)
        now = span.begin
        for length in _note_lengths(now, _end(span), meter):
            first, last = now == span.begin, now + length == _end(span)
            yield Piece(now - begin, length, span.note, span.first and first, span.last and last)
            now += length
    yield from _rests(now, end, begin, meter)


def _end(piece: Piece) -> float:
    return piece.begin + piece.length


def _rests(begin: float, end: float, bar_begin: float, meter: TimeSignature) -> Iterator[Piece]:
    while begin < end:
        length = next(length for length in _rest_lengths(meter) if _rest_fits(begin, length, end, meter))
        yield Piece(begin - bar_begin, length, None)
        begin += length


def _rest_lengths(meter: TimeSignature) -> list[float]:
    return sorted({*PLAIN, meter.beat}, reverse=True)


def _rest_fits(begin: float, length: float, end: float, meter: TimeSignature) -> bool:
    """Whether a rest may stand there: inside its beat, or in 4/4 and its like in one half of the bar."""
    if begin + length > end:
        return False
    if length <= meter.beat:
        within = begin % meter.beat
        return within % length == 0 and within + length <= meter.beat
    has_halves = meter.beat == 1 and meter.length % 2 == 0 and meter.length % 3
    return bool(has_halves) and length == 2 and begin % 2 == 0


def _note_lengths(begin: float, end: float, meter: TimeSignature) -> Iterator[float]:
    while begin < end:
        length = next(length for length in NOTES if _note_fits(begin, length, end, meter))
        yield length
        begin += length


def _note_fits(begin: float, length: float, end: float, meter: TimeSignature) -> bool:
    """Whether one note of `length` at `begin` shows the beats, by the rules above."""
    stop, beat = begin + length, meter.beat
    if stop > end:
        return False
    if begin % beat + length <= beat:
        return True
    if begin % beat == 0:
        return beat == 1 or stop % beat == 0
    middle = meter.length == 4 and begin < 2 < stop
    return beat == 1 and begin % 0.5 == 0 and length in (1.0, 1.5) and not middle


def _on_grid(value: float) -> float:
    return round(value * GRID) / GRID
