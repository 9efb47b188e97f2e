"""One chorale of music21's corpus, a packed MusicXML file -> pitches, onsets, bars, fermatas, key and text.

    read_score(corpus_folder() / "bach" / "bwv101.7.mxl")

Of scores with instruments the four sung parts are taken, by their names; music21 parses them alone. Bars in
which nobody sings are left out. Repeats are sung once or, if asked for, as written; brackets over their
endings are not looked at. A frame has what sounds as it begins: of faster notes every other one is heard.
Where a part has two notes at once, the upper one is taken.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from common.band.tunes.form import played_order
from common.band.tunes.measures import Measure
from final_project.muse2bach.chorale import FRAMES_PER_QUARTER, SILENT, VOICES, Chorale
from final_project.muse2bach.chorale_key import key_of

if TYPE_CHECKING:  # it takes half a second to import: only who parses needs it
    from music21.bar import Barline
    from music21.note import Note
    from music21.stream import Measure as Music21Measure
    from music21.stream import Part

TOLERANCE = 1e-3  # frames: triplets are no binary fractions
CONTINUED = ("stop", "continue")  # MusicXML's `tie`: a note that is not sung anew
JOINS = ("begin", "middle")  # MusicXML's `syllabic`: the word goes on
VERSE_NUMBER = re.compile(r"^\s*\d+\.\s*")


@dataclass(frozen=True)
class PartNote:
    """A note as written. onset, end: frames from the first bar, not rounded."""

    onset: float
    end: float
    pitch: int
    begins: bool
    fermata: bool
    syllable: str


@dataclass(frozen=True)
class Bar:
    """A measure as sung: its start and length, and that of a whole bar, in frames; its place in the score."""

    start: float
    length: float
    full: float
    written: int


def read_score(path: Path, *, title: str = "", repeats: bool = False) -> Chorale | None:
    """The chorale in a file of the corpus, named like the file; None if it is not for four voices.

    repeats: sing what stands between repeat signs twice, to the same text.
    Errors: what music21 raises for a file that it cannot read.
    """
    text = sung_parts(path)
    if text is None:
        return None
    from music21 import converter

    parts = list(converter.parseData(text, format="musicxml").parts)
    bars = bars_of(parts, repeats=repeats)
    notes = [notes_of(part, bars) for part in parts]
    frames = _frame(max((note.end for part in notes for note in part), default=0.0))
    if not frames:
        return None
    voices, onsets = (
        np.stack(columns, 1) for columns in zip(*(on_grid(part, frames) for part in notes), strict=True)
    )
    return Chorale(
        name=path.name.removesuffix(".mxl"),
        voices=voices,
        onsets=onsets,
        position=positions(bars, frames),
        fermata=fermatas(notes[0], frames),
        key=key_of(voices, sharps=sharps_of(parts[0])),
        title=title,
        text=text_of(notes[0], onsets[:, 0]),
    )


def sung_parts(path: Path) -> str | None:
    """The MusicXML text of a packed score with the first part of each voice, soprano first, and no others."""
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if re.fullmatch(r"[^/]+\.(music)?xml", name))
        score = ET.fromstring(archive.read(name))
    part_list = score.find("part-list")
    listed = {part.get("id"): part for part in part_list.iter("score-part")}
    written = {part.get("id"): part for part in score.iter("part")}
    sung = []
    for voice in VOICES:
        names = {part: (listed[part].findtext("part-name") or "").casefold() for part in listed}
        found = [part for part, name in names.items() if name.startswith(voice)]
        if not found:
            return None
        sung.append(found[0])
    part_list[:] = [listed[part] for part in sung]
    score[:] = [*(child for child in score if child.tag != "part"), *(written[part] for part in sung)]
    return ET.tostring(score, encoding="unicode")


def bars_of(parts: Sequence[Part], *, repeats: bool) -> list[Bar]:
    """The measures of the parts as they are sung, each as long as the longest of the four voices' is."""
    from music21 import stream

    columns = list(zip(*(part.getElementsByClass(stream.Measure) for part in parts), strict=True))
    written = [_measure(measures) for measures in columns]
    fulls, full = [], 0.0
    for measures, measure in zip(columns, written, strict=True):
        signatures = [each.timeSignature for each in measures if each.timeSignature]
        full = float(signatures[0].barDuration.quarterLength) if signatures else full or measure.length
        fulls.append(full)
    bars, start = [], 0.0
    for index in played_order(written) if repeats else range(len(written)):
        length = (written[index].length or fulls[index]) * FRAMES_PER_QUARTER
        if length >= fulls[index] * FRAMES_PER_QUARTER - TOLERANCE and _is_silent(columns[index]):
            continue  # an interlude of the instruments
        bars.append(Bar(start, length, fulls[index] * FRAMES_PER_QUARTER, index))
        start += length
    return bars


def notes_of(part: Part, bars: Sequence[Bar]) -> list[PartNote]:
    """The notes of a part as they are sung, grace notes left out."""
    from music21 import stream

    measures = [list(measure.flatten().notes) for measure in part.getElementsByClass(stream.Measure)]
    return [
        _part_note(note, bar.start)
        for bar in bars
        for note in measures[bar.written]
        if not note.duration.isGrace
    ]


def on_grid(notes: Sequence[PartNote], frames: int) -> tuple[NDArray[np.int16], NDArray[np.bool_]]:
    """What sounds as each frame begins, (frames,), and whether it has begun since the frame before."""
    pitch, onset = np.full(frames, SILENT, dtype=np.int16), np.zeros(frames, dtype=bool)
    for note in notes:
        first, last = _frame(note.onset), _frame(note.end)
        pitch[first:last] = note.pitch
        onset[first:last] = False
        if first < last:
            onset[first] = note.begins or first == 0 or pitch[first - 1] != note.pitch
    return pitch, onset


def positions(bars: Sequence[Bar], frames: int) -> NDArray[np.int16]:
    """Sixteenths since the bar began, (frames,).

    A short first measure is an upbeat, the end of a bar. A short one later begins a bar, which the next one
    completes if it is short too: a repeat sign cut it in two.
    """
    position = np.zeros(frames, dtype=np.int16)
    begun = 0.0  # of a bar that is not complete
    for number, bar in enumerate(bars):
        short = bar.length < bar.full - TOLERANCE
        if number == 0 and short:
            begun = bar.full - bar.length
        elif not short or begun + bar.length > bar.full + TOLERANCE:
            begun = 0.0
        first, last = _frame(bar.start), _frame(bar.start + bar.length)
        position[first:last] = (np.arange(first, last) - bar.start + begun)[: max(frames - first, 0)]
        begun = begun + bar.length if short and begun + bar.length < bar.full - TOLERANCE else 0.0
    return position


def fermatas(notes: Sequence[PartNote], frames: int) -> NDArray[np.bool_]:
    """The frames of the notes that have a fermata, with all that is tied to them, (frames,)."""
    fermata = np.zeros(frames, dtype=bool)
    for place, note in enumerate(notes):
        if note.fermata:
            first, last = place, place + 1
            while first > 0 and not notes[first].begins:
                first -= 1
            while last < len(notes) and not notes[last].begins:
                last += 1
            fermata[_frame(notes[first].onset) : _frame(notes[last - 1].end)] = True
    return fermata


def text_of(notes: Sequence[PartNote], onsets: NDArray[np.bool_]) -> tuple[str, ...] | None:
    """A syllable, or "", for each onset (frames,) of the soprano; None where no note has any."""
    sung = {_frame(note.onset): note.syllable for note in notes if _frame(note.onset) < _frame(note.end)}
    text = tuple(sung.get(frame, "") for frame in np.flatnonzero(onsets).tolist())
    return text if any(text) else None


def sharps_of(part: Part) -> int | None:
    """The sharps of a part's first key signature, flats negative; None without one."""
    signatures = list(part.recurse().getElementsByClass("KeySignature"))
    return int(signatures[0].sharps) if signatures else None


def _measure(measures: Sequence[Music21Measure]) -> Measure:
    """What the four voices' measure says of its length, in quarter notes, and of repeats."""
    return Measure(
        length=max(float(measure.highestTime) for measure in measures),
        notes=(),
        begins_repeat=any(_direction(measure.leftBarline) == "start" for measure in measures),
        ends_repeat=any(_direction(measure.rightBarline) == "end" for measure in measures),
    )


def _is_silent(measures: Sequence[Music21Measure]) -> bool:
    return not any(len(measure.flatten().notes) for measure in measures)


def _direction(barline: Barline | None) -> str | None:
    return getattr(barline, "direction", None)  # only a repeat sign has one


def _part_note(note: Note, bar_start: float) -> PartNote:
    onset = bar_start + float(note.offset) * FRAMES_PER_QUARTER
    return PartNote(
        onset=onset,
        end=onset + float(note.quarterLength) * FRAMES_PER_QUARTER,
        pitch=max(pitch.midi for pitch in note.pitches),
        begins=note.tie is None or note.tie.type not in CONTINUED,
        fermata=any("Fermata" in expression.classes for expression in note.expressions),
        syllable=_syllable(note),
    )


def _frame(time: float) -> int:
    """The first frame that begins at `time`, in frames, or later."""
    return int(np.ceil(time - TOLERANCE))


def _syllable(note: Note) -> str:
    """The first verse under a note, with the punctuation after it; "-" at its end joins it to the next."""
    for lyric in sorted(note.lyrics, key=lambda lyric: lyric.number):
        text = VERSE_NUMBER.sub("", (lyric.text or "").replace("’", "'")).strip().rstrip("-_ ")
        if any(letter.isalpha() for letter in text):
            return " ".join(text.split()) + "-" * (lyric.syllabic in JOINS)
    return ""
