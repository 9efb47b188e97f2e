"""What the notes so far say about the next one, as integers and shares for the decoder to read.

Everything here is causal: row t knows the notes before t alone. Pitches are seen from the previous note, so
that a melody and its transposition look alike; the absolute pitch is beside them, for the range of a voice.
The estimate of the key is soft: how often each pitch class has sounded, counted from the previous note's.
A melody repeats itself, so the decoder is also shown what followed when its last two notes, or the words at
hand, came before: what attention would find by itself given more data (Olsson et al. 2022).
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
from torch import Tensor
from torch.nn import functional as F

from hw3_melody_generation.encoding import DURATION, LINE, PITCH, REST, SYLLABLE, UNKNOWN

HINTS = ("melody", "rhythm", "words", "verse")
# Of the earlier note that agrees most: that follows the most like pitches; the most like durations and rests;
# that ends the most like syllables; that has the same place in the line before, or in the one before that.
LONGEST = 6  # notes or syllables whose agreement is counted
FIRST_PREVIOUS = 60  # middle C stands before the first note
OCTAVES = 24  # intervals beyond two octaves count as two octaves
NUM_INTERVALS = 2 * OCTAVES + 2  # ..., and the last place for none
NO_INTERVAL = NUM_INTERVALS - 1
GRID = 4  # places per beat in which the position in the bar is seen
FREE_BAR = 16.0  # beats after which positions begin anew where the metre is not known
POSITIONS = 64  # places in a bar, at most


@dataclass
class NoteContext:
    """Row t of each (B, T, ...) tensor describes what was there before note t."""

    pitch: Tensor  # int64 (B, T): previous MIDI number, 128 before the first note
    duration: Tensor  # int64 (B, T): previous place in the vocabulary, one more than any before the first
    rest: Tensor  # int64 (B, T): likewise
    interval: Tensor  # int64 (B, T): last step in semitones + OCTAVES, or NO_INTERVAL
    highest: Tensor  # int64 (B, T): highest pitch so far, as an interval from the previous pitch
    lowest: Tensor  # int64 (B, T)
    position: Tensor  # int64 (B, T): place in the bar at which the previous note ended
    bar: Tensor  # int64 (B, T): beats per bar, 0 where unknown
    pitch_classes: Tensor  # float32 (B, T, 12): shares of the pitch classes, from the previous note's upwards
    hints: list[tuple[Tensor, ...]]  # int64 (B, T) each: interval, duration, rest, agreement; as in HINTS

    def last(self) -> NoteContext:
        """The last row alone, T = 1."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        hints = [tuple(each[:, -1:] for each in hint) for hint in values.pop("hints")]
        return NoteContext(hints=hints, **{name: value[:, -1:] for name, value in values.items()})


def note_context(
    notes: Tensor, lyrics: Tensor, metre: Tensor, *, durations: Tensor, rests: Tensor
) -> NoteContext:
    """The context of each note of a batch.

    notes int64 (B, T, 3), of which the last row is not looked at; lyrics int64 (B, T, F); metre (B, 2);
    durations, rests: the beats that the codes stand for.
    """
    pitch, duration, rest = notes.unbind(dim=-1)
    before = _shifted(pitch, 1, FIRST_PREVIOUS)
    interval = _interval(before, _shifted(pitch, 2, FIRST_PREVIOUS))
    interval[:, :2] = NO_INTERVAL
    ends = (durations[duration] + rests[rest]).cumsum(dim=1)
    return NoteContext(
        pitch=_shifted(pitch, 1, 128),
        duration=_shifted(duration, 1, len(durations)),
        rest=_shifted(rest, 1, len(rests)),
        interval=interval,
        highest=_interval(_shifted(pitch, 1, FIRST_PREVIOUS).cummax(dim=1).values, before),
        lowest=_interval(_shifted(pitch, 1, FIRST_PREVIOUS).cummin(dim=1).values, before),
        position=_position(_shifted(ends, 1, 0.0), metre),
        bar=metre[:, :1].round().long().expand_as(pitch).clamp(0, 15),
        pitch_classes=_pitch_classes(pitch, before),
        hints=[_hint(each, notes, before, durations, rests) for each in _agreements(notes, lyrics)],
    )


def _shifted(values: Tensor, by: int, first: float) -> Tensor:
    """values (B, T) moved `by` steps later; `first` fills the beginning."""
    return F.pad(values, (by, 0), value=first)[:, : values.shape[1]]


def _interval(pitch: Tensor, reference: Tensor) -> Tensor:
    return (pitch - reference).clamp(-OCTAVES, OCTAVES) + OCTAVES


def _position(elapsed: Tensor, metre: Tensor) -> Tensor:
    """Place in the bar, in 1/GRID of a beat, `elapsed` (B, T) beats after the beginning."""
    bar = torch.where(metre[:, :1] > 0, metre[:, :1], FREE_BAR)
    return (((elapsed + metre[:, 1:]) % bar) * GRID).round().long().clamp(0, POSITIONS - 1)


def _pitch_classes(pitch: Tensor, before: Tensor) -> Tensor:
    counts = F.one_hot(pitch % 12, 12).float().cumsum(dim=1)
    counts = F.pad(counts, (0, 0, 1, 0))[:, :-1]  # those before t
    upwards = (before[..., None] + torch.arange(12, device=pitch.device)) % 12
    return counts.gather(2, upwards) / counts.sum(dim=2, keepdim=True).clamp_min(1)


def _agreements(notes: Tensor, lyrics: Tensor) -> list[Tensor]:
    """For each of HINTS int64 (B, T, T): [t, s] says how far what leads to note s is like what leads to t.

    0 where it is not at all, else up to LONGEST.
    """
    pitch, duration, rest = notes.unbind(dim=-1)
    syllable, line = lyrics[..., SYLLABLE], lyrics[..., LINE]
    known = (syllable != UNKNOWN)[:, None]
    place, line_of = distances(line)[0], line[:, :, None] - line[:, None, :]
    verse = _same(place) * ((line_of == 1) * 2 + (line_of == 2))
    return [
        _run(pitch, first=1),
        _run(duration * 1000 + rest, first=1),
        _run(syllable, first=0) * known,
        verse,
    ]


def _run(values: Tensor, *, first: int) -> Tensor:
    """How many of values (B, T), from `first` steps before t and s backwards, are alike: int64 (B, T, T)."""
    alike = torch.ones((), dtype=torch.bool, device=values.device)
    length = torch.zeros((), dtype=torch.long, device=values.device)
    for lag in range(first, first + LONGEST):
        alike = alike & _same(_shifted(values, lag, -lag))
        length = length + alike
    return length


def distances(numbers: Tensor) -> tuple[Tensor, Tensor]:
    """Steps since the running numbers (B, T) changed last, and until the last step before they change."""
    steps = numbers.shape[1]
    place = torch.arange(steps, device=numbers.device).expand_as(numbers)
    changes = numbers[:, 1:] != numbers[:, :-1]
    begins, ends = F.pad(changes, (1, 0), value=True), F.pad(changes, (0, 1), value=True)
    begin = torch.where(begins, place, 0).cummax(dim=1).values
    end = torch.where(ends, place, steps - 1).flip(1).cummin(dim=1).values.flip(1)
    return place - begin, end - place


def _same(values: Tensor) -> Tensor:
    return values[:, :, None] == values[:, None, :]


def _hint(
    agreement: Tensor, notes: Tensor, before: Tensor, durations: Tensor, rests: Tensor
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The note s < t that agrees most, of equal ones the latest, seen from before note t; and its agreement.

    Where none agrees, the places for none, and 0.
    """
    steps = agreement.shape[1]
    place = torch.arange(steps, device=agreement.device)
    earlier = place[:, None] > place  # s < t
    agreement, there = torch.where(earlier, agreement * steps + place, -1).max(dim=2)
    agreement = agreement.clamp_min(0) // steps
    found = agreement > 0
    pitch, duration, rest = (notes[..., column].gather(1, there) for column in (PITCH, DURATION, REST))
    return (
        torch.where(found, _interval(pitch, before), NO_INTERVAL),
        torch.where(found, duration, len(durations)),
        torch.where(found, rest, len(rests)),
        agreement,
    )
