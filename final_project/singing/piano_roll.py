"""A song as a picture for pages: notes as bars with their syllables, and the pitch that was sung as a line.

    markup = roll_svg(song, curve, seconds=12.5)

An SVG, SECOND units a second and SEMITONE units a semitone. A note that belongs to the n-th syllable of the
melody has data-place="n"; the page lights it up, and moves the line of class head to where it plays. Colours
are the page's, by class: note, part0 ... part3, pitch, text, name, row, octave, head.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from final_project.singing.song import Song, SongPart
from final_project.singing.timed_lyrics import sung_syllables

SECOND, SEMITONE = 110.0, 11.0  # units
MARGIN = 2  # semitones of room above and below
TEXT_BELOW = 10.0  # units from the lower edge of a note to the foot of its syllable
NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
BLACK = (1, 3, 6, 8, 10)
LONGEST_GAP = 0.04  # s; the line of the pitch is broken where nothing is voiced for longer
FINENESS = 0.02  # s from point to point of the line


class PitchCurve(NamedTuple):
    """What was sung: `times` (frames,) in seconds, `pitch` (frames,) in semitones (MIDI), NaN if unvoiced."""

    times: NDArray[np.float64]
    pitch: NDArray[np.float64]


class Frame(NamedTuple):
    """What the picture shows: pitches `lowest` to `highest`, and `seconds` from 0 on."""

    lowest: int
    highest: int
    seconds: float

    @property
    def width(self) -> float:
        return self.seconds * SECOND

    @property
    def height(self) -> float:
        return (self.highest - self.lowest + 1) * SEMITONE

    def y(self, pitch: float) -> float:
        """The middle of a pitch's row."""
        return (self.highest - pitch + 0.5) * SEMITONE


def roll_svg(song: Song, curve: PitchCurve | None, *, seconds: float) -> str:
    """The SVG of `song`, `seconds` long."""
    frame = frame_of(song, seconds)
    inside = [*rows(frame)]
    for number in reversed(range(len(song.parts))):  # the melody lies above the others
        inside += notes_of(song.parts[number], number, frame)
    if curve is not None:
        inside.append(f'<path class="pitch" d="{line_of(curve, frame)}"/>')
    inside.append(f'<line class="head" x1="0" x2="0" y1="0" y2="{frame.height:g}"/>')
    label = html.escape(f"Piano roll of {song.title}", quote=True)
    width, height = f"{frame.width:.1f}", f"{frame.height:g}"
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return f'<svg {size} role="img" aria-label="{label}">\n' + "\n".join(inside) + "\n</svg>"


def frame_of(song: Song, seconds: float) -> Frame:
    """Room for all notes of all parts."""
    pitches = [pitch for part in song.parts for pitch in part.pitches]
    return Frame(min(pitches) - MARGIN, max(pitches) + MARGIN, max(seconds, song.end))


def rows(frame: Frame) -> Iterator[str]:
    """The rows of the black keys, and a line with its name at each C."""
    for pitch in range(frame.lowest, frame.highest + 1):
        top = frame.y(pitch) - SEMITONE / 2
        if pitch % 12 in BLACK:
            yield f'<rect class="row" x="0" y="{top:g}" width="{frame.width:.1f}" height="{SEMITONE:g}"/>'
        if pitch % 12 == 0:
            foot = top + SEMITONE
            yield f'<path class="octave" d="M0 {foot:g}H{frame.width:.1f}"/>'
            yield f'<text class="name" x="3" y="{foot - 2:g}">{name_of(pitch)}</text>'


def notes_of(part: SongPart, number: int, frame: Frame) -> Iterator[str]:
    """The bars of a part, and the syllables under those of the melody."""
    places = {place: index for index, syllable in enumerate(sung_syllables(part)) for place in syllable.notes}
    for place, note in enumerate(part.notes):
        x, top = note.start * SECOND, frame.y(note.pitch) - SEMITONE / 2
        mark = f' data-place="{places[place]}"' if number == 0 and place in places else ""
        yield (
            f'<rect class="note part{number % 4}"{mark} x="{x:.1f}" y="{top:g}" rx="3"'
            f' width="{max(note.duration * SECOND - 1, 1):.1f}" height="{SEMITONE:g}">'
            f"<title>{name_of(note.pitch)}</title></rect>"
        )
        if number == 0 and part.syllables[place]:
            text = html.escape(part.syllables[place])
            yield f'<text class="text" x="{x + 1:.1f}" y="{top + SEMITONE + TEXT_BELOW:g}">{text}</text>'


def line_of(curve: PitchCurve, frame: Frame) -> str:
    """The pitch as the data of a path: a stretch for all that is voiced without a gap."""
    step = max(1, round(FINENESS / float(np.diff(curve.times[:2], append=FINENESS)[0])))
    voiced = np.flatnonzero(~np.isnan(curve.pitch))
    inside = [place for place in voiced.tolist() if frame.lowest <= curve.pitch[place] <= frame.highest]
    parts = []
    for stretch in stretches(inside, curve.times):
        kept = [*stretch[::step], stretch[-1]] if (len(stretch) - 1) % step else stretch[::step]
        points = (f"{curve.times[i] * SECOND:.1f} {frame.y(curve.pitch[i]):.1f}" for i in kept)
        parts.append("M" + "L".join(points))
    return "".join(parts)


def stretches(places: Sequence[int], times: NDArray[np.float64]) -> list[list[int]]:
    """Frames in groups, parted where more than LONGEST_GAP lies between two."""
    if not places:
        return []
    groups = [[places[0]]]
    for before, place in pairwise(places):
        if times[place] - times[before] > LONGEST_GAP:
            groups.append([])
        groups[-1].append(place)
    return groups


def name_of(pitch: int) -> str:
    """Such as C4 for MIDI 60."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"
