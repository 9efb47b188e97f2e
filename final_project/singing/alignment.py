"""Which frames of a take belong to which note of the score: dynamic time warping.

The take's frames go along one axis, the notes of the score along the other. A path begins at the first note
and ends at the last; from one frame to the next it stays on its note or goes on to the next one. It costs
the distance in pitch, up to a limit, as a wrong note is only a wrong note; nothing where there is no voice;
a price for each new note, which is waived where the voice begins anew; and a little for being far from where
the score's tempo puts the note. The cheapest path is found by dynamic programming (Sakoe and Chiba 1978,
"Dynamic programming algorithm optimization for spoken word recognition", there with frames on both axes).
A note that was left out is passed in a frame or two.

The score's seconds are fitted to the take's by a straight line, tempo and offset, first from the ends of
both and then from the onsets that were found. The singer may sing in another octave or key.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from common.cli import UserError
from common.singing.world import FRAME
from common.synthesis import Note
from final_project.singing.take_notes import TakeNote, note_between
from final_project.singing.tracking import PitchTrack, runs

LIMIT = 3.0  # semitones; what is further off costs no more
ENTER = 0.08  # semitones * seconds, for a new note within the sound
GAP = 0.03  # s without voice, after which the voice begins anew
STRAY = 0.5  # semitones for each second away from the note's place in the score
FARTHEST = 3.0  # s, beyond which straying costs no more
SUNG = 0.06  # s of voice, that a note must have to count as sung
TRANSPOSED = 0.8  # of the cost as written: by how much better another octave or key must fit
WORST = 1.5  # semitones, the median distance from which on it is another song


@dataclass(frozen=True)
class Alignment:
    """notes: those that were sung, with their targets; score: the note of the score of each.

    transposition: semitones from the score to the take; tempo and offset: take = tempo * score + offset,
    in seconds.
    """

    notes: list[TakeNote]
    score: list[Note]
    transposition: int
    tempo: float
    offset: float

    @property
    def expected(self) -> NDArray[np.float64]:
        """Where in the take the score puts each note: seconds."""
        return self.tempo * np.array([note.start for note in self.score]) + self.offset


def align(track: PitchTrack, score: Sequence[Note]) -> Alignment:
    """Find the notes of `score`, one line in order, in a take. Errors: UserError if it is another song."""
    paths = {shift: follow(track, score, shift) for shift in transpositions(track, score)}
    cost = {shift: path.cost * (TRANSPOSED if shift == 0 else 1) for shift, path in paths.items()}
    shift = min(cost, key=cost.get)
    notes, sung = sung_notes(track, score, paths[shift].frames, shift)
    distance = np.median([abs(note.centre - note.target) for note in notes]) if notes else np.inf
    if not distance < WORST:
        raise UserError("the take does not follow the score; give the score of this song, or --auto")
    tempo, offset = paths[shift].clock
    return Alignment(notes, sung, shift, tempo, offset)


def transpositions(track: PitchTrack, score: Sequence[Note]) -> list[int]:
    """Those worth a try: none, and those that bring the middle of the score near that of the take."""
    pitches = np.repeat(
        [note.pitch for note in score], [max(round(note.duration / FRAME), 1) for note in score]
    )
    middle = round(float(np.nanmedian(track.pitch) - np.median(pitches)))
    return sorted({0, *range(middle - 1, middle + 2)}, key=abs)


@dataclass(frozen=True)
class Path:
    """cost: semitones, a frame; frames: where each note begins, (notes + 1,); clock: tempo and offset."""

    cost: float
    frames: NDArray[np.int_]
    clock: tuple[float, float]


def follow(track: PitchTrack, score: Sequence[Note], shift: int) -> Path:
    """The best path for one transposition: once along the clock of the ends, once along that found by it."""
    clock = clock_of_ends(track, score)
    _, frames = warp(track, score, shift, clock)
    clock = clock_of_onsets(track, score, frames, clock)
    cost, frames = warp(track, score, shift, clock)
    return Path(cost, frames, clock_of_onsets(track, score, frames, clock))


def warp(
    track: PitchTrack, score: Sequence[Note], shift: int, clock: tuple[float, float]
) -> tuple[float, NDArray[np.int_]]:
    """The cheapest path: its cost a frame, and the frames where the notes begin, (notes + 1,)."""
    targets = np.array([note.pitch + shift for note in score], dtype=float)
    starts = clock[0] * np.array([note.start for note in score]) + clock[1]
    ends = clock[0] * np.array([note.end for note in score]) + clock[1]
    enter = prices(track)
    cost = np.full(len(score), np.inf)
    cost[0] = 0.0
    entered = np.zeros((len(track), -(-len(score) // 8)), dtype=np.uint8)  # a bit for each cell
    for frame, pitch in enumerate(track.pitch):
        advance = np.concatenate([[np.inf], cost[:-1] + enter[frame]])
        moves = advance < cost
        entered[frame] = np.packbits(moves)
        cost = np.where(moves, advance, cost)
        if pitch == pitch:  # not NaN
            early, late = starts - frame * FRAME, frame * FRAME - ends
            away = np.minimum(np.maximum(np.maximum(early, late), 0), FARTHEST)
            cost = cost + np.minimum(np.abs(pitch - targets), LIMIT) + STRAY * away
    return float(cost[-1]) / len(track), walk_back(entered, len(score))


def walk_back(entered: NDArray[np.uint8], notes: int) -> NDArray[np.int_]:
    """The frames where the notes begin on the path that ends at the last one, (notes + 1,)."""
    begins = np.zeros(notes + 1, dtype=int)
    begins[notes] = len(entered)
    note = notes - 1
    for frame in range(len(entered) - 1, -1, -1):
        if note and entered[frame, note // 8] >> (7 - note % 8) & 1:
            begins[note] = frame
            note -= 1
    return begins


def prices(track: PitchTrack) -> NDArray[np.float64]:
    """What a new note costs at each frame (frames,): nothing where the voice begins anew."""
    price = np.full(len(track), ENTER / FRAME)
    for begin, end in runs(~track.voiced):
        if (end - begin) * FRAME >= GAP and end < len(track):
            price[end] = 0.0
    return price


def clock_of_ends(track: PitchTrack, score: Sequence[Note]) -> tuple[float, float]:
    """Tempo and offset from first and last sound."""
    sounding = np.flatnonzero(track.voiced)
    first, last = sounding[0] * FRAME, (sounding[-1] + 1) * FRAME
    tempo = (last - first) / max(score[-1].end - score[0].start, FRAME)
    return tempo, first - tempo * score[0].start


def clock_of_onsets(
    track: PitchTrack, score: Sequence[Note], frames: NDArray[np.int_], before: tuple[float, float]
) -> tuple[float, float]:
    """Tempo and offset by Theil and Sen: the median of all slopes, then of all offsets."""
    sung = [k for k in range(len(score)) if track.voiced[frames[k] : frames[k + 1]].sum() * FRAME >= SUNG]
    if len(sung) < 3:
        return before
    some = np.unique(np.linspace(0, len(sung) - 1, 300).astype(int))  # all pairs of 300 notes are enough
    played = np.array([first_voiced(track, frames[sung[k]]) for k in some]) * FRAME
    written = np.array([score[sung[k]].start for k in some])
    rise, run = np.subtract.outer(played, played), np.subtract.outer(written, written)
    tempo = float(np.median(rise[run > 0] / run[run > 0])) if (run > 0).any() else before[0]
    if not tempo > 0:
        return before
    return tempo, float(np.median(played - tempo * written))


def first_voiced(track: PitchTrack, frame: int) -> int:
    """The first frame with voice from `frame` on."""
    return int(frame + np.argmax(track.voiced[frame:]))


def sung_notes(
    track: PitchTrack, score: Sequence[Note], frames: NDArray[np.int_], shift: int
) -> tuple[list[TakeNote], list[Note]]:
    """The notes that have some voice in the take, from their first to their last voiced frame."""
    notes, sung = [], []
    for note, (begin, end) in zip(score, pairwise(frames), strict=True):
        own = begin + np.flatnonzero(track.voiced[begin:end])
        if len(own) * FRAME < SUNG:
            continue
        first, last = int(own[0]), int(own[-1]) + 1
        notes.append(note_between(track, first, last, float(note.pitch + shift)))
        sung.append(note)
    return notes, sung
