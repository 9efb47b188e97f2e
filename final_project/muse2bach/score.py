"""A chorale as MusicXML 4.0, for any notation program: on two staves as in hymn books, or on four.

On two staves soprano and alto share the upper one, stems up and down, tenor and bass the lower. Key and
time signature, upbeat, beams, accidentals, ties, fermatas and the words under the soprano are written out;
nothing is left to the reader. The same chorale gives the same bytes.

Source: W3C, "MusicXML 4.0" (2021).
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from typing import Literal, NamedTuple

from common.notes_in.lines import Metre
from final_project.muse2bach.bar_marks import accidentals, beams
from final_project.muse2bach.chorale import VOICES, Chorale
from final_project.muse2bach.notation import SIGNS, Bar, Sign, Sung, bars, signature, signs, spell, sung_notes

Staves = Literal[2, 4]
OUTER = (0, 3)  # where two voices share a staff, these show the fermatas of both
DIVISIONS = 4  # of a quarter note
DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN"'
    ' "http://www.musicxml.org/dtds/partwise.dtd">'
)
ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Staff(NamedTuple):
    """A part of the score: its voices from the top, and its clef: sign, line, octaves up."""

    name: str
    short: str
    voices: tuple[int, ...]
    clef: tuple[str, int, int]


LAYOUTS: dict[int, tuple[Staff, ...]] = {
    2: (
        Staff("Soprano, Alto", "S. A.", (0, 1), ("G", 2, 0)),
        Staff("Tenor, Bass", "T. B.", (2, 3), ("F", 4, 0)),
    ),
    4: (
        Staff("Soprano", "S.", (0,), ("G", 2, 0)),
        Staff("Alto", "A.", (1,), ("G", 2, 0)),
        Staff("Tenor", "T.", (2,), ("G", 2, -1)),
        Staff("Bass", "B.", (3,), ("F", 4, 0)),
    ),
}


def musicxml(
    chorale: Chorale, *, metre: Metre, tempo: float, title: str | None = None, staves: Staves = 2
) -> bytes:
    """The document as UTF-8. tempo: quarter notes a minute. title: by default the chorale's own."""
    root = ET.Element("score-partwise", version="4.0")
    named = printable(chorale.title if title is None else title)
    if named:
        _add(_add(root, "work"), "work-title", named)
    encoding = _add(_add(root, "identification"), "encoding")
    _add(encoding, "software", "muse2bach")
    for element in ("accidental", "beam", "stem"):
        _add(encoding, "supports", element=element, type="yes")
    layout, part_list = LAYOUTS[staves], _add(root, "part-list")
    group = _add(part_list, "part-group", type="start", number="1")
    _add(group, "group-symbol", "bracket")
    _add(group, "group-barline", "yes" if staves == 2 else "no")
    for number, staff in enumerate(layout, start=1):
        part = _add(part_list, "score-part", id=f"P{number}")
        _add(part, "part-name", staff.name)
        _add(part, "part-abbreviation", staff.short)
    _add(part_list, "part-group", type="stop", number="1")
    notes = [sung_notes(chorale, voice) for voice in range(len(VOICES))]
    writer = _Writer(chorale, metre, notes)
    for number, staff in enumerate(layout, start=1):
        writer.part(_add(root, "part", id=f"P{number}"), staff, tempo if number == 1 else None)
    ET.indent(root)
    body = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{DOCTYPE}\n{body}\n'.encode()


def printable(text: str) -> str:
    """`text` in one line and without characters that XML does not allow."""
    return " ".join(NOT_IN_XML.sub("", text).split())


class _Writer:
    """Writes parts one after another; remembers whether a word of the text goes on."""

    def __init__(self, chorale: Chorale, metre: Metre, notes: Sequence[Sequence[Sung]]) -> None:
        self.metre, self.key, self.notes = metre, chorale.key, notes
        self.bars = bars(chorale, metre)
        self.in_word = False

    def part(self, part: ET.Element, staff: Staff, tempo: float | None) -> None:
        for bar in self.bars:
            self.measure(part, staff, bar, tempo if bar is self.bars[0] else None)

    def measure(self, part: ET.Element, staff: Staff, bar: Bar, tempo: float | None) -> None:
        measure = _add(part, "measure", number=str(bar.number))
        if bar.number == 0:
            measure.set("implicit", "yes")
        if bar is self.bars[0]:
            self.attributes(measure, staff)
        if tempo is not None:
            _add_tempo(measure, tempo)
        written = {voice: list(signs(self.within(voice, bar), bar, self.metre)) for voice in staff.voices}
        shown = accidentals(written, self.key)
        for place, voice in enumerate(staff.voices):
            if place:
                backup = _add(measure, "backup")
                _add(backup, "duration", str(bar.end - bar.begin))
            beamed = beams(written[voice], bar.lead, self.metre.beat)
            stem = None if len(staff.voices) == 1 else ("up", "down")[place]
            for index, sign in enumerate(written[voice]):
                note = self.note(measure, sign, place, shown.get((voice, index)), stem, beamed.get(index, ()))
                if sign.sung.fermata and sign.last and (stem is None or voice in OUTER):
                    _add(notations(note), "fermata", type="inverted" if place else "upright")
                if sign.first and sign.sung.text:
                    self.lyric(note, sign.sung.text)
                if sign.sung.pitch is not None:
                    note.set("id", note_id(voice, bar.begin + sign.begin))
        if bar is self.bars[-1]:
            barline = _add(measure, "barline", location="right")
            _add(barline, "bar-style", "light-heavy")

    def within(self, voice: int, bar: Bar) -> list[Sung]:
        return [note for note in self.notes[voice] if note.begin < bar.end and note.end > bar.begin]

    def attributes(self, measure: ET.Element, staff: Staff) -> None:
        attributes = _add(measure, "attributes")
        _add(attributes, "divisions", str(DIVISIONS))
        key = _add(attributes, "key")
        _add(key, "fifths", str(signature(self.key)))
        _add(key, "mode", self.key[1] if self.key else "major")
        time = _add(attributes, "time")
        if (self.metre.beats, self.metre.beat_type) == (4, 4):
            time.set("symbol", "common")
        _add(time, "beats", str(self.metre.beats))
        _add(time, "beat-type", str(self.metre.beat_type))
        clef, (sign, line, octaves) = _add(attributes, "clef"), staff.clef
        _add(clef, "sign", sign)
        _add(clef, "line", str(line))
        if octaves:
            _add(clef, "clef-octave-change", str(octaves))

    def note(
        self,
        measure: ET.Element,
        sign: Sign,
        place: int,
        accidental: int | None,
        stem: str | None,
        beamed: Sequence[tuple[int, str]],
    ) -> ET.Element:
        note, sung = _add(measure, "note"), sign.sung
        full_rest = sung.pitch is None and sign.length == self.metre.frames
        if sung.pitch is None:
            rest = _add(note, "rest")
            if full_rest:
                rest.set("measure", "yes")
        else:
            letter, alter, octave = spell(sung.pitch, self.key)
            pitch = _add(note, "pitch")
            _add(pitch, "step", letter)
            if alter:
                _add(pitch, "alter", str(alter))
            _add(pitch, "octave", str(octave))
        _add(note, "duration", str(sign.length))
        ties = [] if sung.pitch is None else (not sign.first) * ["stop"] + (not sign.last) * ["start"]
        for tie in ties:
            _add(note, "tie", type=tie)
        _add(note, "voice", str(place + 1))
        if not full_rest:
            name, dots = SIGNS[sign.length]
            _add(note, "type", name)
            for _ in range(dots):
                _add(note, "dot")
        if accidental is not None:
            _add(note, "accidental", ACCIDENTALS[accidental])
        if stem and sung.pitch is not None:
            _add(note, "stem", stem)
        for level, word in beamed:
            _add(note, "beam", word, number=str(level))
        for tie in ties:
            _add(notations(note), "tied", type=tie)
        return note

    def lyric(self, note: ET.Element, text: str) -> None:
        goes_on = text.endswith("-")
        words = printable(text.removesuffix("-"))
        syllabic = (("single", "begin"), ("end", "middle"))[self.in_word][goes_on]
        self.in_word = goes_on
        if words:
            lyric = _add(note, "lyric", number="1")
            _add(lyric, "syllabic", syllabic)
            _add(lyric, "text", words)


def note_id(voice: int, frame: int) -> str:
    """The id of the sign that begins in `frame`: of a note, or of a part of it that is tied to another."""
    return f"v{voice}-{frame}"


def notations(note: ET.Element) -> ET.Element:
    """The element of a note that holds its ties and fermata, made if need be."""
    found = note.find("notations")
    return _add(note, "notations") if found is None else found


def _add_tempo(measure: ET.Element, tempo: float) -> None:
    direction = _add(measure, "direction", placement="above")
    metronome = _add(_add(direction, "direction-type"), "metronome")
    _add(metronome, "beat-unit", "quarter")
    _add(metronome, "per-minute", f"{tempo:.0f}")
    _add(direction, "sound", tempo=f"{tempo:.4g}")


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    child = ET.SubElement(parent, tag, attributes)
    child.text = text
    return child
