"""Who sings: the lead, its doubled takes, a second voice in harmony, as dry takes with a place and a level.

    takes = sing_takes(phrases, piece, singer, rng=rng)
    vocals = together(takes)  # (2, samples)

A doubled take is the lead a few hundredths of a second late by an amount that wanders, which detunes it:
artificial double tracking, as studios have done since 1966.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from common.band.effects import amplitude, pan
from common.band.score import Piece
from common.band.tunes import Chord
from common.singing import Singer, sing, vary
from common.synthesis import Note
from hw2_source_separation.mini_musdb.phrases import Phrase
from hw2_source_separation.stems import SAMPLE_RATE

LEAD_IN, RELEASE = 0.5, 0.4  # s of room before and after a phrase, for its first and last consonants
DOUBLED_SHARE, HARMONY_SHARE = 0.4, 0.4  # of the songs
CHORUS_ONLY = 0.6  # of the doubles and harmonies are kept for the choruses, if there are any
LATENESS, WANDERING = (0.012, 0.03), (0.001, 0.005)  # s, of a doubled take


@dataclass(frozen=True)
class Take:
    """One recorded voice: `waveform` (samples,), where it stands (-1..1), dB relative to the lead."""

    waveform: NDArray[np.float32]
    position: float = 0.0
    level: float = 0.0


def sing_takes(
    phrases: Sequence[Phrase], piece: Piece, singer: Singer, *, rng: np.random.Generator
) -> list[Take]:
    """The lead and, in some songs, more of it. Errors: SingingError."""
    samples = round(piece.duration * SAMPLE_RATE)
    lead = sing_phrases(phrases, singer, samples=samples, rng=rng)
    takes = [Take(lead, float(rng.uniform(-0.05, 0.05)))]
    if rng.random() < DOUBLED_SHARE:
        doubled = lead * _heard_in(_chosen(phrases, rng), samples)
        width, level = rng.uniform(0.3, 0.9), rng.uniform(-14.0, -6.0)
        takes += [Take(late_copy(doubled, rng), side * width, level) for side in (-1.0, 1.0)]
    if rng.random() < HARMONY_SHARE:
        above = bool(rng.random() < 0.5)
        second = [
            replace(phrase, notes=harmony(phrase.notes, piece.lead_sheet, singer, above=above))
            for phrase in _chosen(phrases, rng)
        ]
        waveform = sing_phrases(second, vary(singer, rng), samples=samples, rng=rng)
        takes.append(Take(waveform, float(rng.uniform(-0.7, 0.7)), float(rng.uniform(-9.0, -3.0))))
    return takes


def together(takes: Sequence[Take]) -> NDArray[np.float32]:
    """All takes, each in its place -> (2, samples)."""
    stereo = [
        np.float32(amplitude(take.level)) * pan(np.tile(take.waveform, (2, 1)), take.position)
        for take in takes
    ]
    return np.sum(stereo, axis=0, dtype=np.float32)


def sing_phrases(
    phrases: Sequence[Phrase], singer: Singer, *, samples: int, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Phrases at their times -> (samples,)."""
    take = np.zeros(samples, np.float32)
    for phrase in phrases:
        first = round(max(phrase.start - LEAD_IN, 0.0) * SAMPLE_RATE)
        notes = [replace(note, start=max(note.start - first / SAMPLE_RATE, 0.0)) for note in phrase.notes]
        sung = sing(
            phrase.words,
            notes,
            singer,
            rng=rng,
            sample_rate=SAMPLE_RATE,
            duration=notes[-1].end + RELEASE,
        )
        part = take[first : first + len(sung)]
        part += sung[: len(part)]
    return take


def harmony(
    notes: Sequence[Note], lead_sheet: Sequence[Chord], singer: Singer, *, above: bool
) -> tuple[Note, ...]:
    """A second voice: the chord's tone nearest to a third above or below, in unison where there is none."""
    side = 1 if above else -1
    second = []
    for note in notes:
        middle = note.start + note.duration / 2
        tones = next((chord.pitch_classes for chord in lead_sheet if middle < chord.end), ())
        near = [note.pitch + side * step for step in range(3, 10)]
        fitting = [p for p in near if p % 12 in tones and singer.lowest <= p <= singer.highest]
        second.append(replace(note, pitch=fitting[0] if fitting else note.pitch))
    return tuple(second)


def late_copy(waveform: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """(samples,) -> the same a little late, now more, now less."""
    time = np.arange(len(waveform)) / SAMPLE_RATE
    delay = np.full(len(time), rng.uniform(*LATENESS))
    for rate in rng.uniform(0.1, 0.9, 2):
        delay += rng.uniform(*WANDERING) / 2 * np.sin(2 * np.pi * (rate * time + rng.random()))
    return np.interp(time - delay, time, waveform, left=0.0).astype(np.float32)


def _chosen(phrases: Sequence[Phrase], rng: np.random.Generator) -> list[Phrase]:
    """The phrases in which more than the lead sings."""
    choruses = [phrase for phrase in phrases if phrase.section == "chorus"]
    return choruses if choruses and rng.random() < CHORUS_ONLY else list(phrases)


def _heard_in(phrases: Sequence[Phrase], samples: int) -> NDArray[np.float32]:
    """(samples,): 1 from each phrase's beginning to its end, consonants included, 0 elsewhere."""
    gate = np.zeros(samples, np.float32)
    for phrase in phrases:
        first = round(max(phrase.start - 0.3, 0.0) * SAMPLE_RATE)
        gate[first : round((phrase.end + 0.2) * SAMPLE_RATE)] = 1.0
    return gate
