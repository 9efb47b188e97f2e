"""The soprano of a Bach chorale, and the text under it, from music21's corpus -> lyrics and melody.

One note per syllable: a syllable that is sung on several notes (a melisma, or tied notes) keeps the pitch of
the first and lasts as long as all of them. Where several verses stand under a note the first one is taken;
repeats are sung once. A fermata ends a line, as it did in the hymn books; in the chorales that have none,
punctuation does. Beats are quarter notes. music21 parses the soprano alone: the other parts are taken out of
the file first, which makes it about four times as fast.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hw3_melody_generation.songs import Lyrics, Melody, Metre

if TYPE_CHECKING:  # it takes half a second to import: only who parses needs it
    from music21.note import Note
    from music21.stream import Part

TOLERANCE = 1e-6  # beats
TEXT = re.compile(r"^(?:\d+\.)?[^\w']*(.*?)([^\w']*)$", re.DOTALL)  # number of the verse; syllable; marks
CONTINUES = ("middle", "end")  # MusicXML's `syllabic`: parts of a word that has begun


@dataclass
class SungNote:
    """A note that has a syllable, with all that is sung on it. onset, end: beats from the first bar."""

    onset: float
    end: float
    pitch: int
    text: str
    syllabic: str
    fermata: bool


@dataclass(frozen=True)
class Soprano:
    """A chorale's lyrics and melody; how many of its syllables are melismas."""

    lyrics: Lyrics
    melody: Melody
    melismas: int


def read_soprano(path: Path) -> Soprano | None:
    """The soprano in a packed MusicXML file (.mxl), or None if no part of it has text.

    Errors: what music21 raises for a file that it cannot read.
    """
    text = sung_part_alone(path)
    if text is None:
        return None
    from music21 import converter

    part = converter.parseData(text, format="musicxml").parts[0]
    notes, melismas = sung_notes(part)
    return Soprano(lyrics_of(notes), melody_of(notes, metre_of(part)), melismas)


def sung_part_alone(path: Path) -> str | None:
    """The MusicXML text of a packed score with the first part that has lyrics, without all others."""
    with zipfile.ZipFile(path) as archive:
        name = next(name for name in archive.namelist() if not name.startswith("META-INF"))
        content = archive.read(name)
    if b"<lyric" not in content:
        return None
    score = ET.fromstring(content)
    sung = next((part for part in score.findall("part") if part.find(".//lyric") is not None), None)
    if sung is None:
        return None
    for parent, tag in ((score, "part"), (score.find("part-list"), "*")):
        for child in parent.findall(tag):
            if child.get("id") != sung.get("id"):
                parent.remove(child)
    return ET.tostring(score, encoding="unicode")


def sung_notes(part: Part) -> tuple[list[SungNote], int]:
    """The notes of a part that have syllables, melismas and ties joined; how many syllables had several.

    A note without text goes on with the syllable before it if it follows at once; after a rest, and before
    the first syllable, it is left out and counts as silence.
    """
    sung: list[SungNote] = []
    melismatic: set[int] = set()
    for note in part.flatten().notes:
        if note.duration.isGrace:
            continue
        onset, end = float(note.offset), float(note.offset + note.quarterLength)
        syllable = _syllable(note)
        if syllable:
            sung.append(
                SungNote(onset, end, max(p.midi for p in note.pitches), *syllable, _has_fermata(note))
            )
        elif sung and abs(sung[-1].end - onset) < TOLERANCE:
            sung[-1].end = end
            sung[-1].fermata |= _has_fermata(note)
            if note.tie is None or note.tie.type == "start":
                melismatic.add(len(sung))
    return sung, len(melismatic)


def lyrics_of(notes: Sequence[SungNote]) -> Lyrics:
    """The text under the notes: syllables, the marks after them, words and lines."""
    split = [TEXT.match(note.text).groups() for note in notes]
    ends = line_ends([note.fermata for note in notes], [marks for _, marks in split])
    words, lines, word, line = [], [], -1, 0
    for index, note in enumerate(notes):
        begins_line = index > 0 and ends[index - 1]
        line += begins_line
        word += index == 0 or begins_line or not _joins(notes[index - 1], note)
        words.append(word)
        lines.append(line)
    return Lyrics(
        syllables=tuple(re.sub(r"[^\w']", "", syllable) for syllable, _ in split),
        words=tuple(words),
        lines=tuple(lines),
        punctuation=tuple(marks.strip(" -_") for _, marks in split),
        language="de",
    )


def line_ends(fermatas: Sequence[bool], marks: Sequence[str]) -> list[bool]:
    """After which syllables a line ends: at the fermatas; in a chorale without, at punctuation marks."""
    if any(fermatas[:-1]):
        return list(fermatas)
    return [any(mark in ",.;:!?" for mark in text) for text in marks]


def melody_of(notes: Sequence[SungNote], metre: Metre | None) -> Melody:
    """The melody of the notes. It begins in the bar of the first one: whole bars of rest before are cut."""
    begin = notes[0].onset
    if metre:
        bar_line = begin - (begin + metre.position) % metre.beats_per_bar
        begin = max(0.0, bar_line)
        metre = replace(metre, position=0.0 if bar_line >= 0 else metre.position)
    ends = [begin, *(note.end for note in notes[:-1])]
    rests = [max(0.0, round(note.onset - end, 6)) for note, end in zip(notes, ends, strict=True)]
    durations = [round(note.end - note.onset, 6) for note in notes]
    return Melody([note.pitch for note in notes], durations, rests, metre)


def metre_of(part: Part) -> Metre | None:
    """The bars of a part, or None if the time signature changes or the bars do not follow in full.

    A part whose first measure is not full begins with an upbeat. Measures that a repeat sign cuts in two are
    one bar.
    """
    from music21 import stream

    signatures = list(part.recurse().getElementsByClass("TimeSignature"))
    if len({signature.ratioString for signature in signatures}) != 1:
        return None
    beats_per_bar = float(signatures[0].barDuration.quarterLength)
    measures = list(part.getElementsByClass(stream.Measure))
    lengths = [float(measure.duration.quarterLength) for measure in measures]
    position = (beats_per_bar - lengths[0]) % beats_per_bar
    full = [
        float(measure.offset) + position
        for measure, length in zip(measures, lengths, strict=True)
        if abs(length - beats_per_bar) < TOLERANCE
    ]
    if any(_distance_to_bar(onset, beats_per_bar) > TOLERANCE for onset in full):
        return None
    return Metre(beats_per_bar, position, signatures[0].denominator)


def _distance_to_bar(onset: float, beats_per_bar: float) -> float:
    after = onset % beats_per_bar
    return min(after, beats_per_bar - after)


def _syllable(note: Note) -> tuple[str, str] | None:
    """(text, syllabic) of the first verse under a note, None where there is none."""
    for lyric in sorted(note.lyrics, key=lambda lyric: lyric.number):
        text = (lyric.text or "").replace("’", "'")
        if TEXT.match(text)[1].strip("'"):
            return text, lyric.syllabic or "single"
    return None


def _joins(before: SungNote, note: SungNote) -> bool:
    """Whether two syllables belong to one word: the first goes on, or the second says that it does."""
    return note.syllabic in CONTINUES and before.syllabic in ("begin", "middle")


def _has_fermata(note: Note) -> bool:
    return any("Fermata" in expression.classes for expression in note.expressions)
