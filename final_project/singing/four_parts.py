"""A melody -> four parts to sing: the harmonizer of muse2bach writes the other three voices.

    song, notices = in_four_parts(song, load_harmonizer(run), seed=0)

The harmonizer knows the soprano in sixteenths and nothing else (`final_project/muse2bach/harmonizer.py`,
its model folder), and draws as muse2bach's own infer.py does. The melody keeps its own notes and times,
moved by whole octaves where no soprano sings; the other voices sing its syllables: a syllable begins for
all when it does in the melody, a voice that moves within it glides on to its next note, one that stays
holds its note.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import asdict, replace
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from common.notes_in import Line, LineNote, Piece
from common.synthesis import Note
from final_project.muse2bach.candidates import Sampling
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, SILENT, VOICES
from final_project.muse2bach.task import Task, make_task
from final_project.singing.song import Song, SongPart

CLOSING = 2  # sixteenths of rest that are only breath: the other voices are written through them


class Harmonizes(Protocol):
    """What is asked of a harmonizer; see `final_project.muse2bach.harmonizer.Harmonizer`."""

    def complete(self, given: NDArray[np.int16], **known: object) -> list[NDArray[np.int16]]:
        """`given` (frames, 4) with UNKNOWN -> complete voices, of which the given ones are as they were."""
        ...


def in_four_parts(song: Song, harmonizer: Harmonizes, *, seed: int = 0) -> tuple[Song, tuple[str, ...]]:
    """The song for soprano, alto, tenor and bass, and what the user should know of.

    Errors: UserError for a melody that is too long, or too wide for a soprano.
    """
    task = task_of(song)
    [voices] = harmonizer.complete(
        task.given,
        position=task.position,
        fermata=task.fermata,
        key=task.key,
        seed=seed,
        **asdict(Sampling()),
    )
    moved = int(task.given[0, 0]) - song.notes[0].pitch
    soprano = replace(song.melody.transposed(moved), name=VOICES[0])
    times = frame_times(soprano, song.tempo, len(voices))
    under = syllables_under(soprano, song.tempo, len(voices))
    others = [part_of(voices[:, column], soprano, under, times, VOICES[column]) for column in (1, 2, 3)]
    parts = (soprano, *(part for part in others if part.notes))
    return replace(song, parts=parts), task.notices


def task_of(song: Song) -> Task:
    """The melody as what is given to the harmonizer; each line of verse ends on a fermata."""
    part, quarters = song.melody, song.tempo / 60
    ends = [*(a != b for a, b in pairwise(part.lines)), True]
    notes = tuple(
        LineNote(note.start * quarters, note.end * quarters, note.pitch, syllable, fermata=end)
        for note, syllable, end in zip(part.notes, part.syllables, ends, strict=True)
    )
    line = Line(VOICES[0], notes)
    piece = Piece((line,), tempo=song.tempo, title=song.title)
    return make_task(song.title, piece, {VOICES[0]: line}, closing=CLOSING)


def note_frames(part: SongPart, tempo: float) -> NDArray[np.int64]:
    """The sixteenth in which each note begins, from the first note on, (notes,)."""
    starts = np.array([note.start for note in part.notes])
    frames = np.round(starts * tempo / 60 * FRAMES_PER_QUARTER).astype(int)
    return frames - frames[0]


def frame_times(part: SongPart, tempo: float, count: int) -> NDArray[np.float64]:
    """When each frame begins in seconds, and when the last one ends, (count + 1,).

    A note's own frame begins with it, also where the melody is not played on the grid.
    """
    frames, first = np.unique(note_frames(part, tempo), return_index=True)
    starts = np.array([part.notes[place].start for place in first])
    length = 60 / tempo / FRAMES_PER_QUARTER
    last = starts[-1] + length * (np.arange(count + 1) - frames[-1])
    return np.where(np.arange(count + 1) > frames[-1], last, np.interp(np.arange(count + 1), frames, starts))


def part_of(
    voice: NDArray[np.int16],
    soprano: SongPart,
    under: NDArray[np.int64],
    times: NDArray[np.float64],
    name: str,
) -> SongPart:
    """The part of a voice, pitches (frames,), with the soprano's syllables: `under` as in `syllables_under`.

    A note begins where a syllable does, and where the pitch changes.
    """
    edges = np.flatnonzero((np.diff(voice) != 0) | (np.diff(under) != 0)) + 1
    notes, syllables, lines, sung = [], [], [], None
    for begin, end in pairwise([0, *edges.tolist(), len(voice)]):
        if voice[begin] == SILENT:
            continue
        place = int(under[begin])
        notes.append(Note(int(voice[begin]), float(times[begin]), float(times[end] - times[begin])))
        syllables.append(soprano.syllables[place] if place != sung else "")
        lines.append(soprano.lines[place])
        sung = place
    return SongPart(name, tuple(notes), tuple(syllables), tuple(lines))


def syllables_under(soprano: SongPart, tempo: float, count: int) -> NDArray[np.int64]:
    """For each frame the place of the note with whose syllable the soprano sings then, (count,)."""
    begins = {
        int(frame): place
        for place, frame in enumerate(note_frames(soprano, tempo))
        if soprano.syllables[place] or place == 0
    }
    frames = sorted(begins)
    return np.array([begins[frames[bisect_right(frames, frame) - 1]] for frame in range(count)])
