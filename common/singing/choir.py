"""A choir: several singers to a part, none of them quite together, from left to right.

    choir = sing_choir([ChoirPart(notes, words, singer, voices=3), ...], rng=np.random.default_rng(0))

Singers of one part are relatives of one voice (`vary`): other formants, breath and vibrato, whose rate and
delay differ, so that no two swing in phase. Each is a few cents off throughout and comes a few hundredths of
a second early or late, note by note; measured in choirs are deviations of 10 to 20 cents within a part
(Ternström 2003, "Choir acoustics: an overview of scientific research published to date"). The words of a part
are spoken and analysed once for all its singers.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from common.band.effects import active_level, amplitude
from common.singing.espeak import SingingError
from common.singing.sing import PEAK, RING_OUT
from common.singing.singers import SINGERS, Singer, vary
from common.singing.sung_words import Phrase, SungWord, phrases
from common.singing.timing import JOIN
from common.synthesis import Note

DETUNING = 8.0  # cents that a singer is off throughout, at most
LATENESS = 0.02  # s that a note begins early or late, at most
LEAST_SHARE = 0.2  # of a note's length, at most, is taken from it by that
PART_WIDTH, VOICE_WIDTH = 0.6, 0.25  # of the way to the side: the outer parts; the singers around their part
LEVEL = -20.0  # dBFS of each part
MOST_VOICES = 16


@dataclass(frozen=True)
class ChoirPart:
    """Notes in seconds, the words on them, the singer whose relatives sing, and how many they are.

    Errors: SingingError for less than one voice, or more than MOST_VOICES.
    """

    notes: Sequence[Note]
    words: Sequence[SungWord]
    singer: Singer
    voices: int = 3

    def __post_init__(self) -> None:
        if not 1 <= self.voices <= MOST_VOICES:
            raise SingingError(f"a part has 1 to {MOST_VOICES} voices, got {self.voices}; change the choir")


def sing_choir(
    parts: Sequence[ChoirPart],
    *,
    rng: np.random.Generator,
    sample_rate: int = 44100,
    duration: float | None = None,
) -> np.ndarray:
    """All parts together, float32 (2, samples): `duration` seconds, or RING_OUT more than the notes last.

    All parts are equally loud; the sum has a peak of at most `sing.PEAK`. The same arguments and state of
    `rng` give the same samples. Errors: SingingError as `sing_words`, and for a choir without parts.
    """
    if not parts:
        raise SingingError("a choir without parts; give at least one")
    end = max((note.end for part in parts for note in part.notes), default=0.0)
    samples = round((end + RING_OUT if duration is None else duration) * sample_rate)
    mix = np.zeros((2, samples), dtype=np.float32)
    for part, place in zip(parts, _places(len(parts), PART_WIDTH), strict=True):
        sound = _sing_part(part, place, rng, samples=samples, sample_rate=sample_rate)
        if sound.any():
            mix += sound * np.float32(amplitude(LEVEL - active_level(sound, sample_rate=sample_rate)))
    return mix * np.float32(min(1.0, PEAK / max(float(np.abs(mix).max(initial=0.0)), PEAK)))


def singers_for_parts(parts: Sequence[Sequence[Note]]) -> list[Singer]:
    """For each part the singer whose comfortable range fits its notes best; no singer twice, if possible."""
    everybody = [singer for group in SINGERS.values() for singer in group]
    chosen: list[Singer] = []
    for notes in parts:
        free = [singer for singer in everybody if singer not in chosen] or everybody
        chosen.append(min(free, key=lambda singer: strain(singer, notes)))
    return chosen


def strain(singer: Singer, notes: Sequence[Note]) -> float:
    """How badly notes lie for a singer: semitones outside of the range, or, far less, from its middle.

    The mean over their duration.
    """
    middle = (singer.lowest + singer.highest) / 2
    weights = np.array([note.duration for note in notes])
    pitches = np.array([note.pitch for note in notes])
    beyond = np.maximum(singer.lowest - pitches, 0) + np.maximum(pitches - singer.highest, 0)
    return float((beyond + 0.01 * np.abs(pitches - middle)) @ weights / weights.sum())


def _sing_part(
    part: ChoirPart, place: float, rng: np.random.Generator, *, samples: int, sample_rate: int
) -> np.ndarray:
    """One part, float32 (2, samples), around its place from -1, left, to 1, right."""
    sound = np.zeros((2, samples), dtype=np.float32)
    score = phrases(part.words, part.notes, part.singer.voice)
    for beside in _places(part.voices, VOICE_WIDTH):
        singer = replace(vary(part.singer, rng), tuning=rng.uniform(-DETUNING, DETUNING))
        gains = _pan(place + beside)[:, None]
        for phrase in score:
            own = replace(phrase, notes=_not_together(phrase, rng))
            sung = own.sing(singer, rng=rng, sample_rate=sample_rate)
            begin = round(own.start * sample_rate)
            count = max(min(len(sung), samples - begin), 0)
            sound[:, begin : begin + count] += gains * sung[:count]
    return sound


def _not_together(phrase: Phrase, rng: np.random.Generator) -> tuple[Note, ...]:
    """The notes of a phrase, each early or late; where one follows at once, the one before gives way."""
    lateness = np.clip(rng.normal(0, LATENESS / 2, len(phrase.notes)), -LATENESS, LATENESS)
    notes = list(phrase.notes)
    for place, shift in enumerate(lateness.tolist()):
        note, before = notes[place], notes[place - 1] if place else None
        joined = before is not None and note.start - before.end <= JOIN
        room = min(note.duration, before.duration) if joined else note.duration
        shift = math.copysign(min(abs(shift), LEAST_SHARE * room), shift)
        start = max(note.start + shift, 0.0)
        if joined:
            notes[place - 1] = replace(before, duration=start - before.start)
        notes[place] = replace(note, start=start, duration=note.end - start)
    return tuple(notes)


def _places(count: int, width: float) -> list[float]:
    """`count` places from -width to width; one stands in the middle."""
    return np.linspace(-width, width, count).tolist() if count > 1 else [0.0]


def _pan(place: float) -> np.ndarray:
    """Gains of left and right, float32 (2,), of equal power together wherever the place is, -1..1."""
    angle = (np.clip(place, -1, 1) + 1) * np.pi / 4
    return np.array([np.cos(angle), np.sin(angle)], dtype=np.float32)
