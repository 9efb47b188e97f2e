"""The singer's part: which notes are sung, where breath is taken, and which words lie under them.

The tune is put into the singer's range, notes that are too fast for syllables are joined, long stretches
are cut into phrases where a note is long or a rest follows, and the end of each phrase is left for
breathing. Words come line by line: what does not fit into a phrase goes on in the next, and a phrase with
room takes the next line, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from common.band.form import VOCAL
from common.band.score import Piece, Section
from common.band.tunes import Tune
from common.singing import Singer
from common.synthesis import Note
from hw2_source_separation.mini_musdb.lyrics import Lyric, Words

SHORTEST = 0.2  # s between the beginnings of syllables: five a second
LONGEST_PHRASE = 5.5  # s, on one breath
BREATH = (0.2, 0.5)  # s between phrases
MOST_BREATH = 0.4  # of the last note at most
MOST_SUNG = 0.8  # of a song; where a tune leaves less to the band, the singer pauses for a phrase or two
REST = 0.3  # s of silence in the tune always divide phrases
LOOSENESS = 0.012  # s, deviation of onsets: singers do not follow the click


@dataclass(frozen=True, slots=True)
class Phrase:
    """What is sung on one breath: `words` and `notes` in seconds from the start of the song."""

    words: str
    notes: tuple[Note, ...]
    section: str

    @property
    def start(self) -> float:
        return self.notes[0].start

    @property
    def end(self) -> float:
        return self.notes[-1].end


def draw_transposition(tune: Tune, singer: Singer, rng: np.random.Generator) -> int:
    """Semitones -5..6: a key in which most of the tune, in some octave, is in the range of the singer."""
    pitches = np.array([note.pitch for note in tune.notes])
    durations = np.array([note.duration for note in tune.notes])

    def outside(transposition: int) -> float:
        moved = pitches + transposition + octave_for(pitches + transposition, singer)
        return float(durations @ ((moved < singer.lowest) | (moved > singer.highest)))

    misfits = [outside(transposition) for transposition in range(-5, 7)]
    best = np.flatnonzero(np.array(misfits) <= min(misfits) + 1e-9)
    return int(rng.choice(best)) - 5


def octave_for(pitches: np.ndarray, singer: Singer) -> int:
    """The whole octaves, in semitones, that bring pitches nearest to the middle of the singer's range."""
    middle = (singer.lowest + singer.highest) / 2
    return 12 * round((middle - (pitches.min() + pitches.max()) / 2) / 12)


def sung_phrases(piece: Piece, singer: Singer, lyric: Lyric, rng: np.random.Generator) -> list[Phrase]:
    """All that is sung in a piece, phrase by phrase; nothing in its instrumental sections."""
    if not piece.melody:
        return []
    octave = octave_for(np.array([note.pitch for note in piece.melody]), singer)
    verse = chorus = Words(lyric.verse, lyric.language)
    phrases: list[Phrase] = []
    for section in (section for section in piece.sections if section.name in VOCAL):
        notes = notes_of(piece.melody, section, octave, singer)
        if section.name == "chorus":
            chorus = Words(lyric.chorus, lyric.language)  # from its beginning each time
        words = chorus if section.name == "chorus" else verse
        for group in split_phrases(join_fast(notes)):
            sung = humanize(with_breath(group, rng), rng)
            phrases.append(Phrase(words.take(len(sung), rng), sung, section.name))
    return with_pauses(phrases, piece.duration, rng)


def with_pauses(phrases: Sequence[Phrase], duration: float, rng: np.random.Generator) -> list[Phrase]:
    """Without some phrases, never the first, so that `MOST_SUNG` of `duration` seconds are sung at most."""
    kept = list(phrases)
    while len(kept) > 1 and sum(phrase.end - phrase.start for phrase in kept) > MOST_SUNG * duration:
        del kept[int(rng.integers(1, len(kept)))]
    return kept


# ---- notes ----


def notes_of(melody: Sequence[Note], section: Section, octave: int, singer: Singer) -> list[Note]:
    """The tune's notes in a section, in the singer's range; none sounds beyond the section's end."""
    notes = []
    for note in melody:
        if section.start - 1e-6 <= note.start < section.end - SHORTEST:
            pitch = fold(note.pitch + octave, singer)
            notes.append(replace(note, pitch=pitch, duration=min(note.duration, section.end - note.start)))
    return notes


def fold(pitch: int, singer: Singer) -> int:
    """The same pitch class within the singer's range, which is an octave at least."""
    while pitch > singer.highest:
        pitch -= 12
    while pitch < singer.lowest:
        pitch += 12
    return pitch


def join_fast(notes: Sequence[Note]) -> list[Note]:
    """Notes at least `SHORTEST` apart: what comes sooner lengthens the note before it."""
    joined: list[Note] = []
    for note in notes:
        if joined and note.start - joined[-1].start < SHORTEST:
            joined[-1] = replace(joined[-1], duration=max(note.end, joined[-1].end) - joined[-1].start)
        else:
            joined.append(note)
    kept = [replace(note, duration=max(note.duration, 0.6 * SHORTEST)) for note in joined]
    ends = [after.start for after in kept[1:]] + [np.inf]
    return [
        replace(note, duration=min(note.duration, end - note.start))
        for note, end in zip(kept, ends, strict=True)
    ]


def split_phrases(notes: Sequence[Note]) -> list[list[Note]]:
    """Notes of a section -> phrases of `LONGEST_PHRASE` at most, cut at rests and after long notes."""
    if not notes:
        return []
    gaps = [after.start - before.end for before, after in pairwise(notes)]
    if gaps and max(gaps) >= REST:
        cut = int(np.argmax(gaps)) + 1
    elif notes[-1].end - notes[0].start > LONGEST_PHRASE and len(notes) > 3:
        cut = _best_cut(notes)
    else:
        return [list(notes)]
    return [*split_phrases(notes[:cut]), *split_phrases(notes[cut:])]


def _best_cut(notes: Sequence[Note]) -> int:
    """Behind the longest note, rather in the middle than near the ends: the index of the note after it."""
    start, length = notes[0].start, notes[-1].end - notes[0].start

    def score(index: int) -> float:
        place = (notes[index].start - start) / length
        return (notes[index].start - notes[index - 1].start) * (1.0 - abs(2.0 * place - 1.0)) ** 0.5

    return max(range(1, len(notes)), key=score)


def with_breath(notes: Sequence[Note], rng: np.random.Generator) -> list[Note]:
    """The last note ends a little sooner."""
    last = notes[-1]
    shorter = max(last.duration - rng.uniform(*BREATH), (1.0 - MOST_BREATH) * last.duration)
    return [*notes[:-1], replace(last, duration=float(shorter))]


def humanize(notes: Sequence[Note], rng: np.random.Generator) -> tuple[Note, ...]:
    """Onsets a little early or late, and louder in the middle and higher up; no notes overlap."""
    delays = np.clip(rng.normal(0.005, LOOSENESS, len(notes)), -0.03, 0.03)
    starts = [max(float(note.start + delay), 0.0) for note, delay in zip(notes, delays, strict=True)]
    mean = np.mean([note.pitch for note in notes])
    arch = 8.0 * np.sin(np.pi * (np.arange(len(notes)) + 0.5) / len(notes))
    sung = []
    for note, start, after, accent in zip(notes, starts, [*starts[1:], np.inf], arch, strict=True):
        velocity = int(np.clip(80 + accent + 1.5 * (note.pitch - mean), 40, 127))
        sung.append(Note(note.pitch, start, min(note.end, after) - start, velocity))
    return tuple(sung)
