"""MusicXML of a song: the syllables under the notes, chords above, to be opened in any notation program.

`notation` cuts the melody into bars, `spelling` names its pitches, and music21 builds and writes the document
(MusicXML 4.0, partwise). Read back, its notes (ties joined) have the song's pitches, onsets, durations and
syllables. Bars are built here, not by music21's makeNotation, which cuts notes at bar lines but not at the
beats that they hide. Time grows with the notes: 5 000 take 2 s, with 2 000 chords 5 s, of one core.

Every note has an id, "n7" for the note of syllable 7, "n7-1", "n7-2" for what is tied to it: see `note_ids`.
The same song gives the same bytes: no date is written.

Sources: W3C, "MusicXML 4.0" (2021); music21 (Cuthbert & Ariza 2010).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from common.cli import UserError
from common.run_folder import write_atomically
from hw3_melody_generation import notation, spelling
from hw3_melody_generation.notation import Bar, Piece
from hw3_melody_generation.songs import Lyrics, Song

if TYPE_CHECKING:
    from music21.harmony import ChordSymbol
    from music21.note import GeneralNote, Note
    from music21.pitch import Pitch
    from music21.stream import Measure, Score

LOWEST_PITCH = 12  # MusicXML counts octaves from 0
CLEFS = ((79, "Treble8vaClef"), (58, "TrebleClef"), (50, "Treble8vbClef"), (0, "BassClef"))  # by median pitch
FLAGS = {"eighth": 1, "16th": 2, "32nd": 3, "64th": 4, "128th": 5}
NOT_OURS = (
    re.compile(  # what music21 adds: the date, and itself as composer, and as title where there is none
        rb"\s*(<encoding-date>.*?</encoding-date>|<creator[^>]*>Music21</creator>"
        rb"|<movement-title>Music21 Fragment</movement-title>)"
    )
)
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
CHORD_NAME = re.compile(r"([A-G])([#b♯♭]?)([^/]*)(?:/([A-G])([#b♯♭]?))?")


class NamedChord(Protocol):
    """A chord: `start` and `duration` in quarter notes, `name` such as "Bb", "F#m7", "G/B"."""

    start: float
    duration: float
    name: str


def write_musicxml(
    path: Path,
    song: Song,
    *,
    tempo: float,
    chords: Sequence[NamedChord] = (),
    key: spelling.Key | None = None,
    title: str | None = None,
    line_breaks: bool = False,
) -> None:
    """Write `song`, in quarter-note beats, as MusicXML; see `musicxml`."""
    content = musicxml(song, tempo=tempo, chords=chords, key=key, title=title, line_breaks=line_breaks)
    write_atomically(Path(path), content)


def musicxml(
    song: Song,
    *,
    tempo: float,
    chords: Sequence[NamedChord] = (),
    key: spelling.Key | None = None,
    title: str | None = None,
    line_breaks: bool = False,
) -> bytes:
    """The document as UTF-8.

    song: in beats of quarter notes; without a metre, it stands in 4/4 from a first beat on, and the bars are
    only a help to the eye. tempo: quarter notes per minute. key: for signature and spelling; by default the
    signature that needs the fewest accidentals. title: by default the song's own. line_breaks: begin a system
    at the bar line nearest to where a line of the lyrics begins.
    Errors: UserError for a song without notes, and for pitches below 12, which MusicXML cannot write.
    """
    from music21.musicxml.m21ToXml import GeneralObjectExporter

    if not len(song):
        raise UserError(f"{song.name}: has no notes, so there is nothing to write; give a song with lyrics")
    if song.melody.pitch.min() < LOWEST_PITCH:
        lowest = song.melody.pitch.min()
        raise UserError(f"{song.name}: MusicXML has no pitch below {LOWEST_PITCH} (C0), got {lowest}")
    bars = notation.bars(song.melody)
    writer = _BarWriter(song, spelling.signature(song.melody, key))
    measures = [writer.measure(bar) for bar in bars]
    _add_beginning(measures[0], song, tempo, writer.sharps)
    _add_chords(measures, bars, chords)
    if line_breaks:
        _add_line_breaks(measures, bars, song)
    score = _score(measures, printable(song.title if title is None else title))
    exporter = GeneralObjectExporter(score)
    exporter.makeNotation = False
    return NOT_OURS.sub(b"", exporter.parse(score))


def note_ids(song: Song) -> list[list[str]]:
    """For each syllable the ids of its notes in the document: the note, and those tied to it."""
    ids: list[list[str]] = [[] for _ in range(len(song))]
    for bar in notation.bars(song.melody):
        for piece in bar.pieces:
            if piece.note is not None:
                ids[piece.note].append(_note_id(piece.note, len(ids[piece.note])))
    return ids


def syllabics(lyrics: Lyrics) -> list[str]:
    """Of each syllable where in its word it stands: "single", "begin", "middle" or "end"."""
    words = lyrics.words
    found = []
    for index, word in enumerate(words):
        continues = index + 1 < len(words) and words[index + 1] == word
        begins = index == 0 or words[index - 1] != word
        found.append((("middle", "end"), ("begin", "single"))[begins][not continues])
    return found


def lyric_text(lyrics: Lyrics, index: int) -> str:
    """What stands under a note: the syllable with its punctuation, without what XML cannot hold."""
    return printable(lyrics.syllables[index] + lyrics.punctuation[index])


def printable(text: str) -> str:
    """`text` in one line and without characters that XML does not allow."""
    return " ".join(NOT_IN_XML.sub("", text).split())


def _score(measures: Sequence[Measure], title: str) -> Score:
    from music21 import bar, instrument, metadata, stream

    measures[-1].rightBarline = bar.Barline("final")
    voice = instrument.Vocalist()
    voice.partId, voice.instrumentId = "melody", "voice"  # music21 makes up others each time
    voice.instrumentAbbreviation = None
    part = stream.Part([voice, *measures])
    part.partName, part.partAbbreviation = "Voice", ""
    part.style.printPartName = False
    return stream.Score([metadata.Metadata(title=title or None), part])


class _BarWriter:
    """Makes measures one after another, and remembers what a reader of the bar remembers: the accidentals."""

    def __init__(self, song: Song, sharps: int) -> None:
        self.pitches = [spelling.spell(pitch, sharps) for pitch in song.melody.pitch.tolist()]
        self.lyrics, self.sharps, self.meter = song.lyrics, sharps, notation.time_signature(song.melody.metre)
        self.syllabics = syllabics(song.lyrics)
        self.pieces_written = [0] * len(song)
        self.valid: dict[
            tuple[str, int], int
        ] = {}  # letter and octave: what an accidental of this bar made it
        self.last_bar: dict[tuple[str, int], int] = {}

    def measure(self, bar: Bar) -> Measure:
        from music21 import stream

        self.last_bar, self.valid = self.valid, {}
        measure = stream.Measure(number=bar.number)
        elements = [self._element(piece, bar) for piece in bar.pieces]
        for element in elements:
            measure.append(element)
        for group in notation.beam_groups(bar, self.meter):
            _beam([elements[index] for index in group])
        return measure

    def _element(self, piece: Piece, bar: Bar) -> GeneralNote:
        from music21 import duration, note

        if piece.note is not None:
            return self._note(piece)
        rest = note.Rest(quarterLength=piece.length)
        rest.fullMeasure = piece.length == bar.length == self.meter.length  # music21 is slow to find it out
        if rest.fullMeasure:
            rest.duration = duration.Duration("whole")
            rest.duration.linked = False  # the sign of a whole rest, whatever the bar lasts
            rest.duration.quarterLength = piece.length
        return rest

    def _note(self, piece: Piece) -> Note:
        from music21 import note, tie

        written = self.pitches[piece.note]
        made = note.Note(_pitch(written), quarterLength=piece.length)
        made.id = _note_id(piece.note, self.pieces_written[piece.note])
        self.pieces_written[piece.note] += 1
        self._show_accidental(made, written, piece.first)
        if not (piece.first and piece.last):
            made.tie = tie.Tie("start" if piece.first else "stop" if piece.last else "continue")
        if piece.first and (text := lyric_text(self.lyrics, piece.note)):
            syllabic = self.syllabics[piece.note]
            made.lyrics = [note.Lyric(text=text, number=1, syllabic=syllabic, applyRaw=True)]
        return made

    def _show_accidental(self, made: Note, written: spelling.Spelling, first: bool) -> None:
        """An accidental where a reader would sing something else, or doubt: after another a bar before."""
        place = (written.letter, written.octave)
        in_key = spelling.in_signature(written.letter, self.sharps)
        sung = self.valid.get(place, in_key), self.valid.get(place, self.last_bar.get(place, in_key))
        show = first and sung != (written.alter, written.alter)
        if show:
            self.valid[place] = written.alter
        if show and made.pitch.accidental is None:
            made.pitch.accidental = "natural"
        if made.pitch.accidental is not None:
            made.pitch.accidental.displayStatus = show


def _pitch(written: spelling.Spelling) -> Pitch:
    from music21 import pitch

    return pitch.Pitch(step=written.letter, octave=written.octave, accidental=written.alter or None)


def _note_id(syllable: int, piece: int) -> str:
    return f"n{syllable}-{piece}" if piece else f"n{syllable}"


def _beam(notes: Sequence[Note]) -> None:
    """One beam for the eighths of a group, two for its sixteenths ...; what has no neighbour gets a stub."""
    counts = [FLAGS[note.duration.type] for note in notes]
    for index, note in enumerate(notes):
        before = counts[index - 1] if index else 0
        after = counts[index + 1] if index + 1 < len(notes) else 0
        for level in range(1, counts[index] + 1):
            match before >= level, after >= level:
                case True, True:
                    note.beams.append("continue")
                case True, False:
                    note.beams.append("stop")
                case False, True:
                    note.beams.append("start")
                case _:
                    note.beams.append("partial", "left" if before else "right")


def _add_beginning(measure: Measure, song: Song, tempo: float, sharps: int) -> None:
    """Clef, signatures and tempo."""
    from music21 import clef, key, meter, stream
    from music21 import tempo as tempos

    time = notation.time_signature(song.melody.metre)
    median = float(np.median(song.melody.pitch))
    name = next(name for lowest, name in CLEFS if median >= lowest)
    measure.insert(0, getattr(clef, name)())
    measure.insert(0, key.KeySignature(sharps))
    measure.insert(0, meter.TimeSignature(f"{time.beats}/{time.beat_type}"))
    measure.insert(0, tempos.MetronomeMark(number=float(f"{tempo:g}"), referent="quarter"))
    if measure.number == 0:
        measure.paddingLeft = time.length - measure.duration.quarterLength
        measure.showNumber = stream.enums.ShowNumber.NEVER


def _add_chords(measures: Sequence[Measure], bars: Sequence[Bar], chords: Sequence[NamedChord]) -> None:
    begins = [bar.begin for bar in bars]
    for chord in chords:
        index = max(int(np.searchsorted(begins, chord.start, side="right")) - 1, 0)
        offset = chord.start - begins[index]
        if 0 <= offset < bars[index].length:
            measures[index].insert(offset, _symbol(chord.name))


def _symbol(name: str) -> ChordSymbol:
    """music21's chord symbol. ValueError for a name that is none."""
    from music21 import harmony

    found = CHORD_NAME.fullmatch(name)
    if not found:
        raise ValueError(f"{name!r} is no chord; give one such as Am, Bb or G7")
    flats = {"b": "-", "♭": "-", "♯": "#"}
    root, bass = ((found[n] or "") + flats.get(found[n + 1], found[n + 1] or "") for n in (1, 4))
    symbol = harmony.ChordSymbol(root + found[3] + (f"/{bass}" if bass else ""))
    symbol.chordKindStr = found[3]  # printed as it was named
    return symbol


def _add_line_breaks(measures: Sequence[Measure], bars: Sequence[Bar], song: Song) -> None:
    """A new system at the bar line nearest to where a line of the lyrics begins, but not twice at one."""
    from music21 import layout

    begins = np.array([bar.begin for bar in bars])
    for index in range(1, len(song)):
        if song.lyrics.lines[index] != song.lyrics.lines[index - 1]:
            bar = int(np.abs(begins - song.melody.onset[index]).argmin())
            if bar and not measures[bar].getElementsByClass(layout.SystemLayout):
                measures[bar].insert(0, layout.SystemLayout(isNew=True))
