"""What is to be harmonized: the given voices in sixteenths, and what the model and the score must know.

Voices are made of the lines of a `Piece`: onsets and ends are rounded to sixteenths, the upbeat is found
where nobody tells it, whole octaves bring the lines to where their voices sing, and where every given voice
rests for a beat all four do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from common.cli import UserError
from common.notes_in.lines import Line, Metre, Piece
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, SILENT, VOICES, Key
from final_project.muse2bach.chorale_key import key_of

UNKNOWN = -2  # in `given`: for the model to fill in
# MIDI pitches that each voice may be given: those of the benchmark's 382 chorales.
RANGES = {"soprano": (60, 81), "alto": (52, 74), "tenor": (46, 69), "bass": (36, 66)}
USUAL_PITCH = {"soprano": 71, "alto": 65, "tenor": 59, "bass": 51}  # medians of the same
NEAR = 7  # semitones from there, a line stays where it is written
MOST_BARS = 64
LONG_REST = FRAMES_PER_QUARTER  # frames of rest in every given voice, from which on all voices rest
USUAL_TEMPO = 80.0  # quarter notes a minute, for congregations
OCTAVE = 12
Span = tuple[int, int, int]  # first frame, end, and place in `Line.notes` of a note on the grid
DOWNBEAT, MIDDLE, BEAT = 1.0, 0.5, 0.25  # how strong a place in the bar is, for `found_upbeat`
LONGEST_ACCENT = 8  # frames; longer notes are no stronger accents


@dataclass(frozen=True, eq=False)
class Task:
    """What is given of a chorale.

    given: int16 (frames, 4), pitches, SILENT or UNKNOWN. onsets: bool (frames, 4), where given notes begin.
    position, fermata: as in `Chorale`. text: syllables of the given soprano's notes. tempo: quarter notes a
    minute. notices: what the user should know of.
    """

    name: str
    given: NDArray[np.int16]
    onsets: NDArray[np.bool_]
    position: NDArray[np.int16]
    fermata: NDArray[np.bool_]
    key: Key | None
    metre: Metre = Metre()
    tempo: float = USUAL_TEMPO
    title: str = ""
    text: tuple[str, ...] | None = None
    notices: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Frames."""
        return len(self.given)


def make_task(
    name: str,
    piece: Piece,
    lines: Mapping[str, Line],
    *,
    metre: Metre | None = None,
    upbeat: float | None = None,
    key: Key | None = None,
    transpose: int = 0,
    closing: int = 0,
) -> Task:
    """The task of `lines` by voice, one note at a time each.

    metre, upbeat (quarter notes), key: instead of what `piece` says, or what is found. transpose: semitones.
    closing: rests of so many frames after a note are sung through, as the breath and the lifted finger that
    a recording or a MIDI file has. Errors: UserError for what is too long, or does not fit the voices.
    """
    metre = metre or piece.metre
    lines, moves = into_range(moved(lines, transpose))
    start, frames = extent(lines, metre)
    spans = {voice: on_grid(line, start, closing) for voice, line in lines.items()}
    given, onsets = cells(lines, spans, frames)
    if upbeat is None and piece.upbeat is not None:
        upbeat = piece.upbeat - start / FRAMES_PER_QUARTER
    first = found_upbeat(given, onsets, metre) if upbeat is None else round(upbeat * FRAMES_PER_QUARTER)
    lost = sum(len(line.notes) - len(spans[voice]) for voice, line in lines.items())
    losses = [f"{lost} notes shorter than a sixteenth are left out"] if lost else []
    return Task(
        name=name,
        given=given,
        onsets=onsets,
        position=((np.arange(frames) - first) % metre.frames).astype(np.int16),
        fermata=fermatas(lines, spans, onsets),
        key=key or told_key(piece, transpose) or found_key(given, None if transpose else piece.sharps),
        metre=metre,
        tempo=piece.tempo or USUAL_TEMPO,
        title=piece.title,
        text=soprano_text(lines, spans),
        notices=(*piece.notices, *moves, *losses),
    )


def empty_task(name: str, bars: int, key: Key | None, metre: Metre) -> Task:
    """A chorale of which nothing is given: phrases of two bars, each from an upbeat to a fermata.

    Errors: UserError for more than MOST_BARS bars.
    """
    if bars > MOST_BARS:
        raise UserError(f"--compose is {bars}; give at most {MOST_BARS} bars")
    frames, beat = bars * metre.frames, metre.beat
    places = np.arange(frames)
    length = min(2 * metre.frames, frames)
    return Task(
        name=name,
        given=np.full((frames, len(VOICES)), UNKNOWN, dtype=np.int16),
        onsets=np.zeros((frames, len(VOICES)), dtype=bool),
        position=((places - beat) % metre.frames).astype(np.int16),
        fermata=(places % length >= length - beat) | (places >= frames - beat),
        key=key,
        metre=metre,
        title="Chorale",
    )


def extent(lines: Mapping[str, Line], metre: Metre) -> tuple[int, int]:
    """The sixteenth where the first note begins, and the frames from there to the end of the last.

    Errors: UserError for more than MOST_BARS bars.
    """
    notes = [note for line in lines.values() for note in line.notes]
    begins = [round(note.onset * FRAMES_PER_QUARTER) for note in notes]
    ends = [round(note.end * FRAMES_PER_QUARTER) for note in notes]
    start = min(begins)
    frames = max(*ends, max(begins) + 1) - start  # each note has a frame, a last one of no length too
    bars = -(-frames // metre.frames)
    if bars > MOST_BARS:
        raise UserError(f"is {bars} bars long; give at most {MOST_BARS}, a part of it")
    return start, frames


def on_grid(line: Line, start: int, closing: int) -> list[Span]:
    """Where the notes are, from frame `start` on; those without a frame of their own are lost."""
    begins = [round(note.onset * FRAMES_PER_QUARTER) - start for note in line.notes]
    ends = [round(note.end * FRAMES_PER_QUARTER) - start for note in line.notes]
    spans = []
    for place, begin in enumerate(begins):
        after = begins[place + 1] if place + 1 < len(begins) else None
        if begin == after:
            continue  # the longer of two at one place is the later one, an ornament comes before its note
        end = max(ends[place], begin + 1)
        if after is not None and (end > after or after - end <= closing):
            end = after
        spans.append((begin, end, place))
    return spans


def cells(
    lines: Mapping[str, Line], spans: Mapping[str, Sequence[Span]], frames: int
) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """`given` and `onsets` of a `Task`, (frames, 4) each."""
    given = np.full((frames, len(VOICES)), UNKNOWN, dtype=np.int16)
    onsets = np.zeros(given.shape, dtype=bool)
    for voice, line in lines.items():
        column = VOICES.index(voice)
        given[:, column] = SILENT
        for begin, stop, place in spans[voice]:
            given[begin:stop, column] = line.notes[place].pitch
            onsets[begin, column] = True
    rest_together(given)
    return given, onsets


def fermatas(
    lines: Mapping[str, Line], spans: Mapping[str, Sequence[Span]], onsets: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Those of the highest given voice, from which the others' follow; without any, one at the end."""
    highest = min(lines, key=VOICES.index)
    fermata = np.zeros(len(onsets), dtype=bool)
    for begin, stop, place in spans[highest]:
        fermata[begin:stop] |= lines[highest].notes[place].fermata
    if not fermata.any():  # a chorale ends with one
        fermata[int(np.flatnonzero(onsets.any(axis=1))[-1]) :] = True
    return fermata


def soprano_text(lines: Mapping[str, Line], spans: Mapping[str, Sequence[Span]]) -> tuple[str, ...] | None:
    """The syllables of the soprano's notes; None if it is not given, or has no text."""
    soprano = VOICES[0]
    words = tuple(lines[soprano].notes[place].text for *_, place in spans.get(soprano, ()))
    return words if any(words) else None


def wholly_known(given: NDArray[np.int16]) -> tuple[int, ...]:
    """The voices of `given` (frames, 4) in which nothing is to be filled in."""
    return tuple(np.flatnonzero((given != UNKNOWN).all(axis=0)).tolist())


def rest_together(given: NDArray[np.int16]) -> None:
    """Where all that is given rests, for LONG_REST frames or more, all voices do; else it stays open."""
    known = (given != UNKNOWN).any(axis=0)
    resting = (given[:, known] == SILENT).all(axis=1)
    edges = np.flatnonzero(np.diff(resting, prepend=False, append=False))
    for first, last in edges.reshape(-1, 2):
        if last - first >= LONG_REST:
            given[first:last] = SILENT


def moved(lines: Mapping[str, Line], semitones: int) -> dict[str, Line]:
    """The lines higher by `semitones`."""
    return {
        voice: replace(line, notes=tuple(replace(note, pitch=note.pitch + semitones) for note in line.notes))
        for voice, line in lines.items()
    }


def into_range(lines: Mapping[str, Line]) -> tuple[dict[str, Line], list[str]]:
    """The lines, all as many octaves higher or lower as their voices need; a notice if they are moved.

    Errors: UserError where octaves alone do not help.
    """

    def outside(octaves: int) -> int:
        return sum(
            max(RANGES[voice][0] - pitch, 0) + max(pitch - RANGES[voice][1], 0)
            for voice, line in lines.items()
            for pitch in (note.pitch + OCTAVE * octaves for note in line.notes)
        )

    def strange(octaves: int) -> float:
        """Semitones by which the lines lie further from where their voices mostly are than they need to."""
        means = {
            v: np.mean([note.pitch for note in line.notes]) + OCTAVE * octaves for v, line in lines.items()
        }
        return sum(max(abs(mean - USUAL_PITCH[voice]) - NEAR, 0) for voice, mean in means.items())

    octaves = min(range(-6, 7), key=lambda number: (outside(number), strange(number), abs(number)))
    if outside(octaves):
        voice = next(voice for voice, line in lines.items() if _beyond(voice, line, octaves))
        low, high = RANGES[voice]
        pitches = [note.pitch + OCTAVE * octaves for note in lines[voice].notes]
        reason = f"the {voice} would sing {min(pitches)} to {max(pitches)}, and has {low} to {high}"
        if max(pitches) - min(pitches) > high - low:
            raise UserError(f"{reason}; the line is too wide for one voice")
        needed = high - max(pitches) if max(pitches) > high else low - min(pitches)
        raise UserError(f"{reason}; transpose it, with --transpose {needed}")
    notice = f"sung {abs(octaves)} octave{'s' * (abs(octaves) > 1)} {'higher' if octaves > 0 else 'lower'}"
    return moved(lines, OCTAVE * octaves), [notice] if octaves else []


def _beyond(voice: str, line: Line, octaves: int) -> bool:
    low, high = RANGES[voice]
    return any(not low <= note.pitch + OCTAVE * octaves <= high for note in line.notes)


def found_upbeat(given: NDArray, onsets: NDArray, metre: Metre) -> int:
    """Frames before the first bar line: where bar lines and beats meet most of the long notes."""
    column = int(onsets.sum(axis=0).argmax())
    begins = np.flatnonzero(onsets[:, column])
    lengths = np.minimum(np.diff(begins, append=len(given)), LONGEST_ACCENT)

    def fit(upbeat: int) -> float:
        within = (begins - upbeat) % metre.frames
        strength = np.where(within % metre.beat == 0, BEAT, 0.0)
        if metre.frames % (2 * metre.beat) == 0:
            strength[within == metre.frames // 2] = MIDDLE
        strength[within == 0] = DOWNBEAT
        return float(lengths @ strength)

    return max(range(0, metre.frames, max(metre.beat // 2, 1)), key=lambda upbeat: (fit(upbeat), -upbeat))


def told_key(piece: Piece, transpose: int) -> Key | None:
    """The key that the piece says, `transpose` semitones higher."""
    return piece.key and ((piece.key[0] + transpose) % OCTAVE, piece.key[1])


def found_key(given: NDArray, sharps: int | None) -> Key | None:
    """The key that the given notes and the key signature suggest."""
    return key_of(np.where(given == UNKNOWN, SILENT, given), sharps=sharps)
